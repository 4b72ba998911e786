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

// TestPartsThatDiffer: what EKS alone decides is no part, and each policy is one of its own.
func TestPartsThatDiffer(t *testing.T) {
	const dev Principal = "arn:aws:iam::111122223333:role/dev"
	person := func(change func(*Entry)) *Entry {
		e := Entry{Principal: dev, Kind: Standard, Username: "u", Groups: []string{"g"}, Tags: map[string]string{"k": "v"}, Grants: []Grant{{"View", Scope{Namespaces: []string{"a"}}}}}
		change(&e)
		return &e
	}
	node := func(change func(*Entry)) *Entry {
		e := Entry{Principal: dev, Kind: EC2Linux}
		change(&e)
		return &e
	}
	same := func(*Entry) {}
	for _, c := range []struct {
		name          string
		before, after *Entry
		want          []Part
	}{
		{"the same", person(same), person(same), nil},
		{"the same in another order", person(func(e *Entry) { e.Groups = []string{"a", "b"} }), person(func(e *Entry) { e.Groups = []string{"b", "a", "b"} }), nil},
		{"made", nil, node(same), []Part{PartEntry}},
		{"made with all", nil, person(same), []Part{PartEntry, PartIdentity, "policy View", PartTags}},
		{"ended", person(same), nil, []Part{PartEntry, PartIdentity, "policy View", PartTags}},
		{"a username", person(same), person(func(e *Entry) { e.Username = "v" }), []Part{PartIdentity}},
		{"the username that EKS derives", person(func(e *Entry) { e.Username = "" }), person(func(e *Entry) { e.Username = DefaultUsername(dev) }), nil},
		{"a group", person(same), person(func(e *Entry) { e.Groups = nil }), []Part{PartIdentity}},
		{"a tag's value", person(same), person(func(e *Entry) { e.Tags = map[string]string{"k": "w"} }), []Part{PartTags}},
		{"the last tag", person(same), person(func(e *Entry) { e.Tags = nil }), []Part{PartTags}},
		{"a scope", person(same), person(func(e *Entry) { e.Grants = []Grant{{"View", Scope{}}} }), []Part{"policy View"}},
		{"another policy", person(same), person(func(e *Entry) { e.Grants = []Grant{{"Edit", Scope{Namespaces: []string{"a"}}}} }), []Part{"policy Edit", "policy View"}},
		{"groups and username of nodes", node(same), node(func(e *Entry) { e.Groups, e.Username = []string{"system:nodes"}, "system:node:x" }), nil},
	} {
		got := Change{c.before, c.after}.Parts()
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		back := Change{c.after, c.before}.Parts()
		if slices.Sort(back); !slices.Equal(got, back) {
			t.Errorf("%s: %v, and back %v", c.name, got, back)
		}
	}
}

// TestInPlaceIsWhatAStepAsksFor, and not more: what else the entry has is nobody's business here.
func TestInPlaceIsWhatAStepAsksFor(t *testing.T) {
	const dev Principal = "arn:aws:iam::111122223333:role/dev"
	in := func(names ...string) Scope { return Scope{Namespaces: names} }
	now := Entry{Principal: dev, Kind: Standard, Username: "u", Groups: []string{"a", "b"}, Tags: map[string]string{"x": "1", "y": ""}, Grants: []Grant{{"View", in("dev")}}}
	with := func(username string, groups ...string) UpdateEntry {
		return UpdateEntry{After: Entry{Username: username, Groups: groups}}
	}
	for _, c := range []struct {
		name  string
		step  Step
		there bool // on the entry
		none  bool // where there is no entry
	}{
		{"a create", CreateEntry{Entry{Kind: Standard}}, true, false},
		{"a create of another kind", CreateEntry{Entry{Kind: EC2}}, false, false},
		{"a delete", DeleteEntry{now}, false, true},
		{"its identity", with("u", "a", "b"), true, false},
		{"another username", with("v", "a", "b"), false, false},
		{"a group less", with("u", "a"), false, false},
		{"a grant", Associate{Grant: Grant{"View", in("dev")}}, true, false},
		{"a wider grant", Associate{Grant: Grant{"View", in("dev", "qa")}}, false, false},
		{"the whole cluster", Associate{Grant: Grant{"View", Scope{}}}, false, false},
		{"another policy", Associate{Grant: Grant{"Edit", in("dev")}}, false, false},
		{"a revocation", Disassociate{Grant: Grant{"Edit", in("dev")}}, true, false},
		{"a revocation that was not carried out", Disassociate{Grant: Grant{"View", in("dev")}}, false, false},
		{"a tag", TagEntry{Tags: map[string]string{"x": "1"}}, true, false},
		{"of two tags one", TagEntry{Tags: map[string]string{"x": "1", "z": "1"}}, false, false},
		{"a tag's value", TagEntry{Tags: map[string]string{"x": "2"}}, false, false},
	} {
		if got := inPlace(c.step, &now); got != c.there {
			t.Errorf("%s: in place %v", c.name, got)
		}
		if got := inPlace(c.step, nil); got != c.none {
			t.Errorf("%s, where there is no entry: in place %v", c.name, got)
		}
	}
}
