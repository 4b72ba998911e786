package cluster

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Offer finds candidates for completion: words, each with a tab and its description where it has one. What it has offered when
// its time is up is shown. dial returns nil where the cluster or AWS cannot be reached.
type Offer func(ctx context.Context, dial func() *Cluster, offer func(...string))

// Written is how an offer writes principals: InShort or InFull.
type Written func(*Cluster, access.Principal) string

// InShort writes role/NAME.
func InShort(c *Cluster, p access.Principal) string { return c.Short(p) }

// InFull writes the ARN.
func InFull(_ *Cluster, p access.Principal) string { return string(p) }

// describable is how many entries are read for their descriptions, at each press of the Tab key.
const describable = 30

// OfferAdmitted offers the principals with an entry or an aws-auth mapping, each with what it has.
func OfferAdmitted(as Written) Offer {
	return func(ctx context.Context, dial func() *Cluster, offer func(...string)) {
		c := dial()
		if c == nil {
			return
		}
		var names []access.Principal
		var mappings []access.Mapping
		together(func() { names = c.offerEntries(ctx, as, offer) }, func() {
			if !c.Plugin() { // another program would have to run for a token
				mappings = c.AWSAuth(ctx).Mappings // none where it cannot be read
			}
		})
		for _, m := range mappings {
			ref, err := access.ParsePrincipal(m.ARN)
			if err != nil || ref.Principal == "" {
				continue
			}
			about := "" // where it has an entry, that was described
			if m.State == access.InForce && !slices.ContainsFunc(names, ref.Principal.Is) {
				about = "\taws-auth: " + cmp.Or(strings.Join(m.Groups, ", "), "no groups")
			}
			offer(as(c, ref.Principal) + about)
		}
	}
}

func (c *Cluster) offerEntries(ctx context.Context, as Written, offer func(...string)) []access.Principal {
	names, _ := c.EKS.Names(ctx) // on an error those that came before it
	for _, p := range names {
		offer(as(c, p) + "\taccess entry")
	}
	if len(names) > describable {
		return names
	}
	reader := c.Reading(func(part access.Snapshot) {
		for _, e := range part.Entries {
			offer(as(c, e.Principal) + "\t" + has(e))
		}
	}, func(int, int) {})
	_, _ = reader.EKS.Snapshot(ctx, access.Want{Principals: names}) // what has come is described
	return names
}

// has is what an entry gives, in short.
func has(e access.Entry) string {
	var all []string
	for _, g := range e.Grants {
		all = append(all, g.String())
	}
	for _, g := range e.Groups {
		all = append(all, "group "+g)
	}
	if e.Node() {
		return string(e.Kind)
	}
	return cmp.Or(strings.Join(all, "; "), "an entry that grants nothing")
}

// OfferHeld offers what the entries of some principals have, which is what can be revoked.
func OfferHeld(written []string, what func(access.Entry) []string) Offer {
	return func(ctx context.Context, dial func() *Cluster, offer func(...string)) {
		c := dial()
		if c == nil {
			return
		}
		who, _, err := c.Resolve(ctx, written, true)
		if err != nil || len(who) == 0 {
			return
		}
		s, _ := c.EKS.Snapshot(ctx, access.Want{Principals: who})
		for _, e := range s.Entries {
			offer(what(e)...)
		}
	}
}

// OfferPrincipals offers the roles and users of the account, and the principals with an entry.
func OfferPrincipals(as Written) Offer {
	return func(ctx context.Context, dial func() *Cluster, offer func(...string)) {
		offer("me")
		if c := dial(); c != nil {
			c.offerPrincipals(ctx, as, offer)
		}
	}
}

func (c *Cluster) offerPrincipals(ctx context.Context, as Written, offer func(...string)) {
	var all sync.WaitGroup
	all.Go(func() { _ = c.offerEntries(ctx, as, offer) })
	for _, pages := range []iter.Seq2[[]access.Principal, error]{c.IAM.Roles(ctx), c.IAM.PermissionSets(ctx), c.IAM.Users(ctx)} {
		all.Go(func() {
			for page, err := range pages {
				if err != nil {
					return
				}
				for _, p := range page {
					offer(as(c, p))
				}
			}
		})
	}
	all.Wait()
}

// OfferPolicies offers the access policies that this version knows, then others of the region.
func OfferPolicies(ctx context.Context, dial func() *Cluster, offer func(...string)) {
	for _, p := range policy.All() {
		about := p.Purpose
		if !p.ForPeople() {
			about = "services: " + about
		}
		if !p.ServiceLinkedRoleOnly {
			offer(access.Policy(p.Name).Short() + "\t" + about)
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
//
//go:noinline
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
