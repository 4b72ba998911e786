// Package rights answers who can do what in a cluster, and why. Its answers are pure functions of one snapshot: access entries,
// access policies with their rules and scopes, aws-auth, and RBAC.
package rights

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Request is what an authorizer judges. URL is set for what is not a resource. The namespace is empty for the whole cluster and
// for objects without a namespace, the name where no object is named.
type Request struct {
	Verb        string `json:"verb"`
	Group       string `json:"group,omitempty"`
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
	URL         string `json:"url,omitempty"`

	_ [0]func() // nothing compares requests, which costs code
}

// Covers reports whether a rule allows a request, wherever the rule applies. It compares as Kubernetes does
// (pkg/apis/rbac/v1/evaluation_helpers.go); that EKS compares the rules of access policies alike is UNVERIFIED (rights.md §2).
func Covers(r access.Rule, q Request) bool {
	if !has(r.Verbs, q.Verb) {
		return false
	}
	if q.URL != "" {
		return slices.ContainsFunc(r.NonResourceURLs, func(url string) bool {
			return url == "*" || url == q.URL || strings.HasSuffix(url, "*") && strings.HasPrefix(q.URL, strings.TrimRight(url, "*"))
		})
	}
	return has(r.APIGroups, q.Group) && slices.ContainsFunc(r.Resources, q.means) && (len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, q.Name))
}

// means reports whether a resource of a rule includes the one of the request. A star includes every subresource.
func (q Request) means(resource string) bool {
	if q.Subresource == "" {
		return resource == "*" || resource == q.Resource
	}
	return resource == "*" || resource == q.Resource+"/"+q.Subresource || resource == "*/"+q.Subresource
}

//go:noinline
func has(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s == "*" || s == word })
}

// Verdict is what a set of rules says about a request.
type Verdict struct {
	Rule   *access.Rule // the rule that allows it; nil: none
	Names  []string     // if none does: the objects for which some rules do
	Hidden bool         // if none does: there are rules that AWS does not publish
	Void   []string     // if none does: the objects that rules allow to create, in requests that have a name
}

// judge evaluates rules. A request that names no object is not allowed by a rule for named objects: their names are returned.
func judge(rules []access.Rule, q Request) Verdict {
	var v Verdict
	for i, r := range rules {
		switch {
		case r.Restricted != "":
		case Covers(r, q) && q.counts(r):
			return Verdict{Rule: &rules[i]}
		case !q.counts(r):
			named := q
			for _, named.Name = range r.ResourceNames {
				if q.Verb == "create" && (q.Name == "" || q.Name == named.Name) && Covers(r, named) {
					v.Void = append(v.Void, named.Name)
				}
			}
		case len(r.ResourceNames) > 0 && q.Name == "" && q.URL == "":
			named := q
			named.Name = r.ResourceNames[0]
			if Covers(r, named) {
				v.Names = append(v.Names, r.ResourceNames...)
			}
		}
	}
	v.Names, v.Void = distinct(v.Names), distinct(v.Void)
	return v
}

// counts reports whether a real request would have the name that a rule is limited to. A new object has none, nor have
// the objects of deletecollection (rights.md §3).
func (q Request) counts(r access.Rule) bool {
	return len(r.ResourceNames) == 0 || !q.nameless()
}

// narrow is the part of a rule that is about the object of a request.
func narrow(r access.Rule, q Request) access.Rule {
	if q.URL != "" {
		return r
	}
	r.NonResourceURLs = nil
	r.Resources = slices.DeleteFunc(slices.Clone(r.Resources), func(s string) bool { return !q.means(s) })
	r.APIGroups = slices.DeleteFunc(slices.Clone(r.APIGroups), func(s string) bool { return s != "*" && s != q.Group })
	return r
}

// RuleWords reads "get, list on secrets, configmaps"; "" for none.
func RuleWords(r *access.Rule) string {
	if r == nil {
		return ""
	}
	text := strings.Join(r.Verbs, ", ") + " on " + strings.Join(append(groupedResources(*r), r.NonResourceURLs...), ", ")
	if len(r.ResourceNames) > 0 {
		text += " named " + strings.Join(r.ResourceNames, ", ")
	}
	return text
}

// groupedResources are the resources of a rule with their groups, where these are not the core group.
func groupedResources(r access.Rule) (all []string) {
	for _, resource := range r.Resources {
		for _, group := range r.APIGroups {
			if name := strings.TrimSuffix(resource+"."+group, "."); group != "*" || resource != "*" {
				all = append(all, name)
			} else {
				all = append(all, "*")
			}
		}
	}
	return all
}
