package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const (
	anyRisk = "--accept-risk=lose-own-access,last-administrator,remove-nodes,leave-mappings,override-mapping,restore-mapping,one-way-mode,overwrite-later-change"
	caller  = arn + "role/platform-admin"
)

// said is what a plan says: by principal, as it is written there, the lines with + and -.
type said map[string][]string

var (
	planHead = regexp.MustCompile(`^([-+~]) (account \d+|\S+)(  \(.*\))?$`)
	planLine = regexp.MustCompile(`^([-+]) {5}(\S.*)$`)
	refusal  = regexp.MustCompile(`(?m)^  ([a-z-]+): `)
)

func readPlan(text string) said {
	plan, who := said{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if head := planHead.FindStringSubmatch(line); head != nil {
			who = head[2]
			plan[who] = append(plan[who], head[1]+" "+strings.Trim(head[3], " ()"))
		} else if fact := planLine.FindStringSubmatch(line); fact != nil {
			plan[who] = append(plan[who], fact[1]+" "+fact[2])
		}
	}
	return plan
}

// tells reports whether the plan accounts for a right that somebody loses (-) or gains (+).
func (s said) tells(box *sandbox.Sandbox, who, sign, right string) bool {
	bare := who[strings.LastIndexByte(who, '/')+1:]
	for name, lines := range s {
		own := name == who || strings.EqualFold(name[strings.LastIndexByte(name, '/')+1:], bare) || name == "sso/Ops" && strings.Contains(who, "SSO_Ops_") || name == "account 111122223333" && strings.HasPrefix(who, arn)
		for _, line := range lines {
			if text, ok := strings.CutPrefix(line, sign+" "); own && ok && box.Explains(text, right) {
				return true
			}
		}
	}
	return false
}

// become makes cluster demo what w says, seen from a machine that has changed nothing yet: the program waits until the
// changes that it made a moment ago appear, and those to a former world never do.
func become(t *testing.T, box *sandbox.Sandbox, w sandbox.World) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	box.Become(w)
}

// administrators are those who may do what only an administrator of the cluster may.
func administrators(rights map[string][]string) (all []string) {
	for who, lines := range rights {
		if slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, `delete nodes in ""`) }) {
			all = append(all, who)
		}
	}
	return all
}

// step makes one change and holds the law: what anybody may do, by the authorizer, differs only as the plan said, and
// what the caller, the last administrator or nodes lose was refused by name first.
func lawful(t *testing.T, box *sandbox.Sandbox, args []string) {
	t.Helper()
	before := box.Rights()
	dry, dryErr, _ := run(t.Context(), append(slices.Clone(args), "--dry-run=client", anyRisk)...)
	plan := readPlan(dry)
	_, refused, code := run(t.Context(), append(slices.Clone(args), "--yes")...)
	var names []string
	if code == 2 {
		for _, m := range refusal.FindAllStringSubmatch(refused, -1) {
			names = append(names, m[1])
		}
		if now := box.Rights(); !equalRights(before, now) {
			t.Fatalf("%v: refused, and changed something\n%s", args, refused)
		}
		if slices.Contains(names, "unread-aws-auth") || strings.Contains(refused, "nobody knows whom the step locks out") {
			return // nothing can be said without aws-auth
		}
		_, refused, code = run(t.Context(), append(slices.Clone(args), "--yes", anyRisk)...)
	}
	after := box.Rights()
	context := fmt.Sprintf("%v: exit %d\nplan: %s%s\nrisks %v\n%s\n%s", args, code, dry, dryErr, names, refused, strings.Join(box.Shape(), "\n"))
	for _, side := range []struct {
		sign        string
		has, hadNot map[string][]string
	}{{"-", before, after}, {"+", after, before}} {
		for who, rights := range side.has {
			for _, right := range rights {
				if !slices.Contains(side.hadNot[who], right) && !plan.tells(box, who, side.sign, right) {
					t.Fatalf("%s: %s %q is not in the plan\n%s", who, side.sign, right, context)
				}
			}
		}
	}
	if lost := missing(before[caller], after[caller]); len(lost) > 0 && !slices.Contains(names, "lose-own-access") {
		t.Fatalf("the caller lost %q\n%s", lost, context)
	}
	if len(administrators(before)) > 0 && len(administrators(after)) == 0 && !slices.Contains(names, "last-administrator") {
		t.Fatalf("nobody administers the cluster any more\n%s", context)
	}
	for who := range before {
		node := func(l string) bool { return l == "i-0123456789abcdef0 enter" }
		if people := slices.ContainsFunc(before[who], func(l string) bool { return l == "amy enter" }); !people && slices.ContainsFunc(before[who], node) &&
			!slices.ContainsFunc(after[who], node) && !slices.Contains(names, "remove-nodes") {
			t.Fatalf("nodes of %s lost the cluster\n%s", who, context)
		}
	}
}

func missing(had, has []string) []string {
	return slices.DeleteFunc(slices.Clone(had), func(r string) bool { return slices.Contains(has, r) })
}

func equalRights(a, b map[string][]string) bool {
	for who := range a {
		if !slices.Equal(a[who], b[who]) {
			return false
		}
	}
	return len(a) == len(b)
}

// change is one command line at random.
func randomChange(r *rand.Rand) []string {
	who := arn + pick(r, append(slices.Clone(pool), "role/platform-admin")...)
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		args := []string{"grant", who}
		if r.IntN(3) > 0 {
			args = append(args, "--policy", pick(r, "view", "edit", "admin", "cluster-admin"))
			if r.IntN(3) == 0 {
				args = append(args, "-A")
			} else {
				args = append(args, "-n", pick(r, "dev", "staging", "dev,prod", "dev-*"))
			}
		} else {
			args = append(args, pick(r, "--tag=a=b", "--group=viewers", "--group=developers", "--group=admins", "--username=amy", "--type=EC2_LINUX"))
		}
		if r.IntN(4) == 0 {
			args = append(args, "--keep-mapping-access")
		}
		return args
	case 4, 5, 6:
		args := []string{"revoke", who}
		switch r.IntN(5) {
		case 0:
			args = append(args, "--policy", pick(r, "view", "cluster-admin"))
		case 1:
			args = append(args, "--group", pick(r, "viewers", "admins"))
		case 2:
			args = append(args, "--entry-only")
		}
		return args
	case 7, 8:
		return []string{"undo"}
	}
	return []string{"mode", pick(r, "API_AND_CONFIG_MAP", "API")}
}

// TestNoChangeGainsOrLosesAccessSilently makes random changes of random clusters.
func TestNoChangeGainsOrLosesAccessSilently(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	for seed := range uint64(envNumber(t, "EFFECT_SEEDS", 8)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 10))
			w := randomWorld(r)
			w.Bindings = append(w.Bindings, sandbox.Bound{Name: "admins", Role: "cluster-admin", Groups: []string{"admins"}})
			for range r.IntN(3) {
				if e := (sandbox.Entered{Principal: pick(r, pool...), Groups: []string{pick(r, "viewers", "admins")}, Policies: []string{pick(r, "View", "Edit:dev", "ClusterAdmin")}, Stale: r.IntN(5) == 0}); w.Mode != "CONFIG_MAP" {
					w.Entries = append(w.Entries, e)
				}
			}
			become(t, box, w)
			for range 6 {
				lawful(t, box, randomChange(r))
			}
		})
	}
}
