package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// HelpPrefix is how the names of groups begin that help, and of the bindings for them: an entry and its policies are
// made by several calls, and from the first one on the entry counts and the line does not. For that time the entry is in
// a group of its own, to which RBAC gives what the line gave; the group also marks an entry that is not finished.
const HelpPrefix = "kubectl-access:migrating:"

func bridge(group string) string { return HelpPrefix + group }

// Marked tells whether an entry is one that a migration has begun and not finished.
func Marked(e access.Entry) bool {
	return slices.ContainsFunc(e.Groups, func(g string) bool { return strings.HasPrefix(g, HelpPrefix) })
}

// bridging tells whether a binding is such help.
func bridging(b access.Binding) bool { return strings.HasPrefix(b.Name, HelpPrefix) }

// Gap tells whether an entry counts a moment before its policies do, so that RBAC has to help.
func (p Plan) Gap() bool {
	return slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Outcome == Migrates && len(l.replaced) > 0 })
}

// Leftover are the bindings that only helped while entries were made.
func Leftover(bindings []access.Binding) []access.Binding {
	return slices.DeleteFunc(slices.Clone(bindings), func(b access.Binding) bool { return !bridging(b) })
}

// bridges are the bindings for the groups in whose place policies stand. For the API server the group
// system:masters may do everything, whatever RBAC says.
func (p *planner) bridges(groups []string) []access.Binding {
	var all []access.Binding
	for _, g := range groups {
		if g == masters {
			all = append(all, p.named(access.Binding{Name: bridge(g), Role: access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}, Groups: []string{bridge(g)}}))
			continue
		}
		for _, b := range p.bound(g) {
			all = append(all, p.named(access.Binding{Namespace: b.Namespace, Name: safe(bridge(g) + ":" + b.Name), Role: b.Role, Groups: []string{bridge(g)}}))
		}
	}
	return all
}

// suffixed is the name of a binding that stands beside another for one new subject.
func suffixed(name, subject string) string { return safe(name + ":" + subject) }

// named gives a binding another name where an object of its own already has that one. An object has one role, and
// whoever applies a manifest replaces the subjects that the object had: somebody would lose a right.
func (p *planner) named(b access.Binding) access.Binding {
	other := func(have access.Binding) bool {
		return have.Namespace == b.Namespace && have.Name == b.Name && !have.Gives(b)
	}
	unlike := func(made access.Binding) bool { return other(made) && made.Role != b.Role }
	for name, n := b.Name, 2; slices.ContainsFunc(p.Bindings, other) || slices.ContainsFunc(p.made, unlike); n++ {
		b.Name = fmt.Sprintf("%s-%d", name, n)
	}
	p.made = append(p.made, b)
	return b
}

// safe keeps what the name of an RBAC object may hold.
func safe(name string) string {
	return regexp.MustCompile(`[^A-Za-z0-9:._-]+`).ReplaceAllString(name, "-")
}

// absent are those of the bindings that RBAC has not yet, in whatever object.
func (p *planner) absent(bindings []access.Binding) []access.Binding {
	return slices.DeleteFunc(slices.Clone(bindings), func(b access.Binding) bool {
		return slices.ContainsFunc(p.Bindings, func(have access.Binding) bool { return have.Gives(b) })
	})
}

// addBindings adds those that are not there yet; of one object the subjects come together.
func addBindings(all, more []access.Binding) []access.Binding {
	for _, b := range more {
		i := slices.IndexFunc(all, func(a access.Binding) bool { return a.Namespace == b.Namespace && a.Name == b.Name })
		if i < 0 {
			all = append(all, b)
			continue
		}
		all[i].Users = merge(all[i].Users, b.Users)
		all[i].Groups = merge(all[i].Groups, b.Groups)
	}
	return all
}

func merge(a, b []string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return slices.Compact(all)
}
