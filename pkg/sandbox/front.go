package sandbox

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// maxBody is more than any honest request of these services needs.
const maxBody = 256 << 10

// operation is one row of a service's table.
type operation struct {
	service, name string
	pattern       string // of an EKS call; the other services are called by name
	changes       bool   // leaves a trace in CloudTrail and in the state file
	run           func(*account, *call) (any, error)
}

// call is one request on its way through the account.
type call struct {
	*http.Request
	operation
	body   []byte
	form   url.Values // of the query protocol
	who    caller
	region string // from the signature: what the caller believes to talk to
	at     time.Time
}

func random() string { return crand.Text() }

// decode reads a JSON body; none at all is an empty one.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return &refusal{status: 400, code: "SerializationException", message: "the request body is not the JSON that is expected"}
	}
	return nil
}

func (s *Sandbox) listenAWS() error {
	mux := http.NewServeMux()
	for _, op := range eksOperations {
		mux.HandleFunc(op.pattern, func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, op) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, operation{}) })
	server := newServer(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); strings.TrimSuffix(p, "/") != strings.TrimSuffix(path.Clean(p), "/") {
			s.handle(w, r, operation{}) // ServeMux would redirect, which AWS never does
			return
		}
		mux.ServeHTTP(w, r)
	})
	addr, err := s.listen(server)
	if err != nil {
		return err
	}
	s.url = "http://" + addr.String()
	return nil
}

func newServer(handler http.HandlerFunc) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are part of the play
	}
}

// handle takes one AWS request from its body to its answer.
func (s *Sandbox) handle(w http.ResponseWriter, r *http.Request, op operation) {
	s.delay(r.Context())
	c := &call{Request: r, operation: op}
	var err error
	if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		err = errTooLarge
	} else if op.run == nil {
		err = c.find()
	}
	var result any
	if err == nil {
		result, err = s.attempt(c)
	} else {
		c.at = moment(s.options)
	}
	if errors.Is(err, errReset) {
		s.logLine(c, "reset")
		reset(w)
		return
	}
	s.logLine(c, strconv.Itoa(c.status(err))) // before the answer: who has that finds the line written
	c.write(w, result, err)
}

// find looks up the operation of a service that is called by name: in the target header (JSON 1.1),
// in the form (query protocol) or, presigned, in the query.
func (c *call) find() error {
	c.service = "unknown"
	if c.URL.Path != "/" {
		return errUnknown
	}
	if target := c.Header.Get("X-Amz-Target"); target != "" {
		c.service = "cloudtrail"
		return c.choose(target)
	}
	c.form = c.URL.Query()
	if c.Method == http.MethodPost {
		c.form, _ = url.ParseQuery(string(c.body)) // an unreadable form has no action
	}
	action := c.form.Get("Action")
	if action == "" {
		return errUnknown
	}
	c.service = "sts"
	if c.form.Get("Version") == "2010-05-08" {
		c.service = "iam"
	}
	if err := c.choose(action); err != nil {
		return &refusal{status: 400, code: "InvalidAction", message: "Could not find operation " + action + " for version " + c.form.Get("Version")}
	}
	return nil
}

func (c *call) choose(name string) error {
	for _, op := range namedOperations {
		if op.service == c.service && name[strings.LastIndex(name, ".")+1:] == op.name {
			c.operation = op
			return nil
		}
	}
	return errUnknown
}

// attempt lets the call pass the limits and faults that stand between a caller and the account.
func (s *Sandbox) attempt(c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errReset
	}
	c.at = moment(s.options)
	s.calls[c.service+"."+c.name]++
	if !s.admit(c) {
		return nil, errThrottled
	}
	fault, lost := s.fault()
	if fault != nil && !lost {
		return nil, fault
	}
	result, err := s.do(c)
	if fault != nil {
		return nil, fault
	}
	return result, err
}

func (s *Sandbox) do(c *call) (result any, err error) {
	var g signature
	if c.who, g, err = s.account.authenticate(c.Request, c.body, c.service, c.at); err != nil {
		return nil, err
	}
	c.region = g.region
	s.account.settle(c.at)
	if err = s.account.authorize(c); err == nil {
		result, err = c.run(s.account, c)
	}
	if c.changes {
		s.account.record(c, result, err)
		if failed := s.account.save(); failed != nil {
			return nil, failed
		}
	}
	return result, err
}

// trailRate is what CloudTrail allows LookupEvents, whatever the others are allowed.
const trailRate = 2

func (s *Sandbox) admit(c *call) bool {
	if s.options.Rate <= 0 {
		return true
	}
	limit, ok := s.limits[c.service]
	if !ok {
		allowed, burst := s.options.Rate, max(1, s.options.Burst)
		if c.service == "cloudtrail" {
			allowed, burst = min(allowed, trailRate), min(burst, trailRate)
		}
		limit = rate.NewLimiter(rate.Limit(allowed), burst)
		s.limits[c.service] = limit
	}
	return limit.AllowN(c.at, 1)
}

// fault throws the dice: nothing, an error before the change is made, or one that loses the answer after it.
func (s *Sandbox) fault() (err error, lost bool) {
	if s.options.FaultRate <= 0 || s.random.Float64() >= s.options.FaultRate {
		return nil, false
	}
	faults := []error{errServer, errUnavailable, errReset}
	return faults[s.random.IntN(len(faults))], s.random.IntN(2) == 0
}

// reset breaks the connection without a word, as a failing network does.
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

func (s *Sandbox) delay(ctx context.Context) {
	if s.options.Latency <= 0 {
		return
	}
	timer := time.NewTimer(s.options.Latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.closing:
	}
}

// logLine names the path but never the query or a header: there are the signatures and tokens.
func (s *Sandbox) logLine(c *call, status string) {
	target := c.URL.EscapedPath()
	for _, name := range []string{"RoleName", "UserName", "RoleArn", "PathPrefix"} {
		if v := c.form.Get(name); v != "" {
			target = strings.ReplaceAll(escape(v), "%2F", "/")
		}
	}
	operation := c.name
	if operation == "" {
		operation = c.Method
	}
	s.writeLog(c.at, c.service, operation, target, status)
}

func (s *Sandbox) writeLog(at time.Time, words ...string) {
	if s.options.Log == nil {
		return
	}
	s.logging.Lock()
	defer s.logging.Unlock()
	_, _ = fmt.Fprintf(s.options.Log, "%s %s\n", at.Format("2006-01-02T15:04:05.000Z07:00"), strings.Join(words, " "))
}
