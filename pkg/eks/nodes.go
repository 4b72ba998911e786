package eks

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// NodeRoles are the roles of managed node groups and Fargate profiles, whose mappings and entries EKS creates itself
// (eks-access.md §4.4, §7).
func (c *Cluster) NodeRoles(ctx context.Context) (map[access.Principal]any, error) {
	var groups, profiles []string
	err := each(ctx, "list node groups", eks.NewListNodegroupsPaginator(c.api, &eks.ListNodegroupsInput{ClusterName: &c.Name}),
		func(page *eks.ListNodegroupsOutput) { groups = append(groups, page.Nodegroups...) })
	if err != nil {
		return nil, err
	}
	err = each(ctx, "list Fargate profiles", eks.NewListFargateProfilesPaginator(c.api, &eks.ListFargateProfilesInput{ClusterName: &c.Name}),
		func(page *eks.ListFargateProfilesOutput) { profiles = append(profiles, page.FargateProfileNames...) })
	if err != nil {
		return nil, err
	}
	roles, mu := map[access.Principal]any{}, sync.Mutex{}
	add := func(arn *string) {
		mu.Lock()
		defer mu.Unlock()
		roles[access.Principal(aws.ToString(arn))] = true
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(startInFlight)
	for _, name := range groups {
		g.Go(func() error {
			out, err := c.api.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &c.Name, NodegroupName: &name})
			if err == nil {
				add(out.Nodegroup.NodeRole)
			}
			return explain("describe node group "+name, err)
		})
	}
	for _, name := range profiles {
		g.Go(func() error {
			out, err := c.api.DescribeFargateProfile(ctx, &eks.DescribeFargateProfileInput{ClusterName: &c.Name, FargateProfileName: &name})
			if err == nil {
				add(out.FargateProfile.PodExecutionRoleArn)
			}
			return explain("describe Fargate profile "+name, err)
		})
	}
	return roles, g.Wait()
}
