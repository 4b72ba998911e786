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
	switch c {
	case rights.Cell{}:
		return none
	case rights.Cell{Unknown: true}:
		return unknown
	}
	return c.String()
}

// MatrixObject is a matrix for -o json and yaml.
func MatrixObject(m rights.Matrix) any {
	rows := []any{}
	for _, r := range m.Rows {
		namespaces := map[string]string{}
		for i, c := range r.Cells {
			namespaces[m.Namespaces[i]] = c.String()
		}
		rows = append(rows, map[string]any{
			"principal": string(r.Identity.Principal), "name": r.Identity.Name, "class": r.Identity.Class.String(), "cluster": r.Cluster.String(), "namespaces": namespaces,
		})
	}
	return answered("AccessMatrix", m.Missing, rows)
}

// answered is the common form of answers about everybody.
func answered(kind string, missing []rights.Missing, rows any) map[string]any {
	return map[string]any{"apiVersion": manifest.OwnVersion, "kind": kind, "complete": len(missing) == 0, "notVisible": append([]rights.Missing{}, missing...), "rows": rows}
}
