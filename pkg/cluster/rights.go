package cluster

import (
	"context"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Rights reads all that decides who can do what, and the cluster's resource types; where these cannot be read, those of
// Kubernetes itself.
func (c *Cluster) Rights(ctx context.Context) (x *rights.Index, types []rights.Type, err error) {
	var s access.Snapshot
	together(
		func() {
			s, err = c.Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Roles: true, Namespaces: true, Lives: access.AllLives})
		},
		func() { types = c.types(ctx) },
	)
	if err != nil {
		return nil, nil, err
	}
	return rights.New(s), types, nil
}

// Allows asks the cluster whether the caller may make a request.
func (c *Cluster) Allows(ctx context.Context, q rights.Request) (bool, error) {
	client, err := c.server(ctx)
	if err != nil {
		return false, err
	}
	return client.Allows(ctx, q)
}

func (c *Cluster) types(ctx context.Context) []rights.Type {
	client, err := c.server(ctx)
	if err != nil {
		return rights.Builtin()
	}
	types, err := client.Types(ctx)
	if err != nil {
		return rights.Builtin()
	}
	return rights.WithVirtual(types)
}
