package access

import (
	"fmt"
	"slices"
	"strings"
)

// Typos names the namespaces and groups of an entry that the cluster does not have, as far as the snapshot knows them: EKS
// takes every name, and a mistyped one has no effect. It may only not exist yet.
func (s Snapshot) Typos(e Entry) (notes []string) {
	var namespaces []string
	for _, g := range e.Grants {
		namespaces = append(namespaces, g.Scope.Namespaces...)
	}
	for _, ns := range union(namespaces, nil) {
		switch {
		case s.Namespaces == nil || slices.ContainsFunc(s.Namespaces, Scope{Namespaces: []string{ns}}.Reaches):
		case strings.Contains(ns, "*"):
			notes = append(notes, fmt.Sprintf("no namespace matches %s yet", ns))
		default:
			notes = append(notes, fmt.Sprintf("namespace %s does not exist%s", ns, DidYouMean(ns, s.Namespaces)))
		}
	}
	if s.RBAC == nil || s.RBAC.Err != nil {
		return notes
	}
	var bound []string
	for _, b := range s.RBAC.Bindings {
		bound = append(bound, slices.DeleteFunc(slices.Clone(b.Groups), func(g string) bool { return Reserved(g) != "" })...)
	}
	for _, group := range e.Groups {
		if !slices.Contains(bound, group) && group != masters {
			notes = append(notes, fmt.Sprintf("no RBAC binding refers to group %s; it has no effect yet%s", group, DidYouMean(group, union(bound, nil))))
		}
	}
	return notes
}
