package cluster

import (
	"context"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/org"
)

// Regions are the regions that the account of a login has enabled; where the login may not ask, those that have EKS.
func (l *Logins) Regions(ctx context.Context, s Settings) ([]string, error) {
	at, err := l.shared(ctx, s)
	if err != nil {
		return nil, err
	}
	names, err := org.Regions(ctx, at.session)
	if err != nil && login.Trouble(err) == nil {
		return org.Known(access.PartitionOf(at.session.Region())), nil
	}
	return names, err
}

// Accounts are the active accounts of the organization of a login.
func (l *Logins) Accounts(ctx context.Context, s Settings) ([]string, error) {
	at, err := l.shared(ctx, s)
	if err != nil {
		return nil, err
	}
	return org.Accounts(ctx, at.session)
}

// Caller is who a login is, and its region.
func (l *Logins) Caller(ctx context.Context, s Settings) (me access.Principal, region string, err error) {
	at, err := l.shared(ctx, s)
	if err != nil {
		return "", "", err
	}
	me, err = at.session.Caller(ctx)
	return me, at.session.Region(), err
}

// Clusters are the names of the clusters in the region of the target.
func (l *Logins) Clusters(ctx context.Context, s Settings) ([]string, error) {
	at, err := l.shared(ctx, s)
	if err != nil {
		return nil, err
	}
	return at.eks.ClusterNames(ctx)
}
