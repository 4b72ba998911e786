package policy_test

import (
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

func TestASummarySaysWhatPeopleAskAbout(t *testing.T) {
	const reads = "reads pods, logs, configmaps, services, deployments, jobs and 19 more"
	const changes = "changes pods, configmaps, services, deployments, jobs, ingresses and "
	for _, row := range []struct {
		name       string
		namespaced bool
		want       string
	}{
		{"AmazonEKSViewPolicy", false, reads + "; no secrets, exec, deletion, RBAC changes, impersonation or nodes"},
		{"AmazonEKSEditPolicy", true, reads + "; " + changes + "11 more; reads and changes secrets; exec into pods; deletes; impersonates service accounts; no RBAC changes or nodes"},
		{"AmazonEKSAdminPolicy", true, reads + "; " + changes + "12 more; reads and changes secrets; exec into pods; deletes; changes RBAC of namespaces; impersonates service accounts; no nodes"},
		{"AmazonEKSAdminViewPolicy", false, "reads everything; reads secrets; exec into pods; reads nodes; no deletion, RBAC changes or impersonation"},
		{"AmazonEKSAdminViewPolicy", true, "reads everything; reads secrets; exec into pods before Kubernetes 1.35; no deletion, RBAC changes, impersonation or nodes"},
		{"AmazonEKSClusterAdminPolicy", false, "everything, including secrets, exec, deletion, RBAC changes, impersonation and nodes"},
		{"AmazonEKSClusterAdminPolicy", true, "everything, including secrets, exec, deletion, RBAC changes and impersonation; no nodes"},
		{"AmazonEKSSecretReaderPolicy", false, "reads secrets; no exec, deletion, RBAC changes, impersonation or nodes"},
		{"AmazonEKSHybridPolicy", true, "nothing"},
		{"AmazonEKSEventPolicy", false, "unknown: AWS publishes no rules of it"},
	} {
		p, _ := policy.Find(row.name)
		if got := p.Summary(row.namespaced); got != row.want {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

func TestASummaryKnowsWildcardsGroupsAndNames(t *testing.T) {
	for _, row := range []struct {
		rule policy.Rule
		want string
	}{
		{policy.Rule{APIGroups: []string{""}, Resources: []string{"*"}, Verbs: []string{"get"}}, "reads pods, logs, configmaps, services, events and all of the core group; reads secrets; exec into pods; reads nodes; no deletion, RBAC changes or impersonation"},
		{policy.Rule{APIGroups: []string{"metrics.k8s.io"}, Resources: []string{"nodes", "pods"}, Verbs: []string{"list"}}, "reads nodes.metrics.k8s.io and pods.metrics.k8s.io; no secrets, exec, deletion, RBAC changes, impersonation or nodes"},
		{policy.Rule{APIGroups: []string{""}, Resources: []string{"secrets", "configmaps"}, ResourceNames: []string{"a"}, Verbs: []string{"get"}}, "reads some configmaps; reads some secrets; no exec, deletion, RBAC changes, impersonation or nodes"},
		{policy.Rule{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"*"}, Verbs: []string{"bind"}}, "changes RBAC of the cluster; no secrets, exec, deletion, impersonation or nodes"},
		{policy.Rule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"delete"}, Restricted: "some"}, "nothing"},
	} {
		if got := policy.Summarize([]policy.Rule{row.rule}, false).String(); got != row.want {
			t.Errorf("%+v: %s", row.rule, got)
		}
	}
}
