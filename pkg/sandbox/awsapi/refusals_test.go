package awsapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// createWith is a Create for a principal, in full or as it stands behind the account.
func createWith(cluster, principal string, change func(*eks.CreateAccessEntryInput)) *eks.CreateAccessEntryInput {
	if !strings.HasPrefix(principal, "arn:") {
		principal = "arn:aws:iam::111122223333:" + principal
	}
	in := createInput(cluster, principal)
	if change != nil {
		change(in)
	}
	return in
}

func withType(kind string) func(*eks.CreateAccessEntryInput) {
	return func(in *eks.CreateAccessEntryInput) { in.Type = &kind }
}

func withGroups(kind string, groups ...string) func(*eks.CreateAccessEntryInput) {
	return func(in *eks.CreateAccessEntryInput) { in.Type, in.KubernetesGroups = &kind, groups }
}

func withName(kind, name string) func(*eks.CreateAccessEntryInput) {
	return func(in *eks.CreateAccessEntryInput) { in.Type, in.Username = &kind, &name }
}

const (
	invalid        = "InvalidParameterException: "
	serviceLinked  = "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
	ssoReadOnly    = "AWSReservedSSO_Read_Only_8f7e6d5c4b3a2910"
	eksServiceRole = "AWSServiceRoleForAmazonEKS"
)

var createRefusals = []struct {
	in   *eks.CreateAccessEntryInput
	want string
}{
	{createWith("demo", "role/team/dev", nil), "ResourceInUseException: The specified access entry resource is already in use on this cluster."},
	{createWith("legacy", "role/newcomer", nil), "InvalidRequestException: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."},
	{createWith("none", "role/newcomer", nil), "ResourceNotFoundException: No cluster found for name: none."},
	{createWith("-x", "role/newcomer", nil), invalid + `The clusterName parameter contains invalid characters. It should conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9-_]*"In other words, it should start with a number or letter, and can contain numbers, letters, dashes, and underscores.`},
	{createWith("demo", "role/absent", nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("demo", "role/"+ssoReadOnly, nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("demo", "role/dev", nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("demo", "root", nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("demo", "group/admins", nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("demo", "", nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("demo", "arn:aws:sts::111122223333:assumed-role/ops/me", nil), invalid + "The specified principalArn is invalid: invalid principal."},
	{createWith("none", "role/aws-service-role/eks.amazonaws.com/"+eksServiceRole, nil), invalid + serviceLinked},
	{createWith("none", "role/newcomer", withType("Standard")), invalid + "AccessEntry type must be one of [EC2, EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, HYPERPOD_LINUX, STANDARD]"},
	{createWith("none", "arn:aws:iam::444455556666:role/node", withType("EC2_LINUX")), invalid + "AccessEntry principalArn must be from the same account as the cluster when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]"},
	{createWith("none", "user/alice", withType("FARGATE_LINUX")), invalid + "AccessEntry principalArn must be IAM role when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]"},
	{createWith("none", "role/newcomer", withGroups("STANDARD", "ok", "system:masters")), invalid + "The kubernetes group name system:masters is invalid, it cannot start with system:"},
	{createWith("none", "role/newcomer", withGroups("STANDARD", "eks:x")), invalid + "The kubernetes group name eks:x is invalid, it cannot start with eks:"},
	{createWith("none", "role/newcomer", withGroups("EC2_LINUX", "x")), invalid + `The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is "EC2_LINUX"`},
	{createWith("none", "role/newcomer", withName("EC2_WINDOWS", "x")), invalid + `The specified username is invalid: setting username is not allowed when the type is "EC2_WINDOWS"`},
	{createWith("none", "role/newcomer", withName("STANDARD", "system:x")), invalid + "The username must not begin with system:"},
	{createWith("none", "role/newcomer", withName("STANDARD", "amazon:x")), invalid + "The username must not begin with amazon:"},
	{createWith("none", "role/newcomer", withName("STANDARD", "john{{SessionName}}")), invalid + "The username must contain a colon before {{SessionName}}"},
	{createWith("none", "role/newcomer", func(in *eks.CreateAccessEntryInput) { in.Tags = map[string]string{"aws:x": "y"} }), invalid + "Tag keys must not begin with aws:, which is reserved for AWS."},
}

func TestCreateRefusals(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	for _, test := range createRefusals {
		_, err := s.EKS("default").CreateAccessEntry(t.Context(), test.in)
		if got := sandboxtest.Code(t, err); got != test.want {
			t.Errorf("%s in %s:\n got %s\nwant %s", *test.in.PrincipalArn, *test.in.ClusterName, got, test.want)
		}
	}
	for _, in := range []*eks.CreateAccessEntryInput{
		createWith("demo", "arn:aws:iam::444455556666:role/far", withGroups("STANDARD", "sts:fine")),
		createWith("demo", "role/newcomer", withName("STANDARD", "jo:hn{{SessionName}}")),
	} {
		sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(s.EKS("default").CreateAccessEntry(t.Context(), in))
	}
}

func TestPolicyRefusals(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	scope := func(in *eks.AssociateAccessPolicyInput, s types.AccessScope) *eks.AssociateAccessPolicyInput {
		in.AccessScope = &s
		return in
	}
	const unknown = "ResourceNotFoundException: The specified policyArn could not be found. You can view your available access policies with 'list-access-policies'"
	for _, test := range []struct {
		in   *eks.AssociateAccessPolicyInput
		want string
	}{
		{associateInput("demo", roleARN+"absent", viewPolicy), "ResourceNotFoundException: " + entryNotFound},
		{associateInput("demo", roleARN+"demo-node", viewPolicy), `InvalidParameterException: This operation can only be performed on Access Entries with a type of "STANDARD".`},
		{associateInput("none", roleARN+"ops", "AmazonEKSViewPolicy"), "InvalidParameterException: The policyArn parameter format is not valid"},
		{associateInput("none", roleARN+"ops", awsapi.PolicyPrefix+"AmazonEKSNoPolicy"), unknown},
		{associateInput("none", roleARN+"ops", strings.Replace(viewPolicy, "aws", "aws-cn", 1)), unknown},
		{associateInput("demo", roleARN+"team/dev", awsapi.PolicyPrefix+"AmazonEKSHybridPolicy"), "InvalidParameterException: The specified policyArn can only be associated with a Service Linked Role"},
		{associateInput("demo", roleARN+"aws-service-role/eks.amazonaws.com/"+eksServiceRole, viewPolicy), "InvalidParameterException: " + serviceLinked},
		{associateInput("legacy", roleARN+"ops", viewPolicy), "InvalidRequestException: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."},
		{scope(associateInput("none", roleARN+"ops", viewPolicy), types.AccessScope{Type: "namespace"}), "InvalidParameterException: At least 1 namespace must be provided if the type is set as namespace"},
		{scope(associateInput("none", roleARN+"ops", viewPolicy), types.AccessScope{Type: "cluster", Namespaces: []string{"dev"}}), "InvalidParameterException: accessScope should not include namespaces if the type is not set as namespace"},
		{scope(associateInput("none", roleARN+"ops", viewPolicy), types.AccessScope{Type: "Cluster"}), "InvalidParameterException: The accessScope type must be one of [cluster, namespace]"},
	} {
		_, err := s.EKS("default").AssociateAccessPolicy(t.Context(), test.in)
		if got := sandboxtest.Code(t, err); got != test.want {
			t.Errorf("%s to %s:\n got %s\nwant %s", *test.in.PolicyArn, *test.in.PrincipalArn, got, test.want)
		}
	}
	_, err := s.EKS("default").DisassociateAccessPolicy(t.Context(), &eks.DisassociateAccessPolicyInput{
		ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "team/dev"), PolicyArn: aws.String(clusterAdmin),
	})
	if got := sandboxtest.Code(t, err); !strings.HasPrefix(got, "ResourceNotFoundException: ") {
		t.Error(got)
	}
}

func TestUpdateRefusals(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	c := s.EKS("default")
	for _, test := range []struct {
		principal, username string
		groups              []string
		want                string
	}{
		{"absent", "x", nil, "ResourceNotFoundException: " + entryNotFound},
		{"team/dev", "system:x", nil, "InvalidParameterException: The username must not begin with system:"},
		{"team/dev", "", []string{"system:bootstrappers"}, "InvalidParameterException: The kubernetes group name system:bootstrappers is invalid, it cannot start with system:"},
		{"demo-node", "", []string{"x"}, `InvalidParameterException: The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is "EC2_LINUX"`},
		{"aws-service-role/eks.amazonaws.com/" + eksServiceRole, "x", nil, "InvalidParameterException: " + serviceLinked},
	} {
		_, err := c.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + test.principal), Username: &test.username, KubernetesGroups: test.groups})
		if got := sandboxtest.Code(t, err); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.principal, got, test.want)
		}
	}
	_, err := c.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "aws-service-role/eks.amazonaws.com/" + eksServiceRole)})
	if got := sandboxtest.Code(t, err); got != "InvalidParameterException: "+serviceLinked {
		t.Error(got)
	}
}

func TestPermissions(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	node := createInput("prod", roleARN+"demo-node")
	node.Type = aws.String("EC2_LINUX")
	_, noPass := s.EKS("no-pass-role").CreateAccessEntry(ctx, node)
	_, describe := s.EKS("alice").DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "absent")})
	_, list := s.EKS("newcomer").ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")})
	for _, test := range []struct {
		err                    error
		user, action, resource string
	}{
		{noPass, "arn:aws:sts::111122223333:assumed-role/entry-manager/sandbox", "iam:PassRole", roleARN + "demo-node"},
		{describe, "arn:aws:iam::111122223333:user/alice", "eks:DeleteAccessEntry", "arn:aws:eks:us-west-2:111122223333:access-entry/demo/*"},
		{list, "arn:aws:sts::111122223333:assumed-role/newcomer/sandbox", "eks:ListAccessEntries", "arn:aws:eks:us-west-2:111122223333:cluster/demo"},
	} {
		want := fmt.Sprintf("AccessDeniedException: User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
			test.user, test.action, test.resource, test.action)
		if got := sandboxtest.Code(t, test.err); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}
