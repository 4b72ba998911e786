// Package eks is the real cluster behind the core: it reads and writes access entries over
// the EKS API. AWS's types and errors stop here.
package eks

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// Cluster is one EKS cluster, named or yet to be named. It implements access.Cluster.
type Cluster struct {
	// Name is the cluster's name in the session's account and region.
	Name string
	// Progress, when set, hears how many of how many entries found so far were read, and 0 of 0 when a read
	// begins and when it has ended, however it ended. It may be called from several goroutines.
	Progress func(done, total int)
	// Found, when set, hears of each part of a snapshot as soon as it was read: a snapshot that holds
	// that part alone. It may be called from several goroutines.
	Found func(access.Snapshot)

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
	names, err := c.ClusterNames(ctx)
	if err != nil {
		return access.Info{}, err
	}
	all := c.Describe(ctx, names)
	for _, d := range all {
		if d.Err != nil {
			return access.Info{}, d.Err
		}
	}
	for _, d := range all {
		if same(d.Info.Endpoint) {
			return d.Info, nil
		}
	}
	return access.Info{}, access.ErrNotFound
}

// Description is what EKS tells of one cluster, or why it does not.
type Description struct {
	Name string
	Info access.Info
	Err  error
}

// Describe asks for clusters of the region, all at the same time, and answers in the order of the names.
func (c *Cluster) Describe(ctx context.Context, names []string) []Description {
	all := make([]Description, len(names))
	var g errgroup.Group // not group: one that fails does not stop the others
	g.SetLimit(inFlight)
	for i, name := range names {
		g.Go(func() error {
			info, err := (&Cluster{Name: name, session: c.session, api: c.api}).Info(ctx)
			all[i] = Description{Name: name, Info: info, Err: err}
			return nil
		})
	}
	_ = g.Wait() // every failure stands in its Description
	return all
}

// ClusterNames are the clusters of the session's region, all pages.
func (c *Cluster) ClusterNames(ctx context.Context) ([]string, error) {
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
