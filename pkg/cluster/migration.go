package cluster

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
)

// MigrationFacts asks for all that a migration has to know, at the same time. aws-auth is the one given, or with nil that of
// the cluster.
func (c *Cluster) MigrationFacts(ctx context.Context, m *awsauth.Map) (migrate.Facts, awsauth.Map, error) {
	f := migrate.Facts{Policies: Embedded()}
	var s access.Snapshot
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		s, err = c.Snapshot(gctx, access.Want{All: true, AWSAuth: m == nil, RBAC: true, Lives: access.RivalLives})
		return err
	})
	g.Go(func() (err error) {
		if f.EKSNodes, err = c.EKS.NodeRoles(gctx); err != nil {
			f.NoNodes = err.Error()
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return f, awsauth.Map{}, err
	}
	if f.Bindings = s.RBAC.Bindings; s.RBAC.Err != nil {
		f.NoRBAC = s.RBAC.Err.Error()
	}
	if s.AWSAuth != nil && s.AWSAuth.Err != nil {
		return f, awsauth.Map{}, s.AWSAuth.Err
	}
	if s.AWSAuth != nil {
		live := awsauth.Parse(s.AWSAuth.Data)
		m = &live
	}
	for _, u := range s.Unread { // an entry that cannot be read must not be planned as if there were none
		return f, awsauth.Map{}, u.Err
	}
	f.Cluster, f.Entries, f.Mappings = s.Cluster, s.Entries, m.Mappings
	if dir, err := journal.Dir(); err == nil {
		records, _ := journal.Read(dir) // without them no entry is taken for an unfinished one
		f.Begun = records.Begun(s.Cluster.ARN)
	}
	c.identities(ctx, &f)
	return f, *m, ctx.Err()
}

// identities asks IAM about the principals of the mappings, and whether those with entries were recreated.
func (c *Cluster) identities(ctx context.Context, f *migrate.Facts) {
	f.Identities = map[string]access.Identity{}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(16)
	asked := map[string]bool{}
	for _, m := range f.Mappings {
		class := migrate.Read(m).Principal
		if asked[m.ARN] || m.Kind == access.MappedAccount || class != migrate.ClassOK && class != migrate.NeedsLookup {
			continue
		}
		asked[m.ARN] = true
		g.Go(func() error {
			id := c.IAM.LookUp(ctx, access.Normal(m.ARN))
			mu.Lock()
			defer mu.Unlock()
			f.Identities[m.ARN] = id
			return nil
		})
	}
	for _, e := range f.Entries {
		if !slices.ContainsFunc(f.Mappings, func(m access.Mapping) bool { return m.Names(e.Principal) }) {
			continue
		}
		g.Go(func() error {
			if c.IAM.Life(ctx, e) == access.Recreated {
				mu.Lock()
				defer mu.Unlock()
				f.Stale = append(f.Stale, e.Principal)
			}
			return nil
		})
	}
	_ = g.Wait() // none of them fails; what IAM does not answer is a doubt
}
