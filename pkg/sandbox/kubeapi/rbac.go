package kubeapi

import (
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// role is a Role, or without a namespace a ClusterRole.
type role struct {
	namespace, name string
	rules           []policy.Rule
}

// roles are the same in every cluster.
var roles = sync.OnceValue(func() []role { //nolint:gochecknoglobals // a table that never changes, made when it is first needed
	return []role{
		{"", "cluster-admin", []policy.Rule{
			{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}},
			{NonResourceURLs: []string{"*"}, Verbs: []string{"*"}},
		}},
		{"", "admin", policyRules("AmazonEKSAdminPolicy")},
		{"", "edit", policyRules("AmazonEKSEditPolicy")},
		{"", "view", policyRules("AmazonEKSViewPolicy")},
		{"", "system:basic-user", []policy.Rule{
			{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"selfsubjectreviews"}, Verbs: []string{"create"}},
			{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews"}, Verbs: []string{"create"}},
		}},
		{"", "system:discovery", []policy.Rule{{
			NonResourceURLs: []string{"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"},
			Verbs:           []string{"get"},
		}}},
		{"dev", "developer", []policy.Rule{
			{APIGroups: []string{""}, Resources: []string{"pods", "pods/log", "configmaps", "services"}, Verbs: []string{"get", "list", "watch"}},
			{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get", "list", "watch", "update", "patch"}},
		}},
	}
})

// policyRules are the rules that an access policy, or the ClusterRole like it, grants in general.
func policyRules(name string) []policy.Rule {
	p, _ := policy.Find(name) // one without rules grants nothing
	return slices.DeleteFunc(slices.Clone(p.Rules), func(r policy.Rule) bool { return r.Restricted != "" })
}

// Allowed evaluates the user's access policies and then RBAC; neither can deny.
func (u User) Allowed(at Attributes) bool {
	if _, ok := allowing(u.Policies, at); ok {
		return true
	}
	return anyRule(u.rules(at.Namespace), at)
}

// allowing finds an access policy that allows the request in its scope.
func allowing(policies []awsapi.Association, at Attributes) (awsapi.Association, bool) {
	for _, p := range policies {
		if inScope(p.AccessScope, at.Namespace) && anyRule(policyRules(strings.TrimPrefix(p.PolicyARN, awsapi.PolicyPrefix)), at) {
			return p, true
		}
	}
	return awsapi.Association{}, false
}

// inScope knows a * at the end. UNVERIFIED (eks-access.md §4.5): any other wildcard.
func inScope(scope awsapi.AccessScope, namespace string) bool {
	if scope.Type == "cluster" {
		return true
	}
	return namespace != "" && slices.ContainsFunc(scope.Namespaces, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return pattern == namespace || open && strings.HasPrefix(namespace, prefix)
	})
}

func anyRule(rules []policy.Rule, at Attributes) bool {
	q := rights.Request{Verb: at.Verb, Group: at.Group, Resource: at.Resource, Subresource: at.Subresource, Namespace: at.Namespace, Name: at.Name, URL: at.Path}
	return slices.ContainsFunc(rules, func(r policy.Rule) bool { return rights.Covers(r, q) })
}
