package printer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
)

// customColumns begins the format of kubectl get that prints chosen fields: custom-columns=NAME:.spec.principalARN,...
const customColumns = "custom-columns="

// columns prints a row for each object of a list.
type columns struct {
	names []string
	cells []*printers.JSONPathPrinter
}

func newColumns(spec string, noHeaders bool) (*columns, error) {
	var c columns
	for part := range strings.SplitSeq(spec, ",") {
		name, path, ok := strings.Cut(part, ":")
		if !ok || name == "" || path == "" {
			return nil, errors.New(customColumns + ": expected NAME:PATH, separated by commas, for example NAME:.spec.principalARN,AGE:.status.createdAt")
		}
		p, err := printers.NewJSONPathPrinter("{." + strings.TrimPrefix(strings.Trim(path, "{}"), ".") + "}")
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", customColumns, part, err)
		}
		p.AllowMissingKeys(true)
		c.names, c.cells = append(c.names, name), append(c.cells, p)
	}
	if noHeaders {
		c.names = nil
	}
	return &c, nil
}

// PrintObj is a printer of cli-runtime.
func (c *columns) PrintObj(o runtime.Object, w io.Writer) error {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("cannot print %T in columns", o)
	}
	objects := []any{u.Object}
	if items, is, _ := unstructured.NestedSlice(u.Object, "items"); is {
		objects = items
	}
	out := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	if c.names != nil {
		fmt.Fprintln(out, strings.Join(c.names, "\t"))
	}
	for _, object := range objects {
		row := make([]string, len(c.cells))
		for i, p := range c.cells {
			var cell strings.Builder
			if err := p.PrintObj(&unstructured.Unstructured{Object: object.(map[string]any)}, &cell); err != nil { //nolint:forcetypeassert // the list is ours
				return err
			}
			row[i] = orNone(cell.String())
		}
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	return out.Flush()
}

// writeCSV writes all columns of a table, also the wide ones.
func writeCSV(w io.Writer, t Table, noHeaders bool) error {
	out := csv.NewWriter(w)
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = c.Name
	}
	rows := t.Rows
	if !noHeaders {
		rows = append([][]string{head}, rows...)
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = harmless(strings.TrimSpace(cell))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet from taking a cell for a formula (OWASP, "CSV Injection"), and leaves empty what is none.
func harmless(cell string) string {
	switch {
	case cell == none:
		return ""
	case strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "@"):
		return "'" + cell
	}
	return cell
}
