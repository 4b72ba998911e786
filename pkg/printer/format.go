package printer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// Format is a value of -o: the formats of kubectl that need no text/template.
type Format struct {
	Name      string   // "" for people
	Allowed   []string // what the command has
	NoHeaders bool
}

// Check refuses a format that the command does not have, and a path that cannot be read.
func (f Format) Check() error {
	if f.Name == "" {
		return nil
	}
	for _, a := range f.Allowed {
		if f.Name == a || strings.HasSuffix(a, "=") && strings.HasPrefix(f.Name, a) {
			_, err := f.printer() // a path may be wrong
			return err
		}
	}
	return fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s", f.Name, strings.Join(f.Allowed, ", "))
}

// People reports whether the format is a table or text for people.
func (f Format) People() bool { return f.Name == "" || f.Name == "wide" }

// Tabular reports whether the format is a table.
func (f Format) Tabular() bool { return f.People() || f.Name == "csv" }

// printer is cli-runtime's for the format.
func (f Format) printer() (printers.ResourcePrinter, error) {
	switch f.Name {
	case "json":
		return &printers.JSONPrinter{}, nil
	case "yaml":
		return &printers.YAMLPrinter{}, nil
	case "name":
		return &printers.NamePrinter{}, nil
	}
	if columns, ok := strings.CutPrefix(f.Name, customColumns); ok {
		return newColumns(columns, f.NoHeaders)
	}
	if path, ok := strings.CutPrefix(f.Name, "jsonpath="); ok {
		p, err := printers.NewJSONPathPrinter(path)
		if err != nil {
			return nil, err
		}
		p.AllowMissingKeys(true)
		return p, nil
	}
	return printers.NewTablePrinter(printers.PrintOptions{Wide: f.Name == "wide", NoHeaders: f.NoHeaders}), nil
}

// Table prints rows for people, or as CSV.
func (f Format) Table(w io.Writer, t Table) error {
	if s, ok := w.(*Sheet); ok {
		s.keepTable(t)
		return nil
	}
	if f.Name == "csv" {
		return writeCSV(w, t, f.NoHeaders)
	}
	var table metav1.Table
	for _, c := range t.Columns {
		column := metav1.TableColumnDefinition{Name: c.Name, Type: "string"}
		if c.Wide {
			column.Priority = 1
		}
		table.ColumnDefinitions = append(table.ColumnDefinitions, column)
	}
	for _, row := range t.Rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: cells})
	}
	p, err := f.printer()
	if err != nil {
		return err
	}
	return p.PrintObj(&table, w)
}

// Entries prints entries in the written form; one that was asked for by name as an object, else a list.
func (f Format) Entries(w io.Writer, entries []access.Entry, cluster access.Info, one bool) error {
	rows := make([]Row, len(entries))
	for i := range entries {
		rows[i] = Row{Principal: entries[i].Principal, Entry: &entries[i]}
	}
	return f.Rows(w, rows, cluster, one)
}

// Rows prints the entries and mappings of a list in their written forms, whether they are stale, and what the list may lack.
func (f Format) Rows(w io.Writer, rows []Row, cluster access.Info, one bool, missing ...access.Missing) error {
	if f.People() {
		return nil
	}
	sheet, several := w.(*Sheet)
	if several {
		rows = slices.Clone(rows)
		access.Sort(rows, func(a, b Row) int { return cmp.Compare(a.ARN, b.ARN) })
	}
	items := []any{}
	for _, r := range rows {
		switch {
		case r.Entry != nil && f.Name == "name":
			form := manifest.AccessEntry{APIVersion: "v1", Kind: manifest.Kind} // without its group: the short name reads like a command's argument
			form.Metadata.Name = Clean(r.Principal.Short(cluster.Account()))
			items = append(items, form)
		case r.Entry != nil:
			form := manifest.Of(*r.Entry, cluster)
			form.Mark(r.Stale, r.Principal)
			items = append(items, form)
		case r.Mapping != nil && f.Name != "name":
			form := manifest.OfMapping(*r.Mapping, r.State, cluster)
			if several {
				form.Status.Resource = &manifest.Resource{OwnerAccountID: cluster.Account(), Region: cluster.Region()}
			}
			items = append(items, form)
		}
	}
	lacks := make([]lack, len(missing))
	for i, m := range missing {
		lacks[i].Missing = m
	}
	switch {
	case several && f.Name != "name":
		sheet.keep(true, items...)
		return nil
	case one && len(items) == 1:
		return f.Object(w, items[0])
	case one && len(items) == 0:
		return nil
	case f.Name == "name":
		for _, item := range items {
			if err := f.Object(w, item); err != nil {
				return err
			}
		}
		return nil
	}
	return f.Object(w, listObject(items, lacks, nil))
}

// Object prints anything that has a JSON form with apiVersion and kind.
func (f Format) Object(w io.Writer, v any) error {
	if s, ok := w.(*Sheet); ok && f.Name != "name" {
		s.keep(false, v)
		return nil
	}
	p, err := f.printer()
	if err != nil {
		return err
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var u unstructured.Unstructured
	if err := json.Unmarshal(data, &u.Object); err != nil {
		return err
	}
	var text strings.Builder
	if f.Name == "yaml" {
		return writeYAML(w, v)
	}
	if err := p.PrintObj(&u, &text); err != nil {
		return err
	}
	return f.write(w, text.String())
}

// write keeps from a terminal what it would obey. In JSON an escape says the same; a path prints the bare value.
func (f Format) write(w io.Writer, text string) error {
	switch {
	case f.Name == "json":
		text = EscapeJSON(text)
	case Terminal(w):
		text = CleanLines(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

func writeYAML(w io.Writer, v any) error {
	data, err := manifest.YAML(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// Plain prints an object that is not a Kubernetes object, as JSON or YAML or by a path.
func (f Format) Plain(w io.Writer, v any) error {
	if _, several := w.(*Sheet); f.Name == "json" && !several {
		data, err := json.MarshalIndent(v, "", "    ")
		if err != nil {
			return err
		}
		return f.write(w, string(data)+"\n")
	}
	return f.Object(w, v)
}
