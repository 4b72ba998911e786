package cluster

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/eks"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/kubefile"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Region is an account's EKS in one region, for questions that need no cluster.
type Region struct {
	Name    string
	session *login.Session
	eks     *eks.Cluster
}

// OpenRegion logs in to what the target names; it sends nothing.
func OpenRegion(ctx context.Context, s Settings, t kubeconfig.Target) (Region, error) {
	session, err := Login(ctx, s, t)
	if err != nil {
		return Region{}, err
	}
	return Region{session.Region(), session, eks.New(session, t.Name)}, nil
}

// Region is that of the cluster.
func (c *Cluster) Region() Region { return Region{c.Session.Region(), c.Session, c.EKS} }

// Clusters are the names of the region's clusters.
//
//go:noinline
func (r Region) Clusters(ctx context.Context) ([]string, error) { return r.eks.ClusterNames(ctx) }

// Entries describes clusters by their names, all at the same time, and returns them as kubeconfig entries. Each error is that of
// one cluster.
func (r Region) Entries(ctx context.Context, names []string, form kubefile.Form) (entries []kubefile.Entry, errs []error) {
	for _, d := range r.eks.Describe(ctx, names) {
		e, err := form.Entry(d.Info)
		if err = cmp.Or(d.Err, err); err != nil {
			errs = append(errs, err)
			continue
		}
		entries = append(entries, e)
	}
	return entries, errs
}

// Others names the clusters of the region, for errors about a name; "" where they cannot be listed.
func (r Region) Others(ctx context.Context) string {
	const enough = 10
	names, err := r.Clusters(ctx)
	if err != nil {
		return ""
	}
	more := ""
	if len(names) > enough {
		names, more = names[:enough], ", …"
	}
	return " (existing clusters: " + cmp.Or(strings.Join(names, ", "), "none") + more + ")"
}

// Token is a token for a cluster, and when it or the credentials that it was made with end.
func (r Region) Token(ctx context.Context, cluster string, now time.Time) (string, time.Time, error) {
	token, err := r.session.Token(ctx, cluster)
	if err != nil {
		return "", time.Time{}, err
	}
	return token, r.session.Expiry(ctx, now), nil
}

// Policies are the access policies of the region, with what is known of each. Where AWS does not answer, they are those
// that this version knows, and the error says why.
func (r Region) Policies(ctx context.Context) ([]policy.Policy, error) {
	live, err := r.eks.Policies(ctx)
	if err != nil {
		return policy.All(), err
	}
	var docs []policy.Policy
	for _, doc := range policy.All() {
		if slices.Contains(live, access.Policy(doc.Name)) {
			docs = append(docs, doc)
		}
	}
	for _, name := range live {
		if _, known := policy.Find(string(name)); !known {
			docs = append(docs, policy.Policy{Name: string(name), Purpose: "not known to this version", RulesForm: "none"})
		}
	}
	return docs, nil
}
