package tui

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// order is one way to sort.
type order struct {
	name    string
	compare func(a, b printer.Row) int
}

var orders = []order{
	{"people first", func(a, b printer.Row) int { return a.Rank() - b.Rank() }},
	{"by principal", func(a, b printer.Row) int { return strings.Compare(a.Name, b.Name) }},
	{"by access", func(a, b printer.Row) int { return strings.Compare(a.Access, b.Access) }},
	{"by source", func(a, b printer.Row) int { return strings.Compare(sourceOf(a), sourceOf(b)) }},
	{"newest first", func(a, b printer.Row) int { return cmp.Compare(born(b), born(a)) }},
	{"by expiry", func(a, b printer.Row) int { return cmp.Compare(end(a), end(b)) }},
}

func born(r printer.Row) int64 {
	if r.Entry == nil {
		return 0
	}
	return r.Entry.Created.Unix()
}

// end puts what never expires last.
func end(r printer.Row) int64 {
	if r.Entry == nil || r.Entry.Expires().IsZero() {
		return 1 << 62
	}
	return r.Entry.Expires().Unix()
}

// fill makes the rows from what was read.
func (e *entries) fill() {
	v := e.v
	all := printer.Rows(v.snapshot, v.mappings, e.m.world.Now())
	access.Sort(all, orders[e.sort].compare)
	rows := make([]row, len(all))
	expires := false
	for i, r := range all {
		rows[i] = listRow(r)
		expires = expires || r.Entry != nil && !r.Entry.Expires().IsZero()
	}
	e.list.set(rows)
	if !expires {
		e.list.natural[expiresColumn] = 0
	}
	if v.heard != nil {
		v.heard()
	}
}

// The columns that show times.
const (
	ageColumn     = 4
	expiresColumn = 5
)

func listRow(r printer.Row) row {
	l := row{
		id: string(r.Principal), value: r, cells: []string{r.Name, r.Access, r.Groups, sourceOf(r), r.Age, r.Expires},
		keys: append([]string{r.ARN, r.Name, sourceOf(r)}, rightKeys(r)...), instead: instead(r), muted: r.Void(),
	}
	if r.Mapping != nil {
		l.id = "aws-auth " + r.Mapping.Place()
	}
	if r.Entry != nil {
		l.muted = r.Entry.Managed() || r.Entry.Node()
	}
	if l.cells[home] == printer.None {
		l.cells[home] = ""
	}
	l.keys = append(l.keys, l.instead...)
	return l
}

func sourceOf(r printer.Row) string {
	if r.Entry != nil && r.Entry.Node() && r.Stale == "" {
		return "nodes " + r.Kind
	}
	return r.Status
}

// instead is what ACCESS says where there is no room for the groups or the source.
func instead(r printer.Row) []string {
	groups, source := "", ""
	if len(groupsOf(r)) > 0 && (r.Mapping == nil || r.Void() || !r.Mapping.Masters()) { // whose access names what the group gives
		groups = "groups " + r.Groups
	}
	switch {
	case r.Stale != "":
		source = "stale"
	case r.Void():
		source = r.Status
	case r.Mapping != nil, r.Entry != nil && (r.Entry.Node() || r.Entry.Owner().Kind != ""):
		source = sourceOf(r)
	}
	return []string{2: groups, 3: source}
}

func groupsOf(r printer.Row) []string {
	switch {
	case r.Entry != nil:
		return r.Entry.Groups
	case r.Mapping != nil:
		return r.Mapping.Groups
	}
	return nil
}

// aged are the cells with the time that has passed since they were read.
func (e *entries) aged(r row) []string {
	t, ok := r.value.(printer.Row)
	if !ok || t.Entry == nil {
		return r.cells
	}
	cells, now := slices.Clone(r.cells), e.m.world.Now()
	cells[ageColumn] = printer.Age(t.Entry.Created, now)
	if at := t.Entry.Expires(); !at.IsZero() {
		cells[expiresColumn] = printer.Until(at, now)
	}
	return cells
}

// rightKeys are what the filter finds a row by: its access as it is shown, each policy with each of its namespaces, and the groups.
func rightKeys(r printer.Row) []string {
	keys := []string{r.Access}
	if r.Entry != nil {
		for _, g := range r.Entry.Grants {
			for _, ns := range g.Scope.Namespaces {
				keys = append(keys, g.Policy.Short()+":"+ns)
			}
		}
	}
	return append(keys, groupsOf(r)...)
}
