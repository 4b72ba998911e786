package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Grants finds the policies that were written in the live list of the region, or in the embedded one where AWS does not
// answer.
func (c *Cluster) Grants(ctx context.Context, written []access.Scoped) ([]access.Grant, error) {
	if len(written) == 0 {
		return nil, nil
	}
	known, err := c.EKS.Policies(ctx)
	if err != nil {
		known = Embedded()
	}
	found, err := access.ParseGrants(written, known)
	for _, g := range found {
		if doc, ok := policy.Find(string(g.Policy)); ok && doc.ServiceLinkedRoleOnly {
			return nil, fmt.Errorf("%w: %s is for AWS's own service-linked roles", access.ErrRule, g.Policy)
		}
	}
	return found, err
}

// Granted finds policies to revoke. AWS is asked only for one that this version does not know: it may be newer.
func (c *Cluster) Granted(ctx context.Context, written []access.Scoped) ([]access.Grant, error) {
	grants, err := access.ParseGrants(written, Embedded())
	if err == nil {
		return grants, nil
	}
	live, err := c.EKS.Policies(ctx)
	if err != nil {
		return nil, err
	}
	return access.ParseGrants(written, append(live, Embedded()...))
}

// Embedded are the access policies that this version knows.
func Embedded() []access.Policy {
	var names []access.Policy
	for _, p := range policy.All() {
		names = append(names, access.Policy(p.Name))
	}
	return names
}

// Policies are the access policies of the region, with what is known of each. Where AWS does not answer, they are those
// that this version knows, and the error says why.
func (r Region) Policies(ctx context.Context) ([]policy.Policy, error) {
	live, err := r.eks.Policies(ctx)
	if err != nil {
		return policy.All(), err
	}
	var docs []policy.Policy
	for _, doc := range policy.All() {
		if slices.Contains(live, access.Policy(doc.Name)) {
			docs = append(docs, doc)
		}
	}
	for _, name := range live {
		if _, known := policy.Find(string(name)); !known {
			docs = append(docs, policy.Policy{Name: string(name), Purpose: "not known to this version", RulesForm: "none"})
		}
	}
	return docs, nil
}
