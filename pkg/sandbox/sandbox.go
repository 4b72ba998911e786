// Package sandbox is an AWS account with EKS clusters on loopback. Real AWS SDKs, the AWS CLI and
// kubectl work against it unchanged: it speaks their wire protocols, verifies their signatures and
// refuses in the service's own words.
//
//	SDK, CLI ──SigV4──► front ──► EKS, IAM, STS, CloudTrail ──► account ◄── cluster API ◄──token── kubectl
//
// One lock guards the account. What looks asynchronous (cluster updates, propagation) is worked out
// from timestamps when somebody asks, so there is no background work to wait for or to leak.
package sandbox

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options are the sandbox's knobs; the zero value is a fast, faultless account.
type Options struct {
	Latency     time.Duration     // added to every answer, of AWS and of the clusters
	Propagation time.Duration     // how long a change stays invisible to reads and to authorization
	Rate        float64           // AWS calls a second allowed per service; 0: no limit
	Burst       int               // calls allowed at once, where Rate is set
	FaultRate   float64           // 0 to 1: share of AWS requests that end in 500, 503 or a reset connection
	Seed        uint64            // makes faults repeatable
	Entries     int               // cluster demo is filled up to this many entries
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
	lock    *os.File // of the folder; nil where there is none
	url     string   // of every AWS service
	doors   []door
	running sync.WaitGroup
	closing chan struct{}
	close   func() error

	backends map[string]*backend // by cluster; the ways to Options.APIServers

	mu      sync.Mutex    // guards what follows
	closed  bool          // nothing changes any more
	written chan struct{} // closed at the next write to a cluster
	account *account
	calls   map[string]int
	limits  map[string]*rate.Limiter
	random  *rand.Rand

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
	s := &Sandbox{
		options: o,
		closing: make(chan struct{}),
		written: make(chan struct{}),
		calls:   map[string]int{},
		limits:  map[string]*rate.Limiter{},
		random:  rand.New(rand.NewPCG(o.Seed, o.Seed)),

		backends: map[string]*backend{},
	}
	s.close = sync.OnceValue(s.stop)
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Sandbox) open() (err error) {
	if s.dir, s.lock, err = makeFolder(); err != nil {
		return err
	}
	if s.account, err = openAccount(s.options); err != nil {
		return err
	}
	if err := s.listenAWS(); err != nil {
		return err
	}
	for name := range s.account.Clusters {
		if err := s.listenCluster(name); err != nil {
			return err
		}
	}
	for name, server := range s.options.APIServers {
		if err := s.attach(name, server); err != nil {
			return err
		}
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	if err := s.account.save(); err != nil {
		return err
	}
	for _, d := range s.doors { // last, so that no request meets a sandbox half made
		s.running.Go(d.serve)
	}
	return nil
}

// door is a server and the loopback port that is its own until Close.
type door struct {
	*http.Server
	listener net.Listener
}

func (s *Sandbox) listen(server *http.Server) (net.Addr, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.doors = append(s.doors, door{server, listener})
	return listener.Addr(), nil
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

// Dir is the sandbox's own folder, which Close removes.
func (s *Sandbox) Dir() string { return s.dir }

// Calls counts the answered requests by operation, such as eks.DescribeAccessEntry, refused ones included.
func (s *Sandbox) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Environ is base with everything about AWS and Kubernetes replaced by this sandbox.
func (s *Sandbox) Environ(base []string) []string {
	var env []string
	for _, variable := range base {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		if !strings.HasPrefix(name, "AWS_") && name != "KUBECONFIG" {
			env = append(env, variable)
		}
	}
	s.mu.Lock()
	k := s.account.profiles[defaultProfile]
	s.mu.Unlock()
	return append(aroundProxies(env),
		"AWS_ENDPOINT_URL="+s.url,
		"AWS_ENDPOINT_URL_STS="+s.url, // Go's SDK takes a profile's role before it looks at the one for all services
		"AWS_ACCESS_KEY_ID="+k.ID,
		"AWS_SECRET_ACCESS_KEY="+k.Secret,
		"AWS_SESSION_TOKEN="+k.Token,
		"AWS_REGION="+s.account.Region,
		"AWS_DEFAULT_REGION="+s.account.Region,
		"AWS_CONFIG_FILE="+filepath.Join(s.dir, "config"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(s.dir, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		"KUBECONFIG="+filepath.Join(s.dir, "kubeconfig"),
		"KUBECTL_ACCESS_SANDBOX=1", // tells scripts and prompts where they are
	)
}

// aroundProxies keeps requests to loopback from a proxy: not every client spares it those by itself.
func aroundProxies(env []string) []string {
	for _, name := range []string{"no_proxy", "NO_PROXY"} {
		proxied := slices.ContainsFunc(env, func(v string) bool { return strings.Contains(strings.ToLower(v), "_proxy=") })
		i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		switch {
		case i >= 0 && env[i] != name+"=*":
			env[i] += ",127.0.0.1"
		case i < 0 && proxied:
			env = append(env, name+"=127.0.0.1")
		}
	}
	return env
}

// Close ends every connection, waits for the listeners and removes the sandbox's folder.
func (s *Sandbox) Close() error { return s.close() }

func (s *Sandbox) stop() error {
	close(s.closing)
	var failed []error
	for _, d := range s.doors {
		failed = append(failed, d.Close())
		_ = d.listener.Close() // for a door that was never served; else it is closed already
	}
	s.running.Wait()
	for _, b := range s.backends {
		b.client.CloseIdleConnections()
	}
	s.mu.Lock() // waits for the request that is under way
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

// writeFiles makes what the AWS CLI and kubectl are configured by.
func (s *Sandbox) writeFiles() error {
	var config, credentials bytes.Buffer
	for _, p := range profiles {
		k := s.account.profiles[p.name]
		if k == nil {
			continue
		}
		section := "profile " + p.name
		if p.name == defaultProfile {
			section = p.name
		}
		fmt.Fprintf(&config, "[%s]\nregion = %s\noutput = json\nendpoint_url = %s\n\n", section, s.account.Region, s.url)
		fmt.Fprintf(&credentials, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", p.name, k.ID, k.Secret)
		if k.Token != "" {
			fmt.Fprintf(&credentials, "aws_session_token = %s\n", k.Token)
		}
		credentials.WriteString("\n")
	}
	for _, p := range assumed {
		fmt.Fprintf(&config, "[profile %s]\nregion = %s\noutput = json\nendpoint_url = %s\nrole_arn = %s\nsource_profile = %s\n\n",
			p.name, s.account.Region, s.url, s.account.arnOf(p.role), p.source)
	}
	for name, data := range map[string][]byte{
		"config": config.Bytes(), "credentials": credentials.Bytes(), "kubeconfig": []byte(s.kubeconfig()),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig is what `aws eks update-kubeconfig` writes, run once for each cluster.
func (s *Sandbox) kubeconfig() string {
	var clusters, contexts, users strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.account.Clusters)) {
		arn, at := s.account.clusterARN(s.account.Clusters[name]), s.account.endpoints[name]
		fmt.Fprintf(&clusters, "- cluster:\n    certificate-authority-data: %s\n    server: %s\n  name: %s\n",
			base64.StdEncoding.EncodeToString(at.ca), at.url, arn)
		fmt.Fprintf(&contexts, "- context:\n    cluster: %[1]s\n    user: %[1]s\n  name: %[1]s\n", arn)
		fmt.Fprintf(&users, `- name: %s
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - --region
      - %s
      - eks
      - get-token
      - --cluster-name
      - %s
      - --output
      - json
      command: aws
`, arn, s.account.Region, name)
	}
	return "apiVersion: v1\nclusters:\n" + clusters.String() + "contexts:\n" + contexts.String() +
		"current-context: arn:aws:eks:" + s.account.Region + ":" + s.account.ID + ":cluster/demo\n" +
		"kind: Config\npreferences: {}\nusers:\n" + users.String()
}
