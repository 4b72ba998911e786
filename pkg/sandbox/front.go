package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// errReset means that the connection breaks without an answer.
var errReset = errors.New("reset")

// serveAWS answers a call; err says that it is not an operation of the account.
func (s *Sandbox) serveAWS(w http.ResponseWriter, c *awsapi.Call, err error) {
	s.delay(c.Context())
	var result any
	if err == nil {
		result, err = s.attempt(c)
	} else {
		c.At = s.now()
	}
	outcome := strconv.Itoa(c.Status(err))
	if errors.Is(err, errReset) {
		outcome = "reset"
	}
	operation := c.Name
	if operation == "" {
		operation = c.Method
	}
	s.writeLog(c.Service, operation, c.Target(), outcome) // before the answer: a client that has it finds the line written
	if errors.Is(err, errReset) {
		reset(w)
		return
	}
	c.Write(w, result, err)
}

// attempt runs a call, unless a limit or a fault prevents it.
func (s *Sandbox) attempt(c *awsapi.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errReset
	}
	c.At = s.now()
	s.calls[c.Service+"."+c.Name]++
	if !s.admit(c) {
		return nil, awsapi.ErrThrottled
	}
	fault, lost := s.fault()
	if fault != nil && !lost {
		return nil, fault
	}
	result, err := s.account.Do(c)
	if c.Changes {
		if failed := s.save(); failed != nil {
			return nil, failed
		}
	}
	if fault != nil {
		return nil, fault
	}
	return result, err
}

// trailBurst is what CloudTrail allows at once.
const trailBurst = 2

func (s *Sandbox) admit(c *awsapi.Call) bool {
	limit, ok := s.limits[c.Service]
	if !ok {
		allowed, burst := s.options.Rate, max(1, s.options.Burst)
		if own := s.options.TrailRate; c.Service == "cloudtrail" && own > 0 && (allowed <= 0 || own < allowed) {
			allowed, burst = own, trailBurst
		}
		if allowed <= 0 {
			return true
		}
		limit = rate.NewLimiter(rate.Limit(allowed), burst)
		s.limits[c.Service] = limit
	}
	return limit.AllowN(c.At, 1)
}

// fault picks at random: nothing, an error before the change is made, or one that loses the answer after it.
func (s *Sandbox) fault() (err error, lost bool) {
	if s.options.FaultRate <= 0 || s.random.Float64() >= s.options.FaultRate {
		return nil, false
	}
	faults := []error{awsapi.ErrServer, awsapi.ErrUnavailable, errReset}
	return faults[s.random.IntN(len(faults))], s.random.IntN(2) == 0
}

// reset breaks the connection without an answer, as a failing network does.
func reset(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST instead of an orderly end
	}
	_ = conn.Close()
}

// kubeHandler answers requests to a cluster.
func (s *Sandbox) kubeHandler(server *kubeapi.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.delay(r.Context())
		answer := server.Answer(r)
		s.writeLog("kube/"+server.Name, r.Method, r.URL.EscapedPath(), strconv.Itoa(answer.Code))
		w.Header().Set("Date", s.now().Format(http.TimeFormat))
		answer.Write(w, r)
	}
}

// webhookHandler answers a real API server.
func (s *Sandbox) webhookHandler(h *kubeapi.Webhook) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.delay(r.Context())
		answer, word := h.Answer(r)
		s.writeLog("webhook/"+h.Name, strings.TrimPrefix(r.URL.Path, "/"), word)
		answer.Write(w, r)
	}
}

// delay ends early with the request, and so with the sandbox.
func (s *Sandbox) delay(ctx context.Context) {
	if s.options.Latency <= 0 {
		return
	}
	timer := time.NewTimer(s.options.Latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *Sandbox) writeLog(words ...string) {
	if s.options.Log == nil {
		return
	}
	s.logging.Lock()
	defer s.logging.Unlock()
	_, _ = fmt.Fprintf(s.options.Log, "%s %s\n", s.now().Format("2006-01-02T15:04:05.000Z07:00"), strings.Join(words, " "))
}
