package trail

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// The parts of an entry, beside one for each policy.
const (
	entry    = "entry"
	groups   = "groups"
	username = "username"
	tags     = "tags"
	policy   = "policy "
)

// State is a principal's entry at one moment, as far as the events say.
type State struct {
	Entry *access.Entry // nil: none
	// Partial says that events before the first one that was read decide the rest: only the parts in Seen are known.
	Partial bool
	Seen    map[string]bool
}

// unread is an entry that must have existed, and of which nothing is known.
func unread(p access.Principal) State {
	return State{Entry: &access.Entry{Principal: p}, Partial: true, Seen: map[string]bool{entry: true}}
}

// Knows reports whether a part is known.
func (s State) Knows(part string) bool { return !s.Partial || s.Seen[part] }

// parts are the known parts as texts that are equal if and only if the parts are.
func (s State) parts() map[string]string {
	all := map[string]string{}
	if s.Entry == nil {
		return all
	}
	e := s.Entry.Canonical()
	all[entry] = entry
	if !e.Node() {
		all[groups] = strings.Join(e.Groups, ", ")
		all[username] = cmp.Or(e.Username, access.DefaultUsername(e.Principal))
	}
	if e.Node() {
		all[entry] = string(e.Kind)
	}
	for _, g := range e.Grants {
		all[policy+string(g.Policy)] = g.Scope.String()
	}
	for _, k := range slices.Sorted(maps.Keys(e.Tags)) {
		all[tags] += k + "=" + e.Tags[k] + "\n"
	}
	for part, value := range all {
		if value == "" || !s.Knows(part) {
			delete(all, part)
		}
	}
	return all
}

// differing are the parts that differ between two states, sorted.
func differing(before, after State) (all []string) {
	was, is := before.parts(), after.parts()
	for part := range was {
		if was[part] != is[part] {
			all = append(all, part)
		}
	}
	for part := range is {
		if _, had := was[part]; !had {
			all = append(all, part)
		}
	}
	slices.Sort(all)
	return all
}

// Same reports whether a live entry, nil for none, is as the state says, as far as it says.
func (s State) Same(live *access.Entry) bool {
	is := State{Entry: live}
	if s.Partial && live != nil {
		is.Partial, is.Seen = true, s.Seen
	}
	return len(differing(s, is)) == 0
}

// with is the state after an event.
func (s State) with(e *Event) State {
	switch e.Name {
	case "CreateAccessEntry":
		made := e.Entry
		return State{Entry: &made}
	case "DeleteAccessEntry":
		return State{}
	}
	now := *s.Entry
	if s.Partial {
		s.Seen = maps.Clone(s.Seen)
	} else {
		s.Seen = map[string]bool{}
	}
	switch e.Name {
	case "UpdateAccessEntry":
		if e.Sets[groups] {
			now.Groups = e.Entry.Groups
		}
		if e.Sets[username] {
			now.Username = e.Entry.Username
		}
		maps.Copy(s.Seen, e.Sets)
	case "AssociateAccessPolicy", "DisassociateAccessPolicy":
		now.Grants = slices.DeleteFunc(slices.Clone(now.Grants), func(g access.Grant) bool { return g.Policy == e.Policy })
		if e.Name == "AssociateAccessPolicy" && e.Scope != nil {
			now.Grants = append(now.Grants, access.Grant{Policy: e.Policy, Scope: *e.Scope})
		}
		s.Seen[policy+string(e.Policy)] = e.Scope != nil || e.Name == "DisassociateAccessPolicy"
	case "TagResource", "UntagResource":
		now.Tags = maps.Clone(now.Tags)
		if now.Tags == nil {
			now.Tags = map[string]string{}
		}
		maps.Copy(now.Tags, e.Tags)
		for _, k := range e.Keys {
			delete(now.Tags, k)
		}
	}
	now = now.Canonical()
	s.Entry = &now
	return s
}
