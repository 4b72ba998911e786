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
	careful bool // there was a throttle
	answers int  // since the limit changed
	old     int  // answers still to come to attempts that began before the last halving, at most
}

func newPace() *pace {
	p := &pace{limit: startInFlight}
	p.room.L = &p.mu
	return p
}

// enter waits until another call may run.
func (p *pace) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running >= p.limit {
		p.room.Wait()
	}
	p.running++
}

// leave ends a call that has entered.
func (p *pace) leave() {
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
	if p.limit < mostInFlight && (!p.careful || p.answers >= p.limit) {
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
