package access

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOnlyIsTheChangeAsFarAsItsStepsWent takes each beginning of a change's steps, and compares with an entry
// on which these steps were carried out.
func TestOnlyIsTheChangeAsFarAsItsStepsWent(t *testing.T) {
	const dev Principal = "arn:aws:iam::111122223333:role/dev"
	in := func(names ...string) Scope { return Scope{Namespaces: names} }
	before := Entry{
		Principal: dev, Kind: Standard, Username: "u", Groups: []string{"a", "b"}, Tags: map[string]string{"x": "1", "y": "2"},
		Grants: []Grant{{"View", in("dev", "qa")}, {"Edit", in("dev")}},
	}.Canonical()
	after := Entry{
		Principal: dev, Kind: Standard, Username: "v", Groups: []string{"b", "c"}, Tags: map[string]string{"x": "3", "z": "4"},
		Grants: []Grant{{"View", in("dev")}, {"Admin", Scope{}}},
	}.Canonical()
	for name, c := range map[string]Change{"change": {&before, &after}, "create": {nil, &after}, "delete": {&before, nil}} {
		steps := c.steps()
		for n := range len(steps) + 1 {
			done, want := map[Part]bool{}, c.Before
			for _, s := range steps[:n] {
				done[PartOf(s)] = true
				want = carried(want, s)
			}
			if n > 0 && n < len(steps) && PartOf(steps[n-1]) == PartTags && PartOf(steps[n]) == PartTags {
				continue // tags are one part and two calls
			}
			got, did := c.Only(done)
			switch {
			case did != (n > 0):
				t.Errorf("%s, %d steps: anything done: %t", name, n, did)
			case did && !cmp.Equal(got, Change{c.Before, want}):
				t.Errorf("%s, %d steps:\n%s", name, n, cmp.Diff(Change{c.Before, want}, got))
			}
		}
	}
}

// carried is an entry after a step.
func carried(e *Entry, s Step) *Entry {
	var is Entry
	if e != nil {
		is = *e
	}
	put := func(g Grant, ok bool) {
		var grants []Grant
		for _, old := range is.Grants {
			if old.Policy != g.Policy {
				grants = append(grants, old)
			}
		}
		if is.Grants = grants; ok {
			is.Grants = append(is.Grants, g)
		}
	}
	switch s := s.(type) {
	case CreateEntry:
		is = s.Entry
		is.Grants = nil
	case DeleteEntry:
		return nil
	case UpdateEntry:
		is.Username, is.Groups = s.After.Username, s.After.Groups
	case TagEntry:
		is.Tags = maps.Clone(is.Tags)
		maps.Copy(is.Tags, s.Tags)
	case UntagEntry:
		is.Tags = maps.Clone(is.Tags)
		maps.DeleteFunc(is.Tags, func(k, _ string) bool { return slices.Contains(s.Keys, k) })
	case Associate:
		put(s.Grant, true)
	case Disassociate:
		put(s.Grant, false)
	}
	is = is.Canonical()
	return &is
}
