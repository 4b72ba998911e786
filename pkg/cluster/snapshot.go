package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

// serverPatience is how long a snapshot waits for the cluster's API server after AWS has answered.
const serverPatience = 3 * time.Second

// iamPatience is how long a list waits for IAM, which a private network may not reach.
const iamPatience = 3 * time.Second

var (
	errSilent    = errors.New("no answer from the cluster's API server")
	errIAMSilent = errors.New("IAM did not answer in time")
)

// Snapshot reads AWS and the cluster's API server at the same time, and then IAM for the entries that compete with mappings. Errors
// of the API server are part of the snapshot. Where the context leads to another cluster than AWS describes, the server that AWS
// names is read.
func (c *Cluster) Snapshot(ctx context.Context, want access.Want) (s access.Snapshot, err error) {
	var told inside
	var trust *access.Trust
	g, gctx := errgroup.WithContext(ctx)
	kctx, stop := context.WithCancelCause(gctx)
	defer stop(nil)
	g.Go(func() error {
		s, err = c.EKS.Snapshot(gctx, want)
		patience := cmp.Or(c.Patience, serverPatience)
		if err == nil && !s.Cluster.Mode.ReadsConfigMap() && !want.Administrators {
			patience /= 3 // what only adds to entries does not depend on the cluster, which may not be reachable from here
		}
		time.AfterFunc(patience, func() { stop(errSilent) })
		return err
	})
	asks := want.AWSAuth || want.RBAC || want.Namespaces
	soon := asks && !c.named()
	if soon {
		g.Go(func() error {
			client, err := c.byContext(kctx)
			told = askInside(kctx, client, err, want)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return access.Snapshot{}, err
	}
	if asks && (!soon || !c.Match(s.Cluster).Leads) {
		client, err := c.serverOf(ctx, s.Cluster)
		told = askInside(ctx, client, err, want)
	}
	s.AWSAuth, s.RBAC, s.Namespaces, s.NoNamespaces = told.awsAuth, told.rbac, told.names, told.noNames
	read := s
	together(func() { s = c.withLives(ctx, read, want.Lives) }, func() {
		if want.Trust {
			trust = c.trust(ctx, read.Cluster)
		}
	})
	s.Trust = trust
	return s, nil
}

// inside is what only the cluster's API server knows; nil where it was not asked for.
type inside struct {
	awsAuth *access.ConfigMap
	rbac    *access.RBAC
	names   []string // of namespaces
	noNames error
}

func askInside(ctx context.Context, client *kube.Client, err error, want access.Want) (told inside) {
	var all sync.WaitGroup
	why := func(err error) error {
		if err != nil && errors.Is(context.Cause(ctx), errSilent) {
			return errSilent
		}
		return err
	}
	if want.AWSAuth {
		all.Go(func() {
			m := readAWSAuth(ctx, client, err)
			m.Err = why(m.Err)
			told.awsAuth = &m
		})
	}
	if told.noNames = err; want.Namespaces && err == nil {
		all.Go(func() {
			names, err := client.Namespaces(ctx)
			told.names, told.noNames = names, why(err)
		})
	}
	if want.RBAC {
		all.Go(func() {
			told.rbac = &access.RBAC{Err: err}
			if want.Roles {
				told.rbac.RolesErr = err
			}
			if err != nil {
				return
			}
			var roles sync.WaitGroup
			if want.Roles {
				roles.Go(func() { told.rbac.Roles, told.rbac.RolesErr = client.Roles(ctx) })
			}
			told.rbac.Bindings, told.rbac.Err = client.Bindings(ctx)
			roles.Wait()
			told.rbac.Err, told.rbac.RolesErr = why(told.rbac.Err), why(told.rbac.RolesErr)
		})
	}
	all.Wait()
	return told
}

// Do sends a step to AWS or, where it is about aws-auth, to the cluster's API server.
func (c *Cluster) Do(ctx context.Context, step access.Step) error {
	w, ok := step.(access.WriteAWSAuth)
	if !ok {
		return c.EKS.Do(ctx, step)
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return err
	}
	client, err := c.serverOf(ctx, info)
	if err != nil {
		return err
	}
	return client.WriteAWSAuth(ctx, w.Before, w.After)
}

// Reading is the same cluster, with functions that get each part of a snapshot and the progress. Both may be called from several
// goroutines.
func (c *Cluster) Reading(found func(access.Snapshot), progress func(done, total int)) *Cluster {
	own, reader := *c, *c.EKS
	reader.Found, reader.Progress = found, progress
	own.EKS = &reader
	return &own
}

// withLives marks the entries whose role or user was deleted or recreated, of those that are asked about.
func (c *Cluster) withLives(ctx context.Context, s access.Snapshot, which access.Lives) access.Snapshot {
	if which == access.NoLives {
		return s
	}
	var mappings []access.Mapping
	if s.AWSAuth != nil {
		mappings = s.AWSAuth.Mappings
	}
	first, rest := s.Rivals(mappings)
	if which == access.RivalLives {
		lives, _ := c.IAM.Lives(ctx, first) // what is not known is an answer too
		return s.Mark(first, lives)
	}
	soon, stop := context.WithTimeout(ctx, cmp.Or(c.Patience, iamPatience))
	defer stop()
	var lives, others []access.Life
	var why, whyNot error
	together( // the rivals do not wait for a long list
		func() { lives, why = c.IAM.Lives(soon, first) },
		func() { others, whyNot = c.IAM.Lives(soon, rest) },
	)
	s = s.Mark(first, lives).Mark(rest, others)
	if soon.Err() != nil {
		why = errIAMSilent
	}
	s.Doubt = cmp.Or(why, whyNot, fmt.Errorf("only IAM of account %s knows them", s.Cluster.Account()))
	return s
}

// together runs steps side by side.
func together(steps ...func()) {
	var all sync.WaitGroup
	for _, step := range steps {
		all.Go(step)
	}
	all.Wait()
}

// named reports whether a flag names the cluster, so that the context may lead to another one.
func (c *Cluster) named() bool { return c.Target.From["name"] == kubeconfig.FromFlag }

// server is the cluster's API server. The context is trusted until AWS contradicts it; where a flag names the cluster, AWS is
// read first.
func (c *Cluster) server(ctx context.Context) (*kube.Client, error) {
	if !c.named() && !c.misled.Load() {
		return c.byContext(ctx)
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return nil, err
	}
	return c.serverOf(ctx, info)
}

// serverOf is the API server of the cluster that AWS describes: by the context where that leads to it, else at the endpoint
// that AWS tells and with the login for AWS.
func (c *Cluster) serverOf(ctx context.Context, info access.Info) (*kube.Client, error) {
	if c.Match(info).Leads {
		return c.byContext(ctx)
	}
	token, err := c.Session.Token(ctx, cmp.Or(info.LocalID, info.Name))
	if err != nil {
		return nil, err
	}
	return kube.At(info.Endpoint, info.CA, token)
}

// byContext is the context's server, asked as the context's user.
func (c *Cluster) byContext(ctx context.Context) (*kube.Client, error) {
	cfg, err := c.Flags.Loader().ClientConfig()
	if err != nil {
		return nil, errors.New(access.HidePasswords(err.Error())) // it quotes the proxy
	}
	if c.Target.Exec.Native && !c.NoNativeToken {
		// The exec entry would start a program to make the same token; this takes 1 ms instead of half a second.
		if cfg.BearerToken, err = c.Session.Token(ctx, c.Target.Exec.Cluster); err != nil {
			return nil, err
		}
		cfg.ExecProvider = nil
	}
	if c.Calls != nil {
		cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return counted{next, c.Calls} })
	}
	return kube.New(cfg)
}

// counted reports each request to the API server.
type counted struct {
	http.RoundTripper
	calls func(name string, more int)
}

// RoundTrip is http.RoundTripper's.
func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	const name = "the cluster's API server"
	c.calls(name, 1)
	defer c.calls(name, -1)
	return c.RoundTripper.RoundTrip(r)
}

func readAWSAuth(ctx context.Context, client *kube.Client, err error) access.ConfigMap {
	if err != nil {
		return access.ConfigMap{Err: err}
	}
	m, err := client.AWSAuth(ctx)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return access.ConfigMap{Err: err}
	}
	return awsauth.Understood(m)
}
