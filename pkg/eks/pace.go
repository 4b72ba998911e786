package eks

import (
	"context"
	"net/http"
	"strings"
	"sync"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// How many calls of a large read run at the same time: at first, at most, and at least.
const (
	startInFlight = 32
	mostInFlight  = 64 // if all are throttled, the SDK may still retry them: 5 of its 500 tokens each
	leastInFlight = 8  // the SDK's adaptive retries wait between the calls
)

// pace adapts how many calls run at the same time to what the service allows. It counts the answers to all
// attempts, and does not look at a clock:
//
//	an answer    the limit grows by one; after the first throttle, by one for as many answers as the limit
//	a throttle   the limit is halved, once for all calls that were on their way then
type pace struct {
	mu      sync.Mutex
	room    sync.Cond
	running int
	limit   int
	most    int
	all     chan struct{} // a place for each call of all paces together; nil: no such limit
	careful bool          // there was a throttle
	answers int           // since the limit changed
	old     int           // answers still to come to attempts that began before the last halving, at most
}

func newPace() *pace {
	p := &pace{limit: startInFlight, most: mostInFlight}
	p.room.L = &p.mu
	return p
}

// sharedInFlight is how many calls run at the same time in one account and region, where several clusters are read together.
const sharedInFlight = 10

// Paces are what clusters that are read together share: one pace for each account and region, and a limit for all of them.
type Paces struct {
	mu  sync.Mutex
	all map[string]*pace
	in  chan struct{}
}

// NewPaces makes them.
func NewPaces() *Paces {
	return &Paces{all: map[string]*pace{}, in: make(chan struct{}, mostInFlight)}
}

// of is the pace of an account and region.
func (p *Paces) of(place string) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[place] == nil {
		own := newPace()
		own.limit, own.most, own.all = sharedInFlight, sharedInFlight, p.in
		p.all[place] = own
	}
	return p.all[place]
}

// enter waits until another call may run.
func (p *pace) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running >= p.limit {
		p.room.Wait()
	}
	p.running++
	if p.all == nil {
		return
	}
	p.mu.Unlock() // others may leave meanwhile
	p.all <- struct{}{}
	p.mu.Lock()
}

// leave ends a call that has entered.
func (p *pace) leave() {
	if p.all != nil {
		<-p.all
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.room.Signal()
}

// answered counts the answer to an attempt.
func (p *pace) answered(throttled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := p.old > 0
	p.old = max(0, p.old-1)
	if throttled {
		if !late {
			p.limit, p.careful, p.answers, p.old = max(leastInFlight, p.limit/2), true, 0, p.running
		}
		return
	}
	p.answers++
	if p.limit < p.most && (!p.careful || p.answers >= p.limit) {
		p.limit, p.answers = p.limit+1, 0
		p.room.Signal()
	}
}

// AfterAttempt is the SDK's hook. Other failures than throttles say nothing about the rate.
func (p *pace) AfterAttempt(ctx context.Context, in *smithyhttp.InterceptorContext) error {
	if in.Response == nil {
		return nil
	}
	if in.Request != nil && in.Request.Method != http.MethodGet {
		access.Heard(ctx, in.Response.Header.Get("X-Amzn-Requestid"))
	}
	status := in.Response.StatusCode
	if throttled := throttles(status, in.Response.Header); throttled || status < http.StatusInternalServerError {
		p.answered(throttled)
	}
	return nil
}

// throttles reports whether an answer is a throttle, which has status 400 or 429 (eks-access.md §2).
func throttles(status int, header http.Header) bool {
	return status == http.StatusTooManyRequests || strings.HasPrefix(header.Get("X-Amzn-ErrorType"), "Throttling")
}
