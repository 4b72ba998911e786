package sandbox

import (
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// attributes are what a request to a cluster is judged by; path is set for what is no resource.
type attributes struct {
	verb, group, resource, subresource, namespace, name, path string
}

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

// allowed asks the user's access policies and then RBAC; both only ever allow.
func (u user) allowed(at attributes) bool {
	if _, ok := allowing(u.policies, at); ok {
		return true
	}
	return anyRule(u.rules(at.namespace), at)
}

// allowing finds an access policy that allows the request in its scope.
func allowing(policies []association, at attributes) (association, bool) {
	for _, p := range policies {
		if inScope(p.AccessScope, at.namespace) && anyRule(policyRules(strings.TrimPrefix(p.PolicyARN, policyPrefix)), at) {
			return p, true
		}
	}
	return association{}, false
}

// inScope knows a * at the end. UNVERIFIED (eks-access.md §4.5): any other wildcard.
func inScope(scope accessScope, namespace string) bool {
	if scope.Type == "cluster" {
		return true
	}
	return namespace != "" && slices.ContainsFunc(scope.Namespaces, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return pattern == namespace || open && strings.HasPrefix(namespace, prefix)
	})
}

func anyRule(rules []policy.Rule, at attributes) bool {
	return slices.ContainsFunc(rules, func(r policy.Rule) bool { return covers(r, at) })
}

func covers(r policy.Rule, at attributes) bool {
	if !has(r.Verbs, at.verb) {
		return false
	}
	if at.path != "" {
		return slices.ContainsFunc(r.NonResourceURLs, func(pattern string) bool {
			prefix, open := strings.CutSuffix(pattern, "*")
			return pattern == at.path || open && strings.HasPrefix(at.path, prefix)
		})
	}
	resource := at.resource
	if at.subresource != "" {
		resource += "/" + at.subresource
	}
	return has(r.APIGroups, at.group) &&
		(has(r.Resources, resource) || at.subresource != "" && slices.Contains(r.Resources, "*/"+at.subresource)) &&
		(len(r.ResourceNames) == 0 || at.name != "" && slices.Contains(r.ResourceNames, at.name))
}

func has(list []string, word string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, word)
}
