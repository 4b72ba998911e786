package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Summary is what rules allow, in the words of those who ask: what is read and changed, and whether that includes what is sensitive.
type Summary struct {
	Allows []string // reads pods, logs and 30 more; exec into pods
	Not    []string // secrets, exec, deletion, RBAC changes, impersonation, nodes
}

// String reads "reads pods, logs, configmaps; no secrets, exec or nodes".
func (s Summary) String() string {
	text := strings.Join(s.Allows, "; ")
	if text == "" {
		text = "nothing"
	} else if len(s.Not) > 0 {
		text += "; no " + listed(s.Not, "or")
	}
	return text
}

// Summary is what a policy allows, in some namespaces or in the whole cluster.
func (p Policy) Summary(namespaced bool) string {
	switch {
	case len(p.Described) > 0:
		return strings.Join(p.Described, "; ") + " (AWS publishes no exact rules)"
	case len(p.Rules) == 0:
		return "unknown: AWS publishes no rules of it"
	}
	return Summarize(p.Rules, namespaced).String()
}

// Summarize puts rules into words. Rules for some namespaces allow nothing on what belongs to the cluster. Rows that AWS limits
// to objects that it does not name are left out.
func Summarize(rules []Rule, namespaced bool) Summary {
	held := rights{namespaced: namespaced, byResource: map[string]*verbs{}}
	for _, r := range rules {
		if r.Restricted == "" {
			held.add(r)
		}
	}
	if all := held.byResource["*"]; all != nil && all.everything {
		names := make([]string, len(sensitive))
		for i, q := range sensitive {
			names[i] = q.name
		}
		if namespaced {
			last := len(names) - 1 // nodes
			return Summary{Allows: []string{"everything, including " + listed(names[:last], "and")}, Not: names[last:]}
		}
		return Summary{Allows: []string{"everything, including " + listed(names, "and")}}
	}
	var s Summary
	s.Allows = slices.DeleteFunc([]string{held.common("reads", readVerbs), held.common("changes", changeVerbs)}, func(s string) bool { return s == "" })
	for _, q := range sensitive {
		if text := q.ask(held); text != "" {
			s.Allows = append(s.Allows, text)
		} else {
			s.Not = append(s.Not, q.name)
		}
	}
	return s
}

var readVerbs = []string{"get", "list", "watch"}

var changeVerbs = []string{"create", "update", "patch"}

var deleteVerbs = []string{"delete", "deletecollection"}

// ofCluster are resources that rules for a namespace do not reach.
var ofCluster = []string{"nodes", "nodes/proxy", "persistentvolumes", "clusterroles", "clusterrolebindings", "users", "groups"}

// shownFirst are the resources that people ask about, with their names in a summary.
var shownFirst = []struct{ resource, name string }{
	{"pods", "pods"},
	{"pods/log", "logs"},
	{"configmaps", "configmaps"},
	{"services", "services"},
	{"deployments", "deployments"},
	{"jobs", "jobs"},
	{"ingresses", "ingresses"},
	{"events", "events"},
}

// mostShown is how many resources a summary names.
const mostShown = 6

// verbs are what is allowed on one resource.
type verbs struct {
	all        []string
	everything bool // every verb, in every API group
	some       bool // on objects of some names only
}

// rights are what rules allow, by resource, whatever its API group.
type rights struct {
	namespaced bool
	byResource map[string]*verbs
}

func (h rights) add(r Rule) {
	for _, resource := range r.Resources {
		if h.namespaced && slices.Contains(ofCluster, resource) {
			continue
		}
		for _, group := range r.APIGroups {
			name := keyOf(resource, group)
			v := h.byResource[name]
			if v == nil {
				v = &verbs{some: len(r.ResourceNames) > 0}
				h.byResource[name] = v
			}
			v.all = append(v.all, r.Verbs...)
			v.some = v.some && len(r.ResourceNames) > 0
			v.everything = v.everything || name == "*" && len(r.ResourceNames) == 0 && slices.Contains(r.Verbs, "*")
		}
	}
}

// homes are the API groups of resources whose names other groups have, too; the others here are of the core group.
var homes = map[string]string{
	"roles": rbacGroup, "rolebindings": rbacGroup, "clusterroles": rbacGroup, "clusterrolebindings": rbacGroup,
	"deployments": "apps", "jobs": "batch", "ingresses": "networking.k8s.io",
	"pods": "", "pods/log": "", "pods/exec": "", "secrets": "", "nodes": "", "nodes/proxy": "", "serviceaccounts": "", "users": "", "groups": "", "configmaps": "", "services": "",
}

const (
	rbacGroup = "rbac.authorization.k8s.io"
	allOf     = "all of "
)

// keyOf names a resource: without its group where that is the usual one.
//
//go:noinline
func keyOf(resource, group string) string {
	home, known := homes[resource]
	switch {
	case resource == "*" && group == "":
		return allOf + "the core group"
	case resource == "*" && group != "*":
		return allOf + group
	case known && group != home && group != "*" && group != "extensions":
		return resource + "." + group
	}
	return resource
}

// may reports whether one of the verbs is allowed on one of the resources.
func (h rights) may(some []string, resources ...string) bool {
	for _, resource := range resources {
		if h.namespaced && slices.Contains(ofCluster, resource) {
			continue
		}
		for _, name := range []string{resource, "*", keyOf("*", homes[resource])} {
			v := h.byResource[name]
			if v != nil && slices.ContainsFunc(v.all, func(verb string) bool { return verb == "*" || slices.Contains(some, verb) }) {
				return true
			}
		}
	}
	return false
}

// common are the resources without the sensitive ones on which one of the verbs is allowed, the best known first.
func (h rights) common(does string, some []string) string {
	if all := h.byResource["*"]; all != nil && h.may(some, "*") {
		return does + " everything"
	}
	var names []string
	for _, known := range shownFirst {
		if h.may(some, known.resource) {
			names = append(names, h.label(known.resource, known.name))
		}
	}
	var rest []string
	for resource := range h.byResource {
		known := slices.ContainsFunc(shownFirst, func(k struct{ resource, name string }) bool { return k.resource == resource })
		if !known && !strings.Contains(resource, "/") && !slices.Contains(named, resource) && h.may(some, resource) {
			rest = append(rest, h.label(resource, resource))
		}
	}
	slices.Sort(rest)
	switch names = append(names, rest...); {
	case len(names) == 0:
		return ""
	case len(names) > mostShown+1:
		names = append(names[:mostShown], fmt.Sprintf("%d more", len(names)-mostShown))
	}
	return does + " " + listed(names, "and")
}

func (h rights) label(resource, name string) string {
	if v := h.byResource[resource]; v != nil && v.some {
		return "some " + name
	}
	return name
}

// named are the resources that the sensitive questions are about.
var named = []string{"secrets", "nodes", "roles", "rolebindings", "clusterroles", "clusterrolebindings"}

// sensitive are what every summary answers: how it is allowed, or that it is not.
var sensitive = []struct {
	name string
	ask  func(rights) string
}{
	{"secrets", func(h rights) string { return h.does("secrets", "secrets") }},
	{"exec", rights.exec},
	{"deletion", rights.deletes},
	{"RBAC changes", rights.rbac},
	{"impersonation", rights.impersonates},
	{"nodes", func(h rights) string { return h.does("nodes", "nodes") }},
}

func (h rights) does(resource, name string) string {
	reads, changes := h.may(readVerbs, resource), h.may(slices.Concat(changeVerbs, deleteVerbs), resource)
	name = h.label(resource, name)
	switch {
	case reads && changes:
		return "reads and changes " + name
	case reads:
		return "reads " + name
	case changes:
		return "changes " + name
	}
	return ""
}

// exec by websocket needs get only, before Kubernetes 1.35; get on nodes/proxy reaches the kubelet, which runs commands, too.
func (h rights) exec() string {
	switch {
	case h.may([]string{"create"}, "pods/exec"), h.may([]string{"get", "create"}, "nodes/proxy"):
		return "exec into pods"
	case h.may([]string{"get"}, "pods/exec"):
		return "exec into pods before Kubernetes 1.35"
	}
	return ""
}

func (h rights) deletes() string {
	for resource := range h.byResource {
		if h.may(deleteVerbs, resource) {
			return "deletes"
		}
	}
	return ""
}

func (h rights) rbac() string {
	changes := slices.Concat(changeVerbs, deleteVerbs, []string{"bind", "escalate"})
	for _, row := range []struct {
		resources []string
		text      string
	}{
		{[]string{"clusterroles", "clusterrolebindings"}, "changes RBAC of the cluster"},
		{[]string{"roles", "rolebindings"}, "changes RBAC of namespaces"},
	} {
		if h.may(changes, row.resources...) {
			return row.text
		}
	}
	return ""
}

func (h rights) impersonates() string {
	switch {
	case h.may([]string{"impersonate"}, "users", "groups"):
		return "impersonates anyone"
	case h.may([]string{"impersonate"}, "serviceaccounts"):
		return "impersonates service accounts"
	}
	return ""
}

// listed reads "a, b and c".
func listed(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + and + " " + words[len(words)-1]
}
