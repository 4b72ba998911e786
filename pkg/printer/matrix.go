package printer

import (
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Matrix is a matrix as a table, a column for each namespace.
func Matrix(m rights.Matrix) Table {
	t := Table{Columns: []Column{{Name: "PRINCIPAL"}, {Name: "CLUSTER-WIDE"}}}
	for _, ns := range m.Namespaces {
		t.Columns = append(t.Columns, Column{Name: Clean(ns)})
	}
	t.Columns = append(t.Columns, Column{Name: "CLASS", Wide: true}, Column{Name: "ARN", Wide: true})
	for _, r := range m.Rows {
		row := []string{Clean(r.Identity.Name), cell(r.Cluster)}
		for _, c := range r.Cells {
			row = append(row, cell(c))
		}
		t.Rows = append(t.Rows, append(row, r.Identity.Class.String(), orNone(string(r.Identity.Principal))))
	}
	return t
}

func cell(c rights.Cell) string {
	switch {
	case c == rights.Cell{}:
		return none
	case c == rights.Cell{Unknown: true}:
		return unknown
	}
	return c.String()
}

// MatrixObject is a matrix for -o json and yaml.
func MatrixObject(m rights.Matrix) any {
	type row struct {
		Principal  string            `json:"principal,omitempty"`
		Name       string            `json:"name"`
		Class      string            `json:"class"`
		Cluster    string            `json:"cluster"`
		Namespaces map[string]string `json:"namespaces"`
	}
	rows := []row{}
	for _, r := range m.Rows {
		one := row{string(r.Identity.Principal), r.Identity.Name, r.Identity.Class.String(), r.Cluster.String(), map[string]string{}}
		for i, c := range r.Cells {
			one.Namespaces[m.Namespaces[i]] = c.String()
		}
		rows = append(rows, one)
	}
	return map[string]any{"apiVersion": manifest.OwnVersion, "kind": "AccessMatrix", "complete": len(m.Missing) == 0, "notVisible": append([]rights.Missing{}, m.Missing...), "rows": rows}
}
