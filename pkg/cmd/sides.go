package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
)

// kubePatience is how long a plan waits for the cluster's API server after AWS has answered.
const kubePatience = 3 * time.Second

var errSilent = errors.New("no answer from the cluster's API server")

// sides is the cluster as AWS knows it, and as its own API server does: aws-auth.
type sides struct{ *connection }

var _ access.Cluster = sides{}

func (c *connection) sides() sides { return sides{c} }

// Snapshot asks both at the same time, and then IAM about entries that compete with lines. An aws-auth that cannot be read says so in itself.
func (s sides) Snapshot(ctx context.Context, want access.Want) (snapshot access.Snapshot, err error) {
	var m access.ConfigMap
	var rbac access.RBAC
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
	if want.AWSAuth {
		g.Go(func() error { m = s.unchecked(kctx); return nil })
	}
	if want.RBAC {
		g.Go(func() error { rbac.Bindings, rbac.Err = s.bindings(kctx); return nil })
	}
	if err := g.Wait(); err != nil {
		return access.Snapshot{}, err
	}
	if m.Err != nil && errors.Is(context.Cause(kctx), errSilent) {
		m.Err = errSilent
	}
	if rbac.Err != nil && errors.Is(context.Cause(kctx), errSilent) {
		rbac.Err = errSilent
	}
	if err := s.leadsTo(snapshot.Cluster); err != nil {
		m, rbac = access.ConfigMap{Err: err}, access.RBAC{Err: err}
	}
	if want.RBAC {
		snapshot.RBAC = &rbac
	}
	if !want.AWSAuth {
		return snapshot, nil
	}
	snapshot.AWSAuth = &m
	return s.withDead(ctx, snapshot, m.Mappings), nil
}

// bindings are all of RBAC.
func (c *connection) bindings(ctx context.Context) ([]access.Binding, error) {
	client, err := c.kubeOfTarget(ctx)
	if err != nil {
		return nil, err
	}
	return client.Bindings(ctx)
}

// leadsTo is an error where the context's server is another than the cluster's: aws-auth there is that of another
// cluster. A cluster that is named by flag is asked at the endpoint that AWS tells.
func (s sides) leadsTo(cluster access.Info) error {
	if s.sameServer(cluster) || s.target.From["name"] == "flag" {
		return nil
	}
	return fmt.Errorf("%w: aws-auth of cluster %s is not at the context's server, %s", errWrong, cluster.Name, s.target.Server)
}

// awsAuth is the ConfigMap alone.
func (s sides) awsAuth(ctx context.Context) access.ConfigMap {
	info, err := s.eks.Info(ctx)
	if err := errors.Join(err, s.leadsTo(info)); err != nil {
		return access.ConfigMap{Err: err}
	}
	return s.unchecked(ctx)
}

func (s sides) unchecked(ctx context.Context) access.ConfigMap {
	client, err := s.kubeOfTarget(ctx)
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
	if err := s.leadsTo(info); err != nil {
		return err
	}
	client, err := s.kubeOf(ctx, info)
	if err != nil {
		return err
	}
	return client.WriteAWSAuth(ctx, w.Before, w.After)
}
