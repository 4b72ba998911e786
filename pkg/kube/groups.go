package kube

import (
	"context"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Groups are the groups that RBAC bindings refer to, with the roles of each: "ClusterRole view on the whole cluster",
// "Role developer in dev". Groups that an entry cannot have are left out.
func (c *Client) Groups(ctx context.Context) (map[string][]string, error) {
	bindings, err := c.Bindings(ctx)
	if err != nil {
		return nil, err
	}
	given := map[string][]string{}
	for _, b := range bindings {
		where := "on the whole cluster"
		if b.Namespace != "" {
			where = "in " + b.Namespace
		}
		for _, group := range b.Groups {
			if access.Reserved(group) == "" {
				given[group] = append(given[group], b.Role.Kind+" "+b.Role.Name+" "+where)
			}
		}
	}
	for _, what := range given {
		slices.Sort(what)
	}
	return given, nil
}
