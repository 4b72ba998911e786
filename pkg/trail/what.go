package trail

import (
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// What says in a few words what a change did, or was to do.
func (c *Change) What() string {
	switch {
	case c.Failed():
		return c.attempt()
	case c.Name == "UpdateClusterConfig" && c.From != "":
		return "mode: " + string(c.From) + " → " + string(c.Mode)
	case c.Name == "UpdateClusterConfig":
		return "mode: → " + string(c.Mode)
	case c.Name == "CreateCluster" && c.Principal != "":
		return "created the cluster in mode " + string(c.Mode) + "; its creator is a cluster administrator"
	case c.Name == "CreateCluster":
		return "created the cluster in mode " + string(c.Mode)
	case c.Name == "DeleteCluster":
		return "deleted the cluster"
	case c.After.Entry == nil:
		if held := c.held(); held != "" {
			return "deleted the entry: - " + held
		}
		return "deleted the entry"
	}
	words := c.differences()
	if c.Before.Entry == nil {
		words = append([]string{"created the entry" + kindOf(c.After.Entry)}, words...)
	}
	if len(words) == 0 && (c.Name == "TagResource" || c.Name == "UntagResource") {
		return "tags"
	}
	if len(words) == 0 {
		return c.attempt() + " (no difference)"
	}
	return strings.Join(words, "; ")
}

func kindOf(e *access.Entry) string {
	if e.Node() {
		return " (" + string(e.Kind) + ")"
	}
	return ""
}

// held is what an entry had when it was deleted.
func (c *Change) held() string {
	var all []string
	for part, value := range c.Before.parts() {
		if name, ok := strings.CutPrefix(part, policy); ok {
			all = append(all, within(name, value))
		}
	}
	slices.Sort(all)
	if g := c.Before.parts()[groups]; g != "" {
		name := "group "
		if strings.Contains(g, ", ") {
			name = "groups "
		}
		all = append(all, name+g)
	}
	return strings.Join(all, ", ")
}

func within(name, scope string) string {
	on := " in "
	if scope == (access.Scope{}).String() {
		on = " on "
	}
	return access.Policy(name).Short() + on + scope
}

// differences are the parts that changed, each in words.
func (c *Change) differences() (words []string) {
	was, is := c.Before.parts(), c.After.parts()
	for _, part := range differing(c.Before, c.After) {
		name, isPolicy := strings.CutPrefix(part, policy)
		switch {
		case part == entry:
		case part == tags:
			words = append(words, "tags")
		case !isPolicy && c.Before.Entry == nil && part == username && is[part] == access.DefaultUsername(c.Principal):
		case isPolicy && !c.Before.Knows(part):
			words = append(words, within(name, is[part])+" (before: not known)")
		case !isPolicy && was[part] == "":
			words = append(words, part+": "+is[part])
		case !isPolicy:
			words = append(words, strings.TrimSpace(part+": "+was[part]+" → "+orNone(is[part])))
		case was[part] == "":
			words = append(words, "+ "+within(name, is[part]))
		case is[part] == "":
			words = append(words, "- "+within(name, was[part]))
		default:
			words = append(words, within(name, was[part])+" → "+is[part])
		}
	}
	if c.Name == "AssociateAccessPolicy" && c.Scope == nil {
		words = append(words, "+ "+c.Policy.Short()+" (scope not recorded)")
	}
	if c.Name == "DisassociateAccessPolicy" && len(words) == 0 {
		words = append(words, "- "+c.Policy.Short())
	}
	return words
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

// attempt is what a call asked for.
func (c *Change) attempt() string {
	switch c.Name {
	case "CreateAccessEntry":
		return "create the entry"
	case "DeleteAccessEntry":
		return "delete the entry"
	case "UpdateAccessEntry":
		var parts []string
		for _, part := range slices.Sorted(maps.Keys(c.Sets)) {
			parts = append(parts, part+": "+orNone(State{Entry: &access.Entry{Principal: c.Principal, Kind: access.Standard, Groups: c.Entry.Groups, Username: c.Entry.Username}}.parts()[part]))
		}
		return "set " + strings.Join(parts, "; ")
	case "AssociateAccessPolicy":
		if c.Scope != nil {
			return "+ " + within(string(c.Policy), c.Scope.String())
		}
		return "+ " + c.Policy.Short()
	case "DisassociateAccessPolicy":
		return "- " + c.Policy.Short()
	case "UpdateClusterConfig":
		return "mode: → " + string(c.Mode)
	case "CreateCluster":
		return "create the cluster"
	case "DeleteCluster":
		return "delete the cluster"
	}
	return "tags"
}

// Fact is one thing that a principal has, and the change that gave it.
type Fact struct {
	What  string  // edit in namespace dev
	Since *Change // nil: no event says so
}

// Why is what an entry has now, and since when: the last change that set each part to what it is. An entry that was created again,
// or before any event, has no change for what no event set.
func (s *Story) Why(c Cluster, now access.Entry) (facts []Fact) {
	is := State{Entry: &now}.parts()
	for _, part := range slices.Sorted(maps.Keys(is)) {
		f := Fact{What: part + " " + is[part], Since: s.setting(c, now, part, is[part])}
		name, isPolicy := strings.CutPrefix(part, policy)
		switch {
		case isPolicy:
			f.What = within(name, is[part])
		case part == entry && !now.Node():
			f.What = "an access entry"
		case part == entry:
			f.What = "an access entry of type " + string(now.Kind)
		case part == tags || part == username && is[part] == access.DefaultUsername(now.Principal):
			continue
		}
		facts = append(facts, f)
	}
	access.Sort(facts, func(a, b Fact) int { return rank(a) - rank(b) })
	return facts
}

// rank puts the policies first, and the bare entry last.
//
//go:noinline
func rank(f Fact) int {
	switch {
	case strings.HasPrefix(f.What, "an access entry"):
		return 2
	case strings.HasPrefix(f.What, groups+" "), strings.HasPrefix(f.What, username+" "):
		return 1
	}
	return 0
}

// setting is the last change that set a part to a value.
func (s *Story) setting(in Cluster, now access.Entry, part, value string) *Change {
	at := key(in, now.Principal)
	for _, c := range slices.Backward(s.Changes) {
		if c.Failed() || c.Earlier || key(c.Cluster, c.Principal) != at || !slices.Contains(differing(c.Before, c.After), part) {
			continue
		}
		if c.After.parts()[part] != value {
			return nil
		}
		if made := now.Created; part == entry && !made.IsZero() && !c.Own && made.Sub(c.Last).Abs() > together {
			return nil // the event is of an earlier entry of that principal
		}
		return c
	}
	return nil
}
