package awsapi_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestClusterVersionsAreThoseOfTheClusters, and can be filtered and read by pages.
func TestClusterVersionsAreThoseOfTheClusters(t *testing.T) {
	ctx, client := t.Context(), sandboxtest.New(t, sandbox.Options{}).EKS("default")
	for _, test := range []struct {
		in   eks.DescribeClusterVersionsInput
		want int
	}{
		{eks.DescribeClusterVersionsInput{}, 6},
		{eks.DescribeClusterVersionsInput{DefaultOnly: aws.Bool(true)}, 1},
		{eks.DescribeClusterVersionsInput{ClusterVersions: []string{"1.33", awsapi.KubernetesVersion, "1.1"}}, 2},
		{eks.DescribeClusterVersionsInput{VersionStatus: types.VersionStatusExtendedSupport}, 3},
		{eks.DescribeClusterVersionsInput{VersionStatus: types.VersionStatusUnsupported}, 0},
		{eks.DescribeClusterVersionsInput{ClusterType: aws.String("eks-local-outposts")}, 0},
	} {
		test.in.MaxResults = aws.Int32(2)
		var all []types.ClusterVersionInformation
		for pages := eks.NewDescribeClusterVersionsPaginator(client, &test.in); pages.HasMorePages(); {
			all = append(all, sandboxtest.Must[*eks.DescribeClusterVersionsOutput](t)(pages.NextPage(ctx)).ClusterVersions...)
		}
		if len(all) != test.want {
			t.Errorf("%+v: %d versions", test.in, len(all))
		}
		for _, v := range all {
			if v.DefaultVersion != (*v.ClusterVersion == awsapi.KubernetesVersion) || v.ReleaseDate == nil || v.EndOfExtendedSupportDate == nil || v.VersionStatus == "" {
				t.Errorf("%+v", v)
			}
		}
	}
}

// TestDescriptionsHaveWhatClientsRead without looking whether it is there.
func TestDescriptionsHaveWhatClientsRead(t *testing.T) {
	ctx, client := t.Context(), sandboxtest.New(t, sandbox.Options{}).EKS("default")
	demo := aws.String("demo")
	c := sandboxtest.Must[*eks.DescribeClusterOutput](t)(client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: demo})).Cluster
	if net := c.ResourcesVpcConfig; *net.VpcId == "" || len(net.SubnetIds) != 2 || len(net.SecurityGroupIds) == 0 || *net.ClusterSecurityGroupId == "" {
		t.Errorf("%+v", net)
	}
	if len(c.Logging.ClusterLogging) == 0 || c.UpgradePolicy.SupportType != types.SupportTypeExtended {
		t.Errorf("%+v, %+v", c.Logging, c.UpgradePolicy)
	}
	n := sandboxtest.Must[*eks.DescribeNodegroupOutput](t)(client.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: demo, NodegroupName: aws.String("workers")})).Nodegroup
	if *n.ScalingConfig.DesiredSize == 0 || n.CreatedAt == nil || *n.Version != awsapi.KubernetesVersion || n.InstanceTypes == nil || n.Subnets[0] != c.ResourcesVpcConfig.SubnetIds[0] || len(n.Resources.AutoScalingGroups) == 0 {
		t.Errorf("%+v", n)
	}
	f := sandboxtest.Must[*eks.DescribeFargateProfileOutput](t)(client.DescribeFargateProfile(ctx, &eks.DescribeFargateProfileInput{ClusterName: demo, FargateProfileName: aws.String("pods")})).FargateProfile
	if f.CreatedAt == nil || len(f.Selectors) == 0 || *f.FargateProfileArn == "" || len(f.Subnets) == 0 {
		t.Errorf("%+v", f)
	}
}
