package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/google/go-cmp/cmp"
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
	ctx, s := t.Context(), start(t, Options{})
	c, cluster, arn := s.eks("default"), aws.String("demo"), aws.String(roleARN+"newcomer")
	in := createInput("demo", *arn)
	in.KubernetesGroups, in.Tags = []string{"viewers"}, map[string]string{"a": "b"}
	created := must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, in)).AccessEntry
	if *created.Username != "arn:aws:sts::111122223333:assumed-role/newcomer/{{SessionName}}" || *created.Type != "STANDARD" || created.CreatedAt.IsZero() {
		t.Errorf("created %+v", created)
	}
	must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", *arn, viewPolicy)))
	changed := must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", *arn, viewPolicy, "dev", "dev-*")))
	if diff := cmp.Diff([]string{"dev", "dev-*"}, changed.AssociatedAccessPolicy.AccessScope.Namespaces); diff != "" {
		t.Error(diff)
	}
	listed := must[*eks.ListAssociatedAccessPoliciesOutput](t)(c.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: cluster, PrincipalArn: arn}))
	if len(listed.AssociatedAccessPolicies) != 1 || listed.NextToken != nil {
		t.Errorf("a second association does not replace the first: %+v", listed.AssociatedAccessPolicies)
	}
	updated := must[*eks.UpdateAccessEntryOutput](t)(c.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: cluster, PrincipalArn: arn, Username: aws.String("new")})).AccessEntry
	if *updated.Username != "new" || len(updated.KubernetesGroups) != 1 || !updated.CreatedAt.Equal(*created.CreatedAt) {
		t.Errorf("an update without groups keeps them: %+v", updated)
	}
	updated = must[*eks.UpdateAccessEntryOutput](t)(c.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: cluster, PrincipalArn: arn, KubernetesGroups: []string{}})).AccessEntry
	if *updated.Username != "new" || len(updated.KubernetesGroups) != 0 {
		t.Errorf("an empty list clears the groups: %+v", updated)
	}
	must[*eks.DisassociateAccessPolicyOutput](t)(c.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: cluster, PrincipalArn: arn, PolicyArn: aws.String(viewPolicy)}))
	must[*eks.DeleteAccessEntryOutput](t)(c.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: cluster, PrincipalArn: arn}))
	_, err := c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: cluster, PrincipalArn: arn})
	if got := code(t, err); got != "ResourceNotFoundException: "+entryNotFound {
		t.Error(got)
	}
}

func TestDefaultsOfEachType(t *testing.T) {
	s := start(t, Options{})
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
		e := must[*eks.DescribeAccessEntryOutput](t)(s.eks("read-only").DescribeAccessEntry(t.Context(), &eks.DescribeAccessEntryInput{
			ClusterName: aws.String("demo"), PrincipalArn: aws.String("arn:aws:iam::111122223333:" + principal),
		})).AccessEntry
		if got := fmt.Sprint(*e.Type, " ", *e.Username, " ", e.KubernetesGroups); got != want {
			t.Errorf("%s: got %s, want %s", principal, got, want)
		}
	}
}

// TestOddPaths sends ARNs that a server would misread which splits the decoded path.
func TestOddPaths(t *testing.T) {
	ctx, s := t.Context(), start(t, Options{})
	for _, path := range []string{"/a//b/", "/a+b/", "/a%2Fb/", "/a=,@/", "/../", "/a?b#c/"} {
		s.mu.Lock()
		s.account.add(&principal{Kind: "role", Path: path, Name: "odd", ID: "AROAODD"})
		s.mu.Unlock()
		arn := aws.String("arn:aws:iam::111122223333:role" + path + "odd")
		c := s.eks("default")
		must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, createInput("demo", *arn)))
		must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", *arn, viewPolicy)))
		must[*eks.DisassociateAccessPolicyOutput](t)(c.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: aws.String("demo"), PrincipalArn: arn, PolicyArn: aws.String(viewPolicy)}))
		e := must[*eks.DescribeAccessEntryOutput](t)(c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: arn}))
		if *e.AccessEntry.PrincipalArn != *arn {
			t.Errorf("got %s, want %s", *e.AccessEntry.PrincipalArn, *arn)
		}
		must[*eks.DeleteAccessEntryOutput](t)(c.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: arn}))
	}
}

func TestPages(t *testing.T) {
	ctx, s := t.Context(), start(t, Options{Entries: 250})
	var sizes []int
	seen := map[string]bool{}
	for p := eks.NewListAccessEntriesPaginator(s.eks("default"), &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")}); p.HasMorePages(); {
		page := must[*eks.ListAccessEntriesOutput](t)(p.NextPage(ctx))
		sizes = append(sizes, len(page.AccessEntries))
		for _, arn := range page.AccessEntries {
			seen[arn] = true
			if !strings.Contains(arn, "departed") && !strings.Contains(arn, "aws-service-role") {
				if _, ok := s.account.principal(arn); !ok {
					t.Errorf("%s has no role in IAM", arn)
				}
			}
		}
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" || len(seen) != 250 {
		t.Errorf("%d entries: %s", len(seen), diff)
	}
	filtered := must[*eks.ListAccessEntriesOutput](t)(s.eks("default").ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: aws.String("demo"), AssociatedPolicyArn: aws.String(clusterAdmin)}))
	if len(filtered.AccessEntries) != 2 {
		t.Errorf("cluster administrators: %v", filtered.AccessEntries)
	}
	policies := must[*eks.ListAccessPoliciesOutput](t)(s.eks("default").ListAccessPolicies(ctx, &eks.ListAccessPoliciesInput{MaxResults: aws.Int32(3)}))
	if len(policies.AccessPolicies) != 3 || policies.NextToken == nil {
		t.Errorf("policies: %+v", policies)
	}
	for _, size := range []int32{0, 101} {
		_, err := s.eks("default").ListClusters(ctx, &eks.ListClustersInput{MaxResults: &size})
		if got := code(t, err); !strings.HasPrefix(got, "InvalidParameterException") {
			t.Errorf("maxResults %d: %s", size, got)
		}
	}
}

func TestLimitOfEntries(t *testing.T) {
	s := start(t, Options{Entries: maxEntries})
	_, err := s.eks("default").CreateAccessEntry(t.Context(), createInput("demo", roleARN+"newcomer"))
	if got := code(t, err); !strings.HasPrefix(got, "ResourceLimitExceededException: ") {
		t.Error(got)
	}
}

func TestRepeatedCreate(t *testing.T) {
	ctx, s := t.Context(), start(t, Options{})
	in := createInput("demo", roleARN+"newcomer")
	in.ClientRequestToken = aws.String("same")
	first := must[*eks.CreateAccessEntryOutput](t)(s.eks("default").CreateAccessEntry(ctx, in))
	second := must[*eks.CreateAccessEntryOutput](t)(s.eks("default").CreateAccessEntry(ctx, in))
	if *first.AccessEntry.AccessEntryArn != *second.AccessEntry.AccessEntryArn {
		t.Error("the same token made two entries")
	}
	in.Username = aws.String("other")
	_, err := s.eks("default").CreateAccessEntry(ctx, in)
	if got := code(t, err); !strings.HasPrefix(got, "ResourceInUseException") {
		t.Error(got)
	}
}

func TestModes(t *testing.T) {
	now := &clock{at: time.Now()}
	ctx, s := t.Context(), start(t, Options{Now: now.now})
	c := s.eks("default")
	set := func(mode types.AuthenticationMode) (*eks.UpdateClusterConfigOutput, error) {
		return c.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String("legacy"), AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: mode}})
	}
	refuse := func(mode types.AuthenticationMode, want string) {
		t.Helper()
		if _, err := set(mode); code(t, err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	status := func() string {
		cl := must[*eks.DescribeClusterOutput](t)(c.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("legacy")})).Cluster
		return string(cl.Status) + " " + string(cl.AccessConfig.AuthenticationMode)
	}
	refuse("API", "InvalidParameterException: Unsupported authentication mode update from CONFIG_MAP to API")
	refuse("CONFIG_MAP", "InvalidParameterException: Unsupported authentication mode update from CONFIG_MAP to CONFIG_MAP")
	u := must[*eks.UpdateClusterConfigOutput](t)(set("API_AND_CONFIG_MAP")).Update
	if got := status(); got != "UPDATING CONFIG_MAP" {
		t.Error(got)
	}
	refuse("API_AND_CONFIG_MAP", "ResourceInUseException: Cannot AccessConfigUpdate because cluster legacy currently has update "+*u.Id+" in progress")
	now.add(updateTime)
	u = must[*eks.DescribeUpdateOutput](t)(c.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: aws.String("legacy"), UpdateId: u.Id})).Update
	if got := status(); got != "ACTIVE API_AND_CONFIG_MAP" || u.Status != "Successful" || u.Type != "AccessConfigUpdate" {
		t.Errorf("%s, update %+v", got, u)
	}
	creator := must[*eks.ListAssociatedAccessPoliciesOutput](t)(c.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: aws.String("legacy"), PrincipalArn: aws.String(roleARN + "platform-admin")}))
	if len(creator.AssociatedAccessPolicies) != 1 || *creator.AssociatedAccessPolicies[0].PolicyArn != clusterAdmin {
		t.Errorf("the creator is no administrator: %+v", creator)
	}
	refuse("CONFIG_MAP", "InvalidParameterException: Unsupported authentication mode update from API_AND_CONFIG_MAP to CONFIG_MAP")
	must[*eks.UpdateClusterConfigOutput](t)(set("API"))
	ids := must[*eks.ListUpdatesOutput](t)(c.ListUpdates(ctx, &eks.ListUpdatesInput{Name: aws.String("legacy")}))
	if len(ids.UpdateIds) != 2 {
		t.Errorf("updates: %v", ids.UpdateIds)
	}
}

func TestPropagation(t *testing.T) {
	now := &clock{at: time.Now()}
	ctx, s := t.Context(), start(t, Options{Propagation: 10 * time.Second, Now: now.now})
	c, arn := s.eks("default"), roleARN+"newcomer"
	must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, createInput("demo", arn)))
	_, twice := c.CreateAccessEntry(ctx, createInput("demo", arn))
	if got := code(t, twice); !strings.HasPrefix(got, "ResourceInUseException") {
		t.Errorf("writes see a change at once: %s", got)
	}
	associate := func() error {
		_, err := c.AssociateAccessPolicy(ctx, associateInput("demo", arn, viewPolicy))
		return err
	}
	listed := func() bool {
		out := must[*eks.ListAccessEntriesOutput](t)(c.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")}))
		return slices.Contains(out.AccessEntries, arn)
	}
	token := s.token(t, "newcomer", "demo")
	if status, _ := s.get(t, "demo", token, "/api"); listed() || code(t, associate()) != "ResourceNotFoundException: "+entryNotFound || status != 401 {
		t.Error("visible at once")
	}
	now.add(10 * time.Second)
	if err := associate(); err != nil || !listed() {
		t.Errorf("not visible in the end: %v", err)
	}
	if status, _ := s.get(t, "demo", token, "/api"); status != 200 {
		t.Errorf("does not get in: %d", status)
	}
	if status, _ := s.get(t, "demo", token, "/api/v1/namespaces"); status != 403 {
		t.Errorf("the policy counts at once: %d", status)
	}
	now.add(10 * time.Second)
	if status, _ := s.get(t, "demo", token, "/api/v1/namespaces"); status != 200 {
		t.Errorf("the policy does not count: %d", status)
	}
}

func TestTags(t *testing.T) {
	ctx, s := t.Context(), start(t, Options{})
	c := s.eks("default")
	e := must[*eks.DescribeAccessEntryOutput](t)(c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "ci/deployer")})).AccessEntry
	if e.Tags["note"] != "\x1b[31mred\x1b[0m" {
		t.Errorf("tags: %q", e.Tags)
	}
	cluster := aws.String("arn:aws:eks:us-west-2:111122223333:cluster/demo")
	for _, arn := range []*string{e.AccessEntryArn, cluster} {
		must[*eks.TagResourceOutput](t)(c.TagResource(ctx, &eks.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "1", "b c": "2"}}))
		must[*eks.UntagResourceOutput](t)(c.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a", "note"}}))
		got := must[*eks.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: arn})).Tags
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
	s := start(t, Options{})
	config := s.config("default")
	config.Region = "eu-west-1"
	c := eks.NewFromConfig(config)
	clusters := must[*eks.ListClustersOutput](t)(c.ListClusters(t.Context(), &eks.ListClustersInput{}))
	_, err := c.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("demo")})
	if len(clusters.Clusters) != 0 || code(t, err) != "ResourceNotFoundException: No cluster found for name: demo." {
		t.Errorf("%v, %v", clusters.Clusters, err)
	}
}
