package change

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
)

// The simulation: people on one or two machines change one account at the same time, through the whole engine and with real
// records, on a clock that only moves when everybody waits. Calls fail and programs are killed at random. What must hold is
// in simulation_writes_test.go and simulation_laws_test.go.
//
//	go test ./pkg/change -run Simulation -seed=N    one run, with what happened
//	go test ./pkg/change -run Simulation -seeds=N   so many
//
// A long run costs a quarter less when it is built with GOEXPERIMENT=jsonv2 and -pgo=PROFILE, of its own -cpuprofile.
var (
	oneSeed   = flag.Uint64("seed", 0, "run this seed of the simulation and tell what happened")
	seeds     = flag.Uint64("seeds", 300, "how many seeds of the simulation to run")
	firstSeed = flag.Uint64("first", 1, "the first of the seeds")
)

func TestSimulation(t *testing.T) {
	if *oneSeed != 0 {
		w := simulate(t, *oneSeed)
		t.Log("what happened:\n" + strings.Join(w.log, "\n"))
		w.report(t)
		return
	}
	percent := debug.SetGCPercent(400) // there is little to keep, and much to throw away
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	var next, broken, excused, told atomic.Uint64
	next.Store(*firstSeed - 1)
	for n := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprint("worker ", n), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1); seed < *firstSeed+*seeds && broken.Load() < 10; seed = next.Add(1) {
				w := simulate(t, seed)
				if w.report(t) {
					broken.Add(1)
				}
				excused.Add(uint64(w.excused))
				told.Add(uint64(w.told))
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d seeds; %d writes over what another machine had just written, which EKS cannot prevent; %d told by the last look", next.Load()+1-*firstSeed, excused.Load(), told.Load())
	})
}

// simulate plays one seed.
func simulate(t *testing.T, seed uint64) *world {
	t.Helper()
	dir := tempDir(t)
	defer os.RemoveAll(dir)
	var w *world
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(seed, dir)
		w.play(t.Context())
	})
	return w
}

// tempDir is in memory, where there is such a place: the records of changes are flushed to the disk.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "simulation-*") //nolint:usetesting // each seed removes its own
	if err != nil {
		dir, err = os.MkdirTemp(t.TempDir(), "simulation-*") //nolint:usetesting // as above
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// report tells of the first law that was broken.
func (w *world) report(t *testing.T) bool {
	t.Helper()
	if w.broken != "" {
		t.Errorf("seed %d: %s", w.seed, w.broken)
	}
	return w.broken != ""
}

// play lets everybody work, in every fourth seed then again without trouble, and at last undoes what was done: the troubled
// part finds most for its time.
func (w *world) play(ctx context.Context) {
	w.tell("%d machines; EKS shows a change after up to %v; calls fail at %v, programs are killed at %v; pauses up to %v; a duel: %v", len(w.machines), w.account.Lag, w.faults, w.kills, w.haste, w.duel)
	done := make(chan struct{})
	for _, p := range w.people {
		go func() {
			defer func() { done <- struct{}{} }()
			for _, c := range p.commands {
				if w.duel { // both at the same time
					time.Sleep(time.Until(time.Now().Truncate(20 * time.Second).Add(20 * time.Second)))
				}
				p.pause(w.haste)
				for tries := 0; p.does(ctx, c) == killed && tries < 3; tries++ {
					p.pause(w.haste)
				}
			}
		}()
	}
	for range w.people {
		<-done
	}
	w.calm = true
	time.Sleep(30 * time.Second)
	if w.seed%4 != 0 {
		return
	}
	w.converge(ctx)
	ended := !w.account.Truth().Cluster.Mode.ReadsConfigMap() && w.initial.Cluster.Mode.ReadsConfigMap()
	if len(w.machines) == 1 && !w.tangled.Load() && !ended && w.r.IntN(2) == 0 { // there is no way back from mode API
		w.undoAll(ctx)
	}
}

func newWorld(seed uint64, dir string) *world {
	r := rand.New(rand.NewPCG(seed, 11))
	w := &world{seed: seed, r: r, faults: pick(r, 0, 0, 0.02, 0.08, 0.2), kills: pick(r, 0, 0, 0.3, 0.7), programs: map[*accesstest.Program]*program{}, owed: map[access.Principal]owed{}}
	w.duel = r.IntN(3) == 0
	w.haste = pick(r, 20*time.Millisecond, 200*time.Millisecond, time.Second, 8*time.Second)
	w.busy, w.policies = some(r, everybody), some(r, allPolicies)
	if w.duel {
		w.busy, w.haste = []access.Principal{dev}, 100*time.Millisecond
	}
	w.account = &accesstest.Account{
		Cluster: *accesstest.New(), Seed: seed, Now: time.Now, Lag: pick(r, 0, time.Second, 4*time.Second), Wrote: w.wrote,
	}
	w.furnish()
	w.initial, w.administrators = w.account.State, w.account.State.Administrators()
	w.machines = []*machine{{name: "laptop", dir: filepath.Join(dir, "laptop"), skew: pick(r, 0, -3*time.Minute, 3*time.Minute)}}
	if r.IntN(2) == 0 {
		w.machines = append(w.machines, &machine{name: "server", dir: filepath.Join(dir, "server"), skew: pick(r, 0, -3*time.Second, 4*time.Minute)})
	}
	for i, caller := range []access.Principal{amy, bob} {
		p := &person{world: w, name: caller.Name(), caller: caller, machine: w.machines[i%len(w.machines)], r: rand.New(rand.NewPCG(seed, uint64(20+i)))}
		for range 2 + r.IntN(2) {
			p.commands = append(p.commands, p.command())
		}
		w.people = append(w.people, p)
	}
	if first := w.people[0]; r.IntN(3) == 0 || !w.initial.Cluster.Mode.ReadsEntries() {
		first.commands[0] = first.migrate()
	}
	return w
}

// some are one or more.
func some[T any](r *rand.Rand, from []T) []T {
	all := slices.Clone(from)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+min(r.IntN(len(all)), r.IntN(len(all)))]
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
