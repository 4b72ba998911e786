// Package eks is the real cluster behind the core: it reads and writes access entries over
// the EKS API. AWS's types and errors stop here.
package eks

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// Cluster is one EKS cluster, named or yet to be named. It implements access.Cluster.
type Cluster struct {
	// Name is the cluster's name in the session's account and region.
	Name string
	// Progress, when set, hears how many of how many entries were read so far. It may be called
	// from several goroutines.
	Progress func(done, total int)

	session *login.Session
	api     *eks.Client
}

var _ access.Cluster = (*Cluster)(nil)

// New connects to a cluster; it sends nothing. All calls share one client, whose adaptive
// retries learn the pace that the service allows.
func New(session *login.Session, name string) *Cluster {
	return &Cluster{Name: name, session: session, api: eks.NewFromConfig(session.Config)}
}

// ByEndpoint names the cluster of the region whose API server has that endpoint.
// It returns access.ErrNotFound when none has.
func (c *Cluster) ByEndpoint(ctx context.Context, same func(endpoint string) bool) (access.Info, error) {
	names, err := c.Clusters(ctx)
	if err != nil {
		return access.Info{}, err
	}
	infos := make([]access.Info, len(names))
	g, ctx := group(ctx)
	for i, name := range names {
		g.Go(func() (err error) {
			infos[i], err = (&Cluster{Name: name, session: c.session, api: c.api}).Info(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return access.Info{}, err
	}
	for _, info := range infos {
		if same(info.Endpoint) {
			return info, nil
		}
	}
	return access.Info{}, access.ErrNotFound
}

// Clusters are the names of the region's clusters, all pages.
func (c *Cluster) Clusters(ctx context.Context) ([]string, error) {
	var names []string
	for pages := eks.NewListClustersPaginator(c.api, &eks.ListClustersInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain("list the region's clusters", err)
		}
		names = append(names, page.Clusters...)
	}
	return names, nil
}
