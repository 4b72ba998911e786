package cmd

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

// kubePatience is how long a plan waits for the cluster's API server after AWS has answered.
const kubePatience = 3 * time.Second

var errSilent = errors.New("no answer from the cluster's API server")

// sides is the cluster as AWS knows it, and as its own API server does: aws-auth.
type sides struct{ *connection }

var _ access.Cluster = sides{}

func (c *connection) sides() sides { return sides{c} }

// Snapshot asks both at the same time, and then IAM about entries that compete with mappings. What the API server does not
// tell says so in itself. Where the context leads to another cluster than AWS describes, that one's server is asked when
// AWS has said where.
func (s sides) Snapshot(ctx context.Context, want access.Want) (snapshot access.Snapshot, err error) {
	var told inside
	g, gctx := errgroup.WithContext(ctx)
	kctx, stop := context.WithCancelCause(gctx)
	defer stop(nil)
	g.Go(func() error {
		snapshot, err = s.eks.Snapshot(gctx, want)
		patience := cmp.Or(s.env.Patience, kubePatience)
		if err == nil && !snapshot.Cluster.Mode.ReadsConfigMap() && !want.Administrators {
			patience /= 3 // what only adds to entries does not depend on the cluster, which may not be reachable from here
		}
		time.AfterFunc(patience, func() { stop(errSilent) })
		return err
	})
	soon := s.target.From["name"] != kubeconfig.FromFlag
	if soon {
		g.Go(func() error {
			client, err := s.byContext(kctx)
			told = askInside(kctx, client, err, want)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return access.Snapshot{}, err
	}
	if (want.AWSAuth || want.RBAC) && (!soon || !s.sameServer(snapshot.Cluster)) {
		client, err := s.kubeOf(ctx, snapshot.Cluster)
		told = askInside(ctx, client, err, want)
	}
	snapshot.AWSAuth, snapshot.RBAC, snapshot.Namespaces = told.awsAuth, told.rbac, told.names
	if !want.AWSAuth {
		return snapshot, nil
	}
	return s.withDead(ctx, snapshot, snapshot.AWSAuth.Mappings), nil
}

// inside is what only the cluster's API server knows; nil where it was not asked for.
type inside struct {
	awsAuth *access.ConfigMap
	rbac    *access.RBAC
	names   []string // of namespaces
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
			m := configMap(ctx, client, err)
			m.Err = why(m.Err)
			told.awsAuth = &m
		})
	}
	if want.Namespaces && err == nil {
		all.Go(func() { told.names, _ = client.Namespaces(ctx) }) // they are only good to know
	}
	if want.RBAC {
		all.Go(func() {
			told.rbac = &access.RBAC{Err: err}
			if err == nil {
				told.rbac.Bindings, told.rbac.Err = client.Bindings(ctx)
			}
			told.rbac.Err = why(told.rbac.Err)
		})
	}
	all.Wait()
	return told
}

// awsAuth is the ConfigMap alone.
func (s sides) awsAuth(ctx context.Context) access.ConfigMap {
	info, err := s.eks.Info(ctx)
	if err != nil {
		return access.ConfigMap{Err: err}
	}
	return s.of(ctx, info)
}

// of is the ConfigMap of the cluster that AWS describes.
func (s sides) of(ctx context.Context, cluster access.Info) access.ConfigMap {
	client, err := s.kubeOf(ctx, cluster)
	return configMap(ctx, client, err)
}

func configMap(ctx context.Context, client *kube.Client, err error) access.ConfigMap {
	if err != nil {
		return access.ConfigMap{Err: err}
	}
	m, err := client.AWSAuth(ctx)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return access.ConfigMap{Err: err}
	}
	return understood(m)
}

// understood adds what the authenticator makes of aws-auth.
func understood(m access.ConfigMap) access.ConfigMap {
	m.Mappings = awsauth.Parse(m.Data).Mappings
	return m
}

// Do sends a step to the side that it is about.
func (s sides) Do(ctx context.Context, step access.Step) error {
	s.env.sent.Store(true)
	w, ok := step.(access.WriteAWSAuth)
	if !ok {
		return s.eks.Do(ctx, step)
	}
	info, err := s.eks.Info(ctx)
	if err != nil {
		return err
	}
	client, err := s.kubeOf(ctx, info)
	if err != nil {
		return err
	}
	return client.WriteAWSAuth(ctx, w.Before, w.After)
}
