package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Earlier versions put an entry into a temporary group until its policies were associated, and bound that group to what
// the mapping had given. What an interrupted migration of such a version left is found and removed here.

// Marked reports whether an entry is in a temporary group of an earlier version.
//
//go:noinline
func Marked(e access.Entry) bool { return slices.ContainsFunc(e.Groups, temporary) }

func temporary(name string) bool { return strings.HasPrefix(name, access.HelpPrefix) }

// Leftover are the bindings that an earlier version created for its temporary groups.
func Leftover(bindings []access.Binding) []access.Binding {
	return access.Where(bindings, func(b *access.Binding) bool { return temporary(b.Name) })
}

func withoutLeftover(bindings []access.Binding) []access.Binding {
	return access.Where(bindings, func(b *access.Binding) bool { return !temporary(b.Name) })
}

// orphans are the entries in a temporary group whose mapping is gone and that have policies of their own.
func (f Facts) orphans() (all []access.Principal) {
	for _, e := range f.Entries {
		mapped := func(m access.Mapping) bool { return m.State == access.InForce && m.Names(e.Principal) }
		if Marked(e) && len(e.Grants) > 0 && !slices.ContainsFunc(f.Mappings, mapped) {
			all = append(all, e.Principal)
		}
	}
	return all
}

// Unmark removes the temporary groups from a principal's entry.
func Unmark(who access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		have, exists := s.Entry(who)
		if !exists || !Marked(have) {
			return s, nil
		}
		return edit.Revoke(who, edit.Revocation{Groups: slices.DeleteFunc(slices.Clone(have.Groups), func(g string) bool { return !temporary(g) })})(s)
	}
}

// unmarked is an entry without its temporary groups.
func unmarked(e access.Entry) access.Entry {
	e.Groups = slices.DeleteFunc(slices.Clone(e.Groups), temporary)
	return e
}

// Left reports whether a recorded change put an entry into a temporary group, if only as it was planned: a kill may have come
// before the first of them.
func Left(r journal.Record) bool {
	planned, _ := r.Changes() // a record that cannot be read was refused before
	return slices.ContainsFunc(planned, func(c access.Change) bool {
		return c.Before != nil && Marked(*c.Before) || c.After != nil && Marked(*c.After)
	})
}
