package tui

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Known looks up what was typed before the rest is picked: the policies must exist, and so must one of the principals.
func (w World) Known(ctx context.Context, policies []access.Scoped, principals []string) (Choice, error) {
	var c Choice
	cluster, err := w.Open(ctx, w.Current)
	if err != nil {
		return c, err
	}
	var g errgroup.Group
	g.Go(func() error {
		grants, err := cluster.grants(ctx, policies)
		for _, g := range grants {
			if g.Scope.WholeCluster() { // its scope will be picked
				c.Policies = append(c.Policies, g.Policy)
			}
		}
		return err
	})
	g.Go(func() (err error) { c.Who, err = cluster.existing(ctx, principals); return err })
	err = g.Wait()
	return c, err
}

func (c *Cluster) grants(ctx context.Context, written []access.Scoped) ([]access.Grant, error) {
	if len(written) == 0 {
		return nil, nil
	}
	all, err := c.Policies(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]access.Policy, len(all))
	for i, p := range all {
		names[i] = access.Policy(p.Name)
	}
	return access.ParseGrants(written, names)
}

// existing leaves out those that IAM does not know: the grant reports them, unless there are no others.
func (c *Cluster) existing(ctx context.Context, written []string) (who []access.Principal, err error) {
	all, errs := make([]access.Principal, len(written)), make([]error, len(written))
	var g sync.WaitGroup
	for i, text := range written {
		g.Go(func() { all[i], _, errs[i] = c.Resolve(ctx, text) })
	}
	g.Wait()
	for i, p := range all {
		if errs[i] == nil {
			who = append(who, p)
		}
	}
	if len(who) == 0 {
		return nil, errors.Join(errs...)
	}
	return who, nil
}
