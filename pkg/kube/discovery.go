package kube

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// aggregated asks for all resource types of all groups in one answer (Kubernetes 1.26 and later).
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

// discovered is an APIGroupDiscoveryList.
type discovered struct {
	Kind  string `json:"kind"`
	Items []struct {
		Metadata meta `json:"metadata"`
		Versions []struct {
			Resources []struct {
				Resource     string   `json:"resource"`
				Singular     string   `json:"singularResource"`
				Scope        string   `json:"scope"`
				Short        []string `json:"shortNames"`
				ResponseKind struct {
					Kind string `json:"kind"`
				} `json:"responseKind"`
				Subresources []struct {
					Subresource string `json:"subresource"`
				} `json:"subresources"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
}

// HasGroup reports whether the cluster serves an API group.
func (c *Client) HasGroup(ctx context.Context, group string) (bool, error) {
	var answer struct{}
	err := c.read(ctx, request{path: "/apis/" + group}, &answer)
	if errors.Is(err, access.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read API group %s: %w", group, err)
	}
	return true, nil
}

// Types are the resource types of the cluster, of the preferred version of each group.
func (c *Client) Types(ctx context.Context) (types []rights.Type, err error) {
	var core, groups discovered
	g, ctx := errgroup.WithContext(ctx)
	for path, into := range map[string]*discovered{"/api": &core, "/apis": &groups} {
		g.Go(func() error {
			return c.read(ctx, request{path: path, accept: aggregated}, into)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("list resource types: %w", err)
	}
	if core.Kind != "APIGroupDiscoveryList" || groups.Kind != core.Kind {
		return nil, fmt.Errorf("list resource types: the cluster has no aggregated discovery")
	}
	for _, list := range []discovered{core, groups} {
		for _, group := range list.Items {
			if len(group.Versions) == 0 {
				continue
			}
			for _, r := range group.Versions[0].Resources {
				t := rights.Type{Name: r.Resource, Group: group.Metadata.Name, Singular: r.Singular, Kind: r.ResponseKind.Kind, Short: r.Short, Namespaced: r.Scope == "Namespaced"}
				for _, s := range r.Subresources {
					t.Subresources = append(t.Subresources, s.Subresource)
				}
				types = append(types, t)
			}
		}
	}
	return types, nil
}
