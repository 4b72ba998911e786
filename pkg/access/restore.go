package access

import (
	"maps"
	"strings"
)

// Restore is the steps that give back what a step took from an entry, whatever the entry holds meanwhile.
func Restore(step Step) []Step {
	switch s := step.(type) {
	case DeleteEntry:
		e := s.Entry
		e.Tags = maps.Clone(e.Tags)
		maps.DeleteFunc(e.Tags, func(k, _ string) bool { return strings.HasPrefix(strings.ToLower(k), "aws:") }) // AWS alone sets these
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
