package audit

import "github.com/kubectl-access/kubectl-access/pkg/access"

// References that many checks share.
const (
	cis411   = "CIS Amazon EKS Benchmark 4.1.1"
	bestPrac = "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html"
	goodRBAC = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
	entries  = "https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"
	policies = "https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"
)

var (
	rbacOnly = []string{access.ReadBindings, access.ReadRoles} //nolint:gochecknoglobals // a table
	anyWay   = []string{access.ReadAWSAuth, access.ReadBindings, access.ReadRoles}
)

// Checks are all kinds of findings (rights.md §9). IDs are stable.
var Checks = []Check{
	{"system-masters-line", "aws-auth maps a principal to system:masters", Critical, []string{cis411, goodRBAC}, []string{access.ReadAWSAuth}, nil, (*view).mastersMappings},
	{"map-accounts", "aws-auth maps a whole account", Critical, []string{bestPrac}, []string{access.ReadAWSAuth}, nil, (*view).mappedAccounts},
	{"aws-auth-writers", "A principal that is not a cluster administrator can change aws-auth", Critical, []string{bestPrac}, nil, anyWay, (*view).awsAuthWriters},
	{"anonymous-rights", "RBAC grants rights to anonymous or to all users", Critical, []string{"CIS Amazon EKS Benchmark 3.2.1", goodRBAC}, []string{access.ReadBindings}, nil, (*view).anonymous},
	{"escalation-right", "RBAC lets a principal become a cluster administrator", High, []string{"CIS Amazon EKS Benchmark 4.1.8", goodRBAC}, rbacOnly, []string{access.ReadAWSAuth}, (*view).escalations},
	{"kube-system-escalation", "edit or admin reaches kube-system", High, []string{goodRBAC, policies}, nil, anyWay, (*view).kubeSystem},
	{"cluster-admin-user", "An IAM user is a cluster administrator", High, []string{bestPrac, cis411}, nil, anyWay, (*view).adminUsers},
	{"foreign-account", "A principal of another account has access", High, []string{entries}, nil, anyWay, (*view).foreign},
	{"recreated-principal", "The role or user of an entry was recreated", High, []string{entries}, nil, []string{ReadLives}, (*view).recreated},
	{"same-identity", "Two principals have the same username", High, []string{entries}, nil, anyWay, (*view).sameIdentity},
	{"node-role-human", "A role of nodes is also for others", High, []string{bestPrac}, nil, []string{ReadUses, access.ReadAWSAuth}, (*view).nodeRoles},
	{"overdue-grant", "An entry has expired and was not removed", High, nil, nil, nil, (*view).overdue},
	{"aws-auth-unreadable", "aws-auth cannot be read by the authenticator", High, []string{entries}, []string{access.ReadAWSAuth}, nil, (*view).faults},
	{"admin-view-secrets", "admin-view on the whole cluster reads all secrets", Medium, []string{policies}, nil, nil, (*view).adminView},
	{"creator-admin", "The cluster's creator is a cluster administrator", Medium, []string{bestPrac}, nil, nil, (*view).creator},
	{"mode-config-map", "The cluster reads no access entries", Medium, []string{bestPrac, "CIS Amazon EKS Benchmark 4.1.7"}, nil, nil, (*view).modeConfigMap},
	{"mode-not-api", "The cluster still reads aws-auth", Low, []string{bestPrac}, nil, nil, (*view).modeNotAPI},
	{"cluster-admin-count", "Number of cluster administrators", Info, []string{cis411}, nil, anyWay, (*view).adminCount},
	{"wildcard-scope", "A scope with a wildcard includes kube-system or default", Medium, []string{policies}, nil, nil, (*view).wildcards},
	{"iam-user-entry", "An IAM user has an entry", Medium, []string{bestPrac, "CIS Amazon EKS Benchmark 5.5.1"}, nil, nil, (*view).userEntries},
	{"dead-principal", "The role or user of an entry no longer exists", Medium, []string{entries}, nil, []string{ReadLives}, (*view).deleted},
	{"unused-principal", "A role with access is not used", Medium, []string{"https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html"}, []string{ReadUses}, nil, (*view).unused},
	{"aws-auth-never-matches", "A mapping never matches a caller", Medium, []string{entries}, []string{access.ReadAWSAuth}, nil, (*view).neverMatches},
	{"aws-auth-dropped", "A mapping is invalid", Medium, []string{entries}, []string{access.ReadAWSAuth}, nil, (*view).droppedMappings},
	{"service-policy-on-human", "A policy that is meant for AWS services", Medium, []string{policies}, nil, nil, (*view).servicePolicies},
	{"aws-auth-shadowed", "A mapping is overridden", Low, []string{entries}, []string{access.ReadAWSAuth}, []string{ReadLives}, (*view).overridden},
	{"aws-auth-leftover", "aws-auth is no longer read", Low, []string{entries}, []string{readLeftover}, nil, (*view).leftover},
	{"grants-nothing", "An entry grants nothing", Low, nil, []string{access.ReadBindings}, nil, (*view).noEffect},
	{"group-bound-to-nothing", "A group of an entry has no binding", Low, nil, []string{access.ReadBindings}, nil, (*view).unboundGroups},
	{"scope-namespace-absent", "A scope names a namespace that does not exist", Low, nil, []string{ReadNamespaces}, nil, (*view).absentNamespaces},
	{"username-without-session", "People behind a role cannot be told apart", Low, []string{bestPrac}, nil, nil, (*view).sharedUsernames},
	{"dangling-binding", "A binding refers to a role that does not exist", Low, []string{goodRBAC}, rbacOnly, []string{access.ReadAWSAuth}, (*view).danglingBindings},
	{"orphan-rbac-subject", "A binding names a user or group that no principal has", Info, []string{goodRBAC}, []string{access.ReadBindings, access.ReadAWSAuth, ReadProviders}, nil, (*view).orphanSubjects},
	{"admin-no-expiry", "A cluster administrator without an expiry", Info, nil, nil, nil, (*view).permanentAdmins},
	{"owned-elsewhere", "Another tool manages an entry", Info, nil, nil, nil, (*view).ownedElsewhere},
	{"other-access", "Access that neither entries nor aws-auth show", Info, []string{"https://docs.aws.amazon.com/eks/latest/userguide/authenticate-oidc-identity-provider.html"}, nil, []string{ReadProviders, ReadArgoCD, ReadTypes}, (*view).otherAccess},
	{"audit-log-off", "The audit log is off", Info, []string{"CIS Amazon EKS Benchmark 2.1.1"}, nil, nil, (*view).auditLog},
}

// Titled is the title of a check, or of the findings that no check makes.
func Titled(id string) string {
	for _, c := range Checks {
		if c.ID == id {
			return c.Title
		}
	}
	return map[string]string{NotEvaluated: "A check could not be evaluated", ExpiredIgnore: "A rule of the ignore file has expired"}[id]
}
