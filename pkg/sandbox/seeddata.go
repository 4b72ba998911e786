package sandbox

import "github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"

const (
	accountID = "111122223333"
	ssoPath   = "/aws-reserved/sso.amazonaws.com/us-west-2/"

	ssoAdministrator = "AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7081"
	ssoDeveloper     = "AWSReservedSSO_Developer_90a1b2c3d4e5f607"
	ssoReadOnly      = "AWSReservedSSO_Read_Only_8f7e6d5c4b3a2910"
	ssoOperator      = "AWSReservedSSO_Operator_4d5e6f708192a3b4"
	ssoFormer        = "AWSReservedSSO_Operator_0f1e2d3c4b5a6978" // of the same permission set, before it was assigned again
	eksServiceRole   = "AWSServiceRoleForAmazonEKS"
)

// seedPrincipals are the roles and users of a new account, as in an ARN. Each is a day older than it says here, so that
// no entry is older than its principal, except where that is the point.
var seedPrincipals = []struct {
	name  string
	days  int
	allow []string
}{
	{"role/platform-admin", 1000, []string{"*"}},
	{"role/team/dev", 380, []string{"eks:Describe*", "eks:List*", "iam:Get*", "sts:*"}},
	{"role/ops", 990, []string{"eks:*", "iam:*", "sts:*", "cloudtrail:*"}},
	{"role/ci/deployer", 360, []string{"eks:DescribeCluster", "sts:*"}},
	{"role/newcomer", 3, []string{"eks:DescribeCluster", "eks:ListClusters", "sts:*"}},
	{"role/auditor", 300, []string{"eks:Describe*", "eks:List*", "iam:Get*", "iam:List*", "sts:*", "cloudtrail:LookupEvents"}},
	{"role/eks-operator", 280, []string{"eks:*", "sts:*", "cloudtrail:LookupEvents"}},
	{"role/entry-manager", 120, []string{"eks:*", "iam:Get*", "iam:List*", "sts:*", "cloudtrail:LookupEvents"}},
	{"role/demo-node", 200, nil},
	{"role/demo-windows-node", 150, nil},
	{"role/demo-fargate-pods", 140, nil},
	{"role/demo-auto-node", 60, nil},
	{"role/demo-hybrid-node", 50, nil},
	{"role/demo-hyperpod", 40, nil},
	{"role/rotated", 1, []string{"eks:Describe*", "eks:List*", "iam:GetRole", "sts:*"}},
	{"role/team/lead", 310, readers},
	{"role/mapped", 320, readers},
	{"role/twice", 330, readers},
	{"role/idle", 340, readers},
	{"role/joiner", 20, readers},
	{"role" + ssoPath + ssoOperator, 2, readers},
	{"user/dave", 350, readers},
	{"role" + ssoPath + ssoAdministrator, 700, []string{"*"}},
	{"role" + ssoPath + ssoDeveloper, 690, []string{"eks:Describe*", "eks:List*", "sts:*"}},
	{"role" + ssoPath + ssoReadOnly, 690, []string{"eks:Describe*", "eks:List*", "iam:Get*", "iam:List*", "sts:*"}},
	{"role/argocd", 80, nil},
	{"role/aws-service-role/eks.amazonaws.com/" + eksServiceRole, 900, nil},
	{"role/aws-service-role/batch.amazonaws.com/" + awsapi.BatchServiceRole, 45, nil},
	{"user/alice", 800, []string{"eks:Describe*", "eks:List*", "sts:*"}},
	{"user/contractors/bob", 30, []string{"eks:DescribeCluster", "sts:*"}},
}

// readers may read everything that shows whether they have access.
var readers = []string{"eks:Describe*", "eks:List*", "iam:GetRole", "iam:GetUser", "sts:*"}

// seedEntry is one row of a cluster's entries.
type seedEntry struct {
	principal string // as in an ARN
	kind      string
	days      int
	username  string
	groups    string // a,b
	policies  string // View (whole cluster) Edit:dev,dev-*
	tags      string // name=value name=value
}

// seedCluster is a cluster with its entries and its aws-auth, whose sections are "" where there are none.
type seedCluster struct {
	name, mode                      string
	days                            int
	tags                            string // as of an entry
	entries                         []seedEntry
	mapRoles, mapUsers, mapAccounts string
}

// seedClusters have an aws-auth as people write it, with the mistakes that the authenticator forgives or ignores.
var seedClusters = []seedCluster{
	{
		name: "demo", mode: awsapi.ModeBoth, days: 200, tags: "env=demo",
		entries: []seedEntry{
			{"role/platform-admin", "STANDARD", 200, "", "", "ClusterAdmin", ""},
			{"role" + ssoPath + ssoAdministrator, "STANDARD", 198, "", "", "ClusterAdmin", "owner=platform"},
			{"role" + ssoPath + ssoDeveloper, "STANDARD", 190, "", "", "Edit:dev,dev-* View", ""},
			{"role/team/dev", "STANDARD", 120, "", "developers", "View:dev", "team=dev"},
			// The note is hostile on purpose: printed raw, it paints the terminal red.
			{"role/ci/deployer", "STANDARD", 90, "ci:{{SessionName}}", "", "Edit:staging,prod", "team=release note=\x1b[31mred\x1b[0m"},
			{"user/alice", "STANDARD", 75, "", "viewers", "", ""},
			{"role/rotated", "STANDARD", 110, "", "", "View", ""},
			{"role/departed", "STANDARD", 180, "", "", "Admin:dev", ""},
			{"role/demo-node", "EC2_LINUX", 199, "", "", "", ""},
			{"role/demo-windows-node", "EC2_WINDOWS", 150, "", "", "", ""},
			{"role/demo-fargate-pods", "FARGATE_LINUX", 140, "", "", "", ""},
			{"role/demo-hybrid-node", "HYBRID_LINUX", 50, "", "", "", ""},
			{"role/demo-auto-node", "EC2", 60, "", "", "AutoNode", ""},
			{"role/demo-hyperpod", "HYPERPOD_LINUX", 40, "", "", "", ""},
			{"role/aws-service-role/eks.amazonaws.com/" + eksServiceRole, "STANDARD", 200, "eks:managed", "", "Event", ""},
		},
		mapRoles: `- rolearn: arn:aws:iam::111122223333:role/demo-node
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [viewers]
- rolearn: arn:aws:iam::111122223333:role/team/dev
  username: dev
  groups: [system:masters]
- username: nobody
  groups: [viewers]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops:{{SessionName}}
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/platform-admin
  username: admin
  groups: [system:masters]
`,
		mapUsers: `- userarn: arn:aws:iam::111122223333:user/contractors/bob
  username: bob
  groups: [developers]
`,
	},
	{
		name: "legacy", mode: awsapi.ModeConfigMap, days: 900,
		mapRoles: `- rolearn: arn:aws:iam::111122223333:role/demo-node
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
`,
		mapUsers: `- userarn: arn:aws:iam::111122223333:user/alice
  username: alice
  groups: [viewers]
`,
		mapAccounts: `- "444455556666"
`,
	},
	{
		name: "private", mode: awsapi.ModeAPI, days: 100,
		entries: []seedEntry{
			{"role/platform-admin", "STANDARD", 100, "", "", "ClusterAdmin", ""},
		},
	},
	{
		name: "prod", mode: awsapi.ModeAPI, days: 400, tags: "env=prod",
		entries: []seedEntry{
			{"role/platform-admin", "STANDARD", 400, "", "", "ClusterAdmin", ""},
			{"role" + ssoPath + ssoAdministrator, "STANDARD", 399, "", "", "ClusterAdmin", ""},
			{"role" + ssoPath + ssoReadOnly, "STANDARD", 398, "", "", "AdminView", ""},
			// Other tools manage these: a controller, a stack, a capability of EKS, AWS Batch.
			{"role/joiner", "STANDARD", 19, "", "", "View:dev", "services.k8s.aws/controller-version=eks-v1.20.0 services.k8s.aws/namespace=default services.k8s.aws/name=joiner"},
			{"user/dave", "STANDARD", 90, "", "", "View:dev", "aws:cloudformation:stack-name=prod-access aws:cloudformation:logical-id=Dave"},
			{"role/argocd", "STANDARD", 80, "", "", "ArgoCDCluster ArgoCD:argocd", ""},
			{"role/aws-service-role/batch.amazonaws.com/" + awsapi.BatchServiceRole, "STANDARD", 44, "", "", "AWSBatchCluster", ""},
		},
	},
	{
		name: "staging", mode: awsapi.ModeBoth, days: 300, tags: "env=staging",
		// Everybody here has a problem with access. Some belong to sets of files.
		entries: []seedEntry{
			{"role/platform-admin", "STANDARD", 300, "", "", "ClusterAdmin", "kubectl-access/set=platform"},
			{"role/team/dev", "STANDARD", 120, "", "", "Edit:dev", "kubectl-access/set=web"},
			{"role/rotated", "STANDARD", 110, "", "", "Edit:dev,dev-* View", ""},
			{"role" + ssoPath + ssoFormer, "STANDARD", 210, "", "", "Admin:dev View", "kubectl-access/set=operators"},
			{"role/idle", "STANDARD", 90, "", "nobody-binds-this", "", "kubectl-access/set=web"},
		},
		mapRoles: `- rolearn: arn:aws:iam::111122223333:role/team/lead
  username: lead
  groups: [viewers]
- rolearn: arn:aws:sts::111122223333:assumed-role/mapped/sandbox
  username: mapped
  groups: [viewers]
- rolearn: arn:aws:iam::111122223333:role/twice
  username: twice-admin
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/twice
  username: twice
  groups: [viewers]
`,
		mapUsers: `- userarn: arn:aws:iam::111122223333:user/dave
  username: dave
	groups: [viewers]
`,
	},
}

// privateCluster has an endpoint inside its network only, so nothing answers here.
const privateCluster = "private"

// seedNodeGroups are what EKS itself runs; the nodes of legacy are self-managed.
var seedNodeGroups = []struct {
	cluster, name, role string
	fargate             bool
}{
	{"demo", "workers", "role/demo-node", false},
	{"demo", "pods", "role/demo-fargate-pods", true},
}

// seedUnused are the roles and users that were not used for so many days. The others were used yesterday.
var seedUnused = map[string]int{"user/dave": 150, "role/idle": 210, "role/team/lead": 130, "role" + ssoPath + ssoReadOnly: 95}

// seedTrust is who may assume a role, where that is not its account. A person can become a node with one of them.
var seedTrust = map[string][]string{
	"role/demo-node":         {"ec2.amazonaws.com"},
	"role/demo-windows-node": {"ec2.amazonaws.com", "arn:aws:iam::111122223333:role/ops"},
	"role/demo-fargate-pods": {"eks-fargate-pods.amazonaws.com"},
	"role/demo-auto-node":    {"ec2.amazonaws.com"},
	"role/demo-hybrid-node":  {"ssm.amazonaws.com"},
	"role/demo-hyperpod":     {"sagemaker.amazonaws.com"},
	"role/argocd":            {"capabilities.eks.amazonaws.com"},
}

// seedOutside is access that neither entries nor aws-auth show.
var seedOutside = []struct {
	cluster   string
	providers []string
	argoCD    awsapi.Capability
}{
	{cluster: "legacy", providers: []string{"corporate"}},
	{cluster: "prod", argoCD: awsapi.Capability{Type: "ARGOCD", Roles: []awsapi.CapabilityRole{
		{Role: "ADMIN", Kind: "SSO_GROUP", ID: "38414300-1041-708a-01af-5422d6091e34"}, {Role: "VIEWER", Kind: "SSO_USER", ID: "a8d1e3b0-70c1-70a5-9f5e-0d7c1f2b3a44"},
	}}},
}

// fillKinds is what a big cluster's other entries look like, over and over.
var fillKinds = []seedEntry{
	{"role/svc/app", "STANDARD", 30, "", "", "View:dev", "team=apps"},
	{"role/svc/api", "STANDARD", 45, "", "developers", "Edit:dev,dev-*", ""},
	{"role/ci/job", "STANDARD", 12, "ci:{{SessionName}}", "", "Edit:staging View", "team=release"},
	{"role/team/member", "STANDARD", 77, "", "developers,viewers", "View", ""},
	{"user/contractors/user", "STANDARD", 9, "", "viewers", "View:dev-*", "expires=never"},
	{"role/svc/worker", "STANDARD", 61, "", "", "Admin:prod SecretReader:prod", ""},
	{"role/team/lead", "STANDARD", 150, "", "", "AdminView Edit:staging,prod", "team=leads env=all"},
	{"role/node", "EC2_LINUX", 100, "", "", "", ""},
	{"role/svc/cron", "STANDARD", 20, "", "", "View:staging", ""},
	{"role/fargate", "FARGATE_LINUX", 33, "", "", "", ""},
}
