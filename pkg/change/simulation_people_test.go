package change

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// How a program ends.
const (
	done    = 0
	failed  = 1
	refused = 2
	partial = 3 // for those who asked, 1 too: some of it was not possible from the start
	killed  = -1
)

// world is an account and those who work on it.
type world struct {
	seed      uint64
	r         *rand.Rand
	account   *accesstest.Account
	machines  []*machine
	people    []*person
	faults    float64 // how probable it is that a call fails
	kills     float64 // how probable it is that a program is killed
	calm      bool    // neither happens any more
	haste     time.Duration
	contended int
	duel      bool               // all is about the scopes of one entry
	busy      []access.Principal // whom the commands are about
	policies  []access.Policy
	initial   access.Snapshot
	tangled   atomic.Bool // something was undone that was not the last change

	mu             sync.Mutex
	programs       map[*accesstest.Program]*program
	writes         []written
	administrators []access.Principal // after the last of them
	owed           map[access.Principal]owed
	broken         string // the first law that was
	log            []string
	excused        int
	told           int
}

// machine has a clock and the records of its people's changes.
type machine struct {
	name, dir string
	skew      time.Duration
}

// person gives one command after the other.
type person struct {
	*world
	name     string
	caller   access.Principal
	machine  *machine
	r        *rand.Rand
	commands []command
	runs     int
}

// command is what somebody types.
type command struct {
	name   string
	do     func(context.Context, *program) int
	accept []access.RiskName
	once   bool // giving it again asks for something else
}

// program is one process.
type program struct {
	*accesstest.Program
	*person
	command command
	run     *Run
	ended   error
	unsure  map[access.Principal]bool // about whom an answer was lost
	basis   access.Snapshot           // what the last plan was made of
	judged  int                       // how many plans there were at the last write
	kept    bool                      // there was an administrator when the request began
	start   int                       // how many writes there were before the request
	began   time.Time
	results []access.Result
}

func (w *world) tell(format string, args ...any) {
	if *oneSeed == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

// broke keeps the first law that was broken.
func (w *world) broke(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.tell("BROKEN %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken == "" {
		w.broken = text
	}
}

// date gives the records that were begun since then the time of this world.
func (m *machine) date(since string) {
	files, _ := os.ReadDir(m.dir)
	for _, f := range files {
		if f.Name() < since {
			continue
		}
		if info, err := f.Info(); err == nil && info.ModTime().Year() > 2020 {
			_ = os.Chtimes(filepath.Join(m.dir, f.Name()), time.Time{}, time.Now().Add(m.skew))
		}
	}
}

func (p *person) pause(most time.Duration) { time.Sleep(time.Duration(p.r.Int64N(int64(most)))) }

// does runs a command in a process of its own.
func (p *person) does(ctx context.Context, c command) int {
	p.runs++
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	one := &accesstest.Program{Account: p.account, Name: fmt.Sprint(p.name, p.runs), Machine: p.machine.name, Caller: p.caller, Stop: stop}
	if !p.calm {
		if one.Faults = p.faults; p.r.Float64() < p.kills {
			if one.KillDone = p.r.IntN(2) == 0; p.r.IntN(3) == 0 {
				one.KillAt = 1 + p.r.IntN(40)
			} else {
				one.KillAtWrite = 1 + p.r.IntN(4)
			}
		}
	}
	prog := &program{Program: one, person: p, command: c, unsure: map[access.Principal]bool{}}
	p.mu.Lock()
	p.programs[one] = prog
	p.mu.Unlock()
	p.tell("%s$ %s", one.Name, c.name)
	code, ended, since := killed, make(chan struct{}), time.Now().Add(p.machine.skew).UTC().Format("20060102T150405")
	go func() {
		defer close(ended)
		code = c.do(ctx, prog)
	}()
	<-ended
	p.machine.date(since)
	if one.Dead() {
		code = killed
	}
	p.tell("%s ends with %d", one.Name, code)
	return code
}

// Snapshot keeps what a plan is made of.
func (p *program) Snapshot(ctx context.Context, want access.Want) (access.Snapshot, error) {
	before := p.Planned()
	s, err := p.Program.Snapshot(ctx, want)
	if p.Planned() != before {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.basis = s
	}
	return s, err
}

// Do notes whose answers were lost.
func (p *program) Do(ctx context.Context, step access.Step) error {
	err := p.Program.Do(ctx, step)
	if err != nil && access.MayBeDone(err) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.unsure[step.Principal()] = true
	}
	return err
}

// engine is what the commands have.
func (p *program) engine() *Engine {
	return &Engine{
		Cluster: p, Region: "us-west-2", Name: "demo", LastLook: 500 * time.Millisecond,
		Now:     func() time.Time { p.Alive(); return time.Now().Add(p.machine.skew) },
		Command: func(words ...string) string { return strings.Join(words, " ") },
		Dir:     func() (string, error) { p.pause(30 * time.Millisecond); p.Alive(); return p.machine.dir, nil }, // a slow disk
		Pause:   func(ctx context.Context, n int) error { p.Alive(); return Pause(ctx, n) },
	}
}

// change carries a request out as the command line does.
func (p *program) change(ctx context.Context, r Request) int {
	r.Accept, r.Told = p.command.accept, []string{p.command.name}
	p.kept = p.administered()
	run, err := p.engine().Start(ctx, r)
	p.run, p.results, p.judged, p.start, p.began = run, nil, 0, p.count(), time.Now()
	defer run.Release()
	if err != nil {
		return p.ends(err)
	}
	shown, err := run.Propose(ctx)
	if err == nil {
		shown, err = p.agreed(ctx, shown)
	}
	p.Alive()
	if err != nil {
		return p.ends(err)
	}
	if shown.Plan.Empty() && r.Undoes == "" {
		run.Partial = shown.Incomplete
	} else {
		results, err := run.Apply(ctx, shown)
		if err != nil {
			return p.ends(err)
		}
		for result := range results {
			p.Alive()
			p.results = append(p.results, result)
			p.said(result)
		}
	}
	p.Alive()
	run.Release()
	err = run.Settle(ctx, shown, 2*time.Minute)
	p.Alive()
	if err == nil && run.Partial {
		p.ends(errPartial)
		return map[bool]int{true: partial, false: failed}[shown.Incomplete]
	}
	p.finished(shown, err)
	return p.ends(err)
}

var errPartial = errors.New("not all of it was done")

// ends is the exit code, of which the world is told.
func (p *program) ends(err error) int {
	code := failed
	switch p.ended = err; {
	case err == nil:
		code = done
	case errors.Is(err, access.ErrRefused), errors.Is(err, access.ErrRule), errors.Is(err, access.ErrMode), errors.Is(err, edit.ErrNarrow):
		code = refused
	}
	if err != nil {
		p.tell("%s: %v", p.Name, err)
	}
	if code == refused {
		p.wroteNothing(err)
	}
	return code
}

// agreed is the proposal after somebody has looked at it for a while.
func (p *program) agreed(ctx context.Context, shown Proposal) (Proposal, error) {
	for range 3 {
		if err := shown.Refused(p.command.accept); err != nil || !shown.Asks(p.run.Request) {
			return shown, err
		}
		p.run.Release()
		p.pause(10 * time.Second)
		now, same, err := p.run.Again(ctx, shown)
		if err != nil {
			return shown, err
		}
		if same {
			return now, now.Refused(p.command.accept)
		}
		shown = now
	}
	return shown, fmt.Errorf("%w: cancelled", access.ErrRefused)
}
