package printer

import (
	"cmp"
	"slices"
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

// Entries shows who is let in: the entries, then the mappings of aws-auth that the cluster's
// mode still reads.
func Entries(s access.Snapshot, mappings []access.Mapping, now time.Time) Table {
	t := Table{Columns: []Column{
		{Name: "PRINCIPAL"},
		{Name: "TYPE"},
		{Name: "ACCESS"},
		{Name: "GROUPS"},
		{Name: "SOURCE"},
		{Name: "AGE"},
		{Name: "USERNAME", Wide: true},
		{Name: "EXPIRES", Wide: !slices.ContainsFunc(s.Entries, func(e access.Entry) bool { return !e.Expires().IsZero() })},
		{Name: "TAGS", Wide: true},
		{Name: "ARN", Wide: true},
	}}
	account := s.Cluster.Account()
	named := map[string]int{}
	for _, e := range s.Entries {
		named[e.Principal.Short(account)]++
	}
	for _, e := range s.Entries {
		row := entryRow(e, account, now)
		if stale := s.Stale(e.Principal); stale != "" {
			row[4] = stale.Status(e.Principal)
		}
		if named[e.Principal.Short(account)] > 1 { // a permission set whose role was made anew has two
			row[0] = Clean(string(e.Principal))
		}
		t.Rows = append(t.Rows, row)
	}
	slices.SortStableFunc(t.Rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	for _, u := range s.Unread {
		t.Rows = append(t.Rows, []string{Clean(u.Principal.Short(account)), unknown, unknown, unknown, "entry", unknown, unknown, unknown, unknown, Clean(string(u.Principal))})
	}
	for _, m := range mappings {
		t.Rows = append(t.Rows, mappingRow(m, s, account))
	}
	return t
}

func entryRow(e access.Entry, account string, now time.Time) []string {
	source, expires := cmp.Or(e.Owner().String(), "entry"), none
	if e.Managed() && source == "entry" {
		source = "entry (AWS)"
	}
	if !e.Expires().IsZero() {
		expires = Until(e.Expires(), now)
	}
	return []string{
		Clean(e.Principal.Short(account)), Clean(string(e.Kind)), orNone(grants(e.Grants)), orNone(strings.Join(e.Groups, ",")),
		Clean(source), Age(e.Created, now), orNone(e.Username), expires, orNone(Tags(e.Tags, ",")), Clean(string(e.Principal)),
	}
}

// grants reads "edit: dev, dev-*; view: *", * being the whole cluster.
func grants(all []access.Grant) string {
	parts := make([]string, len(all))
	for i, g := range all {
		parts[i] = g.Policy.Short()
		if !g.Scope.WholeCluster() {
			parts[i] += ":" + strings.Join(g.Scope.Namespaces, ",")
		}
	}
	return strings.Join(parts, "; ")
}

func mappingRow(m access.Mapping, s access.Snapshot, account string) []string {
	note := mappingNote(m, m.Outweighed(s), slices.ContainsFunc(s.Doubtful, m.For))
	what := none
	if m.Masters() && note == "" {
		what = "everything"
	}
	return []string{
		orNone(access.Principal(m.ARN).Short(account)), string(m.Kind), what, orNone(strings.Join(m.Groups, ",")),
		"aws-auth" + note, unknown, orNone(m.Username), none, none, orNone(m.ARN),
	}
}

// mappingNote says why a line does nothing: one of its own reasons, or an entry, which wins
// over aws-auth (EKS User Guide, "Change authentication mode") unless it is dead.
func mappingNote(m access.Mapping, outweighed, doubtful bool) string {
	switch {
	case m.State == access.Shadowed:
		return " (a later line wins)"
	case m.State == access.NeverMatches:
		return " (never matches)"
	case m.State == access.Dropped:
		return " (not read)"
	case outweighed && doubtful:
		return " (the entry may win)"
	case outweighed:
		return " (the entry wins)"
	}
	return ""
}
