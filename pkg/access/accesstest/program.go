package accesstest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Program is one run of a program on an account. It has all that change.Cluster asks for.
type Program struct {
	*Account
	Name, Machine string
	Caller        access.Principal
	Faults        float64 // how probable it is that a call fails by itself
	KillAt        int     // the call at which the program vanishes; 0: none
	KillAtWrite   int     // the write at which it vanishes; 0: none
	KillDone      bool    // the call takes effect before that
	Stop          func()  // called when it vanishes

	mu      sync.Mutex
	planned time.Time
	dead    bool
	calls   int
	writes  int
	asked   map[string]uint64
	steps   int                      // in progress
	seen    map[access.Principal]int // the versions that the last plan was made of
}

// errServer is the answer of a service that has trouble.
var errServer = errors.New("InternalServerError")

// Alive ends the goroutine where the program has vanished.
func (p *Program) Alive() {
	if p.Dead() {
		runtime.Goexit()
	}
}

// Dead reports whether the program has vanished.
func (p *Program) Dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// random is the randomness of one call.
func (p *Program) random(key string) *rand.Rand {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = map[string]uint64{}
	}
	p.asked[key]++
	h := fnv.New64a()
	fmt.Fprint(h, p.Name, " ", key, " ", p.asked[key])
	return rand.New(rand.NewPCG(p.Seed, h.Sum64()))
}

// call is one call of an API. do is what happens where it arrives.
func (p *Program) call(ctx context.Context, key string, do func(*rand.Rand) error) error {
	p.Alive()
	r := p.random(key)
	pause := func() error {
		return access.Pause(ctx, time.Millisecond+time.Duration(r.Int64N(int64(40*time.Millisecond))))
	}
	if err := pause(); err != nil {
		p.Alive()
		return fmt.Errorf("%w: %w", errServer, err)
	}
	arrives := func() error {
		p.Account.mu.Lock()
		defer p.Account.mu.Unlock()
		p.settle()
		return do(r)
	}
	p.vanish(strings.HasPrefix(key, writing), arrives)
	var err error
	if r.Float64() < p.Faults {
		err = trouble(r, arrives)
	} else {
		err = arrives()
	}
	if pause() != nil {
		p.Alive()
		return errServer
	}
	p.Alive()
	return err
}

// trouble is a call that goes wrong: its answer is lost, the service is throttled or has an error, or the connection breaks first.
func trouble(r *rand.Rand, arrives func() error) error {
	switch r.IntN(4) {
	case 0:
		_ = arrives()
	case 1:
		return access.ErrThrottled
	}
	return errServer
}

// vanish ends the program where its time has come.
func (p *Program) vanish(writes bool, arrives func() error) {
	p.mu.Lock()
	p.calls++
	if writes {
		p.writes++
	}
	if !p.dead && p.calls != p.KillAt && (!writes || p.writes != p.KillAtWrite) {
		p.mu.Unlock()
		return
	}
	last := !p.dead
	p.dead = true
	p.mu.Unlock()
	if last && p.KillDone {
		_ = arrives()
	}
	if last && p.Stop != nil {
		p.Stop()
	}
	runtime.Goexit()
}
