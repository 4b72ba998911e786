package tui

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// order is one way to sort.
type order struct {
	name    string
	compare func(a, b printer.Row) int
}

var orders = []order{
	{"people first", func(a, b printer.Row) int { return rank(a) - rank(b) }},
	{"by principal", func(a, b printer.Row) int { return strings.Compare(a.Name, b.Name) }},
	{"by access", func(a, b printer.Row) int { return strings.Compare(a.Access, b.Access) }},
	{"by source", func(a, b printer.Row) int { return strings.Compare(a.Source, b.Source) }},
	{"newest first", func(a, b printer.Row) int { return cmp.Compare(born(b), born(a)) }},
	{"by expiry", func(a, b printer.Row) int { return cmp.Compare(end(a), end(b)) }},
}

// rank puts what is rarely changed behind the rest: nodes, what AWS owns, aws-auth, there too the nodes and what has no effect.
func rank(r printer.Row) int {
	switch {
	case r.Mapping != nil && r.Note != "":
		return 5
	case r.Mapping != nil && r.Mapping.Node():
		return 4
	case r.Mapping != nil:
		return 3
	case r.Entry != nil && r.Entry.Managed():
		return 2
	case r.Entry != nil && r.Entry.Node():
		return 1
	}
	return 0
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

// The columns of the list.
const (
	accessColumn = 1
	statusColumn = 2
	ageColumn    = 3
)

// fill makes the rows from what was read.
func (e *entries) fill() {
	v, now := e.v, e.m.world.Now()
	all := printer.Entries(v.snapshot, v.mappings, now)
	slices.SortStableFunc(all, orders[e.sort].compare)
	rows := make([]row, len(all))
	for i, r := range all {
		rows[i] = listRow(r, now)
	}
	e.list.set(rows)
	if v.heard != nil {
		v.heard()
	}
}

func listRow(r printer.Row, now time.Time) row {
	status, look := statusOf(r, now)
	l := row{
		id: string(r.Principal), value: r, cells: []string{nameOf(r), accessOf(r), status, r.Age},
		tones: []tone{accessColumn: accessTone(r), statusColumn: look},
		keys:  append([]string{r.ARN, r.Name, r.Source, status, accessOf(r)}, rightKeys(r)...), muted: r.Note != "",
	}
	if r.Mapping != nil {
		l.id = "aws-auth " + r.Mapping.Place()
	}
	if r.Entry != nil {
		l.muted = r.Entry.Managed() || r.Entry.Node()
	}
	return l
}

// nameOf leaves a long path out, as everybody in a path has it.
func nameOf(r printer.Row) string {
	if r.Principal.ServiceLinked() {
		return "role/…/" + printer.Clean(r.Principal.Name())
	}
	return r.Name
}

// accessOf is the policies with their scopes, then the groups.
func accessOf(r printer.Row) string {
	var parts []string
	if r.Access != printer.None {
		parts = append(parts, r.Access)
	}
	if len(groupsOf(r)) > 0 && (r.Mapping == nil || r.Note != "" || !r.Mapping.Masters()) { // whose access names what the group gives
		parts = append(parts, "groups "+r.Groups)
	}
	return cmp.Or(strings.Join(parts, "; "), printer.None)
}

// accessTone points out cluster administrators, and scopes that grow by themselves.
func accessTone(r printer.Row) tone {
	wild := func(g access.Grant) bool {
		return slices.ContainsFunc(g.Scope.Namespaces, func(ns string) bool { return strings.Contains(ns, "*") })
	}
	switch {
	case r.Note != "":
		return calm
	case r.Mapping != nil && r.Mapping.Masters(), r.Entry != nil && r.Entry.Administers():
		return alarm
	case r.Entry != nil && slices.ContainsFunc(r.Entry.Grants, wild):
		return notice
	}
	return calm
}

// statusOf is what to know about a row beside its access, the worst first.
func statusOf(r printer.Row, now time.Time) (string, tone) {
	e := r.Entry
	switch {
	case r.Unread != nil:
		return "not read", alarm
	case r.Note != "":
		return r.Note, calm
	case r.Mapping != nil && r.Mapping.Node():
		return "aws-auth (nodes)", calm
	case r.Mapping != nil:
		return "aws-auth", calm
	case r.Stale != "":
		return r.Stale.Status(r.Principal), alarm
	case !e.Expires().IsZero() && e.Expires().Before(now):
		return "overdue", alarm
	case !e.Expires().IsZero():
		return "expires " + printer.Until(e.Expires(), now), notice
	case e.Node():
		return "nodes (" + r.Kind + ")", calm
	case e.Owner().Kind != "":
		return printer.Clean(e.Owner().String()), calm
	case e.Managed():
		return "managed by AWS", calm
	case e.Empty():
		return "no effect", notice
	}
	return "ok", calm
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

// aged are the cells with the time that has passed since they were read. Where there is no room for the status, the access
// begins with one that is not ok.
func (e *entries) aged(r row, widths []int) []string {
	t, ok := r.value.(printer.Row)
	if !ok {
		return r.cells
	}
	cells, now := slices.Clone(r.cells), e.m.world.Now()
	cells[statusColumn], _ = statusOf(t, now)
	if t.Entry != nil {
		cells[ageColumn] = printer.Age(t.Entry.Created, now)
	}
	if widths[statusColumn] == 0 && cells[statusColumn] != "ok" {
		cells[accessColumn] = cells[statusColumn] + "; " + cells[accessColumn]
	}
	return cells
}

// rightKeys are what the filter finds a row by, beside its access as it is shown: each policy with each of its namespaces.
func rightKeys(r printer.Row) []string {
	var keys []string
	if r.Entry != nil {
		for _, g := range r.Entry.Grants {
			for _, ns := range g.Scope.Namespaces {
				keys = append(keys, g.Policy.Short()+":"+ns)
			}
		}
	}
	return append(keys, groupsOf(r)...)
}
