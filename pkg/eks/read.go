package eks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// inFlight is how many reads run at the same time; more gains little and uses up the retry quota.
const inFlight = 32

// Info describes the cluster itself.
func (c *Cluster) Info(ctx context.Context) (access.Info, error) {
	out, err := c.api.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &c.Name})
	if err != nil {
		return access.Info{}, explain("describe cluster "+c.Name+" in "+c.session.Region(), err)
	}
	info := access.Info{
		Name: aws.ToString(out.Cluster.Name), ARN: aws.ToString(out.Cluster.Arn), Endpoint: aws.ToString(out.Cluster.Endpoint),
		Status: string(out.Cluster.Status), Version: aws.ToString(out.Cluster.Version), Mode: access.ModeConfigMap,
	}
	if out.Cluster.CertificateAuthority != nil {
		info.CA = aws.ToString(out.Cluster.CertificateAuthority.Data)
	}
	if out.Cluster.OutpostConfig != nil {
		info.LocalID = aws.ToString(out.Cluster.Id)
	}
	if c := out.Cluster.AccessConfig; c != nil && c.AuthenticationMode != "" { // missing for clusters older than access entries (eks-access.md §2)
		info.Mode = access.Mode(out.Cluster.AccessConfig.AuthenticationMode)
	}
	if vpc := out.Cluster.ResourcesVpcConfig; vpc != nil {
		info.Private = vpc.EndpointPrivateAccess && !vpc.EndpointPublicAccess
	}
	return info, nil
}

// Entry reads one principal's entry only; access.ErrNotFound where it has none.
func (c *Cluster) Entry(ctx context.Context, p access.Principal) (access.Entry, error) {
	found, unread, err := c.entries(ctx, access.Want{Principals: []access.Principal{p}})
	switch {
	case err != nil:
		return access.Entry{}, err
	case len(unread) > 0:
		return access.Entry{}, unread[0].Err
	case len(found) == 0:
		return access.Entry{}, fmt.Errorf("accessentry/%s: %w", p.Short(p.Account()), access.ErrNotFound)
	}
	return found[0], nil
}

// FirstNames are up to 100 principals with an entry, in one call. more reports that there are others.
func (c *Cluster) FirstNames(ctx context.Context) (names []access.Principal, more bool, err error) {
	out, err := c.api.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: &c.Name, MaxResults: aws.Int32(100)})
	if err != nil {
		return nil, false, explain("list access entries", err)
	}
	for _, arn := range out.AccessEntries {
		names = append(names, access.Principal(arn))
	}
	return names, aws.ToString(out.NextToken) != "", nil
}

// Policies is the live list of access policies of the region.
func (c *Cluster) Policies(ctx context.Context) ([]access.Policy, error) {
	var all []access.Policy
	err := each(ctx, "list access policies", eks.NewListAccessPoliciesPaginator(c.api, nil), func(page *eks.ListAccessPoliciesOutput) {
		for _, p := range page.AccessPolicies {
			all = append(all, access.Policy(aws.ToString(p.Name)))
		}
	})
	slices.Sort(all)
	return all, err
}

// Snapshot reads what is wanted, all concurrently. It starts to read entries when their page of names arrives. A cluster in
// mode CONFIG_MAP has no entries; that is not an error.
func (c *Cluster) Snapshot(ctx context.Context, want access.Want) (access.Snapshot, error) {
	var s access.Snapshot
	var entries []access.Entry
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		s.Cluster, err = c.Info(ctx)
		c.found(access.Snapshot{Cluster: s.Cluster})
		return
	})
	g.Go(func() (err error) {
		s.Caller, err = c.session.Caller(ctx)
		c.found(access.Snapshot{Caller: s.Caller})
		return
	})
	g.Go(func() (err error) { entries, s.Unread, err = c.entries(ctx, want); return })
	if want.Policies {
		g.Go(func() error { s.Policies, _ = c.Policies(ctx); return nil }) // without it, the embedded list is used
	}
	if err := g.Wait(); err != nil {
		return access.Snapshot{}, err
	}
	s.Entries = entries
	access.SortEntries(s.Entries)
	return s, nil
}

func (c *Cluster) progress(done, total int) {
	if c.Progress != nil {
		c.Progress(done, total)
	}
}

func (c *Cluster) found(part access.Snapshot) {
	if c.Found != nil {
		c.Found(part)
	}
}

// entries reads the wanted entries, each once.
func (c *Cluster) entries(ctx context.Context, want access.Want) ([]access.Entry, []access.Unread, error) {
	r := &reader{c: c, seen: map[access.Principal]bool{}}
	r.g.SetLimit(inFlight)
	c.progress(0, 0)
	defer c.progress(0, 0)
	for _, p := range want.Principals {
		r.read(ctx, p)
	}
	var err error
	switch {
	case want.All:
		err = c.list(ctx, "", func(p access.Principal) { r.read(ctx, p) })
	case want.Administrators:
		arn := access.ClusterAdmin.ARN(access.PartitionOf(c.session.Region()))
		err = c.list(ctx, arn, func(p access.Principal) { r.read(ctx, p) })
	}
	_ = r.g.Wait() // failures are in Unread
	if ended := ctx.Err(); ended != nil {
		return nil, nil, ended
	}
	if errors.Is(err, access.ErrMode) || r.noEntries.Load() {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	access.Sort(r.unread, func(a, b access.Unread) int { return strings.Compare(string(a.Principal), string(b.Principal)) })
	return r.entries, r.unread, nil
}

// Names are the principals with an entry.
func (c *Cluster) Names(ctx context.Context) ([]access.Principal, error) {
	var all []access.Principal
	err := c.list(ctx, "", func(p access.Principal) { all = append(all, p) })
	return all, err
}

// list calls found with each principal that has an entry; with a policy's ARN, only with those that have it.
func (c *Cluster) list(ctx context.Context, policyARN string, found func(access.Principal)) error {
	in := &eks.ListAccessEntriesInput{ClusterName: &c.Name, MaxResults: aws.Int32(100)}
	if policyARN != "" {
		in.AssociatedPolicyArn = &policyARN
	}
	doing := "list access entries of " + c.Name + " in " + c.session.Region()
	return each(ctx, doing, eks.NewListAccessEntriesPaginator(c.api, in), func(page *eks.ListAccessEntriesOutput) {
		for _, arn := range page.AccessEntries {
			found(access.Principal(arn))
		}
	})
}

// reader collects entries that are read concurrently.
type reader struct {
	c         *Cluster
	g         errgroup.Group
	noEntries atomic.Bool // the cluster's mode does not allow it

	mu      sync.Mutex
	seen    map[access.Principal]bool
	done    int
	entries []access.Entry
	unread  []access.Unread
}

// read starts the two calls that read one entry.
func (r *reader) read(ctx context.Context, p access.Principal) {
	if p == access.Itself { // the cluster has no entry, and with an empty name EKS would list
		return
	}
	r.mu.Lock()
	known := r.seen[p]
	r.seen[p] = true
	r.mu.Unlock()
	if known {
		return
	}
	h := &halves{principal: p, left: 2}
	r.g.Go(func() error {
		e, err := r.c.describe(ctx, p)
		r.join(h, err, func() { e.Grants = h.entry.Grants; h.entry = e })
		return nil
	})
	r.g.Go(func() error {
		grants, err := r.c.grants(ctx, p)
		r.join(h, err, func() { h.entry.Grants = grants })
		return nil
	})
}

// halves is one entry while its two calls are in progress.
type halves struct {
	principal access.Principal
	left      int
	entry     access.Entry
	err       error
}

// join adds the result of one of the two calls. Not found overrides other errors: then there is no entry.
func (r *reader) join(h *halves, err error, add func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		add()
	} else if h.err == nil || errors.Is(err, access.ErrNotFound) {
		h.err = err
	}
	if h.left--; h.left == 0 {
		r.settle(h)
	}
}

func (r *reader) settle(h *halves) {
	r.done++
	switch {
	case h.err == nil:
		r.entries = append(r.entries, h.entry.Canonical())
		r.c.found(access.Snapshot{Entries: []access.Entry{h.entry.Canonical()}})
	case errors.Is(h.err, access.ErrMode):
		r.noEntries.Store(true)
	case !errors.Is(h.err, access.ErrNotFound): // not found: none, or deleted in the meantime
		r.unread = append(r.unread, access.Unread{Principal: h.principal, Err: h.err})
	}
	r.c.progress(r.done, len(r.seen))
}

func (c *Cluster) describe(ctx context.Context, p access.Principal) (access.Entry, error) {
	out, err := c.api.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: &c.Name, PrincipalArn: aws.String(string(p))})
	if err != nil {
		return access.Entry{}, explain("describe access entry", err)
	}
	return entryOf(out.AccessEntry), nil
}

func (c *Cluster) grants(ctx context.Context, p access.Principal) ([]access.Grant, error) {
	grants := []access.Grant{}
	in := &eks.ListAssociatedAccessPoliciesInput{ClusterName: &c.Name, PrincipalArn: aws.String(string(p))}
	var unknown error
	err := each(ctx, "list associated access policies", eks.NewListAssociatedAccessPoliciesPaginator(c.api, in), func(page *eks.ListAssociatedAccessPoliciesOutput) {
		for _, a := range page.AssociatedAccessPolicies {
			g, err := grantOf(a)
			grants, unknown = append(grants, g), errors.Join(unknown, err)
		}
	})
	return grants, errors.Join(err, unknown)
}
