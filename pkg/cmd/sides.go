package cmd

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/eks"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
)

// sides is the cluster as AWS knows it, and as its own API server does: aws-auth.
type sides struct {
	*eks.Cluster
	kube func(context.Context) (*kube.Client, error)
}

var _ access.Cluster = sides{}

func (c *connection) sides() sides { return sides{c.eks, c.kube} }

// Snapshot asks both at the same time. An aws-auth that cannot be read says so in itself.
func (s sides) Snapshot(ctx context.Context, want access.Want) (snapshot access.Snapshot, err error) {
	var m access.ConfigMap
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { snapshot, err = s.Cluster.Snapshot(ctx, want); return err })
	if want.AWSAuth {
		g.Go(func() error { m = s.awsAuth(ctx); return nil })
	}
	if err := g.Wait(); err != nil {
		return access.Snapshot{}, err
	}
	if want.AWSAuth {
		snapshot.AWSAuth = &m
	}
	return snapshot, nil
}

func (s sides) awsAuth(ctx context.Context) access.ConfigMap {
	client, err := s.kube(ctx)
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
	w, ok := step.(access.WriteAWSAuth)
	if !ok {
		return s.Cluster.Do(ctx, step)
	}
	client, err := s.kube(ctx)
	if err != nil {
		return err
	}
	return client.WriteAWSAuth(ctx, w.Before, w.After)
}
