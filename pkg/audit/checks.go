package audit

import (
	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Check is one kind of finding. One of its functions adds the findings, for each thing that it is about.
type Check struct {
	ID, Title  string
	Severity   Severity
	Says       string // the sentence; {} are blanks
	References []string
	Must       []string // sources without which it is not evaluated
	Should     []string // sources without which it may find too little

	cluster func(*view)
	entry   func(*view, *access.Entry)
	person  func(v *view, id *rights.Identity, admin bool)
	mapping func(*view, *access.Mapping, access.State)
	binding func(*view, *access.Binding)
}

const bestPractices = "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html"

// References and sources that several checks share.
var (
	practices = []string{bestPractices}                                                                     //nolint:gochecknoglobals // a table
	goodRBAC  = []string{"https://kubernetes.io/docs/concepts/security/rbac-good-practices/"}               //nolint:gochecknoglobals // a table
	guide     = []string{"https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"}            //nolint:gochecknoglobals // a table
	policies  = []string{"https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"} //nolint:gochecknoglobals // a table
	admins    = []string{"CIS Amazon EKS Benchmark 4.1.1", bestPractices}                                   //nolint:gochecknoglobals // a table

	awsAuth  = []string{access.ReadAWSAuth}                                                               //nolint:gochecknoglobals // a table
	bindings = []string{access.ReadBindings}                                                              //nolint:gochecknoglobals // a table
	roles    = []string{access.ReadBindings, access.ReadRoles}                                            //nolint:gochecknoglobals // a table
	anything = []string{access.ReadAWSAuth, access.ReadBindings, access.ReadRoles}                        //nolint:gochecknoglobals // a table
	history  = []string{ReadHistory}                                                                      //nolint:gochecknoglobals // a table
	recorded = []string{"https://docs.aws.amazon.com/eks/latest/userguide/logging-using-cloudtrail.html"} //nolint:gochecknoglobals // a table
	lives    = []string{ReadLives}                                                                        //nolint:gochecknoglobals // a table
)

// Checks are all kinds of findings (rights.md §9). IDs are stable.
var Checks = []Check{
	{
		ID: "system-masters-line", Title: "aws-auth maps a principal to system:masters", Severity: Critical, References: admins, Must: awsAuth,
		Says: "aws-auth {} maps {} to system:masters, which no RBAC binding can limit or revoke", mapping: mastersMapping,
	},
	{
		ID: "map-accounts", Title: "aws-auth maps a whole account", Severity: Critical, References: practices, Must: awsAuth,
		Says: "aws-auth {} gives access to every role and user of {}, with its ARN as the username", mapping: mappedAccount,
	},
	{
		ID: "aws-auth-writers", Title: "A principal that is not a cluster administrator can change aws-auth", Severity: Critical, References: practices, Should: anything,
		Says: "{} can change aws-auth, which the cluster reads, and so map anyone to system:masters", cluster: awsAuthWriters,
	},
	{
		ID: "anonymous-rights", Title: "RBAC grants rights to anonymous requests or to all users", Severity: High, References: goodRBAC, Must: bindings,
		Says: "{} grants {} to {}", binding: anonymous,
	},
	{
		ID: "escalation-right", Title: "RBAC lets a principal become a cluster administrator", Severity: High, References: goodRBAC, Must: roles, Should: awsAuth,
		Says: "{} {}", cluster: escalations,
	},
	{
		ID: "kube-system-escalation", Title: "edit or admin reaches kube-system", Severity: High, References: goodRBAC, Should: anything,
		Says: "{} is a cluster administrator in effect: {} includes kube-system, where it may act as a controller that may change every role", person: reachesKubeSystem,
	},
	{
		ID: "cluster-admin-user", Title: "An IAM user is a cluster administrator", Severity: High, References: admins, Should: anything,
		Says: "{} is an IAM user, whose keys do not expire, and a cluster administrator", person: adminUser,
	},
	{
		ID: "foreign-account", Title: "A principal of another account has access", Severity: Medium, References: guide, Should: anything,
		Says: "{} is a principal of another account, which decides who may use it", person: foreign,
	},
	{
		ID: "recreated-principal", Title: "The role or user of an entry was recreated", Severity: High, References: guide, Should: lives,
		Says: "{} was deleted and recreated after its entry, which no longer works: EKS ties an entry to the ID of its {}", entry: recreated,
	},
	{
		ID: "same-identity", Title: "Two principals have the same username", Severity: Medium, References: guide, Should: anything,
		Says: "{} have the same username {}: {}", cluster: sameIdentity,
	},
	{
		ID: "node-role-human", Title: "A role of nodes is also for others", Severity: High, References: practices, Should: []string{ReadUses, access.ReadAWSAuth},
		Says: "{} is a role of nodes and not for nodes only ({}): with it a person joins as a node", cluster: nodeRoles,
	},
	{
		ID: "overdue-grant", Title: "An entry has expired and was not removed", Severity: High, References: guide,
		Says: "{} has access that expired at {} and was not removed", entry: overdue,
	},
	{
		ID: "aws-auth-unreadable", Title: "The authenticator cannot read aws-auth", Severity: High, References: guide, Must: awsAuth,
		Says: "aws-auth: {}", cluster: faults,
	},
	{
		ID: "admin-view-secrets", Title: "admin-view on the whole cluster reads all secrets", Severity: Medium, References: policies,
		Says: "{} can read every secret and run commands in pods through the kubelet, by admin-view on the whole cluster", entry: adminView,
	},
	{
		ID: "creator-admin", Title: "The cluster's creator is a cluster administrator", Severity: Medium, References: practices,
		Says: "{} is a cluster administrator{}", cluster: creator,
	},
	{
		ID: "mode-config-map", Title: "The cluster reads no access entries", Severity: Medium, References: practices,
		Says: "the cluster reads aws-auth only, which anyone who can edit one ConfigMap controls", cluster: modeConfigMap,
	},
	{
		ID: "mode-not-api", Title: "The cluster still reads aws-auth", Severity: Low, References: practices,
		Says: "the cluster still reads aws-auth beside access entries", cluster: modeNotAPI,
	},
	{
		ID: "cluster-admin-count", Title: "Number of cluster administrators", Severity: Info, References: admins, Should: anything,
		Says: "cluster administrators: {}{}", cluster: adminCount,
	},
	{
		ID: "wildcard-scope", Title: "A scope with a wildcard includes kube-system or default", Severity: Medium, References: policies,
		Says: "{} has {} in {}, which includes kube-system or default", entry: wildcard,
	},
	{
		ID: "iam-user-entry", Title: "An IAM user has an entry", Severity: Medium, References: practices,
		Says: "{} is an IAM user, whose keys do not expire; use a role or an IAM Identity Center permission set", entry: userEntry,
	},
	{
		ID: "dead-principal", Title: "The role or user of an entry no longer exists", Severity: Medium, References: guide, Should: lives,
		Says: "{} no longer exists in IAM, and its entry is left", entry: deleted,
	},
	{
		ID: "unused-principal", Title: "A principal with access is not used", Severity: Medium, References: []string{"https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html"}, Must: []string{ReadUses}, Should: []string{ReadUserUses},
		Says: "{} was not used anywhere {}, and has access to the cluster", cluster: unused,
	},
	{
		ID: "aws-auth-never-matches", Title: "A mapping never matches a caller", Severity: Medium, References: guide, Must: awsAuth,
		Says: "aws-auth {} never matches a caller: {}", mapping: neverMatches,
	},
	{
		ID: "aws-auth-dropped", Title: "A mapping is invalid", Severity: Medium, References: guide, Must: awsAuth,
		Says: "aws-auth {} is invalid and gives nothing: {}", mapping: invalid,
	},
	{
		ID: "service-policy-on-human", Title: "A principal has a policy that is meant for AWS services", Severity: Medium, References: policies, Should: []string{ReadUses},
		Says: "{} has the policy {}, which AWS made for its services", entry: servicePolicy,
	},
	{
		ID: "aws-auth-shadowed", Title: "A mapping is overridden", Severity: Low, References: guide, Must: awsAuth, Should: lives,
		Says: "aws-auth {} is overridden by {}", mapping: overridden,
	},
	{
		ID: "aws-auth-leftover", Title: "aws-auth is no longer read", Severity: Low, References: guide, Must: []string{readLeftover},
		Says: "aws-auth has mappings that the cluster no longer reads: {}", cluster: leftover,
	},
	{
		ID: "grants-nothing", Title: "An entry grants nothing", Severity: Low, References: guide, Must: bindings,
		Says: "{} has an entry that grants nothing: neither a policy nor an RBAC binding gives it anything", entry: noEffect,
	},
	{
		ID: "group-bound-to-nothing", Title: "A group of an entry has no binding", Severity: Low, References: guide, Must: bindings,
		Says: "{} has the group {}, which no RBAC binding names{}", entry: unboundGroup,
	},
	{
		ID: "scope-namespace-absent", Title: "A scope names a namespace that does not exist", Severity: Low, References: guide, Must: []string{ReadNamespaces},
		Says: "{} has {} in namespace {}, which does not exist{}", entry: absentNamespace,
	},
	{
		ID: "username-without-session", Title: "The people behind a role share one username", Severity: Low, References: practices,
		Says: "{} has the username {} for all its sessions, so the audit log does not tell the people behind it apart", entry: sharedUsername,
	},
	{
		ID: "dangling-binding", Title: "A binding refers to a role that does not exist", Severity: Low, References: goodRBAC, Must: roles, Should: awsAuth,
		Says: "{} refers to {}, which does not exist: it grants nothing until somebody creates that role, and decides what {} can do", binding: dangling,
	},
	{
		ID: "orphan-rbac-subject", Title: "A binding names a user or group that no principal has", Severity: Info, References: goodRBAC, Must: []string{access.ReadBindings, access.ReadAWSAuth, ReadProviders},
		Says: "RBAC binds {}, which no entry and no mapping has: a principal that can create an entry with it gets these rights", cluster: orphans,
	},
	{
		ID: "admin-no-expiry", Title: "A cluster administrator without an expiry", Severity: Info, References: admins,
		Says: "{} is a cluster administrator without an expiry", person: permanentAdmin,
	},
	{
		ID: "owned-elsewhere", Title: "Another tool manages an entry", Severity: Info, References: guide,
		Says: "{} is {}: {}", entry: owned,
	},
	{
		ID: "other-access", Title: "Access that neither entries nor aws-auth show", Severity: Info, References: guide, Should: []string{ReadProviders, ReadArgoCD, ReadACK},
		Says: "{}", cluster: otherAccess,
	},
	{
		ID: "drift", Title: "An entry is not as the files say", Severity: Medium, References: guide, Must: []string{ReadFiles},
		Says: "{} is not as the files say: the cluster has {}, the files {}", cluster: drift,
	},
	{
		ID: "short-lived-grant", Title: "A grant was revoked within an hour", Severity: Info, References: recorded, Must: history,
		Says: "{} had access for {} only: {} by {}", cluster: shortLived,
	},
	{
		ID: "self-grant", Title: "A principal granted access to itself", Severity: Info, References: recorded, Must: history,
		Says: "{} changed its own access: {} by {}", cluster: selfGrant,
	},
	{
		ID: "refused-attempt", Title: "An attempt to change access was denied", Severity: Info, References: recorded, Must: history,
		Says: "the access of {} was to be changed by {}, who was denied: {}", cluster: refusedAttempt,
	},
	{
		ID: "audit-log-off", Title: "The audit log is off", Severity: Info, References: []string{"CIS Amazon EKS Benchmark 2.1.1"},
		Says: "the logs of kinds audit and authenticator are off, so nobody can find out later who used an access or changed RBAC", cluster: auditLog,
	},
}

// Titled is the title of a check, or of the findings that no check makes; "" for an unknown ID.
func Titled(id string) string {
	for i := range Checks {
		if Checks[i].ID == id {
			return Checks[i].Title
		}
	}
	return map[string]string{NotEvaluated: "A check could not be evaluated", ExpiredIgnore: "A rule of the ignore file has expired"}[id]
}
