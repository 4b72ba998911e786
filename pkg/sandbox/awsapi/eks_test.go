package awsapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const (
	clusterAdmin = awsapi.PolicyPrefix + "AmazonEKSClusterAdminPolicy"
	viewPolicy   = awsapi.PolicyPrefix + "AmazonEKSViewPolicy"
	roleARN      = "arn:aws:iam::111122223333:role/"

	entryNotFound = "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'."
)

func createInput(cluster, arn string) *eks.CreateAccessEntryInput {
	return &eks.CreateAccessEntryInput{ClusterName: &cluster, PrincipalArn: &arn}
}

func associateInput(cluster, arn, policy string, namespaces ...string) *eks.AssociateAccessPolicyInput {
	scope := &types.AccessScope{Type: types.AccessScopeTypeCluster}
	if len(namespaces) > 0 {
		scope = &types.AccessScope{Type: types.AccessScopeTypeNamespace, Namespaces: namespaces}
	}
	return &eks.AssociateAccessPolicyInput{ClusterName: &cluster, PrincipalArn: &arn, PolicyArn: &policy, AccessScope: scope}
}

func TestEntryFromCreationToDeletion(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	c, cluster, arn := s.EKS("default"), aws.String("demo"), aws.String(roleARN+"newcomer")
	in := createInput("demo", *arn)
	in.KubernetesGroups, in.Tags = []string{"viewers"}, map[string]string{"a": "b"}
	created := sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, in)).AccessEntry
	if *created.Username != "arn:aws:sts::111122223333:assumed-role/newcomer/{{SessionName}}" || *created.Type != "STANDARD" || created.CreatedAt.IsZero() {
		t.Errorf("created %+v", created)
	}
	sandboxtest.Must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", *arn, viewPolicy)))
	changed := sandboxtest.Must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", *arn, viewPolicy, "dev", "dev-*")))
	if diff := cmp.Diff([]string{"dev", "dev-*"}, changed.AssociatedAccessPolicy.AccessScope.Namespaces); diff != "" {
		t.Error(diff)
	}
	listed := sandboxtest.Must[*eks.ListAssociatedAccessPoliciesOutput](t)(c.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: cluster, PrincipalArn: arn}))
	if len(listed.AssociatedAccessPolicies) != 1 || listed.NextToken != nil {
		t.Errorf("a second association does not replace the first: %+v", listed.AssociatedAccessPolicies)
	}
	updated := sandboxtest.Must[*eks.UpdateAccessEntryOutput](t)(c.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: cluster, PrincipalArn: arn, Username: aws.String("new")})).AccessEntry
	if *updated.Username != "new" || len(updated.KubernetesGroups) != 1 || !updated.CreatedAt.Equal(*created.CreatedAt) {
		t.Errorf("an update without groups keeps them: %+v", updated)
	}
	updated = sandboxtest.Must[*eks.UpdateAccessEntryOutput](t)(c.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: cluster, PrincipalArn: arn, KubernetesGroups: []string{}})).AccessEntry
	if *updated.Username != "new" || len(updated.KubernetesGroups) != 0 {
		t.Errorf("an empty list clears the groups: %+v", updated)
	}
	sandboxtest.Must[*eks.DisassociateAccessPolicyOutput](t)(c.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: cluster, PrincipalArn: arn, PolicyArn: aws.String(viewPolicy)}))
	sandboxtest.Must[*eks.DeleteAccessEntryOutput](t)(c.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: cluster, PrincipalArn: arn}))
	_, err := c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: cluster, PrincipalArn: arn})
	if got := sandboxtest.Code(t, err); got != "ResourceNotFoundException: "+entryNotFound {
		t.Error(got)
	}
}

func TestDefaultsOfEachType(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	for principal, want := range map[string]string{
		"role/demo-node":         "EC2_LINUX system:node:{{EC2PrivateDNSName}} [system:nodes]",
		"role/demo-windows-node": "EC2_WINDOWS system:node:{{EC2PrivateDNSName}} [eks:kube-proxy-windows system:nodes]",
		"role/demo-fargate-pods": "FARGATE_LINUX system:node:{{SessionName}} [system:node-proxier]",
		"role/demo-hybrid-node":  "HYBRID_LINUX system:node:{{SessionName}} [system:nodes]",
		"role/demo-auto-node":    "EC2 system:node:{{EC2PrivateDNSName}} [system:nodes]",
		"role/demo-hyperpod":     "HYPERPOD_LINUX system:node:{{SessionName}} [system:nodes]",
		"user/alice":             "STANDARD arn:aws:iam::111122223333:user/alice [viewers]",
		"role/team/dev":          "STANDARD arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}} [developers]",
		"role/departed":          "STANDARD arn:aws:sts::111122223333:assumed-role/departed/{{SessionName}} []",
	} {
		e := sandboxtest.Must[*eks.DescribeAccessEntryOutput](t)(s.EKS("read-only").DescribeAccessEntry(t.Context(), &eks.DescribeAccessEntryInput{
			ClusterName: aws.String("demo"), PrincipalArn: aws.String("arn:aws:iam::111122223333:" + principal),
		})).AccessEntry
		if got := fmt.Sprint(*e.Type, " ", *e.Username, " ", e.KubernetesGroups); got != want {
			t.Errorf("%s: got %s, want %s", principal, got, want)
		}
	}
}

// TestOddPaths sends ARNs that a server would misread which splits the decoded path.
func TestOddPaths(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	for _, path := range []string{"/a//b/", "/a+b/", "/a%2Fb/", "/a=,@/", "/../", "/a?b#c/"} {
		arn := aws.String("arn:aws:iam::444455556666:role" + path + "odd") // principals of other accounts are taken for real
		c := s.EKS("default")
		sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, createInput("demo", *arn)))
		sandboxtest.Must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", *arn, viewPolicy)))
		sandboxtest.Must[*eks.DisassociateAccessPolicyOutput](t)(c.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: aws.String("demo"), PrincipalArn: arn, PolicyArn: aws.String(viewPolicy)}))
		e := sandboxtest.Must[*eks.DescribeAccessEntryOutput](t)(c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: arn}))
		if *e.AccessEntry.PrincipalArn != *arn {
			t.Errorf("got %s, want %s", *e.AccessEntry.PrincipalArn, *arn)
		}
		sandboxtest.Must[*eks.DeleteAccessEntryOutput](t)(c.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: arn}))
	}
}

func TestPages(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{Entries: 250})
	var sizes []int
	seen := map[string]bool{}
	for p := eks.NewListAccessEntriesPaginator(s.EKS("default"), &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")}); p.HasMorePages(); {
		page := sandboxtest.Must[*eks.ListAccessEntriesOutput](t)(p.NextPage(ctx))
		sizes = append(sizes, len(page.AccessEntries))
		for _, arn := range page.AccessEntries {
			seen[arn] = true
			if !strings.Contains(arn, "departed") && !strings.Contains(arn, "aws-service-role") {
				if !inIAM(t, s, arn) {
					t.Errorf("%s has no role in IAM", arn)
				}
			}
		}
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" || len(seen) != 250 {
		t.Errorf("%d entries: %s", len(seen), diff)
	}
	filtered := sandboxtest.Must[*eks.ListAccessEntriesOutput](t)(s.EKS("default").ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: aws.String("demo"), AssociatedPolicyArn: aws.String(clusterAdmin)}))
	if len(filtered.AccessEntries) != 2 {
		t.Errorf("cluster administrators: %v", filtered.AccessEntries)
	}
	policies := sandboxtest.Must[*eks.ListAccessPoliciesOutput](t)(s.EKS("default").ListAccessPolicies(ctx, &eks.ListAccessPoliciesInput{MaxResults: aws.Int32(3)}))
	if len(policies.AccessPolicies) != 3 || policies.NextToken == nil {
		t.Errorf("policies: %+v", policies)
	}
	for _, size := range []int32{0, 101} {
		_, err := s.EKS("default").ListClusters(ctx, &eks.ListClustersInput{MaxResults: &size})
		if got := sandboxtest.Code(t, err); !strings.HasPrefix(got, "InvalidParameterException") {
			t.Errorf("maxResults %d: %s", size, got)
		}
	}
}

// inIAM reports whether there is a role or user of that ARN.
func inIAM(t *testing.T, s sandboxtest.Box, arn string) bool {
	t.Helper()
	client, name := iam.NewFromConfig(s.Config("default")), arn[strings.LastIndex(arn, "/")+1:]
	if strings.Contains(arn, ":user/") {
		out, err := client.GetUser(t.Context(), &iam.GetUserInput{UserName: &name})
		return err == nil && *out.User.Arn == arn
	}
	out, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &name})
	return err == nil && *out.Role.Arn == arn
}

func TestLimitOfEntries(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{Entries: awsapi.MaxEntries})
	_, err := s.EKS("default").CreateAccessEntry(t.Context(), createInput("demo", roleARN+"newcomer"))
	if got := sandboxtest.Code(t, err); !strings.HasPrefix(got, "ResourceLimitExceededException: ") {
		t.Error(got)
	}
}

func TestRepeatedCreate(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	in := createInput("demo", roleARN+"newcomer")
	in.ClientRequestToken = aws.String("same")
	first := sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(s.EKS("default").CreateAccessEntry(ctx, in))
	second := sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(s.EKS("default").CreateAccessEntry(ctx, in))
	if *first.AccessEntry.AccessEntryArn != *second.AccessEntry.AccessEntryArn {
		t.Error("the same token made two entries")
	}
	in.Username = aws.String("other")
	_, err := s.EKS("default").CreateAccessEntry(ctx, in)
	if got := sandboxtest.Code(t, err); !strings.HasPrefix(got, "ResourceInUseException") {
		t.Error(got)
	}
}

func TestModes(t *testing.T) {
	now := sandboxtest.NewClock()
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{Now: now.Now})
	c := s.EKS("default")
	set := func(mode types.AuthenticationMode) (*eks.UpdateClusterConfigOutput, error) {
		return c.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String("legacy"), AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: mode}})
	}
	refuse := func(mode types.AuthenticationMode, want string) {
		t.Helper()
		if _, err := set(mode); sandboxtest.Code(t, err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	status := func() string {
		cl := sandboxtest.Must[*eks.DescribeClusterOutput](t)(c.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("legacy")})).Cluster
		return string(cl.Status) + " " + string(cl.AccessConfig.AuthenticationMode)
	}
	refuse("API", "InvalidParameterException: Unsupported authentication mode update from CONFIG_MAP to API")
	refuse("CONFIG_MAP", "InvalidParameterException: Unsupported authentication mode update from CONFIG_MAP to CONFIG_MAP")
	u := sandboxtest.Must[*eks.UpdateClusterConfigOutput](t)(set("API_AND_CONFIG_MAP")).Update
	if got := status(); got != "UPDATING CONFIG_MAP" {
		t.Error(got)
	}
	refuse("API_AND_CONFIG_MAP", "ResourceInUseException: Cannot AccessConfigUpdate because cluster legacy currently has update "+*u.Id+" in progress")
	now.Add(awsapi.UpdateTime)
	u = sandboxtest.Must[*eks.DescribeUpdateOutput](t)(c.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: aws.String("legacy"), UpdateId: u.Id})).Update
	if got := status(); got != "ACTIVE API_AND_CONFIG_MAP" || u.Status != "Successful" || u.Type != "AccessConfigUpdate" {
		t.Errorf("%s, update %+v", got, u)
	}
	creator := sandboxtest.Must[*eks.ListAssociatedAccessPoliciesOutput](t)(c.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: aws.String("legacy"), PrincipalArn: aws.String(roleARN + "platform-admin")}))
	if len(creator.AssociatedAccessPolicies) != 1 || *creator.AssociatedAccessPolicies[0].PolicyArn != clusterAdmin {
		t.Errorf("the creator is no administrator: %+v", creator)
	}
	refuse("CONFIG_MAP", "InvalidParameterException: Unsupported authentication mode update from API_AND_CONFIG_MAP to CONFIG_MAP")
	sandboxtest.Must[*eks.UpdateClusterConfigOutput](t)(set("API"))
	ids := sandboxtest.Must[*eks.ListUpdatesOutput](t)(c.ListUpdates(ctx, &eks.ListUpdatesInput{Name: aws.String("legacy")}))
	if len(ids.UpdateIds) != 2 {
		t.Errorf("updates: %v", ids.UpdateIds)
	}
}

func TestPropagation(t *testing.T) {
	now := sandboxtest.NewClock()
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{Propagation: 10 * time.Second, Now: now.Now})
	c, arn := s.EKS("default"), roleARN+"newcomer"
	sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, createInput("demo", arn)))
	_, twice := c.CreateAccessEntry(ctx, createInput("demo", arn))
	if got := sandboxtest.Code(t, twice); !strings.HasPrefix(got, "ResourceInUseException") {
		t.Errorf("writes see a change at once: %s", got)
	}
	associate := func() error {
		_, err := c.AssociateAccessPolicy(ctx, associateInput("demo", arn, viewPolicy))
		return err
	}
	listed := func() bool {
		out := sandboxtest.Must[*eks.ListAccessEntriesOutput](t)(c.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")}))
		return slices.Contains(out.AccessEntries, arn)
	}
	token := s.Token("newcomer", "demo")
	if status, _ := s.Send("demo", token, http.MethodGet, "/api", ""); listed() || sandboxtest.Code(t, associate()) != "ResourceNotFoundException: "+entryNotFound || status != 401 {
		t.Error("visible at once")
	}
	now.Add(10 * time.Second)
	if err := associate(); err != nil || !listed() {
		t.Errorf("not visible in the end: %v", err)
	}
	if status, _ := s.Send("demo", token, http.MethodGet, "/api", ""); status != 200 {
		t.Errorf("does not get in: %d", status)
	}
	if status, _ := s.Send("demo", token, http.MethodGet, "/api/v1/namespaces", ""); status != 403 {
		t.Errorf("the policy counts at once: %d", status)
	}
	now.Add(10 * time.Second)
	if status, _ := s.Send("demo", token, http.MethodGet, "/api/v1/namespaces", ""); status != 200 {
		t.Errorf("the policy does not count: %d", status)
	}
}

func TestTags(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	c := s.EKS("default")
	e := sandboxtest.Must[*eks.DescribeAccessEntryOutput](t)(c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "ci/deployer")})).AccessEntry
	if e.Tags["note"] != "\x1b[31mred\x1b[0m" {
		t.Errorf("tags: %q", e.Tags)
	}
	cluster := aws.String("arn:aws:eks:us-west-2:111122223333:cluster/demo")
	for _, arn := range []*string{e.AccessEntryArn, cluster} {
		sandboxtest.Must[*eks.TagResourceOutput](t)(c.TagResource(ctx, &eks.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "1", "b c": "2"}}))
		sandboxtest.Must[*eks.UntagResourceOutput](t)(c.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a", "note"}}))
		got := sandboxtest.Must[*eks.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: arn})).Tags
		if got["b c"] != "2" || got["a"] != "" || got["note"] != "" {
			t.Errorf("%s: %v", *arn, got)
		}
	}
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	_, tooMany := c.TagResource(ctx, &eks.TagResourceInput{ResourceArn: cluster, Tags: many})
	_, absent := c.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: aws.String(*cluster + "x")})
	var bad *types.BadRequestException
	var gone *types.NotFoundException
	if !errors.As(tooMany, &bad) || !errors.As(absent, &gone) {
		t.Errorf("%v, %v", tooMany, absent)
	}
}

func TestOtherRegionsAreEmpty(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	config := s.Config("default")
	config.Region = "eu-west-1"
	c := eks.NewFromConfig(config)
	clusters := sandboxtest.Must[*eks.ListClustersOutput](t)(c.ListClusters(t.Context(), &eks.ListClustersInput{}))
	_, err := c.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("demo")})
	if len(clusters.Clusters) != 0 || sandboxtest.Code(t, err) != "ResourceNotFoundException: No cluster found for name: demo." {
		t.Errorf("%v, %v", clusters.Clusters, err)
	}
}
