package kube

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// binding is as much of a ClusterRoleBinding or RoleBinding as says what a group gets.
type binding struct {
	Metadata struct{ Namespace, Name string }
	RoleRef  struct{ Kind, Name string }
	Subjects []struct{ Kind, Name string }
}

// Groups are the groups that RBAC bindings name, and for each what it is given: "ClusterRole view
// on the whole cluster", "Role developer in dev". Groups that Kubernetes keeps for itself are left out.
func (c *Client) Groups(ctx context.Context) (map[string][]string, error) {
	given := map[string][]string{}
	for _, resource := range []string{"clusterrolebindings", "rolebindings"} {
		if err := c.bindings(ctx, resource, func(b binding) {
			where := "on the whole cluster"
			if b.Metadata.Namespace != "" {
				where = "in " + b.Metadata.Namespace
			}
			for _, s := range b.Subjects {
				if s.Kind == "Group" && !reserved(s.Name) {
					given[s.Name] = append(given[s.Name], b.RoleRef.Kind+" "+b.RoleRef.Name+" "+where)
				}
			}
		}); err != nil {
			return nil, fmt.Errorf("list %s: %w", resource, err)
		}
	}
	for _, what := range given {
		slices.Sort(what)
	}
	return given, nil
}

// reserved groups cannot be given to an entry (EKS User Guide, "Create access entries").
func reserved(group string) bool { return len(group) > 7 && group[:7] == "system:" }

func (c *Client) bindings(ctx context.Context, resource string, found func(binding)) error {
	for next := ""; ; {
		var list struct {
			Metadata struct{ Continue string }
			Items    []binding
		}
		get := c.rest.Get().AbsPath("/apis/rbac.authorization.k8s.io/v1", resource).Param("limit", strconv.Itoa(page))
		if next != "" {
			get.Param("continue", next)
		}
		if err := c.read(ctx, get, &list); err != nil {
			return err
		}
		for _, b := range list.Items {
			found(b)
		}
		if next = list.Metadata.Continue; next == "" {
			return nil
		}
	}
}
