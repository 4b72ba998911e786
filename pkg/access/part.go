package access

import (
	"cmp"
	"fmt"
	"strings"
)

// Part is the part of an entry, or of the cluster, that one step changes.
type Part string

// The parts; each access policy is a part of its own.
const (
	PartEntry    Part = "entry"    // its creation, with username, groups and tags, and its deletion
	PartIdentity Part = "identity" // username and groups, which EKS sets in one call
	PartTags     Part = "tags"
	PartMode     Part = "mode"
	PartAWSAuth  Part = "aws-auth"
)

func partOf(p Policy) Part { return Part("policy " + p) }

// PartOf is the part that a step changes.
//
//go:noinline
func PartOf(s Step) Part {
	switch s := s.(type) {
	case Associate:
		return partOf(s.Grant.Policy)
	case Disassociate:
		return partOf(s.Grant.Policy)
	case UpdateEntry:
		return PartIdentity
	case TagEntry, UntagEntry:
		return PartTags
	case SetMode:
		return PartMode
	case WriteAWSAuth:
		return PartAWSAuth
	}
	return PartEntry
}

// Only is the change limited to these parts of it; false where it has none of them.
func (c Change) Only(done map[Part]bool) (Change, bool) {
	switch {
	case c.After == nil:
		return c, done[PartEntry]
	case c.Before == nil && !done[PartEntry]:
		return Change{}, false
	}
	reached := *c.After // a created entry has all but its policies
	if c.Before != nil {
		reached = *c.Before
		if done[PartIdentity] {
			reached.Username, reached.Groups = c.After.Username, c.After.Groups
		}
		if done[PartTags] {
			reached.Tags = c.After.Tags
		}
	}
	reached.Grants = nil
	for p := range policiesOf(c) {
		from := c.Before
		if done[partOf(p)] {
			from = c.After
		}
		if from == nil {
			continue
		}
		if g, ok := from.Grant(p); ok {
			reached.Grants = append(reached.Grants, g)
		}
	}
	reached = reached.Canonical()
	return Change{Before: c.Before, After: &reached}, c.Before == nil || !c.Before.Same(reached)
}

func policiesOf(c Change) map[Policy]bool {
	all := map[Policy]bool{}
	for _, e := range []*Entry{c.Before, c.After} {
		if e == nil {
			continue
		}
		for _, g := range e.Grants {
			all[g.Policy] = true
		}
	}
	return all
}

// PartsOf describes each part of an entry, nil for none, in a text that is equal if and only if the part is. It leaves out
// the username and groups of nodes, which EKS decides.
func PartsOf(e *Entry) map[Part]string {
	parts := map[Part]string{}
	if e == nil {
		return parts
	}
	c := e.Canonical()
	parts[PartEntry] = "an entry"
	if !c.Node() {
		parts[PartIdentity] = fmt.Sprintf("username %s, groups %s", cmp.Or(c.Username, DefaultUsername(c.Principal)), orNone(strings.Join(c.Groups, ", ")))
	}
	if len(c.Tags) > 0 {
		parts[PartTags] = joinTags(c.Tags)
	}
	for _, g := range c.Grants {
		parts[partOf(g.Policy)] = g.String()
	}
	return parts
}

// Parts are the parts that differ before and after.
func (c Change) Parts() (parts []Part) {
	before, after := PartsOf(c.Before), PartsOf(c.After)
	for part, text := range after {
		if before[part] != text {
			parts = append(parts, part)
		}
	}
	for part := range before {
		if after[part] == "" {
			parts = append(parts, part)
		}
	}
	return parts
}
