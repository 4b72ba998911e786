package cluster

import (
	"context"
	"iter"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Offer finds candidates for completion: words, each with a tab and its description where it has one. What it has offered when
// its time is up is shown. dial returns nil where the cluster or AWS cannot be reached.
type Offer func(ctx context.Context, dial func() *Cluster, offer func(...string))

// OfferEntries offers the principals with an entry.
func OfferEntries(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	c := dial()
	if c == nil {
		return
	}
	names, _ := c.EKS.Names(ctx) // on an error those that came before it
	for _, p := range names {
		offer(c.Short(p) + "\thas an access entry")
	}
}

// OfferPrincipals offers the roles and users of the account, and the principals with an entry.
func OfferPrincipals(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	offer("me")
	c := dial()
	if c == nil {
		return
	}
	var all sync.WaitGroup
	all.Go(func() { OfferEntries(ctx, func() *Cluster { return c }, offer) })
	for _, pages := range []iter.Seq2[[]access.Principal, error]{c.IAM.Roles(ctx), c.IAM.PermissionSets(ctx), c.IAM.Users(ctx)} {
		all.Go(func() {
			for page, err := range pages {
				if err != nil {
					return
				}
				for _, p := range page {
					offer(c.Short(p))
				}
			}
		})
	}
	all.Wait()
}

// OfferPolicies offers the access policies that this version knows, then others of the region.
func OfferPolicies(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	for _, p := range policy.All() {
		if !p.ServiceLinkedRoleOnly {
			offer(access.Policy(p.Name).Short() + "\t" + p.Purpose)
		}
	}
	c := dial()
	if c == nil {
		return
	}
	live, _ := c.EKS.Policies(ctx)
	for _, p := range live {
		if _, ok := policy.Find(string(p)); !ok {
			offer(p.Short())
		}
	}
}

// quietly is the cluster, or nil where another program has to run for a token: it could write to the terminal, and take long.
func quietly(dial func() *Cluster) *Cluster {
	if c := dial(); c != nil && !c.Plugin() {
		return c
	}
	return nil
}

// OfferNamespaces offers the namespaces of the cluster.
func OfferNamespaces(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	if c := quietly(dial); c != nil {
		names, _ := c.Namespaces(ctx)
		offer(names...)
	}
}

// OfferGroups offers the groups of RBAC bindings.
func OfferGroups(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	c := quietly(dial)
	if c == nil {
		return
	}
	groups, _ := c.Groups(ctx)
	for group, given := range groups {
		offer(group + "\t" + strings.Join(given, ", "))
	}
}

// OfferClusters offers the EKS clusters of the region.
func OfferClusters(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	if c := dial(); c != nil {
		names, _ := c.EKS.ClusterNames(ctx)
		offer(names...)
	}
}
