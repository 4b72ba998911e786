// Package sandbox runs an AWS account with EKS clusters on loopback. Real AWS SDKs, the AWS CLI and kubectl work against
// it unchanged: it speaks their wire protocols, verifies their signatures and refuses in the services' own words.
//
//	SDK, CLI ──SigV4──► front ──► awsapi: EKS, IAM, STS, CloudTrail
//	                      │          ▲ who made this token, what entry does it have?
//	kubectl ───token───► front ──► kubeapi: an API server for each cluster
//
// The two sides are packages of their own. This one starts them: it seeds the account, listens, makes requests slow,
// throttled or faulty as its Options say, keeps the state file and writes the configuration of the clients.
//
// One lock guards both sides. What looks asynchronous (updates of a cluster, propagation) is worked out from timestamps
// at the next request, so there is no background work to wait for or to leak.
package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// Options are the sandbox's knobs; the zero value is a fast, faultless account.
type Options struct {
	Latency     time.Duration     // added to every answer, of AWS and of the clusters
	Propagation time.Duration     // how long a change stays invisible to reads and to authorization
	Rate        float64           // AWS calls a second allowed per service; 0: no limit
	Burst       int               // calls allowed at once, where Rate is set
	TrailRate   float64           // calls a second that CloudTrail allows; 0: no limit but Rate
	TrailDelay  time.Duration     // how long CloudTrail does not show an event
	FaultRate   float64           // 0 to 1: share of AWS requests that end in 500, 503 or a reset connection
	Seed        uint64            // makes faults repeatable
	Entries     int               // cluster demo is filled up to this many entries
	Fleet       int               // each of four more accounts has this many clusters with so many entries
	RotateCA    string            // the cluster whose certificate authority is being replaced; "": none
	UpdateError string            // what every update of a cluster fails with; "": they succeed
	AWSAuth     map[string]string // data of aws-auth in the clusters that have one; nil: the seeded one
	State       string            // file that keeps the account between runs
	Log         io.Writer         // one line per request; nil: none
	Now         func() time.Time  // nil: time.Now
	ClockSkew   time.Duration     // how far the account's clock is ahead of that one

	APIServers map[string]APIServer // real ones, in the place of the clusters of these names
}

// Sandbox is a running account.
type Sandbox struct {
	options Options
	dir     string
	lock    *os.File              // of the folder; nil where there is none
	url     string                // of every AWS service
	keys    map[string]awsapi.Key // by profile
	doors   []door
	running sync.WaitGroup
	base    func(net.Listener) context.Context // of all requests; it ends with the sandbox
	close   func() error

	webhooks []*kubeapi.Webhook // behind Options.APIServers

	mu     sync.Mutex // guards what follows, and both sides
	closed bool       // nothing changes any more
	state
	calls  map[string]int
	limits map[string]*rate.Limiter
	random *rand.Rand

	logging sync.Mutex // a slow log must not hold up the account
}

// Start opens an account that listens on loopback only; Close ends it.
func Start(o Options) (*Sandbox, error) {
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default that Options.Now replaces
	}
	if now := o.Now; o.ClockSkew != 0 {
		o.Now = func() time.Time { return now().Add(o.ClockSkew) }
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Sandbox{
		options: o,
		base:    func(net.Listener) context.Context { return ctx },
		calls:   map[string]int{},
		limits:  map[string]*rate.Limiter{},
		random:  rand.New(rand.NewPCG(o.Seed, o.Seed)),
	}
	s.close = sync.OnceValue(func() error { end(); return s.stop() })
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Sandbox) open() (err error) {
	if s.dir, s.lock, err = makeFolder(); err != nil {
		return err
	}
	if s.state, err = openState(s.options); err != nil {
		return err
	}
	s.keys = issueKeys(s.account, s.now())
	if s.account.STS, err = s.listen(awsapi.Handler(s.serveAWS), nil); err != nil {
		return err
	}
	s.url = "http://" + s.account.STS
	for name := range s.options.APIServers {
		if s.account.Clusters[name] == nil {
			return fmt.Errorf("API server of cluster %s: the account has no such cluster", name)
		}
	}
	if name := s.options.RotateCA; name != "" && s.account.Clusters[name] == nil {
		return fmt.Errorf("the account has no cluster %s whose certificate authority could be replaced", name)
	}
	for name := range s.account.Clusters {
		if err := s.openCluster(s.account, s.objects[name], name); err != nil {
			return err
		}
	}
	for _, p := range append(s.places(s.now()), s.fleet(s.options, s.now())...) {
		p.account.STS = s.account.STS
		for name := range p.account.Clusters {
			if err := s.openCluster(p.account, p.objects[name], name); err != nil {
				return err
			}
		}
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	for _, d := range s.doors { // last, so that no request meets a sandbox half made
		s.running.Go(d.serve)
	}
	return nil
}

// openCluster starts the API server of one cluster, with a certificate authority of its own, or the webhooks of the real
// API server that replaces it.
func (s *Sandbox) openCluster(account *awsapi.Account, objects *kubeapi.Objects, name string) error {
	ca, config, err := certificates(name)
	if err != nil {
		return err
	}
	server := &kubeapi.Server{
		Name: name, Created: account.Clusters[name].Created, Objects: objects, Account: account,
		Lock: &s.mu, Now: s.now, Wrote: func(verb string) error {
			s.calls["kube."+verb]++
			return s.save()
		},
	}
	at := awsapi.Endpoint{URL: "https://127.0.0.1:1", CA: ca, Private: name == privateCluster}
	behind, ok := s.options.APIServers[name]
	ok = ok && account == s.account
	switch {
	case ok:
		at, err = s.attach(server, behind, ca, config)
	case !at.Private:
		if name == s.options.RotateCA && account == s.account {
			if at.Next, config, err = s.rotated(name, config); err != nil {
				return err
			}
		}
		var addr string
		addr, err = s.listen(s.kubeHandler(server), config)
		at.URL = "https://" + addr
	}
	account.Endpoints[name] = at
	return err
}

// now is the time in the resolution of the wire, so that what is kept equals what was answered.
//
//go:noinline
func (s *Sandbox) now() time.Time { return moment(s.options) }

func moment(o Options) time.Time { return o.Now().UTC().Truncate(time.Millisecond) }

// door is a server and the loopback port that is its own until Close.
type door struct {
	*http.Server
	listener net.Listener
}

// maxBody is more than any honest request needs.
const maxBody = 256 << 10

// listen takes a port for a handler, and returns its address; with a configuration it speaks TLS.
func (s *Sandbox) listen(handler http.Handler, config *tls.Config) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.doors = append(s.doors, door{&http.Server{
		Handler:           http.MaxBytesHandler(handler, maxBody),
		TLSConfig:         config,
		BaseContext:       s.base,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are expected here
	}, listener})
	return listener.Addr().String(), nil
}

// serve ends with ErrServerClosed, at Close.
func (d door) serve() {
	if d.TLSConfig != nil {
		_ = d.ServeTLS(d.listener, "", "")
		return
	}
	_ = d.Serve(d.listener)
}

// URL is where every AWS service of the account answers.
func (s *Sandbox) URL() string { return s.url }

// Key is the access key of a profile.
func (s *Sandbox) Key(profile string) awsapi.Key { return s.keys[profile] }

// Dir is the sandbox's own folder, which Close removes.
func (s *Sandbox) Dir() string { return s.dir }

// Calls counts the answered requests by operation, such as eks.DescribeAccessEntry, refused ones included.
func (s *Sandbox) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Close ends every connection, waits for the listeners and removes the sandbox's folder.
func (s *Sandbox) Close() error { return s.close() }

func (s *Sandbox) stop() error {
	var failed []error
	for _, d := range s.doors {
		failed = append(failed, d.Close())
		_ = d.listener.Close() // for a door that was never served; else it is closed already
	}
	s.running.Wait()
	for _, h := range s.webhooks {
		h.Close()
	}
	s.mu.Lock() // waits for the request that is in progress
	s.closed = true
	s.mu.Unlock()
	if s.dir != "" {
		if s.lock != nil {
			_ = s.lock.Close() // first: Windows does not remove open files
		}
		failed = append(failed, os.RemoveAll(s.dir))
	}
	return errors.Join(failed...)
}
