package cluster

import (
	"cmp"
	"context"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// Audit reads the facts of an audit. What could not be read is among them; only without the cluster itself there are none. The
// history is read on request.
func (c *Cluster) Audit(ctx context.Context, asked *Asked) (*audit.Facts, *History, error) {
	f, h := &audit.Facts{}, &History{}
	var s access.Snapshot
	var err, noACK, noProviders, noArgo error
	together(
		func() {
			if asked != nil {
				read, failed := c.History(ctx, *asked)
				if h = &read; failed != nil {
					h.Err = failed
				}
			}
		},
		func() {
			s, err = c.Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Roles: true, Namespaces: true, Lives: access.AllLives})
		},
		func() { f.ACK, noACK = c.serves(ctx, audit.ACKGroup) },
		func() { f.Providers, noProviders = c.EKS.Providers(ctx) },
		func() { f.ArgoCD, noArgo = c.EKS.ArgoCD(ctx) },
	)
	if err != nil {
		return f, h, err
	}
	f.Index = rights.New(s)
	h.findings(f)
	uses, noUses, noUserUses := c.IAM.Uses(ctx, used(s))
	f.Uses = uses
	for _, source := range []struct {
		what string
		err  error
		need string
	}{
		{audit.ReadACK, noACK, "get on /apis/" + audit.ACKGroup},
		{audit.ReadProviders, noProviders, "eks:ListIdentityProviderConfigs"},
		{audit.ReadArgoCD, noArgo, "eks:ListCapabilities and eks:DescribeCapability"},
		{audit.ReadHistory, h.Err, trail.Need},
		{audit.ReadUses, noUses, "iam:GetRole"},
		{audit.ReadUserUses, noUserUses, "iam:GetUser, iam:ListAccessKeys and iam:GetAccessKeyLastUsed"},
		{audit.ReadLives, doubt(s), "iam:GetRole and iam:GetUser"},
		{audit.ReadNamespaces, s.NoNamespaces, "list on namespaces"},
	} {
		if source.err != nil {
			f.Missing = append(f.Missing, access.NotRead(source.what, source.err, source.need))
		}
	}
	return f, h, nil
}

// findings puts what checks find in the history into the facts.
func (h *History) findings(f *audit.Facts) {
	if h.Story == nil {
		return
	}
	add := func(check string, c *trail.Change) *audit.Change {
		one := &audit.Change{Check: check, ID: cmp.Or(c.ID, c.Journal+c.Name+string(c.Principal)), At: c.Time, Principal: c.Principal, What: c.What(), By: c.By(), Error: c.Error}
		f.History = append(f.History, one)
		return one
	}
	for _, b := range h.Briefs() {
		one := add("short-lived-grant", b.Given)
		one.Until, one.RevokedBy = b.Revoked.Time, b.Revoked.By()
	}
	for _, c := range h.Changes {
		switch {
		case c.Denied():
			add("refused-attempt", c)
		case c.Grants() && c.Actor.Is(c.Principal):
			add("self-grant", c)
		}
	}
}

// serves reports whether the cluster serves an API group.
func (c *Cluster) serves(ctx context.Context, group string) (bool, error) {
	client, err := c.server(ctx)
	if err != nil {
		return false, err
	}
	return client.HasGroup(ctx, group)
}

// used are the roles and users of the entries and of the mappings.
func used(s access.Snapshot) (all []access.Principal) {
	for _, e := range s.Entries {
		if !e.Managed() && s.Stale(e.Principal) != access.StaleDeleted {
			all = append(all, e.Principal)
		}
	}
	for _, m := range MappingsOf(s) {
		if m.Kind != access.MappedAccount && m.State == access.InForce && !m.Outweighed(s) {
			all = append(all, access.Normal(m.ARN))
		}
	}
	return all
}

// doubt is why it is not known of some principals of the cluster's account whether they still exist.
func doubt(s access.Snapshot) error {
	for _, p := range s.Doubtful {
		if p.Account() == s.Cluster.Account() {
			return s.Doubt
		}
	}
	return nil
}
