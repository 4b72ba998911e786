package cluster

import (
	"context"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Audit reads the facts of an audit. What could not be read is among them; only without the cluster itself there are none.
func (c *Cluster) Audit(ctx context.Context) (audit.Facts, error) {
	var f audit.Facts
	var s access.Snapshot
	var err, noACK, noProviders, noArgo error
	together(
		func() {
			s, err = c.Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Roles: true, Namespaces: true, Lives: access.AllLives})
		},
		func() { f.ACK, noACK = c.serves(ctx, audit.ACKGroup) },
		func() { f.Providers, noProviders = c.EKS.Providers(ctx) },
		func() { f.ArgoCD, noArgo = c.EKS.ArgoCD(ctx) },
	)
	if err != nil {
		return f, err
	}
	f.Index = rights.New(s)
	uses, noUses := c.IAM.Uses(ctx, roles(s))
	f.Uses = uses
	for _, source := range []struct {
		what string
		err  error
		need string
	}{
		{audit.ReadACK, noACK, "get on /apis/" + audit.ACKGroup},
		{audit.ReadProviders, noProviders, "eks:ListIdentityProviderConfigs"},
		{audit.ReadArgoCD, noArgo, "eks:ListCapabilities and eks:DescribeCapability"},
		{audit.ReadUses, noUses, "iam:GetRole"},
		{audit.ReadLives, doubt(s), "iam:GetRole and iam:GetUser"},
		{audit.ReadNamespaces, s.NoNamespaces, "list on namespaces"},
	} {
		if source.err != nil {
			f.Missing = append(f.Missing, access.NotRead(source.what, source.err, source.need))
		}
	}
	return f, nil
}

// serves reports whether the cluster serves an API group.
func (c *Cluster) serves(ctx context.Context, group string) (bool, error) {
	client, err := c.server(ctx)
	if err != nil {
		return false, err
	}
	return client.HasGroup(ctx, group)
}

// roles are those of the entries and of the mappings.
func roles(s access.Snapshot) (all []access.Principal) {
	for _, e := range s.Entries {
		if !e.Managed() && s.Stale(e.Principal) != access.StaleDeleted {
			all = append(all, e.Principal)
		}
	}
	for _, m := range MappingsOf(s) {
		if m.Kind == access.MappedRole && m.State == access.InForce && !m.Outweighed(s) {
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
