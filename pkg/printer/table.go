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

// Row is one principal in the list of who has access: what the row is about, and what each column shows of it.
type Row struct {
	Principal access.Principal
	Entry     *access.Entry   // nil: it could not be read, or this is a mapping
	Unread    error           // why the entry could not be read
	Stale     access.Stale    // why the entry no longer works
	Mapping   *access.Mapping // nil: this is an entry
	Note      string          // why the mapping has no effect

	Name, Kind, Access, Groups, Source, Age, Username, Expires, Tags, ARN string
}

// Entries are the rows of the entries, then those of the mappings of aws-auth that the cluster's mode still reads.
func Entries(s access.Snapshot, mappings []access.Mapping, now time.Time) []Row {
	account := s.Cluster.Account()
	named := map[string]int{}
	for _, e := range s.Entries {
		named[e.Principal.Short(account)]++
	}
	rows := make([]Row, 0, len(s.Entries)+len(s.Unread)+len(mappings))
	for i := range s.Entries {
		row := entryRow(&s.Entries[i], s, now)
		if named[row.Principal.Short(account)] > 1 { // a permission set whose role was recreated has two
			row.Name = row.ARN
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	for _, u := range s.Unread {
		rows = append(rows, Row{
			Principal: u.Principal, Unread: u.Err, Name: Clean(u.Principal.Short(account)), Kind: unknown, Access: unknown, Groups: unknown,
			Source: "entry", Age: unknown, Username: unknown, Expires: unknown, Tags: unknown, ARN: Clean(string(u.Principal)),
		})
	}
	for i := range mappings {
		rows = append(rows, mappingRow(&mappings[i], s, account))
	}
	return rows
}

// EntryTable is the rows as a table.
func EntryTable(rows []Row) Table {
	expires := slices.ContainsFunc(rows, func(r Row) bool { return r.Entry != nil && !r.Entry.Expires().IsZero() })
	t := Table{Columns: []Column{
		{Name: "PRINCIPAL"},
		{Name: "TYPE"},
		{Name: "ACCESS"},
		{Name: "GROUPS"},
		{Name: "SOURCE"},
		{Name: "AGE"},
		{Name: "USERNAME", Wide: true},
		{Name: "EXPIRES", Wide: !expires},
		{Name: "TAGS", Wide: true},
		{Name: "ARN", Wide: true},
	}}
	for _, r := range rows {
		t.Rows = append(t.Rows, []string{r.Name, r.Kind, r.Access, r.Groups, r.Source, r.Age, r.Username, r.Expires, r.Tags, r.ARN})
	}
	return t
}

func entryRow(e *access.Entry, s access.Snapshot, now time.Time) Row {
	stale := s.Stale(e.Principal)
	r := Row{
		Principal: e.Principal, Entry: e, Stale: stale,
		Name: Clean(e.Principal.Short(s.Cluster.Account())), Kind: Clean(string(e.Kind)), Access: orNone(grants(e.Grants)), Groups: orNone(strings.Join(e.Groups, ",")),
		Source: Clean(cmp.Or(stale.Status(e.Principal), e.Owner().String(), "entry")), Age: Age(e.Created, now), Username: orNone(e.Username),
		Expires: none, Tags: orNone(Tags(e.Tags, ",")), ARN: Clean(string(e.Principal)),
	}
	if e.Managed() && r.Source == "entry" {
		r.Source = "entry (AWS)"
	}
	if !e.Expires().IsZero() {
		r.Expires = Until(e.Expires(), now)
	}
	return r
}

// grants reads "edit:dev,dev-*; view": a policy without namespaces holds in the whole cluster.
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

func mappingRow(m *access.Mapping, s access.Snapshot, account string) Row {
	r := Row{
		Principal: access.Principal(m.ARN), Mapping: m, Note: mappingNote(*m, m.Outweighed(s), slices.ContainsFunc(s.Doubtful, m.For)),
		Name: orNone(access.Principal(m.ARN).Short(account)), Kind: string(m.Kind), Access: none, Groups: orNone(strings.Join(m.Groups, ",")),
		Source: "aws-auth", Age: unknown, Username: orNone(m.Username), Expires: none, Tags: none, ARN: orNone(m.ARN),
	}
	switch {
	case r.Note != "":
		r.Source += " (" + r.Note + ")"
	case m.Masters():
		r.Access = "everything"
	}
	return r
}

// mappingNote says why a mapping has no effect: one of its own reasons, or an entry, which overrides
// aws-auth (EKS User Guide, "Change authentication mode") unless it is stale.
func mappingNote(m access.Mapping, outweighed, doubtful bool) string {
	switch {
	case m.State == access.Shadowed:
		return "overridden by a later mapping"
	case m.State == access.NeverMatches:
		return "never matches"
	case m.State == access.Dropped:
		return "invalid"
	case outweighed && doubtful:
		return "may be overridden by entry"
	case outweighed:
		return "overridden by entry"
	}
	return ""
}
