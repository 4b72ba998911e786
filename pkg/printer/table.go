package printer

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Table is rows for people. Wide columns show with -o wide only.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// Column is one column of a table.
type Column struct {
	Name string
	Wide bool
}

// EntryTable is the rows as a table.
func EntryTable(rows []Row) Table {
	t := Table{Columns: []Column{
		{Name: "PRINCIPAL"},
		{Name: "TYPE", Wide: true},
		{Name: "ACCESS"},
		{Name: "GROUPS", Wide: true},
		{Name: "STATUS"},
		{Name: "SOURCE", Wide: true},
		{Name: "AGE"},
		{Name: "USERNAME", Wide: true},
		{Name: "EXPIRES", Wide: true},
		{Name: "TAGS", Wide: true},
		{Name: "ARN", Wide: true},
	}}
	for _, r := range rows {
		t.Rows = append(t.Rows, []string{r.Name, r.Kind, r.Access, r.Groups, r.Status, r.Source, r.Age, r.Username, r.Expires, r.Tags, r.ARN})
	}
	return t
}

// dated is the table for a spreadsheet: dates instead of ages.
func dated(rows []Row) Table {
	t := EntryTable(rows)
	for i, r := range rows {
		switch {
		case r.Entry != nil:
			t.Rows[i][6], t.Rows[i][8] = moment(r.Entry.Created), moment(r.Entry.Expires())
		case r.Mapping != nil: // aws-auth keeps no times
			t.Rows[i][6] = ""
		}
	}
	t.Columns[6].Name = "CREATED"
	return t
}

// moment is a time as spreadsheets read it; empty for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// List prints rows as a table, or as CSV.
func (f Format) List(w io.Writer, rows []Row) error {
	if f.Name == "csv" {
		return f.Table(w, dated(rows))
	}
	return f.Table(w, EntryTable(rows))
}

// Fold leaves out the mappings that give nothing, and says how many and why.
func Fold(rows []Row) (shown []Row, folded string) {
	var kinds []string
	count := map[string]int{}
	for _, r := range rows {
		if !r.Void() {
			shown = append(shown, r)
			continue
		}
		if count[r.Status] == 0 {
			kinds = append(kinds, r.Status)
		}
		count[r.Status]++
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", count[kind], kind)
	}
	switch n := len(rows) - len(shown); n {
	case 0:
		return shown, ""
	case 1:
		return shown, "1 aws-auth mapping gives nothing (" + kinds[0] + ")"
	default:
		return shown, fmt.Sprintf("%d aws-auth mappings give nothing (%s)", n, strings.Join(kinds, ", "))
	}
}

// Changed are the rows that are new or differ from before, and those that have gone, with that as their status.
func Changed(before, now []Row) (changed []Row) {
	was := map[string]Row{}
	for _, r := range before {
		was[r.key()] = r
	}
	for _, r := range now {
		if old, had := was[r.key()]; !had || old.Access != r.Access || old.Status != r.Status || old.Username != r.Username || old.Tags != r.Tags {
			changed = append(changed, r)
		}
		delete(was, r.key())
	}
	for _, r := range before {
		if _, gone := was[r.key()]; gone {
			r.Status, r.State = "removed", access.StateUnknown
			changed = append(changed, r)
		}
	}
	return changed
}

// key tells rows apart.
//
//go:noinline
func (r Row) key() string {
	if r.Mapping != nil {
		return r.Mapping.Place() + " " + r.ARN
	}
	return r.ARN
}
