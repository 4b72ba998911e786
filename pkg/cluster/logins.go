package cluster

import (
	"context"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Logins are, where a flag takes another login for AWS, who the kubeconfig lets kubectl be.
func (c *Cluster) Logins(ctx context.Context) []access.Principal {
	if !c.OtherLogin {
		return nil
	}
	target, err := c.Flags.Target()
	if err != nil {
		return nil
	}
	if target.Region == "" {
		target.Region = c.Target.Region
	}
	session, err := Login(ctx, c.Settings, target)
	if err != nil {
		return nil
	}
	if p, err := session.Caller(ctx); err == nil {
		return []access.Principal{p}
	}
	return nil
}

// Lives is what IAM knows of the principals of entries.
func (c *Cluster) Lives(ctx context.Context, entries []access.Entry) ([]access.Life, error) {
	return c.IAM.Lives(ctx, entries)
}

// LookUp asks IAM for the full ARN of a principal.
func (c *Cluster) LookUp(ctx context.Context, p access.Principal) access.Identity {
	return c.IAM.LookUp(ctx, p)
}
