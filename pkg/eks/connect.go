// Package eks reads and writes access entries over the EKS API. AWS's types and errors stop here.
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
	// Progress, when set, is called with the number of entries read and found so far, and with 0 of 0 when a read begins
	// and when it ends. It may be called from several goroutines.
	Progress func(done, total int)
	// Found, when set, is called with each part of a snapshot as soon as it is read: a snapshot with that part only. It may
	// be called from several goroutines.
	Found func(access.Snapshot)

	session *login.Session
	api     *eks.Client
	pace    *pace
}

var _ access.Cluster = (*Cluster)(nil)

// New makes a client of a cluster. It sends nothing. All calls share one client, whose adaptive retries learn the rate that
// the service allows.
func New(session *login.Session, name string) *Cluster { return at(session, name, newPace()) }

// Paced makes a client of a cluster that is read together with others. place is its account and region.
func Paced(session *login.Session, name string, paces *Paces, place string) *Cluster {
	return at(session, name, paces.of(place))
}

// Named is another cluster of the same account and region, with the same client.
func (c *Cluster) Named(name string) *Cluster {
	return &Cluster{Name: name, session: c.session, api: c.api, pace: c.pace}
}

func at(session *login.Session, name string, p *pace) *Cluster {
	api := eks.NewFromConfig(session.Config, func(o *eks.Options) { o.Interceptors.AddAfterAttempt(p) })
	return &Cluster{Name: name, session: session, api: api, pace: p}
}

// ByEndpoint finds the cluster of the region by its endpoint. It returns access.ErrNotFound when there is none.
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

// Description is one cluster, or why it could not be read.
type Description struct {
	Name string
	Info access.Info
	Err  error
}

// Describe reads clusters of the region concurrently. The result has the order of the names.
func (c *Cluster) Describe(ctx context.Context, names []string) []Description {
	all := make([]Description, len(names))
	var g errgroup.Group // without a context: one failure does not stop the others
	g.SetLimit(startInFlight)
	for i, name := range names {
		g.Go(func() error {
			info, err := c.Named(name).Info(ctx)
			all[i] = Description{Name: name, Info: info, Err: err}
			return nil
		})
	}
	_ = g.Wait() // failures are in Description
	return all
}

// ClusterNames are the clusters of the session's region.
func (c *Cluster) ClusterNames(ctx context.Context) ([]string, error) {
	var names []string
	err := each(ctx, "list clusters", eks.NewListClustersPaginator(c.api, nil),
		func(page *eks.ListClustersOutput) { names = append(names, page.Clusters...) })
	return names, err
}

// paginator is one of the SDK's.
type paginator[Page any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*eks.Options)) (Page, error)
}

// each reads all pages.
func each[Page any](ctx context.Context, doing string, p paginator[Page], read func(Page)) error {
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return explain(doing, err)
		}
		read(page)
	}
	return nil
}
