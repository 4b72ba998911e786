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

// seedEntry is one row of a cluster's entries. A policy reads View (whole cluster) or View:dev,dev-*.
type seedEntry struct {
	principal string // as in an ARN
	kind      string
	days      int
	username  string
	groups    []string
	policies  []string
	tags      map[string]string
}

var seedEntries = map[string][]seedEntry{
	"demo": {
		{"role/platform-admin", "STANDARD", 200, "", nil, []string{"ClusterAdmin"}, nil},
		{"role" + ssoPath + ssoAdministrator, "STANDARD", 198, "", nil, []string{"ClusterAdmin"}, map[string]string{"owner": "platform"}},
		{"role" + ssoPath + ssoDeveloper, "STANDARD", 190, "", nil, []string{"Edit:dev,dev-*", "View"}, nil},
		{"role/team/dev", "STANDARD", 120, "", []string{"developers"}, []string{"View:dev"}, map[string]string{"team": "dev"}},
		// The note is hostile on purpose: printed raw, it paints the terminal red.
		{
			"role/ci/deployer", "STANDARD", 90, "ci:{{SessionName}}", nil,
			[]string{"Edit:staging,prod"},
			map[string]string{"team": "release", "note": "\x1b[31mred\x1b[0m"},
		},
		{"user/alice", "STANDARD", 75, "", []string{"viewers"}, nil, nil},
		{"role/rotated", "STANDARD", 110, "", nil, []string{"View"}, nil},
		{"role/departed", "STANDARD", 180, "", nil, []string{"Admin:dev"}, nil},
		{"role/demo-node", "EC2_LINUX", 199, "", nil, nil, nil},
		{"role/demo-windows-node", "EC2_WINDOWS", 150, "", nil, nil, nil},
		{"role/demo-fargate-pods", "FARGATE_LINUX", 140, "", nil, nil, nil},
		{"role/demo-hybrid-node", "HYBRID_LINUX", 50, "", nil, nil, nil},
		{"role/demo-auto-node", "EC2", 60, "", nil, []string{"AutoNode"}, nil},
		{"role/demo-hyperpod", "HYPERPOD_LINUX", 40, "", nil, nil, nil},
		{"role/aws-service-role/eks.amazonaws.com/" + eksServiceRole, "STANDARD", 200, "eks:managed", nil, []string{"Event"}, nil},
	},
	"prod": {
		{"role/platform-admin", "STANDARD", 400, "", nil, []string{"ClusterAdmin"}, nil},
		{"role" + ssoPath + ssoAdministrator, "STANDARD", 399, "", nil, []string{"ClusterAdmin"}, nil},
		{"role" + ssoPath + ssoReadOnly, "STANDARD", 398, "", nil, []string{"AdminView"}, nil},
		// Other tools manage these: a controller, a stack, a capability of EKS, AWS Batch.
		{
			"role/joiner", "STANDARD", 19, "", nil,
			[]string{"View:dev"},
			map[string]string{"services.k8s.aws/controller-version": "eks-v1.20.0", "services.k8s.aws/namespace": "default", "services.k8s.aws/name": "joiner"},
		},
		{"user/dave", "STANDARD", 90, "", nil, []string{"View:dev"}, map[string]string{"aws:cloudformation:stack-name": "prod-access", "aws:cloudformation:logical-id": "Dave"}},
		{"role/argocd", "STANDARD", 80, "", nil, []string{"ArgoCDCluster", "ArgoCD:argocd"}, nil},
		{"role/aws-service-role/batch.amazonaws.com/" + awsapi.BatchServiceRole, "STANDARD", 44, "", nil, []string{"AWSBatchCluster"}, nil},
	},
	"private": {
		{"role/platform-admin", "STANDARD", 100, "", nil, []string{"ClusterAdmin"}, nil},
	},
	// Everybody here has a problem with access.
	"staging": {
		{"role/platform-admin", "STANDARD", 300, "", nil, []string{"ClusterAdmin"}, nil},
		{"role/team/dev", "STANDARD", 120, "", nil, []string{"Edit:dev"}, nil},
		{"role/rotated", "STANDARD", 110, "", nil, []string{"Edit:dev,dev-*", "View"}, nil},
		{"role" + ssoPath + ssoFormer, "STANDARD", 210, "", nil, []string{"Admin:dev", "View"}, nil},
		{"role/idle", "STANDARD", 90, "", []string{"nobody-binds-this"}, nil, nil},
	},
}

// seedAWSAuth is written as people write it, with the mistakes that the authenticator forgives or ignores.
var seedAWSAuth = map[string]map[string]string{
	"demo": {
		"mapRoles": `- rolearn: arn:aws:iam::111122223333:role/demo-node
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
		"mapUsers": `- userarn: arn:aws:iam::111122223333:user/contractors/bob
  username: bob
  groups: [developers]
`,
	},
	"legacy": {
		"mapRoles": `- rolearn: arn:aws:iam::111122223333:role/demo-node
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
`,
		"mapUsers": `- userarn: arn:aws:iam::111122223333:user/alice
  username: alice
  groups: [viewers]
`,
		"mapAccounts": `- "444455556666"
`,
	},
	"staging": {
		"mapRoles": `- rolearn: arn:aws:iam::111122223333:role/team/lead
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
		"mapUsers": `- userarn: arn:aws:iam::111122223333:user/dave
  username: dave
	groups: [viewers]
`,
	},
}

var seedClusters = []struct {
	name, mode string
	days       int
	tags       map[string]string
}{
	{"demo", awsapi.ModeBoth, 200, map[string]string{"env": "demo"}},
	{"legacy", awsapi.ModeConfigMap, 900, map[string]string{}},
	{"private", awsapi.ModeAPI, 100, map[string]string{}},
	{"prod", awsapi.ModeAPI, 400, map[string]string{"env": "prod"}},
	{"staging", awsapi.ModeBoth, 300, map[string]string{"env": "staging"}},
}

// privateCluster has an endpoint inside its network only, so nothing answers here.
const privateCluster = "private"

// seedNodeGroups are what EKS itself runs, by cluster; the nodes of legacy are self-managed.
var seedNodeGroups = map[string]map[string]awsapi.NodeGroup{
	"demo": {"workers": {Role: "role/demo-node"}, "pods": {Role: "role/demo-fargate-pods", Fargate: true}},
}

// fillKinds is what a big cluster's other entries look like, over and over.
var fillKinds = []seedEntry{
	{"role/svc/app", "STANDARD", 30, "", nil, []string{"View:dev"}, map[string]string{"team": "apps"}},
	{"role/svc/api", "STANDARD", 45, "", []string{"developers"}, []string{"Edit:dev,dev-*"}, nil},
	{"role/ci/job", "STANDARD", 12, "ci:{{SessionName}}", nil, []string{"Edit:staging", "View"}, map[string]string{"team": "release"}},
	{"role/team/member", "STANDARD", 77, "", []string{"developers", "viewers"}, []string{"View"}, nil},
	{"user/contractors/user", "STANDARD", 9, "", []string{"viewers"}, []string{"View:dev-*"}, map[string]string{"expires": "never"}},
	{"role/svc/worker", "STANDARD", 61, "", nil, []string{"Admin:prod", "SecretReader:prod"}, nil},
	{"role/team/lead", "STANDARD", 150, "", nil, []string{"AdminView", "Edit:staging,prod"}, map[string]string{"team": "leads", "env": "all"}},
	{"role/node", "EC2_LINUX", 100, "", nil, nil, nil},
	{"role/svc/cron", "STANDARD", 20, "", nil, []string{"View:staging"}, nil},
	{"role/fargate", "FARGATE_LINUX", 33, "", nil, nil, nil},
}
