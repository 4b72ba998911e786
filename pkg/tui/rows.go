package tui

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// The columns of the list.
const (
	accessColumn = 1
	statusColumn = 2
	ageColumn    = 3
)

// fill makes the rows from what was read.
func (e *entries) fill() {
	v := e.v
	all := printer.Rows(v.snapshot, v.mappings, e.m.world.Now())
	if e.sort > 0 { // else as they come
		_ = printer.Sort(all, printer.SortKeys()[e.sort-1])
	}
	rows := make([]*row, len(all))
	for i := range all {
		rows[i] = listRow(&all[i])
	}
	e.list.set(rows)
	if v.heard != nil {
		v.heard()
	}
}

func listRow(r *printer.Row) *row {
	l := &row{
		id: string(r.Principal), value: r, cells: []string{r.Name, r.Access, r.Status, r.Age},
		tones: []tone{accessColumn: accessTone(r), statusColumn: statusTone[r.State]},
		keys:  append([]string{r.ARN, r.Name, r.Source, r.Status, r.Access, r.Groups}, rightKeys(r)...),
		muted: r.Void() || r.Node() || r.Entry != nil && r.Entry.Managed(),
	}
	if r.Mapping != nil {
		l.id = "aws-auth " + r.Mapping.Place()
	}
	return l
}

// accessTone points out cluster administrators, and scopes that grow by themselves.
func accessTone(r *printer.Row) tone {
	wild := func(right access.Right) bool { return strings.Contains(right.Where, "*") }
	switch {
	case r.Void() || r.Stale != "":
		return calm
	case access.Administrates(r.Rights):
		return alarm
	case slices.ContainsFunc(r.Rights, wild):
		return notice
	}
	return calm
}

var statusTone = map[access.State]tone{
	access.StateStale: alarm, access.StateOverdue: alarm, access.StateUnknown: alarm, access.StateExpires: notice, access.StateNoEffect: notice,
}

// aged are the cells with the time that has passed since they were read. A name that is too long is shown without its path; where
// there is no room for the status, the access begins with one that is not ok.
func (e *entries) aged(r *row, widths []int) []string {
	t, ok := r.value.(*printer.Row)
	if !ok {
		return r.cells
	}
	cells, now := slices.Clone(r.cells), e.m.world.Now()
	cells[0] = printer.FitName(t.Name, widths[0])
	if t.Entry != nil {
		cells[ageColumn] = printer.Age(t.Entry.Created, now)
	} else if t.Mapping != nil { // aws-auth keeps no times
		cells[ageColumn] = ""
	}
	if t.State == access.StateExpires {
		cells[statusColumn] = "expires " + printer.Until(t.Entry.Expires(), now)
	}
	if widths[statusColumn] == 0 && t.State != access.StateOK {
		cells[accessColumn] = cells[statusColumn] + "; " + cells[accessColumn]
	}
	return cells
}

// rightKeys are what the filter finds a row by, beside its access as it is shown: each policy with each of its namespaces.
func rightKeys(r *printer.Row) (keys []string) {
	if r.Entry != nil {
		for _, g := range r.Entry.Grants {
			for _, ns := range g.Scope.Namespaces {
				keys = append(keys, g.Policy.Short()+":"+ns)
			}
		}
	}
	return keys
}
