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
	references string
	must       string // sources without which it is not evaluated
	should     string // sources without which it may find too little

	cluster func(*view)
	entry   func(*view, *access.Entry)
	person  func(v *view, id *rights.Identity, admin bool)
	mapping func(*view, *access.Mapping, access.State)
	binding func(*view, *access.Binding)
}

const bestPractices = "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html"

// References and sources that several checks share: lists, which a separator joins, so that the table of checks is data and no code.
const (
	practices = bestPractices
	goodRBAC  = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
	guide     = "https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"
	policies  = "https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"
	recorded  = "https://docs.aws.amazon.com/eks/latest/userguide/logging-using-cloudtrail.html"
	lastUsed  = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html"
	admins    = "CIS Amazon EKS Benchmark 4.1.1" + sep + bestPractices

	awsAuth  = access.ReadAWSAuth
	bindings = access.ReadBindings
	roles    = access.ReadBindings + sep + access.ReadRoles
	anything = access.ReadAWSAuth + sep + roles
)

// Checks are all kinds of findings (rights.md §9). IDs are stable.
var Checks = []Check{
	{
		ID: "system-masters-line", Title: "aws-auth maps a principal to system:masters", Severity: Critical, references: admins, must: awsAuth,
		Says: "aws-auth {} maps {} to system:masters, which no RBAC binding can limit or revoke", mapping: mastersMapping,
	},
	{
		ID: "map-accounts", Title: "aws-auth maps a whole account", Severity: Critical, references: practices, must: awsAuth,
		Says: "aws-auth {} gives access to every role and user of {}, with its ARN as the username", mapping: mappedAccount,
	},
	{
		ID: "aws-auth-writers", Title: "A principal that is not a cluster administrator can change aws-auth", Severity: Critical, references: practices, should: anything,
		Says: "{} can change aws-auth, which the cluster reads, and so map anyone to system:masters", cluster: awsAuthWriters,
	},
	{
		ID: "anonymous-rights", Title: "RBAC grants rights to anonymous requests or to all users", Severity: High, references: goodRBAC, must: bindings,
		Says: "{} grants {} to {}", binding: anonymous,
	},
	{
		ID: "escalation-right", Title: "RBAC lets a principal become a cluster administrator", Severity: High, references: goodRBAC, must: roles, should: awsAuth,
		Says: "{} {}", cluster: escalations,
	},
	{
		ID: "kube-system-escalation", Title: "edit or admin reaches kube-system", Severity: High, references: goodRBAC, should: anything,
		Says: "{} is a cluster administrator in effect: {} includes kube-system, where it may act as a controller that may change every role", person: reachesKubeSystem,
	},
	{
		ID: "cluster-admin-user", Title: "An IAM user is a cluster administrator", Severity: High, references: admins, should: anything,
		Says: "{} is an IAM user, whose keys do not expire, and a cluster administrator", person: adminUser,
	},
	{
		ID: "foreign-account", Title: "A principal of another account has access", Severity: Medium, references: guide, should: anything,
		Says: "{} is a principal of another account, which decides who may use it", person: foreign,
	},
	{
		ID: "recreated-principal", Title: "The role or user of an entry was recreated", Severity: High, references: guide, should: ReadLives,
		Says: "{} was deleted and recreated after its entry, which no longer works: EKS ties an entry to the ID of its {}", entry: recreated,
	},
	{
		ID: "same-identity", Title: "Two principals have the same username", Severity: Medium, references: guide, should: anything,
		Says: "{} have the same username {}: {}", cluster: sameIdentity,
	},
	{
		ID: "node-role-human", Title: "A role of nodes is also for others", Severity: High, references: practices, should: ReadUses + sep + access.ReadAWSAuth,
		Says: "{} is a role of nodes and not for nodes only ({}): with it a person joins as a node", cluster: nodeRoles,
	},
	{
		ID: "overdue-grant", Title: "An entry has expired and was not removed", Severity: High, references: guide,
		Says: "{} has access that expired at {} and was not removed", entry: overdue,
	},
	{
		ID: "aws-auth-unreadable", Title: "The authenticator cannot read aws-auth", Severity: High, references: guide, must: awsAuth,
		Says: "aws-auth: {}", cluster: faults,
	},
	{
		ID: "admin-view-secrets", Title: "admin-view on the whole cluster reads all secrets", Severity: Medium, references: policies,
		Says: "{} can read every secret and run commands in pods through the kubelet, by admin-view on the whole cluster", entry: adminView,
	},
	{
		ID: "creator-admin", Title: "The cluster's creator is a cluster administrator", Severity: Medium, references: practices,
		Says: "{} is a cluster administrator{}", cluster: creator,
	},
	{
		ID: "mode-config-map", Title: "The cluster reads no access entries", Severity: Medium, references: practices,
		Says: "the cluster reads aws-auth only, which anyone who can edit one ConfigMap controls", cluster: modeConfigMap,
	},
	{
		ID: "mode-not-api", Title: "The cluster still reads aws-auth", Severity: Low, references: practices,
		Says: "the cluster still reads aws-auth beside access entries", cluster: modeNotAPI,
	},
	{
		ID: "cluster-admin-count", Title: "Number of cluster administrators", Severity: Info, references: admins, should: anything,
		Says: "cluster administrators: {}{}", cluster: adminCount,
	},
	{
		ID: "wildcard-scope", Title: "A scope with a wildcard includes kube-system or default", Severity: Medium, references: policies,
		Says: "{} has {} in {}, which includes kube-system or default", entry: wildcard,
	},
	{
		ID: "iam-user-entry", Title: "An IAM user has an entry", Severity: Medium, references: practices,
		Says: "{} is an IAM user, whose keys do not expire; use a role or an IAM Identity Center permission set", entry: userEntry,
	},
	{
		ID: "dead-principal", Title: "The role or user of an entry no longer exists", Severity: Medium, references: guide, should: ReadLives,
		Says: "{} no longer exists in IAM, and its entry is left", entry: deleted,
	},
	{
		ID: "unused-principal", Title: "A principal with access is not used", Severity: Medium, references: lastUsed, must: ReadUses, should: ReadUserUses,
		Says: "{} was not used anywhere {}, and has access to the cluster", cluster: unused,
	},
	{
		ID: "aws-auth-never-matches", Title: "A mapping never matches a caller", Severity: Medium, references: guide, must: awsAuth,
		Says: "aws-auth {} never matches a caller: {}", mapping: neverMatches,
	},
	{
		ID: "aws-auth-dropped", Title: "A mapping is invalid", Severity: Medium, references: guide, must: awsAuth,
		Says: "aws-auth {} is invalid and gives nothing: {}", mapping: invalid,
	},
	{
		ID: "service-policy-on-human", Title: "A principal has a policy that is meant for AWS services", Severity: Medium, references: policies, should: ReadUses,
		Says: "{} has the policy {}, which AWS made for its services", entry: servicePolicy,
	},
	{
		ID: "aws-auth-shadowed", Title: "A mapping is overridden", Severity: Low, references: guide, must: awsAuth, should: ReadLives,
		Says: "aws-auth {} is overridden by {}", mapping: overridden,
	},
	{
		ID: "aws-auth-leftover", Title: "aws-auth is no longer read", Severity: Low, references: guide, must: readLeftover,
		Says: "aws-auth has mappings that the cluster no longer reads: {}", cluster: leftover,
	},
	{
		ID: "grants-nothing", Title: "An entry grants nothing", Severity: Low, references: guide, must: bindings,
		Says: "{} has an entry that grants nothing: neither a policy nor an RBAC binding gives it anything", entry: noEffect,
	},
	{
		ID: "group-bound-to-nothing", Title: "A group of an entry has no binding", Severity: Low, references: guide, must: bindings,
		Says: "{} has the group {}, which no RBAC binding names{}", entry: unboundGroup,
	},
	{
		ID: "scope-namespace-absent", Title: "A scope names a namespace that does not exist", Severity: Low, references: guide, must: ReadNamespaces,
		Says: "{} has {} in namespace {}, which does not exist{}", entry: absentNamespace,
	},
	{
		ID: "username-without-session", Title: "The people behind a role share one username", Severity: Low, references: practices,
		Says: "{} has the username {} for all its sessions, so the audit log does not tell the people behind it apart", entry: sharedUsername,
	},
	{
		ID: "dangling-binding", Title: "A binding refers to a role that does not exist", Severity: Low, references: goodRBAC, must: roles, should: awsAuth,
		Says: "{} refers to {}, which does not exist: it grants nothing until somebody creates that role, and decides what {} can do", binding: dangling,
	},
	{
		ID: "orphan-rbac-subject", Title: "A binding names a user or group that no principal has", Severity: Info, references: goodRBAC, must: access.ReadBindings + sep + access.ReadAWSAuth + sep + ReadProviders,
		Says: "RBAC binds {}, which no entry and no mapping has: a principal that can create an entry with it gets these rights", cluster: orphans,
	},
	{
		ID: "admin-no-expiry", Title: "A cluster administrator without an expiry", Severity: Info, references: admins,
		Says: "{} is a cluster administrator without an expiry", person: permanentAdmin,
	},
	{
		ID: "owned-elsewhere", Title: "Another tool manages an entry", Severity: Info, references: guide,
		Says: "{} is {}: {}", entry: owned,
	},
	{
		ID: "other-access", Title: "Access that neither entries nor aws-auth show", Severity: Info, references: guide, should: ReadProviders + sep + ReadArgoCD + sep + ReadACK,
		Says: "{}", cluster: otherAccess,
	},
	{
		ID: "drift", Title: "An entry is not as the files say", Severity: Medium, references: guide, must: ReadFiles,
		Says: "{} is not as the files say: the cluster has {}, the files {}", cluster: drift,
	},
	{
		ID: "short-lived-grant", Title: "A grant was revoked within an hour", Severity: Info, references: recorded, must: ReadHistory,
		Says: "a grant to {} lasted a short time only: {} by {}, revoked after {}", cluster: changed,
	},
	{
		ID: "self-grant", Title: "A principal granted access to itself", Severity: Info, references: recorded, must: ReadHistory,
		Says: "{} changed its own access: {} by {}", cluster: changed,
	},
	{
		ID: "refused-attempt", Title: "An attempt to change access was denied", Severity: Info, references: recorded, must: ReadHistory,
		Says: "an attempt to change the access of {} was denied: {} by {}", cluster: changed,
	},
	{
		ID: "audit-log-off", Title: "The audit log is off", Severity: Info, references: "CIS Amazon EKS Benchmark 2.1.1",
		Says: "the logs of kinds audit and authenticator are off, so nobody can find out later who used an access or changed RBAC", cluster: auditLog,
	},
}

// References are where the check comes from.
func (c *Check) References() []string { return items(c.references) }

// Needs are the sources without which the check is not evaluated, and those without which it may find too little.
func (c *Check) Needs() (must, should []string) { return items(c.must), items(c.should) }

// Titled is the title of a check, or of the findings that no check makes; "" for an unknown ID.
func Titled(id string) string {
	for i := range Checks {
		if Checks[i].ID == id {
			return Checks[i].Title
		}
	}
	return map[string]string{NotEvaluated: "A check could not be evaluated", ExpiredIgnore: "A rule of the ignore file has expired"}[id]
}
