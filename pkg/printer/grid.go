package printer

import (
	"cmp"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Grid is who has access in which cluster: a row for each principal, a column for each cluster.
func Grid(sheets []*Sheet, unread []Unread) Table {
	access.Sort(sheets, (*Sheet).compare)
	t := Table{Columns: []Column{{Name: "PRINCIPAL"}}}
	var all []*gridRow
	of := map[string]*gridRow{}
	named := map[string]int{}
	for i, s := range sheets {
		t.Columns = append(t.Columns, Column{Name: Clean(s.Context)})
		for _, r := range s.rows {
			if r.Void() || r.Stale != "" { // which gives nothing
				continue
			}
			g := of[r.ARN]
			if g == nil {
				g = &gridRow{arn: r.ARN, name: r.Name, cells: make([]string, len(sheets))}
				if r.Principal.Account() != "" {
					g.name = Clean(r.Principal.Short(r.Principal.Account()))
				}
				of[r.ARN], all = g, append(all, g)
				named[g.name]++
			}
			if g.cells[i] == "" {
				g.cells[i] = r.Access
			} else if g.cells[i] != r.Access {
				g.cells[i] += "; " + r.Access
			}
		}
	}
	for _, u := range unread {
		t.Columns = append(t.Columns, Column{Name: Clean(u.Context)})
	}
	t.Columns = append(t.Columns, Column{Name: "ARN", Wide: true})
	for _, g := range all {
		if named[g.name] > 1 { // in several accounts
			g.name = g.arn
		}
		row := []string{g.name}
		for _, c := range g.cells {
			row = append(row, orNone(c))
		}
		row = append(row, slices.Repeat([]string{unknown}, len(unread))...)
		t.Rows = append(t.Rows, append(row, g.arn))
	}
	access.Sort(t.Rows, func(a, b []string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[len(a)-1], b[len(b)-1])) })
	return t
}

// gridRow is one principal, and what it has in each cluster.
type gridRow struct {
	arn, name string
	cells     []string
}
