// Package cluster is one opened EKS cluster: what AWS, its own API server and IAM know about it and its principals. It reads, and
// carries out steps. It plans nothing and prints nothing.
//
//	kubeconfig, flags ─► Open ─► Cluster ─► Snapshot (entries, aws-auth, RBAC, namespaces), Do, Resolve, Probe
package cluster

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/eks"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// Refusals that wrap access.ErrRefused.
var (
	ErrWrong   = fmt.Errorf("%w: this may be the wrong cluster", access.ErrRefused)
	ErrNoMatch = fmt.Errorf("%w: the context is not the EKS cluster's, as --require-match demands", access.ErrRefused)
)

// Settings say which cluster is meant and how to log in to it.
type Settings struct {
	Flags         *kubeconfig.Flags
	Target        kubeconfig.Target     // the cluster of the context, as the flags change it
	Namespace     string                // instead of that of the context; "": that
	OtherLogin    bool                  // a flag takes another login for AWS than the kubeconfig's
	NoNativeToken bool                  // tokens come from the kubeconfig's credential plugin only
	RequireMatch  bool                  // opening fails unless the context's server is the cluster's endpoint
	Patience      time.Duration         // how long what is only good to know may take; 0: the defaults
	TrailPace     time.Duration         // between two calls to CloudTrail; 0: the default
	Refresh       func() string         // the command line that updates the kubeconfig
	Found         func(access.Snapshot) // hears of each part of a snapshot as soon as it is read; nil: nobody does
	Logins        *Logins               // shared with the clusters that are read together; nil: with none
	Now           func() time.Time
	Trace         func(format string, args ...any) // hears of each call to AWS; nil: nobody does
	Calls         func(name string, more int)      // hears 1 when a call to AWS or the API server begins, and -1 when it ends
	Progress      func(done, total int)            // hears how far a read of entries is; nil: nobody does
}

// Cluster is one opened cluster. It implements access.Cluster.
type Cluster struct {
	Settings
	Session *login.Session
	EKS     *eks.Cluster
	IAM     *iam.Client
	Notes   []access.Note // what to know about how the cluster was found

	misled *atomic.Bool // AWS has said that the context's server is not the cluster's endpoint
}

var _ access.Cluster = (*Cluster)(nil)

// Open finds the cluster. It asks AWS only where the kubeconfig has no more than an endpoint or a guess, and where
// RequireMatch asks for it. Errors: those of the login, access.ErrNotFound, ErrNoMatch.
func Open(ctx context.Context, s Settings) (*Cluster, error) {
	shared, err := s.Logins.shared(ctx, s)
	if err != nil {
		return nil, err
	}
	session := shared.session
	c := &Cluster{Settings: s, Session: session, IAM: shared.iam, misled: &atomic.Bool{}}
	if c.Target.Region == "" {
		c.Target.Region, c.Target.From["region"] = session.Region(), "environment"
		c.note("the kubeconfig names no region; using %s of your AWS settings", session.Region())
	}
	c.EKS = shared.eks.Named(c.Target.Name)
	c.EKS.Progress, c.EKS.Found = s.Progress, s.Found
	if why := c.Target.Exec.Unrunnable; why != "" {
		c.note("%s; its profile and its other flags are used here anyway", why)
	}
	if why := c.Target.Exec.Unread; why != "" {
		c.note("%s; to set them, use --eks-cluster, --region, --profile and --role-arn", why)
	}
	if c.Target.Name == "" {
		err = c.nameByEndpoint(ctx)
	}
	if err == nil && (c.Target.Guess != "" || s.RequireMatch) {
		err = c.confirm(ctx)
	}
	return c, err
}

// Login is what the kubeconfig's exec entry would use, as the flags change it.
func Login(ctx context.Context, s Settings, t kubeconfig.Target) (*login.Session, error) {
	settings, err := loginOf(s, t)
	if err != nil {
		return nil, err
	}
	return login.New(ctx, settings)
}

func loginOf(s Settings, t kubeconfig.Target) (login.Settings, error) {
	settings := login.Settings{
		Region: t.Region, Profile: t.Profile, ProfileFromEnv: t.From["profile"] == "env",
		RoleARN: t.RoleARN, SessionName: t.Exec.SessionName, ExternalID: t.Exec.ExternalID, Env: t.Env, Trace: s.Trace, Calls: s.Calls, Now: s.Now,
	}
	var err error
	settings.Timeout, err = s.Flags.Timeout()
	return settings, err
}

func (c *Cluster) note(format string, args ...any) {
	c.Notes = append(c.Notes, access.Notes(access.NoteContext, "", fmt.Sprintf(format, args...))...)
}

func (c *Cluster) nameByEndpoint(ctx context.Context) error {
	info, err := c.EKS.ByEndpoint(ctx, c.Target.LeadsTo)
	if err != nil {
		return fmt.Errorf("find the cluster of %s in %s: %w", c.Target.Server, c.Target.Region, err)
	}
	c.Target.Name, c.Target.From["name"] = info.Name, "endpoint"
	c.EKS.Name = info.Name
	return nil
}

// confirm asks AWS about a cluster that is a guess, or that must be the context's.
func (c *Cluster) confirm(ctx context.Context) error {
	info, err := c.EKS.Info(ctx)
	if err != nil && c.Target.Guess != "" {
		return fmt.Errorf("%w (the name is a guess: %s)", err, c.Target.Guess)
	}
	if err != nil {
		return err
	}
	m := c.Match(info)
	if c.RequireMatch && !m.Certain() {
		return fmt.Errorf("%w: %s", ErrNoMatch, m.Reason())
	}
	if m.Leads {
		c.Target.Guess = ""
	}
	return nil
}

// Short is how a principal may be written for this cluster.
//
//go:noinline
func (c *Cluster) Short(p access.Principal) string {
	if c.Target.Account == "" {
		return string(p)
	}
	return p.Short(c.Target.Account)
}

// Namespace is the one that was asked for, or that of the context, as kubectl has it.
func (c *Cluster) Namespace() string {
	if c.Settings.Namespace != "" {
		return c.Settings.Namespace
	}
	ns, _, err := c.Flags.Loader().Namespace()
	if err != nil || ns == "" {
		return "default"
	}
	return ns
}

// Match compares the context with what AWS says of the cluster. kubeconfig.Standing has the one rule.
func (c *Cluster) Match(info access.Info) kubeconfig.Match {
	m := c.Target.Match(info)
	if !m.Leads {
		c.misled.Store(true)
	}
	return m
}

// Right refuses, with ErrWrong, changes of a cluster that the context does not mean.
func (c *Cluster) Right(info access.Info) error {
	if m := c.Match(info); m.Standing == kubeconfig.Elsewhere {
		return fmt.Errorf("%w: %s", ErrWrong, m.Reason())
	}
	return nil
}

// OtherAccount is the risk of a cluster that is not in the account or region that the context names.
func (c *Cluster) OtherAccount(info access.Info) []access.Risk {
	m := c.Match(info)
	if m.Standing != kubeconfig.OtherAccount {
		return nil
	}
	return []access.Risk{{Name: access.OtherAccount, Why: "the change would be made in " + m.Cluster() + ", but " + m.Reason() + "; " + m.Cure()}}
}

// Shown notes which cluster an answer is about where that may not be the context's.
func (c *Cluster) Shown(info access.Info) []access.Note {
	if m := c.Match(info); m.Standing == kubeconfig.Elsewhere || m.Standing == kubeconfig.OtherAccount {
		return access.Notes(access.NoteContext, "", fmt.Sprintf("this shows %s, which the AWS credentials lead to; %s", m.Cluster(), m.Reason()))
	}
	return nil
}

// Logins are, where a flag takes another login for AWS, who the kubeconfig lets kubectl be.
func (c *Cluster) Logins(ctx context.Context) []access.Principal {
	if !c.OtherLogin {
		return nil
	}
	target, err := c.Flags.Target()
	if err != nil {
		return nil
	}
	if target.Region == "" {
		target.Region = c.Target.Region
	}
	session, err := Login(ctx, c.Settings, target)
	if err != nil {
		return nil
	}
	if p, err := session.Caller(ctx); err == nil {
		return []access.Principal{p}
	}
	return nil
}

// Lives is what IAM knows of the principals of entries.
func (c *Cluster) Lives(ctx context.Context, entries []access.Entry) ([]access.Life, error) {
	return c.IAM.Lives(ctx, entries)
}

// LookUp asks IAM for the full ARN of a principal.
func (c *Cluster) LookUp(ctx context.Context, p access.Principal) access.Identity {
	return c.IAM.LookUp(ctx, p)
}

// Logins are what clusters that are read together share: credentials are asked for once for each login, and calls keep one pace for
// each account and region.
type Logins struct {
	paces  *eks.Paces
	trails trail.Clients
	mu     sync.Mutex
	known  map[string]shared
}

// NewLogins makes them.
func NewLogins() *Logins { return &Logins{paces: eks.NewPaces(), known: map[string]shared{}} }

// shared is one login in one region, with its clients.
type shared struct {
	session *login.Session
	iam     *iam.Client
	eks     *eks.Cluster // of no cluster
}

// shared is the login of a cluster; without Logins it is the cluster's own.
func (l *Logins) shared(ctx context.Context, s Settings) (shared, error) {
	settings, err := loginOf(s, s.Target)
	if err != nil {
		return shared{}, err
	}
	if l == nil {
		session, err := login.New(ctx, settings)
		if err != nil {
			return shared{}, err
		}
		return shared{session, iam.New(session), eks.New(session, "")}, nil
	}
	who := fmt.Sprint(settings.Profile, settings.ProfileFromEnv, settings.RoleARN, settings.SessionName, settings.ExternalID, settings.Env)
	l.mu.Lock()
	defer l.mu.Unlock()
	key := who + " " + settings.Region + " " + s.Target.Account
	if known, ok := l.known[key]; ok {
		return known, nil
	}
	session, err := login.New(ctx, settings)
	if err != nil {
		return shared{}, err
	}
	made := shared{session, iam.New(session), eks.Paced(session, "", l.paces, cmp.Or(s.Target.Account, who)+" "+session.Region())}
	l.known[key] = made
	return made, nil
}
