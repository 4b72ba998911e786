package sandbox_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// watch is the sandbox's log: at each answered request, before its answer goes out, it looks at what
// everybody may do, and kills the program at one of them.
type watch struct {
	mu     sync.Mutex
	box    *sandbox.Sandbox
	least  map[string][]string // what each must be able to do all the time
	never  []string            // the path of what must not be changed
	end    []string            // the cluster as it will be: until an entry is so, it waits for its policies
	kill   context.CancelFunc
	at     int // the request to kill at, 0: none
	n      int
	loss   string
	killed bool
}

func (w *watch) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	if slices.ContainsFunc(w.never, func(path string) bool { return changes(string(line)) && strings.Contains(string(line), path) }) {
		w.loss = "changed: " + string(line)
	}
	if w.box != nil && w.loss == "" && changes(string(line)) {
		rights, shape := w.look()
		for who, must := range w.least {
			if slices.ContainsFunc(shape, func(s string) bool { return strings.HasPrefix(s, "entry "+who) && !slices.Contains(w.end, s) }) {
				continue
			}
			for _, right := range must {
				if !slices.Contains(rights[who], right) {
					w.loss = who + " cannot " + right + " after " + string(line)
				}
			}
		}
	}
	if w.n == w.at {
		w.killed = true
		w.kill()
	}
	return len(line), nil
}

// look is what everybody may do in a cluster that did not change meanwhile: other requests are carried out at the same time.
func (w *watch) look() (map[string][]string, []string) {
	for before := w.box.Shape(); ; {
		rights, after := w.box.Rights(), w.box.Shape()
		if slices.Equal(before, after) {
			return rights, after
		}
		before = after
	}
}

// changes reports whether a request is more than a read. A look at the cluster may find it in its new mode.
func changes(line string) bool {
	looks := []string{" DescribeAccess", " List", " DescribeNode", " DescribeFargate", " GetRole", " GetUser", " GetCallerIdentity", " GET "}
	return !slices.ContainsFunc(looks, func(l string) bool { return strings.Contains(line, l) })
}

func (w *watch) reset(least map[string][]string, at int, kill context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.least, w.at, w.n, w.kill, w.loss, w.killed = least, at, 0, kill, "", false
}

// TestKilledAnywhereASecondRunEndsTheSame kills the program at random requests of the whole migration: mode, RBAC, entries
// with groups, policies and new names, proof, the mappings. Rights pause between an entry and its policies only.
func TestKilledAnywhereASecondRunEndsTheSame(t *testing.T) {
	w := &watch{}
	box := sandboxtest.Start(t, sandbox.Options{Log: w})
	world := sandbox.World{Mode: "CONFIG_MAP", UpdateTime: 50 * time.Millisecond, Principals: pool, Bindings: bounds, AWSAuth: map[string]string{
		"mapRoles": roleLines(arn+"role/dev dev system:masters", arn+"role/ops {{SessionName}} system:masters developers",
			arn+"role/path p:{{SessionName}} system:strange viewers", arn+"role/reader system:ops developers", arn+"role/dev twin viewers",
			arn+"role/fargate-pods f eks:strange", arn+"role/node-a system:node:{{EC2PrivateDNSName}} system:nodes"),
		"mapUsers":    userLines(arn+"user/amy amy viewers", arn+"user/ext/zoe zoe system:masters"),
		"mapAccounts": "- \"444455556666\"\n",
	}}
	world.AWSAuth["mapRoles"] = roleLines(arn+"role/dev twin viewers") + "# people\n" + world.AWSAuth["mapRoles"]
	decisions := write(t, "- {id: 'group/system:strange', answer: 'rename:team-strange'}\n- {id: 'group/eks:strange', answer: 'policy:edit@dev'}\n"+
		"- {id: 'username/"+arn+"role/reader', answer: 'name:plain-ops'}\n")
	args := []string{"migrate", "--decisions", decisions, "--apply-rbac", "--remove-mappings", "--yes", "--accept-risk=one-way-mode"}
	become(t, box, world)
	least := box.Rights()
	if out, errOut, code := run(t.Context(), args...); code != 0 {
		t.Fatalf("exit %d\n%s\n%s", code, out, errOut)
	}
	w.end = box.Shape()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	box.Become(world)
	w.box = box
	w.reset(least, 0, func() {})
	if out, errOut, code := run(t.Context(), args...); code != 0 || w.loss != "" {
		t.Fatalf("exit %d, %s\n%s\n%s", code, w.loss, out, errOut)
	}
	want, total := box.Shape(), w.n
	r := rand.New(rand.NewPCG(7, uint64(envNumber(t, "MIGRATE_KILL_SEED", 7))))
	for range envNumber(t, "MIGRATE_KILLS", 10) {
		become(t, box, world)
		ctx, kill := context.WithCancel(t.Context())
		w.reset(least, 1+r.IntN(total), kill)
		run(ctx, args...)
		at, loss := w.at, w.loss
		w.reset(least, 0, func() {})
		out, errOut, code := run(t.Context(), args...)
		kill()
		if is := box.Shape(); code != 0 || !slices.Equal(is, want) || loss+w.loss != "" {
			t.Fatalf("killed at request %d of %d: exit %d, %s%s\n%s\n%s\nis\n%s\nwant\n%s", at, total, code, loss, w.loss, out, errOut, strings.Join(is, "\n"), strings.Join(want, "\n"))
		}
	}
}
