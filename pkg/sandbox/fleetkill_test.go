package sandbox_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// asProgram is the variable by which this test is the program itself, which can be killed.
const asProgram = "KUBECTL_ACCESS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, Now: time.Now, Patience: time.Minute}
	os.Exit(cmd.Run(context.Background(), env, append([]string{"kubectl-access"}, os.Args[1:]...)))
}

// site is a cluster before its files are applied, and the files. Nothing may happen to the protected entries.
type site struct {
	was, wants sandbox.World
	protected  []string
}

// sites are three clusters with something to create, to change, to adopt and to delete, which differ in each, and with members of
// the set that must stay.
func sites() []site {
	in := func(policies, tags string, who ...string) (all []sandbox.Entered) {
		for _, p := range who {
			e := sandbox.Entered{Principal: p, Type: typeOf(p), Policies: strings.Fields(policies), Tags: tags}
			if e.Type == "STANDARD" {
				e.Groups = []string{"viewers"}
			}
			all = append(all, e)
		}
		return all
	}
	const member = "kubectl-access/set=team"
	world := func(cluster, mode string, entries ...[]sandbox.Entered) sandbox.World {
		return sandbox.World{Cluster: cluster, Mode: mode, Principals: pool, Bindings: bounds, Entries: slices.Concat(entries...)}
	}
	return []site{
		{
			world("demo", "API_AND_CONFIG_MAP", in("ClusterAdmin:staging View:dev", "a=b", "role/dev", "role/team/ops"), in("View", member, "user/amy", "user/ext/zoe"),
				in("View", member+" kubectl-access/expires=2041-01-01T00:00:00Z", "role/reader")),
			world("demo", "API_AND_CONFIG_MAP", in("Edit", "", "role/dev", "role/team/ops", "role/deep/er/path")),
			[]string{"role/reader"},
		},
		{
			world("prod", "API", in("View", member, "user/amy", "role/dev", "role/team/ops"), in("View", member+" aws:cloudformation:stack-name=s", "role/deep/er/path"),
				in("Admin:dev", "kubectl-access/set=other", "user/ext/zoe")),
			world("prod", "API", in("View:dev,staging Edit:dev", "x=1", "role/reader", "user/amy")),
			[]string{"role/deep/er/path", "user/ext/zoe"},
		},
		{
			world("staging", "API_AND_CONFIG_MAP", in("View:dev", "", "role/dev"), in("Edit:prod", member, "role/reader"), in("", member, "role/node-a"), in("Admin", "", "role/team/ops")),
			world("staging", "API_AND_CONFIG_MAP", in("View:dev", "", "role/dev", "user/ext/zoe")),
			[]string{"role/node-a", "role/team/ops"},
		},
	}
}

// fleet is the account with these clusters, and a clock that each command moves on: none has to wait for what was done before.
type fleet struct {
	t     *testing.T
	box   *sandbox.Sandbox
	log   *watch
	sites []site
	files string
	ahead time.Duration
}

// contexts are the flags that select the three clusters.
var contexts = []string{"--contexts", "demo", "--contexts", "prod", "--contexts", "staging"}

var applying = append([]string{"apply", "-f", "-", "--set", "team", "--prune", "--yes"}, contexts...)

// anew makes the clusters what they were, seen from a machine without records.
func (f *fleet) anew() {
	f.t.Helper()
	f.t.Setenv("XDG_STATE_HOME", f.t.TempDir())
	for _, s := range f.sites {
		f.box.Become(s.was)
	}
	f.log.reset(nil, 0, func() {})
}

// now is what the clusters are.
func (f *fleet) now() map[string][]string {
	shapes := map[string][]string{}
	for _, s := range f.sites {
		shapes[s.was.Cluster] = f.box.ShapeOf(s.was.Cluster)
	}
	return shapes
}

// must runs the program an hour later.
func (f *fleet) must(args ...string) string {
	f.t.Helper()
	f.ahead += time.Hour
	out, errOut, code := later(f.t.Context(), f.ahead, f.files, args...)
	if code != 0 {
		f.t.Fatalf("%v: exit %d\n%s\n%s", args, code, out, errOut)
	}
	return out
}

// killed runs the program and kills it while it waits for the answer to a request.
func (f *fleet) killed(at int) {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, kill := context.WithCancel(f.t.Context())
	defer kill()
	c := exec.CommandContext(ctx, self, applying...)
	c.Env, c.Stdin = append(c.Environ(), asProgram+"=1"), strings.NewReader(f.files)
	ended := make(chan struct{})
	f.log.reset(nil, at, func() { kill(); <-ended })
	err = c.Run()
	close(ended)
	if c.ProcessState == nil || c.ProcessState.Exited() {
		f.t.Fatalf("not killed at request %d: %v", at, err)
	}
	f.unharmed()
	f.log.reset(nil, 0, func() {})
}

// batches are the IDs that the changes of several clusters have in common, without those that undo, latest first, each with the clusters that have a part.
func (f *fleet) batches() (ids []string, parts map[string][]string) {
	f.t.Helper()
	parts = map[string][]string{}
	for _, s := range f.sites {
		out := f.must("undo", "--list", "--context", s.was.Cluster, "-o", "json")
		var list struct {
			Items []struct {
				Spec struct{ Batch, Undoes string }
			}
		}
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			f.t.Fatal(err)
		}
		for _, r := range list.Items {
			if r.Spec.Undoes != "" {
				continue
			}
			parts[r.Spec.Batch] = append(parts[r.Spec.Batch], s.was.Cluster)
		}
	}
	ids = slices.Sorted(maps.Keys(parts))
	slices.Reverse(ids)
	return ids, parts
}

// entryOf is the line of a principal in a shape; "": none.
func entryOf(shape []string, principal string) string {
	for _, line := range shape {
		if strings.HasPrefix(line, "entry "+arn+principal+typeOf(principal)) {
			return line
		}
	}
	return ""
}

// truthful holds that what a run said of each entry is what it did.
func (f *fleet) truthful(out string, before, after map[string][]string) {
	f.t.Helper()
	for section := range strings.SplitSeq("\n"+out, "\n== ") {
		name, lines, _ := strings.Cut(section, " ")
		for _, p := range pool {
			was, is := entryOf(before[name], p), entryOf(after[name], p)
			says := func(what string) bool { return strings.Contains(lines, "\naccessentry/"+p+" "+what) }
			if says("") != says("unchanged") != (was != is) || says("created") != (was == "" && is != "") || says("deleted") != (was != "" && is == "") {
				f.t.Fatalf("%s, %s: was %q\nis %q\n%s", name, p, was, is, section)
			}
		}
	}
}

// unharmed holds that no protected entry was changed, not even for a moment.
func (f *fleet) unharmed() {
	f.t.Helper()
	if f.log.loss != "" {
		f.t.Fatal(f.log.loss)
	}
}

// same holds that the clusters are as they should be.
func (f *fleet) same(when string, want map[string][]string) {
	f.t.Helper()
	f.unharmed()
	for name, shape := range f.now() {
		if !slices.Equal(shape, want[name]) {
			f.t.Fatalf("%s: %s is\n%s\nwant\n%s", when, name, strings.Join(shape, "\n"), strings.Join(want[name], "\n"))
		}
	}
}

// TestFilesOfThreeClustersKilledAnywhereConverge: killed at many requests of apply --set --prune over three clusters, a second run
// ends the same and says what it did; undo restores one cluster, and all. At more of them: FILES_KILLS=50.
func TestFilesOfThreeClustersKilledAnywhereConverge(t *testing.T) {
	log := &watch{}
	f := &fleet{t: t, box: sandboxtest.Start(t, sandbox.Options{Log: log}), log: log, sites: sites()}
	for _, s := range f.sites {
		f.files += filesOf(t, f.box, s.wants) + "---\n"
		for _, p := range s.protected {
			log.never = append(log.never, s.was.Cluster+"/access-entries/"+url.QueryEscape(arn+p))
		}
	}
	f.anew()
	before := f.now()
	out := f.must(applying...)
	total, want := log.n, f.now()
	f.truthful(out, before, want)
	points := envNumber(t, "FILES_KILLS", 5)
	for n := range points {
		at := 1 + n*total/points
		f.anew()
		f.killed(at)
		if n%3 == 2 {
			f.undone(n, before, f.now())
		}
		found := f.now()
		out := f.must(applying...)
		f.same("a second run", want)
		f.truthful(out, found, want)
		f.undone(n, before, want)
		t.Logf("killed at request %d of %d", at, total)
	}
}

// undone undoes what was done: all at once, or first in one of the clusters.
func (f *fleet) undone(n int, before, is map[string][]string) {
	f.t.Helper()
	ids, parts := f.batches()
	if len(ids) > 2 {
		f.t.Fatalf("two runs have more than two IDs: %v", parts)
	}
	if one := f.sites[n%len(f.sites)].was.Cluster; n%2 == 1 {
		for _, id := range ids {
			if slices.Contains(parts[id], one) {
				f.must("undo", id, "--yes", "--context", one)
			}
		}
		want := maps.Clone(is)
		want[one] = before[one]
		f.same("undone in "+one, want)
	}
	for _, id := range ids {
		f.must(append([]string{"undo", id, "--yes"}, contexts...)...)
	}
	f.same("undone", before)
}
