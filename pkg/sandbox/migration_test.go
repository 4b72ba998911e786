package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const arn = "arn:aws:iam::111122223333:"

// roles writes mapRoles out of "ARN username group group…" lines.
func roleLines(lines ...string) string { return items("rolearn", lines) }
func userLines(lines ...string) string { return items("userarn", lines) }

func items(key string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		words := strings.Split(line, " ")
		fmt.Fprintf(&b, "- %s: %s\n  username: %q\n  groups:\n", key, words[0], words[1])
		for _, g := range words[2:] {
			fmt.Fprintf(&b, "  - %q\n", g)
		}
	}
	return b.String()
}

func run(ctx context.Context, args ...string) (string, string, int) {
	var out, errOut bytes.Buffer
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Now: time.Now}
	code := cmd.Run(ctx, env, append([]string{"kubectl-access"}, args...))
	return out.String(), errOut.String(), code
}

// report is what the plan named, as far as the test needs it.
type report struct {
	Mappings []struct {
		ARN, Outcome string
		Becomes      []struct{ PrincipalARN string }
		Differences  []struct{ Code, Binding string }
	}
	Questions []struct {
		ID, Default string
		Options     []struct{ Answer string }
	}
}

func planned(t *testing.T, args ...string) report {
	t.Helper()
	out, errOut, _ := run(t.Context(), append(args, "--dry-run=client", "-o", "json")...)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, errOut)
	}
	return r
}

// drops tells whether the plan names the end of a whole account's access.
func (r report) drops() bool {
	for _, m := range r.Mappings {
		for _, d := range m.Differences {
			if d.Code == "access-lost" {
				return true
			}
		}
	}
	return false
}

// named are the differences that the plan names for a principal.
func (r report) named(who string) (lost []string, gained bool) {
	for _, m := range r.Mappings {
		for _, d := range m.Differences { // whoever has the name that RBAC is made to know
			gained = gained || d.Code == "shared-name"
		}
		for _, b := range m.Becomes {
			if b.PrincipalARN != who {
				continue
			}
			for _, d := range m.Differences {
				if d.Code == "right-lost" {
					lost = append(lost, d.Binding)
				}
				gained = gained || d.Code == "new-access"
			}
		}
	}
	return lost, gained
}

// check holds the law of the migration: rights before and after are equal but for what the plan names. A risk may refuse a
// part of it, then and the second time.
func check(t *testing.T, box *sandbox.Sandbox, w sandbox.World, args ...string) {
	t.Helper()
	become(t, box, w)
	args = append([]string{"migrate"}, args...)
	r := planned(t, args...)
	before := box.Rights()
	if r.drops() && slices.Contains(args, "--remove-mappings") { // of a loss counts what is there without the account too
		less := w
		less.AWSAuth = maps.Clone(w.AWSAuth)
		delete(less.AWSAuth, "mapAccounts")
		box.Become(less)
	}
	reduced := map[string]map[string][]string{}
	for who := range before {
		lost, _ := r.named(who)
		box.Without(lost, func() { reduced[who] = box.Rights() })
	}
	box.Become(w)
	out, first, code := run(t.Context(), append(args, "--yes", "--accept-risk=one-way-mode")...)
	if code != 0 && (code != 2 || !strings.Contains(first, "--accept-risk=")) { // what is refused by a risk is not done
		t.Fatalf("exit %d\n%s\n%s", code, out, first)
	}
	after := box.Rights()
	for who, had := range before {
		kept := reduced[who][who]
		for _, right := range had {
			if !slices.Contains(after[who], right) && slices.Contains(kept, right) {
				t.Fatalf("%s lost %q, which no difference names\n%s", who, right, first)
			}
		}
	}
	for who, has := range after {
		_, gained := r.named(who)
		for _, right := range has {
			if !slices.Contains(before[who], right) && !gained {
				t.Fatalf("%s gained %q, which no difference names\n%s", who, right, first)
			}
		}
	}
	shape := box.Shape()
	if strings.Contains(strings.Join(shape, "\n"), "migrating") {
		t.Errorf("something temporary is left: %v", shape)
	}
	if _, errOut, again := run(t.Context(), append(args, "--yes", "--accept-risk=one-way-mode")...); again != code || !slices.Equal(shape, box.Shape()) {
		t.Errorf("a second run: exit %d, %s\nwas %s\n%s", again, strings.Join(box.Shape(), "\n"), strings.Join(shape, "\n"), errOut)
		t.Logf("first %v %s", args, first)
	}
}

var pool = []string{
	"role/dev", "role/team/ops", "role/deep/er/path", "user/amy", "user/ext/zoe", "role/node-a", "role/node-b", "role/fargate-pods",
	"role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_00112233445566aa", "role/reader",
}

var bounds = []sandbox.Bound{
	{Name: "viewers", Role: "view", Groups: []string{"viewers"}},
	{Namespace: "dev", Name: "developers", Role: "developer", Groups: []string{"developers"}},
	{Namespace: "dev", Name: "strange", Role: "edit", Groups: []string{"system:strange", "eks:strange"}},
	{Namespace: "staging", Name: "people", Role: "edit", Users: []string{"amy", "ops:amy", "system:ops", "arn:aws:iam::111122223333:role/dev"}},
	{Name: "sessions", Role: "view", Users: []string{"bob-example.com"}},
	{Namespace: "prod", Name: "teams", Role: "view", Groups: []string{"team-amy", "111122223333-ops"}},
	{Name: "boot", Role: "view", Groups: []string{"system:bootstrappers"}},
}

// states are clusters, each with one thing that is not one to one.
var states = []struct {
	name                   string
	roles, users, accounts string
	entries                []sandbox.Entered
	nodes                  []string
	args, mode             string
}{
	{name: "groups that an entry can have", roles: roleLines(arn + "role/dev dev viewers developers")},
	{name: "masters", roles: roleLines(arn + "role/dev dev system:masters")},
	{name: "masters and a group of one's own", roles: roleLines(arn + "role/dev dev system:masters developers")},
	{name: "masters and a refused group", roles: roleLines(arn + "role/dev dev system:masters system:strange")},
	{name: "masters under a refused name", roles: roleLines(arn + "role/dev system:dev system:masters")},
	{name: "masters under the bare session", roles: roleLines(arn + "role/dev {{SessionName}} system:masters")},
	{name: "a user", users: userLines(arn + "user/amy amy viewers")},
	{name: "a user with a path", users: userLines(arn + "user/ext/zoe zoe developers")},
	{name: "a user without the path", users: userLines(arn + "user/zoe zoe system:masters")},
	{name: "a role that has a path", roles: roleLines(arn + "role/ops ops developers")},
	{name: "a line with a path, which never matched", roles: roleLines(arn + "role/team/ops ops system:masters")},
	{name: "a line with a path, chosen", roles: roleLines(arn + "role/team/ops ops system:masters"), args: "--include-unmatched"},
	{name: "a line with a path beside the one in force", roles: roleLines(arn+"role/team/ops ops system:masters", arn+"role/ops ops viewers"), args: "--include-unmatched"},
	{name: "single sign-on", roles: roleLines(arn + "role/AWSReservedSSO_Ops_00112233445566aa sso:{{SessionName}} system:masters")},
	{name: "duplicates, the last one weaker", roles: roleLines(arn+"role/dev a system:masters", arn+"role/dev b viewers")},
	{name: "duplicates in another case", roles: roleLines(arn+"role/dev a viewers", arn+"role/DEV b developers")},
	{name: "one role in both sections", roles: roleLines(arn + "role/dev a viewers"), users: userLines(arn + "role/dev b system:masters")},
	{name: "a user in mapRoles", roles: roleLines(arn + "user/amy amy developers")},
	{name: "users in two cases", users: userLines(arn+"user/amy amy viewers", arn+"user/AMY amy system:masters")},
	{name: "users in two cases and a role's path", users: userLines(arn+"role/path a system:masters", arn+"ROLE/Path b viewers"), roles: roleLines(arn + "role/deep/er/path c viewers"), args: "--include-unmatched"},
	{name: "a user with and without the path", roles: roleLines(arn + "user/zoe a viewers"), users: userLines(arn + "user/ext/zoe b system:masters"), args: "--include-unmatched"},
	{name: "nobody of that name", roles: roleLines(arn+"role/gone gone system:masters", arn+"role/dev dev viewers")},
	{name: "another account", roles: roleLines("arn:aws:iam::444455556666:role/dev other system:masters", arn+"role/dev dev viewers")},
	{name: "single sign-on of another account", roles: roleLines("arn:aws:iam::444455556666:role/AWSReservedSSO_Ops_00112233445566aa x system:masters")},
	{name: "whole accounts", accounts: "- \"111122223333\"\n- \"444455556666\"\n", roles: roleLines(arn + "role/reader r viewers")},
	{name: "nodes", roles: roleLines(arn + "role/node-a system:node:{{EC2PrivateDNSName}} system:nodes")},
	{name: "nodes whose group RBAC knows", roles: roleLines(arn + "role/node-a system:node:{{EC2PrivateDNSName}} system:bootstrappers system:nodes")},
	{name: "nodes of EKS", roles: roleLines(arn + "role/node-a system:node:{{EC2PrivateDNSName}} system:nodes"), nodes: []string{"role/node-a"}},
	{name: "nodes that are more", roles: roleLines(arn + "role/node-b system:node:{{EC2PrivateDNSName}} system:nodes system:masters")},
	{name: "pods on Fargate", roles: roleLines(arn + "role/fargate-pods system:node:{{SessionName}} system:nodes system:node-proxier")},
	{name: "a name for nodes without their group", roles: roleLines(arn + "role/node-b system:node:{{EC2PrivateDNSName}} viewers")},
	{name: "a refused group that RBAC knows", roles: roleLines(arn + "role/dev dev system:strange viewers")},
	{name: "a refused group that nobody knows", roles: roleLines(arn + "role/dev dev iam:nobody viewers")},
	{name: "a refused name that RBAC knows", roles: roleLines(arn + "role/dev system:ops viewers")},
	{name: "a refused name that nobody knows", roles: roleLines(arn + "role/dev eks:nobody viewers")},
	{name: "a bare session that RBAC knows", roles: roleLines(arn + "role/dev {{SessionName}} developers")},
	{name: "a name that RBAC knows", roles: roleLines(arn + "role/dev ops:{{SessionName}} developers")},
	{name: "the account in the name", roles: roleLines(arn + "role/dev x:{{AccountID}}:{{SessionName}} {{AccountID}}-ops")},
	{name: "the session in a group", roles: roleLines(arn + "role/dev dev team-{{SessionName}}")},
	{name: "no name", roles: roleLines(arn + "role/dev  viewers")},
	{name: "the key in the name", roles: roleLines(arn + "role/dev k:{{AccessKeyID}} viewers")},
	{name: "no groups", roles: roleLines(arn + "role/dev dev")},
	{name: "everybody's group", roles: roleLines(arn + "role/dev dev system:authenticated viewers")},
	{name: "service-linked", roles: roleLines(arn + "role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS x system:masters")},
	{name: "root", users: userLines(arn + "root root system:masters")},
	{name: "an entry that gives less", roles: roleLines(arn + "role/dev dev system:masters"), entries: []sandbox.Entered{{Principal: "role/dev", Policies: []string{"View:dev"}}}},
	{name: "an entry that does nothing any more", roles: roleLines(arn + "role/dev dev system:masters"), entries: []sandbox.Entered{{Principal: "role/dev", Policies: []string{"ClusterAdmin"}, Stale: true}}},
	{name: "a list that is none", roles: "rolearn: " + arn + "role/dev\n", users: userLines(arn + "user/amy amy viewers")},
	{name: "the creator's own line", roles: roleLines(arn+"role/platform-admin admin viewers", arn+"role/dev dev viewers"), mode: "CONFIG_MAP"},
	{name: "nothing", roles: "[]\n"},
}

func TestRightsAreTheSameButForWhatThePlanNames(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	for i, s := range states {
		t.Run(s.name, func(t *testing.T) {
			w := sandbox.World{Mode: "API_AND_CONFIG_MAP", Principals: pool, Bindings: bounds, Entries: s.entries, NodeRoles: s.nodes}
			if s.mode != "" || i%8 == 0 && len(s.entries) == 0 {
				w.Mode = "CONFIG_MAP"
			}
			if i%3 != 0 {
				s.args += " --remove-mappings"
			}
			w.AWSAuth = map[string]string{"mapRoles": s.roles, "mapUsers": s.users, "mapAccounts": s.accounts}
			check(t, box, w, strings.Fields(s.args)...)
		})
	}
}

// TestRightsOfRandomClusters decides at random what is open, too.
func TestRightsOfRandomClusters(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	for seed := range uint64(envNumber(t, "MIGRATE_SEEDS", 20)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 5))
			w := randomWorld(r)
			var args []string
			for _, flag := range []string{"--apply-rbac", "--remove-mappings", "--include-unmatched"} {
				if r.IntN(2) == 0 {
					args = append(args, flag)
				}
			}
			become(t, box, w)
			decisions := decide(t, r, planned(t, append([]string{"migrate"}, args...)...))
			check(t, box, w, append(args, "--decisions", decisions)...)
		})
	}
}

func envNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	n := otherwise
	if text := os.Getenv(name); text != "" {
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func randomWorld(r *rand.Rand) sandbox.World {
	w := sandbox.World{Mode: "API_AND_CONFIG_MAP", Principals: pool, AWSAuth: map[string]string{}}
	if r.IntN(6) == 0 {
		w.Mode = "CONFIG_MAP"
	}
	groups := []string{"viewers", "developers", "system:masters", "system:strange", "eks:strange", "iam:x", "team-{{SessionName}}", "{{AccountID}}-ops", "system:authenticated", "system:nodes", "system:bootstrappers"}
	names := []string{"amy", "ops:{{SessionName}}", "{{SessionName}}", "system:ops", "aws:{{AccountID}}", "x:{{AccessKeyID}}", "system:node:{{EC2PrivateDNSName}}", "{{SessionNameRaw}}", ""}
	arns := []string{"arn:aws:iam::444455556666:role/dev", arn + "role/gone", arn + "root"}
	for _, p := range pool {
		kind, rest, _ := strings.Cut(p, "/")
		bare := kind + "/" + rest[strings.LastIndexByte(rest, '/')+1:]
		arns = append(arns, arn+p, arn+bare, arn+bare, arn+strings.ToUpper(bare[:6])+bare[6:])
	}
	line := func() string {
		words := []string{pick(r, arns...), pick(r, names...)}
		for range r.IntN(4) {
			words = append(words, pick(r, groups...))
		}
		return strings.Join(words, " ")
	}
	var roles, users []string
	for range r.IntN(8) {
		roles = append(roles, line())
	}
	for range r.IntN(4) {
		users = append(users, line())
	}
	w.AWSAuth["mapRoles"], w.AWSAuth["mapUsers"] = "# ours\n"+roleLines(roles...), userLines(users...)
	if r.IntN(3) == 0 {
		w.AWSAuth["mapAccounts"] = "- \"" + pick(r, "111122223333", "444455556666") + "\"\n"
	}
	for i := range r.IntN(7) {
		b := sandbox.Bound{Name: fmt.Sprint("b", i), Namespace: pick(r, "", "dev", "staging"), Role: pick(r, "view", "edit")}
		for range r.IntN(3) {
			b.Groups = append(b.Groups, pick(r, "viewers", "developers", "system:strange", "eks:strange", "team-amy", "111122223333-ops", "system:nodes", "system:bootstrappers"))
			b.Users = append(b.Users, pick(r, "amy", "ops:amy", "system:ops", "bob-example.com", "bob@example.com", arn+"role/dev", arn+"user/amy", "arn:aws:sts::111122223333:assumed-role/dev/amy"))
		}
		w.Bindings = append(w.Bindings, b)
	}
	for range r.IntN(3) {
		if e := (sandbox.Entered{Principal: pick(r, pool...), Groups: []string{pick(r, "viewers", "developers")}}); w.Mode != "CONFIG_MAP" {
			w.Entries = append(w.Entries, e)
		}
	}
	return w
}

// decide answers each question by one of its options.
func decide(t *testing.T, r *rand.Rand, plan report) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("cluster: demo\ndecisions:\n")
	for _, q := range plan.Questions {
		answer := q.Options[r.IntN(len(q.Options))].Answer
		switch {
		case answer == "rename:":
			answer += pick(r, "team-new", "viewers")
		case answer == "policy:":
			answer += pick(r, "view", "edit@dev", "admin@dev,staging")
		case answer == "name:":
			answer += pick(r, "new:{{SessionName}}", "plain")
		case answer == "arns:" && q.ID == "account/111122223333":
			answer += arn + "role/dev," + arn + "user/amy"
		case answer == "arns:":
			answer = q.Default
		}
		fmt.Fprintf(&b, "- id: %q\n  answer: %q\n", q.ID, answer)
	}
	if len(plan.Questions) == 0 {
		b.WriteString("  []\n")
	}
	return write(t, strings.TrimPrefix(b.String(), "cluster: demo\ndecisions:\n"))
}

// write makes a file of decisions.
func write(t *testing.T, list string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "decisions.yaml")
	if err := os.WriteFile(path, []byte("cluster: demo\ndecisions:\n"+list), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
