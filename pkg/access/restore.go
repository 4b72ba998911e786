package access

import (
	"maps"
	"slices"
	"strings"
)

// Restore is the steps that restore what a step removed from an entry, whatever its present state.
func Restore(step Step) []Step {
	switch s := step.(type) {
	case DeleteEntry:
		e := s.Entry
		e.Tags = maps.Clone(e.Tags)
		maps.DeleteFunc(e.Tags, func(k, _ string) bool { return strings.HasPrefix(strings.ToLower(k), "aws:") }) // only AWS can set these
		return Change{After: &e}.steps()
	case Disassociate:
		return []Step{Associate{To: s.From, Grant: s.Grant, New: true}}
	case Associate:
		if s.Was != nil {
			return []Step{Associate{To: s.To, Grant: Grant{s.Grant.Policy, *s.Was}, New: true}}
		}
	case UpdateEntry:
		return []Step{UpdateEntry{Before: s.After, After: s.Before}}
	}
	return nil
}

// Kept reports whether an entry still has what a step added and lacks what it removed; later changes may have added more.
func Kept(step Step, now Entry) bool {
	names := func(e Entry, p Policy) []string {
		g, ok := e.Grant(p)
		switch {
		case !ok:
			return nil
		case g.Scope.WholeCluster():
			return []string{""}
		}
		return g.Scope.Namespaces
	}
	switch s := step.(type) {
	case Associate:
		var was Entry
		if s.Was != nil {
			was.Grants = []Grant{{s.Grant.Policy, *s.Was}}
		}
		will := Entry{Grants: []Grant{s.Grant}}
		return kept(names(was, s.Grant.Policy), names(will, s.Grant.Policy), names(now, s.Grant.Policy))
	case Disassociate:
		return names(now, s.Grant.Policy) == nil
	case UpdateEntry:
		return (s.Before.Username == s.After.Username || now.Username == s.After.Username) && kept(s.Before.Groups, s.After.Groups, now.Groups)
	}
	return true
}

// kept compares name by name; the whole cluster counts as a name.
func kept(before, after, now []string) bool {
	for _, name := range union(before, after) {
		was, will := slices.Contains(before, name), slices.Contains(after, name)
		if was != will && slices.Contains(now, name) != will && (!will || !slices.Contains(now, "")) {
			return false
		}
	}
	return true
}
