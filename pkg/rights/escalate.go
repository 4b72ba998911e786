package rights

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Danger is one right that makes its holder a cluster administrator, or nearly, and why (rights.md §5; Kubernetes, "RBAC
// good practices").
type Danger struct {
	ID       string
	Critical bool // one request away from everything, if held where Inside says
	Ask      []Request
	Inside   string // the namespace that it is dangerous in; "": every
	Wide     bool   // only dangerous in the whole cluster
	Why      string
}

// Dangers are the ways to become a cluster administrator, the shortest first.
var Dangers = []Danger{
	{ID: "cluster-admin", Critical: true, Wide: true, Ask: []Request{{Verb: "*", Group: "*", Resource: "*"}}, Why: "is a cluster administrator"},
	{ID: "escalate", Critical: true, Wide: true, Ask: []Request{{Verb: "escalate", Group: rbacGroup, Resource: "clusterroles"}}, Why: "may give a role rights that nobody gave them"},
	{ID: "bind", Critical: true, Wide: true, Ask: []Request{{Verb: "bind", Group: rbacGroup, Resource: "clusterroles"}}, Why: "may bind any ClusterRole to themselves"},
	{ID: "impersonate", Critical: true, Wide: true, Ask: []Request{{Verb: "impersonate", Resource: "users"}, {Verb: "impersonate", Resource: "groups"}}, Why: "may act as anybody"},
	{ID: "impersonate-system", Critical: true, Inside: "kube-system", Ask: []Request{{Verb: "impersonate", Resource: "serviceaccounts"}}, Why: "may act as a controller of kube-system that may change every role"},
	{ID: "aws-auth", Critical: true, Inside: "kube-system", Ask: []Request{{Verb: "update", Resource: "configmaps", Name: "aws-auth"}, {Verb: "patch", Resource: "configmaps", Name: "aws-auth"}}, Why: "may map anybody to system:masters in aws-auth"},
	{ID: "system-tokens", Critical: true, Inside: "kube-system", Ask: []Request{{Verb: "create", Resource: "serviceaccounts", Subresource: "token"}}, Why: "may get the token of a controller of kube-system"},
	{ID: "system-pods", Critical: true, Inside: "kube-system", Ask: podMakers, Why: "may run a pod as any service account of kube-system"},
	{ID: "webhooks", Critical: true, Wide: true, Ask: admission, Why: "may change every request to the cluster"},
	{ID: "certificates", Critical: true, Wide: true, Ask: []Request{{Verb: "update", Group: "certificates.k8s.io", Resource: "certificatesigningrequests", Subresource: "approval"}}, Why: "may approve a client certificate for anybody"},
	{ID: "kubelet", Critical: true, Wide: true, Ask: []Request{{Verb: "get", Resource: "nodes", Subresource: "proxy"}, {Verb: "create", Resource: "nodes", Subresource: "proxy"}}, Why: "may run commands in every pod through the kubelet"},
	{ID: "access-entries", Critical: true, Ask: []Request{{Verb: "create", Group: "eks.services.k8s.aws", Resource: "accessentries"}}, Why: "may make access entries where the ACK controller runs"},
	{ID: "system-secrets", Inside: "kube-system", Ask: secretReads, Why: "may read the secrets of kube-system"},
	{ID: "volumes", Wide: true, Ask: []Request{{Verb: "create", Resource: "persistentvolumes"}}, Why: "may mount a node's file system into a pod"},
	{ID: "secrets", Wide: true, Ask: secretReads, Why: "may read every secret"},
	{ID: "pods", Ask: append(changes("", "pods/exec", "pods/attach", "pods/ephemeralcontainers"), podMakers...), Why: "may act as any service account of these namespaces"},
}

var (
	podMakers = slices.Concat( //nolint:gochecknoglobals // a table
		changes("", "pods", "replicationcontrollers"),
		changes("apps", "deployments", "daemonsets", "statefulsets", "replicasets"),
		changes("batch", "jobs", "cronjobs"),
	)
	secretReads = []Request{{Verb: "get", Resource: "secrets"}, {Verb: "list", Resource: "secrets"}, {Verb: "watch", Resource: "secrets"}} //nolint:gochecknoglobals // a table
	admission   = changes("admissionregistration.k8s.io", "mutatingwebhookconfigurations")                                                 //nolint:gochecknoglobals // a table
)

// changes are the requests that create or change objects of some types: whoever may change a workload chooses its service account
// and its command.
func changes(group string, types ...string) (all []Request) {
	for _, name := range types {
		name, sub, _ := strings.Cut(name, "/")
		for _, verb := range []string{"create", "update", "patch"} {
			all = append(all, Request{Verb: verb, Group: group, Resource: name, Subresource: sub})
		}
	}
	return all
}

// Escalation is one identity that can become a cluster administrator.
type Escalation struct {
	Identity Identity
	Danger   Danger // the worst; who is a cluster administrator has no others
	Others   []string
	Where    []string
	Chains   []Chain
}

// Escalations are all who can become cluster administrators, the worst first.
func (x *Index) Escalations() (all []Escalation) {
	found := map[string]int{}
	for _, d := range Dangers {
		if d.ID == "aws-auth" && !x.Snapshot.Cluster.Mode.ReadsConfigMap() {
			continue
		}
		for _, ask := range d.Ask {
			for _, row := range x.WhoCan(d.question(ask)).Rows {
				if !row.Can() && row.Only != nil {
					continue
				}
				i, known := found[row.Identity.Name]
				switch {
				case !known:
					found[row.Identity.Name] = len(all)
					all = append(all, Escalation{Identity: row.Identity, Danger: d, Where: row.Where, Chains: row.Chains})
				case all[i].Danger.ID == d.ID:
					all[i].add(row)
				case all[i].Danger.ID != "cluster-admin" && !slices.Contains(all[i].Others, d.ID):
					all[i].Others = append(all[i].Others, d.ID)
				}
			}
		}
	}
	return all
}

// add adds what another request has: the same danger in more places, or by other rights.
func (e *Escalation) add(row Row) {
	switch {
	case len(e.Where) == 0 || len(row.Where) == 0:
		e.Where = nil // the whole cluster
	default:
		e.Where = slices.Concat(e.Where, row.Where)
		slices.Sort(e.Where)
		e.Where = slices.Compact(e.Where)
	}
	for _, c := range row.Chains {
		if !slices.ContainsFunc(e.Chains, func(has Chain) bool { return has.Right == c.Right }) {
			e.Chains = append(e.Chains, c)
		}
	}
}

// question asks about the place where a right is dangerous.
func (d Danger) question(r Request) Question {
	q := Question{Request: r, Type: Type{Name: r.Resource, Group: r.Group, Namespaced: true}}
	q.Namespace = d.Inside
	q.Anywhere = d.Inside == "" && !d.Wide
	return q
}

// Place is where an escalation starts: namespaces, or the whole cluster.
func (e Escalation) Place() string {
	switch {
	case e.Danger.Inside != "":
		return e.Danger.Inside
	case len(e.Where) > 0:
		return strings.Join(e.Where, ",")
	}
	return "whole cluster"
}

// Administers reports whether the identity is a cluster administrator already.
func (e Escalation) Administers() bool {
	return e.Danger.ID == "cluster-admin" || slices.ContainsFunc(e.Identity.Rights, func(r access.Right) bool { return r.Kind == access.Administer })
}

// Beyond is how a policy of an entry makes its principal a cluster administrator, though its name does not say so; "" for not.
func Beyond(cluster access.Info, e access.Entry, g access.Grant) string {
	e.Groups, e.Grants = nil, []access.Grant{g}
	for _, found := range New(access.Snapshot{Cluster: cluster, Entries: []access.Entry{e}}).Escalations() {
		if found.Danger.Critical && !found.Administers() {
			return found.Danger.Why
		}
	}
	return ""
}
