package printer

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Sheet keeps what a command prints about one of several clusters, as values: Join makes one output of all sheets.
type Sheet struct {
	Context string
	Flags   []string // that select the cluster

	mu      sync.Mutex
	cluster access.Info
	text    strings.Builder
	tables  []Table
	objects []any
	items   bool  // the objects are items of a list, and not an answer each
	rows    []Row // of a list
	missing []access.Missing
}

// Write keeps text.
func (s *Sheet) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(text)
}

// About says which cluster it is.
func (s *Sheet) About(info access.Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cluster = info
}

// Keep keeps the rows of a list, for Grid, and what could not be read for it.
func (s *Sheet) Keep(rows []Row, missing []access.Missing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows, s.missing = append(s.rows, rows...), missing
}

// keep keeps an object, or the items of a list.
func (s *Sheet) keep(items bool, objects ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = items
	s.objects = append(s.objects, objects...)
}

func (s *Sheet) keepTable(t Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables = append(s.tables, t)
}

// Empty reports whether nothing was printed.
func (s *Sheet) Empty() bool {
	return s.text.Len() == 0 && len(s.objects) == 0 && len(s.rows) == 0 && !slices.ContainsFunc(s.tables, func(t Table) bool { return len(t.Rows) > 0 })
}

// compare sorts by account, region, cluster and context.
func (s *Sheet) compare(t *Sheet) int {
	return cmp.Or(cmp.Compare(s.cluster.Account(), t.cluster.Account()), cmp.Compare(s.cluster.Region(), t.cluster.Region()),
		cmp.Compare(s.cluster.Name, t.cluster.Name), cmp.Compare(s.Context, t.Context))
}

// Unread is a cluster that could not be read, and why.
type Unread struct {
	Context string `json:"context"`
	Reason  string `json:"reason"`
}

// Join prints the sheets of several clusters, sorted by account, region and cluster. With entries the objects are those of a list.
func (f Format) Join(w io.Writer, sheets []*Sheet, unread []Unread, entries bool) error {
	access.Sort(sheets, (*Sheet).compare)
	switch {
	case f.Name == "markdown":
		_, err := io.WriteString(w, sections(w, f, sheets))
		return err
	case !f.Tabular() && f.Name != "name":
		return f.Object(w, joined(sheets, unread, entries))
	case f.Name == "name":
		_, err := io.WriteString(w, arguments(sheets))
		return err
	}
	t, ok := merged(sheets)
	if !ok {
		_, err := io.WriteString(w, sections(w, f, sheets))
		return err
	}
	if t.column("WHEN") >= 0 { // a history
		return f.Stacked(w, t, 4)
	}
	if f.Name == "" {
		t = t.fit(t.column("ACCESS"), TerminalWidth(w))
	}
	if len(t.Rows) == 0 && f.People() {
		return nil
	}
	return f.Table(w, t)
}

// joined is one list of what was printed about every cluster.
func joined(sheets []*Sheet, unread []Unread, entries bool) any {
	items, lacks := []any{}, []lack{}
	for _, s := range sheets {
		for _, m := range s.missing {
			lacks = append(lacks, lack{s.Context, m})
		}
		if s.items || entries {
			items = append(items, s.objects...)
			continue
		}
		for _, o := range s.objects {
			items = append(items, map[string]any{"context": s.Context, "cluster": s.cluster.Name, "region": s.cluster.Region(), "account": s.cluster.Account(), "answer": o})
		}
	}
	if entries {
		return listObject(items, lacks, unread)
	}
	return map[string]any{
		"apiVersion": manifest.OwnVersion, "kind": "ClusterAnswerList", "complete": len(unread) == 0, "notRead": append([]Unread{}, unread...), "items": items,
	}
}

// lack is something that could not be read for a list, of several clusters in which one.
type lack struct {
	Context string `json:"context,omitempty"`
	access.Missing
}

// listObject is a list of entries and mappings. It says so where it is not complete.
func listObject(items []any, lacks []lack, unread []Unread) any {
	list := map[string]any{"apiVersion": manifest.OwnVersion, "kind": manifest.ListKind, "metadata": map[string]any{}, "items": items}
	if len(lacks) > 0 {
		list["notVisible"], list["complete"] = lacks, false
	}
	if len(unread) > 0 {
		list["notRead"], list["complete"] = unread, false
	}
	return list
}

// arguments are the lines of -o name, each with the flags that the next command needs: it would act on the current context.
func arguments(sheets []*Sheet) string {
	var b strings.Builder
	for _, s := range sheets {
		for line := range strings.Lines(s.text.String()) {
			b.WriteString(Clean(shell.Line(s.Flags)) + " " + line)
		}
	}
	return b.String()
}

// merged is one table of the tables of all clusters, where they have the same columns and there is nothing else.
func merged(sheets []*Sheet) (all Table, ok bool) {
	for _, s := range sheets {
		if s.text.Len() > 0 || len(s.tables) > 1 {
			return all, false
		}
		for _, t := range s.tables {
			columns := append([]Column{{Name: "CONTEXT"}, {Name: "ACCOUNT", Wide: true}, {Name: "REGION", Wide: true}}, t.Columns...)
			if all.Columns == nil {
				all.Columns = columns
			}
			if !slices.EqualFunc(all.Columns, columns, func(a, b Column) bool { return a.Name == b.Name }) {
				return all, false
			}
			for i, c := range columns { // a column that is only interesting in one cluster
				all.Columns[i].Wide = all.Columns[i].Wide && c.Wide
			}
			for _, row := range t.Rows {
				all.Rows = append(all.Rows, append([]string{Clean(s.Context), Clean(s.cluster.Account()), Clean(s.cluster.Region())}, row...))
			}
		}
	}
	return all, true
}

// sections are the outputs one after the other, each under the name of its cluster.
func sections(w io.Writer, f Format, sheets []*Sheet) string {
	var b strings.Builder
	for _, s := range sheets {
		if s.Empty() {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		if f.Name != "markdown" { // which names the cluster itself, after a comment that must be first
			b.WriteString("== " + Clean(s.Context))
			if s.cluster.ARN != "" && s.cluster.ARN != s.Context {
				b.WriteString(" (" + Clean(s.cluster.ARN) + ")")
			}
			b.WriteString("\n")
		}
		b.WriteString(Wrap(s.text.String(), TerminalWidth(w)))
		for _, t := range s.tables { // a text can always be written
			if t.column("WHEN") >= 0 {
				_ = f.stack(&b, t, 3, TerminalWidth(w))
				continue
			}
			_ = f.Table(&b, t.FitLast(TerminalWidth(w)))
		}
	}
	return b.String()
}
