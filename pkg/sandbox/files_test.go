package sandbox_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
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

// fileRisks are all that files can meet.
const fileRisks = anyRisk + ",owned-elsewhere,prune-many,break-capability,unread-aws-auth"

// typeOf is the type of everybody's entry: it cannot change.
func typeOf(principal string) string {
	switch {
	case strings.HasPrefix(principal, "role/node-"):
		return "EC2_LINUX"
	case strings.HasPrefix(principal, "role/fargate"):
		return "FARGATE_LINUX"
	}
	return "STANDARD"
}

// randomEntries are those of some principals, as their owners, people and a set of files leave them.
func randomEntries(r *rand.Rand, tags ...string) (all []sandbox.Entered) {
	some := func(names ...string) (found []string) {
		for _, n := range names {
			if r.IntN(3) == 0 {
				found = append(found, n)
			}
		}
		return found
	}
	for _, p := range pool {
		if typeOf(p) == "STANDARD" && r.IntN(4) == 0 { // a file cannot set what EKS decides of a new entry for nodes
			continue
		}
		e := sandbox.Entered{Principal: p, Type: typeOf(p), Tags: pick(r, tags...)}
		if e.Type == "STANDARD" {
			e.Groups, e.Username = some("viewers", "developers", "yes", "123"), pick(r, "", "", "amy", "ops:{{SessionName}}")
			if strings.HasPrefix(p, "user/") {
				e.Username = pick(r, "", "amy")
			}
			for _, policy := range some("View", "Edit", "Admin", "ClusterAdmin") {
				e.Policies = append(e.Policies, policy+pick(r, "", ":dev", ":dev,staging", ":dev-*"))
			}
		}
		all = append(all, e)
	}
	return all
}

// live are the tags that entries of a cluster have.
var live = []string{
	"", "", "team=a", "kubectl-access/set=team", "kubectl-access/set=team x=1", "kubectl-access/set=team kubectl-access/expires=2031-01-01T00:00:00Z",
	"services.k8s.aws/controller-version=eks-1 services.k8s.aws/namespace=n", "aws:cloudformation:stack-name=s kubectl-access/set=team",
}

func fileWorld(r *rand.Rand, entries []sandbox.Entered) sandbox.World {
	w := randomWorld(r)
	w.Mode, w.Entries = pick(r, "API", "API_AND_CONFIG_MAP"), entries
	return w
}

// on runs the program with something on stdin.
func on(ctx context.Context, stdin string, args ...string) (string, string, int) {
	return later(ctx, 0, stdin, args...)
}

// later runs it as if some time had gone by.
func later(ctx context.Context, ahead time.Duration, stdin string, args ...string) (string, string, int) {
	var out, errOut bytes.Buffer
	now := func() time.Time { return time.Now().Add(ahead) }
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut}, Now: now}
	code := cmd.Run(ctx, env, append([]string{"kubectl-access"}, args...))
	return out.String(), errOut.String(), code
}

// writesOf counts the calls that change something.
func writesOf(box *sandbox.Sandbox) (n int) {
	for op, calls := range box.Calls() {
		_, verb, _ := strings.Cut(op, ".")
		if slices.ContainsFunc([]string{"Create", "Update", "Delete", "Associate", "Disassociate", "Tag", "Untag"}, func(w string) bool { return strings.HasPrefix(verb, w) }) {
			n += calls
		}
	}
	return n
}

// filesOf are the entries of a world as files, without that of the caller.
func filesOf(t *testing.T, box *sandbox.Sandbox, w sandbox.World) string {
	t.Helper()
	become(t, box, w)
	var names []string
	for _, e := range w.Entries {
		names = append(names, arn+e.Principal)
	}
	if len(names) == 0 {
		return ""
	}
	out, errOut, code := run(t.Context(), append([]string{"list", "-o", "yaml", "--context", cmp.Or(w.Cluster, "demo")}, names...)...)
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, errOut)
	}
	return out
}

// quiet runs a command that has nothing to do, and says so.
func quiet(t *testing.T, box *sandbox.Sandbox, stdin string, args ...string) {
	t.Helper()
	shape, writes := box.Shape(), writesOf(box)
	out, errOut, code := on(t.Context(), stdin, args...)
	if code != 0 || writesOf(box) != writes || !slices.Equal(shape, box.Shape()) {
		t.Fatalf("%v: exit %d, %d writes\n%s\n%s\nof\n%s", args, code, writesOf(box)-writes, out, errOut, stdin)
	}
}

// TestTheLawsOfFiles in random clusters: what list prints is what is there, apply reaches what the files say, and a second one
// finds nothing to do, also where it prunes. More of them: FILES_SEEDS=500.
func TestTheLawsOfFiles(t *testing.T) {
	var box *sandbox.Sandbox
	applied := 0
	for seed := range uint64(envNumber(t, "FILES_SEEDS", 8)) {
		if seed%20 == 0 {
			if box != nil {
				_ = box.Close() // and with it the connections that each run of the program leaves
			}
			box = sandboxtest.Start(t, sandbox.Options{})
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 17))
			wanted := filesOf(t, box, fileWorld(r, randomEntries(r, "", "team=b", "kubectl-access/set=team")))
			is := fileWorld(r, randomEntries(r, live...))
			become(t, box, is)
			all, errOut, code := run(t.Context(), "list", "-o", "yaml")
			if code != 0 {
				t.Fatal(errOut)
			}
			quiet(t, box, all, "apply", "-f", "-")
			quiet(t, box, all, "diff", "-f", "-")
			if wanted == "" {
				return
			}
			for _, set := range [][]string{nil, {"--set", "team", "--prune"}} {
				writes := writesOf(box)
				args := append([]string{"apply", "-f", "-", "--yes", fileRisks}, set...)
				if out, errOut, code := on(t.Context(), wanted, args...); code != 0 {
					t.Fatalf("%v: exit %d\n%s\n%s\nof\n%s", set, code, out, errOut, wanted)
				}
				applied += writesOf(box) - writes
				quiet(t, box, wanted, append([]string{"diff", "-f", "-"}, set...)...)
				quiet(t, box, wanted, args...)
			}
		})
	}
	if applied == 0 {
		t.Error("nothing was ever applied")
	}
}

// TestAppliedFilesKilledAnywhereConverge: killed at many requests of apply --set --prune, a second run ends the same, and undo
// restores what was before. At more of them: FILES_KILLS=50.
func TestAppliedFilesKilledAnywhereConverge(t *testing.T) {
	w := &watch{}
	box := sandboxtest.Start(t, sandbox.Options{Log: w})
	entries := func(policies, tags string, who ...string) (all []sandbox.Entered) {
		for _, p := range who {
			all = append(all, sandbox.Entered{Principal: p, Policies: strings.Fields(policies), Groups: []string{"viewers"}, Tags: tags})
		}
		return all
	}
	world := sandbox.World{Mode: "API_AND_CONFIG_MAP", Principals: pool, Bindings: bounds}
	world.Entries = entries("Edit", "", "role/dev", "role/team/ops", "role/deep/er/path")
	wanted := filesOf(t, box, world)
	world.Entries = slices.Concat(entries("ClusterAdmin:staging View:dev", "a=b", "role/dev", "role/team/ops"), entries("View", "kubectl-access/set=team", "user/amy", "user/ext/zoe", "role/reader"))
	become(t, box, world)
	before := box.Shape()
	args := []string{"apply", "-f", "-", "--set", "team", "--prune", "--yes"}
	w.reset(nil, 0, func() {})
	if out, errOut, code := on(t.Context(), wanted, args...); code != 0 {
		t.Fatalf("exit %d\n%s\n%s", code, out, errOut)
	}
	want, total := box.Shape(), w.n
	points := envNumber(t, "FILES_KILLS", 5)
	for n := range points {
		become(t, box, world)
		ctx, kill := context.WithCancel(t.Context())
		w.reset(nil, 1+n*total/points, kill)
		on(ctx, wanted, args...)
		killed := w.killed
		w.reset(nil, 0, func() {})
		out, errOut, code := on(t.Context(), wanted, args...)
		kill()
		if is := box.Shape(); code != 0 || !killed || !slices.Equal(is, want) {
			t.Fatalf("killed at request %d of %d (%v): exit %d\n%s\n%s\nis\n%s\nwant\n%s", 1+n*total/points, total, killed, code, out, errOut, strings.Join(is, "\n"), strings.Join(want, "\n"))
		}
		for range 2 { // the second run, and what the first one did
			if out, errOut, code := run(t.Context(), "undo", "--yes", fileRisks); code != 0 {
				t.Fatalf("undo after a kill at %d: exit %d\n%s\n%s", 1+n*total/points, code, out, errOut)
			}
		}
		if is := box.Shape(); !slices.Equal(is, before) {
			t.Fatalf("undone after a kill at request %d\nis\n%s\nwas\n%s", 1+n*total/points, strings.Join(is, "\n"), strings.Join(before, "\n"))
		}
	}
}

// TestAThousandFilesWithOneChange need the reads of list, and one write.
func TestAThousandFilesWithOneChange(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{Entries: 1000})
	dir := t.TempDir()
	all, errOut, code := run(t.Context(), "list", "-o", "yaml")
	if code != 0 {
		t.Fatal(errOut)
	}
	listed := box.Calls()
	n := 0
	for _, item := range strings.Split(all, "\n- apiVersion: ")[1:] {
		item = "apiVersion: " + strings.ReplaceAll(strings.Split(item, "\nkind: List")[0], "\n  ", "\n") + "\n"
		if !strings.Contains(item, "kind: AccessEntry") {
			continue
		}
		if strings.Contains(item, "role/team/dev\n") {
			item = strings.Replace(item, "      - dev\n", "      - dev\n      - qa\n", 1)
		}
		n++
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(n, ".yaml")), []byte(item), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, errOut, code := run(t.Context(), "apply", "-f", dir)
	if code != 0 || n != 1000 || strings.Count(out, "unchanged") != 999 || !strings.Contains(out, "accessentry/role/team/dev granted view in namespaces dev, qa") {
		t.Fatalf("exit %d, %d files\n%.2000s\n%.2000s", code, n, out, errOut)
	}
	want := map[string]int{
		"eks.DescribeAccessEntry": 1000 + 1, "eks.ListAssociatedAccessPolicies": 1000 + 1 + 2, // the changed entry again at the end, and two administrators
		"eks.ListAccessEntries": 1, "eks.AssociateAccessPolicy": 1,
	}
	more := -1 // the write
	for op, calls := range box.Calls() {
		if calls -= listed[op]; strings.HasPrefix(op, "eks.") && op != "eks.DescribeCluster" {
			more += calls - listed[op]
			if calls != want[op] {
				t.Errorf("%d calls of %s, want %d", calls, op, want[op])
			}
		}
	}
	if more > 0 {
		t.Errorf("%d reads more than list", more)
	}
}
