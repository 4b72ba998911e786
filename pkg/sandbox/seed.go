package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	accountID = "111122223333"
	ssoPath   = "/aws-reserved/sso.amazonaws.com/us-west-2/"

	ssoAdministrator = "AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7081"
	ssoDeveloper     = "AWSReservedSSO_Developer_90a1b2c3d4e5f607"
	ssoReadOnly      = "AWSReservedSSO_Read_Only_8f7e6d5c4b3a2910"
	ssoOperator      = "AWSReservedSSO_Operator_4d5e6f708192a3b4"
	ssoFormer        = "AWSReservedSSO_Operator_0f1e2d3c4b5a6978" // of the same permission set, before it was assigned anew
	eksServiceRole   = "AWSServiceRoleForAmazonEKS"
	batchServiceRole = "AWSServiceRoleForBatch"
)

// seedPrincipals are the roles and users of a new account; each is a day older than it says here, so that
// no entry is older than its principal but where that is the point.
var seedPrincipals = []struct {
	kind, path, name string
	days             int
	allow            []string
}{
	{"role", "/", "platform-admin", 1000, []string{"*"}},
	{"role", "/team/", "dev", 380, []string{"eks:Describe*", "eks:List*", "iam:Get*", "sts:*"}},
	{"role", "/", "ops", 990, []string{"eks:*", "iam:*", "sts:*", "cloudtrail:*"}},
	{"role", "/ci/", "deployer", 360, []string{"eks:DescribeCluster", "sts:*"}},
	{"role", "/", "newcomer", 3, []string{"eks:DescribeCluster", "eks:ListClusters", "sts:*"}},
	{"role", "/", "auditor", 300, []string{"eks:Describe*", "eks:List*", "iam:Get*", "iam:List*", "sts:*", "cloudtrail:LookupEvents"}},
	{"role", "/", "eks-operator", 280, []string{"eks:*", "sts:*", "cloudtrail:LookupEvents"}},
	{"role", "/", "entry-manager", 120, []string{"eks:*", "iam:Get*", "iam:List*", "sts:*", "cloudtrail:LookupEvents"}},
	{"role", "/", "demo-node", 200, nil},
	{"role", "/", "demo-windows-node", 150, nil},
	{"role", "/", "demo-fargate-pods", 140, nil},
	{"role", "/", "demo-auto-node", 60, nil},
	{"role", "/", "demo-hybrid-node", 50, nil},
	{"role", "/", "demo-hyperpod", 40, nil},
	{"role", "/", "rotated", 1, []string{"eks:Describe*", "eks:List*", "iam:GetRole", "sts:*"}},
	{"role", "/team/", "lead", 310, readers},
	{"role", "/", "mapped", 320, readers},
	{"role", "/", "twice", 330, readers},
	{"role", "/", "idle", 340, readers},
	{"role", "/", "joiner", 20, readers},
	{"role", ssoPath, ssoOperator, 2, readers},
	{"user", "/", "dave", 350, readers},
	{"role", ssoPath, ssoAdministrator, 700, []string{"*"}},
	{"role", ssoPath, ssoDeveloper, 690, []string{"eks:Describe*", "eks:List*", "sts:*"}},
	{"role", ssoPath, ssoReadOnly, 690, []string{"eks:Describe*", "eks:List*", "iam:Get*", "iam:List*", "sts:*"}},
	{"role", "/", "argocd", 80, nil},
	{"role", "/aws-service-role/eks.amazonaws.com/", eksServiceRole, 900, nil},
	{"role", "/aws-service-role/batch.amazonaws.com/", batchServiceRole, 45, nil},
	{"user", "/", "alice", 800, []string{"eks:Describe*", "eks:List*", "sts:*"}},
	{"user", "/contractors/", "bob", 30, []string{"eks:DescribeCluster", "sts:*"}},
}

// readers may look at all that tells whether they are let in.
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
		// The note is hostile on purpose: who prints it raw paints the terminal red.
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
		// Others keep these: a controller, a stack, a capability of EKS, AWS Batch.
		{
			"role/joiner", "STANDARD", 19, "", nil,
			[]string{"View:dev"},
			map[string]string{"services.k8s.aws/controller-version": "eks-v1.20.0", "services.k8s.aws/namespace": "default", "services.k8s.aws/name": "joiner"},
		},
		{"user/dave", "STANDARD", 90, "", nil, []string{"View:dev"}, map[string]string{"aws:cloudformation:stack-name": "prod-access", "aws:cloudformation:logical-id": "Dave"}},
		{"role/argocd", "STANDARD", 80, "", nil, []string{"ArgoCDCluster", "ArgoCD:argocd"}, nil},
		{"role/aws-service-role/batch.amazonaws.com/" + batchServiceRole, "STANDARD", 44, "", nil, []string{"AWSBatchCluster"}, nil},
	},
	"private": {
		{"role/platform-admin", "STANDARD", 100, "", nil, []string{"ClusterAdmin"}, nil},
	},
	// Everybody here has a trouble with getting in, or with what that gives.
	"staging": {
		{"role/platform-admin", "STANDARD", 300, "", nil, []string{"ClusterAdmin"}, nil},
		{"role/team/dev", "STANDARD", 120, "", nil, []string{"Edit:dev"}, nil},
		{"role/rotated", "STANDARD", 110, "", nil, []string{"Edit:dev,dev-*", "View"}, nil},
		{"role" + ssoPath + ssoFormer, "STANDARD", 210, "", nil, []string{"Admin:dev", "View"}, nil},
		{"role/idle", "STANDARD", 90, "", []string{"nobody-binds-this"}, nil, nil},
	},
}

// seedAWSAuth is written as people write it, with the slips that the authenticator forgives or ignores.
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
	{"demo", modeBoth, 200, map[string]string{"env": "demo"}},
	{"legacy", modeConfigMap, 900, map[string]string{}},
	{"private", modeAPI, 100, map[string]string{}},
	{"prod", modeAPI, 400, map[string]string{"env": "prod"}},
	{"staging", modeBoth, 300, map[string]string{"env": "staging"}},
}

// privateCluster has an endpoint inside its network only, so nobody answers here.
const privateCluster = "private"

// seeded makes a new account: the same names and ids every time, as old as they say on the day they are made.
func seeded(now time.Time) *account {
	a := &account{ID: accountID, Region: "us-west-2", Principals: map[string]*principal{}, Clusters: map[string]*cluster{}}
	for _, s := range seedPrincipals {
		prefix := "AROA"
		if s.kind == "user" {
			prefix = "AIDA"
		}
		a.add(&principal{Kind: s.kind, Path: s.path, Name: s.name, ID: uniqueID(prefix, s.name), Created: daysAgo(now, s.days+1, s.name), Allow: s.allow})
	}
	for _, s := range seedClusters {
		cl := &cluster{
			Name: s.name, Created: daysAgo(now, s.days+1, s.name), Creator: a.arnOf("role/platform-admin"), Mode: s.mode,
			Tags: maps.Clone(s.tags), AWSAuth: maps.Clone(seedAWSAuth[s.name]), Entries: map[string]history{},
			Bindings: slices.Clone(seedBindings), NodeGroups: map[string]nodeGroup{},
		}
		for group, g := range seedNodeGroups[s.name] {
			cl.NodeGroups[group] = nodeGroup{Role: a.arnOf(g.Role), Fargate: g.Fargate}
		}
		a.Clusters[s.name] = cl
		for _, e := range seedEntries[s.name] {
			a.seedEntry(cl, e, now)
		}
	}
	return a
}

func (a *account) arnOf(principal string) string { return "arn:aws:iam::" + a.ID + ":" + principal }

// daysAgo adds some hours and minutes of salt's own, so that ages look grown.
func daysAgo(now time.Time, days int, salt string) time.Time {
	sum := digest(salt)
	return now.Add(-time.Duration(days)*24*time.Hour + time.Duration(sum[0])*time.Minute + time.Duration(sum[1])*time.Second)
}

func (a *account) seedEntry(cl *cluster, s seedEntry, now time.Time) {
	arn, at := a.arnOf(s.principal), epoch{daysAgo(now, s.days, s.principal)}
	id, ok := a.identify(arn)
	if who, _ := a.principal(arn); !ok || who.Created.After(at.Time) {
		id = uniqueID("AROA", arn, "once") // of the role that was deleted since
	}
	e := a.newEntry(cl, entryRequest{PrincipalARN: arn, Type: s.kind, Username: s.username, KubernetesGroups: s.groups, Tags: s.tags}, id, at, uuid(cl.Name, arn))
	for _, text := range s.policies {
		e.Policies = append(e.Policies, seedGrant(text, at))
	}
	cl.Entries[arn] = history{{Entry: e}}
}

func seedGrant(text string, at epoch) association {
	name, list, namespaced := strings.Cut(text, ":")
	scope := accessScope{Type: "cluster", Namespaces: []string{}}
	if namespaced {
		scope = accessScope{Type: "namespace", Namespaces: strings.Split(list, ",")}
	}
	if !strings.HasPrefix(name, "AWS") {
		name = "AmazonEKS" + name
	}
	return association{PolicyARN: policyPrefix + name + "Policy", AccessScope: scope, AssociatedAt: at, ModifiedAt: at}
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

// fill brings the cluster to total entries, each with a real principal behind it.
func (a *account) fill(cl *cluster, total int, now time.Time) {
	if cl == nil {
		return
	}
	for i, have := 0, cl.count(); have < total; i++ {
		s := fillKinds[i%len(fillKinds)]
		s.principal = fmt.Sprintf("%s-%04d", s.principal, i)
		if cl.Entries[a.arnOf(s.principal)].now() != nil {
			continue // kept from the run before
		}
		p := splitARN(a.arnOf(s.principal))
		prefix := "AROA"
		if p.kind == "user" {
			prefix = "AIDA"
		}
		a.add(&principal{Kind: p.kind, Path: p.path, Name: p.name, ID: uniqueID(prefix, p.name), Created: daysAgo(now, s.days+1, s.principal)})
		a.seedEntry(cl, s, now)
		have++
	}
}
