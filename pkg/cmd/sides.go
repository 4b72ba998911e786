package cmd

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

// sides is the cluster as AWS knows it, and as its own API server does: aws-auth.
type sides struct{ *connection }

var _ access.Cluster = sides{}

func (c *connection) sides() sides { return sides{c} }

// Snapshot asks both at the same time, and then IAM about entries that compete with lines. An aws-auth that cannot be read says so in itself.
func (s sides) Snapshot(ctx context.Context, want access.Want) (snapshot access.Snapshot, err error) {
	var m access.ConfigMap
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { snapshot, err = s.eks.Snapshot(gctx, want); return err })
	soon := want.AWSAuth && s.target.From["name"] != kubeconfig.FromFlag
	if soon {
		g.Go(func() error { m = s.unchecked(gctx); return nil })
	}
	if err := g.Wait(); err != nil {
		return access.Snapshot{}, err
	}
	if !want.AWSAuth {
		return snapshot, nil
	}
	if !soon || !s.sameServer(snapshot.Cluster) {
		m = s.of(ctx, snapshot.Cluster)
	}
	snapshot.AWSAuth = &m
	return s.withDead(ctx, snapshot, m.Mappings), nil
}

// awsAuth is the ConfigMap alone.
func (s sides) awsAuth(ctx context.Context) access.ConfigMap {
	info, err := s.eks.Info(ctx)
	if err != nil {
		return access.ConfigMap{Err: err}
	}
	return s.of(ctx, info)
}

// unchecked is the ConfigMap at the context's server, before AWS has said whether that is the cluster's.
func (s sides) unchecked(ctx context.Context) access.ConfigMap {
	client, err := s.byContext(ctx)
	return configMap(ctx, client, err)
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
