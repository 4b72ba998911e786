package migrate

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// suffixed is the name of a binding that stands beside another for one new subject.
func suffixed(name, subject string) string { return safe(name + ":" + subject) }

// named gives a binding another name where a different object has its name. An object has one role, and applying a manifest
// replaces the subjects that the object had: someone would lose a right.
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

// absent are the bindings that do not exist yet, under any name.
func (p *planner) absent(bindings []access.Binding) []access.Binding {
	return access.Where(bindings, func(b *access.Binding) bool {
		return !slices.ContainsFunc(p.Bindings, func(have access.Binding) bool { return have.Gives(*b) })
	})
}

// addBindings adds the missing ones; the subjects of one object are merged.
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
