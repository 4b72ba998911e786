package eks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// pageSize is the most that EKS returns in one page.
const pageSize = 100

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
	info.Created, info.AuditLogs = aws.ToTime(out.Cluster.CreatedAt), logs(out.Cluster.Logging, types.LogTypeAudit, types.LogTypeAuthenticator)
	if vpc := out.Cluster.ResourcesVpcConfig; vpc != nil {
		info.Private = vpc.EndpointPrivateAccess && !vpc.EndpointPublicAccess
	}
	c.found(access.Snapshot{Cluster: info})
	return info, nil
}

// logs reports whether the control plane writes logs of all these kinds.
func logs(l *types.Logging, kinds ...types.LogType) bool {
	var on []types.LogType
	if l != nil {
		for _, setup := range l.ClusterLogging {
			if aws.ToBool(setup.Enabled) {
				on = append(on, setup.Types...)
			}
		}
	}
	return !slices.ContainsFunc(kinds, func(k types.LogType) bool { return !slices.Contains(on, k) })
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
	out, err := c.api.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: &c.Name, MaxResults: aws.Int32(pageSize)})
	if err != nil {
		return nil, false, explain("list access entries", err)
	}
	return principals(out), aws.ToString(out.NextToken) != "", nil
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
// mode CONFIG_MAP has no entries; that is not an error. With Names there is no caller either.
func (c *Cluster) Snapshot(ctx context.Context, want access.Want) (access.Snapshot, error) {
	var s access.Snapshot
	var entries []access.Entry
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		s.Cluster, err = c.Info(ctx)
		return
	})
	if !want.Names {
		g.Go(func() (err error) {
			s.Caller, err = c.session.Caller(ctx)
			c.found(access.Snapshot{Caller: s.Caller})
			return
		})
	}
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

//go:noinline
func (c *Cluster) progress(done, total int) {
	if c.Progress != nil {
		c.Progress(done, total)
	}
}

//go:noinline
func (c *Cluster) found(part access.Snapshot) {
	if c.Found != nil {
		c.Found(part)
	}
}

// Names are the principals with an entry.
func (c *Cluster) Names(ctx context.Context) ([]access.Principal, error) {
	var all []access.Principal
	err := c.list(ctx, "", func(page []access.Principal) { all = append(all, page...) })
	return all, err
}

// list calls found with each page of principals that have an entry; with a policy's ARN, only of those that have it.
func (c *Cluster) list(ctx context.Context, policyARN string, found func([]access.Principal)) error {
	in := &eks.ListAccessEntriesInput{ClusterName: &c.Name, MaxResults: aws.Int32(pageSize)}
	if policyARN != "" {
		in.AssociatedPolicyArn = &policyARN
	}
	doing := "list access entries of " + c.Name + " in " + c.session.Region()
	return each(ctx, doing, eks.NewListAccessEntriesPaginator(c.api, in), func(page *eks.ListAccessEntriesOutput) { found(principals(page)) })
}

func principals(page *eks.ListAccessEntriesOutput) (all []access.Principal) {
	for _, arn := range page.AccessEntries {
		all = append(all, access.Principal(arn))
	}
	return all
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
