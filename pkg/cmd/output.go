package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// output is the -o flag: the formats of kubectl that need no text/template.
type output struct {
	format    string
	allowed   []string
	noHeaders bool
}

// formats annotates the flag with its values, for completion.
const formats = "formats"

func (o *output) bind(fs *pflag.FlagSet, allowed ...string) {
	o.allowed = allowed
	fs.StringVarP(&o.format, "output", "o", "", "Output format. One of: "+strings.Join(allowed, ", "))
	_ = fs.SetAnnotation("output", formats, allowed)
}

// bindTable adds what only a command that prints a table has.
func (o *output) bindTable(fs *pflag.FlagSet, allowed ...string) {
	o.bind(fs, allowed...)
	fs.BoolVar(&o.noHeaders, "no-headers", false, "Print the table without its header")
}

func (o *output) check() error {
	if o.format == "" {
		return nil
	}
	for _, a := range o.allowed {
		if o.format == a || strings.HasSuffix(a, "=") && strings.HasPrefix(o.format, a) {
			_, err := o.printer() // a path may be wrong
			return err
		}
	}
	return fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s", o.format, strings.Join(o.allowed, ", "))
}

func (o *output) people() bool { return o.format == "" || o.format == "wide" }

// printer is cli-runtime's for the format.
func (o *output) printer() (printers.ResourcePrinter, error) {
	switch o.format {
	case "json":
		return &printers.JSONPrinter{}, nil
	case "yaml":
		return &printers.YAMLPrinter{}, nil
	case "name":
		return &printers.NamePrinter{}, nil
	}
	if path, ok := strings.CutPrefix(o.format, "jsonpath="); ok {
		p, err := printers.NewJSONPathPrinter(path)
		if err != nil {
			return nil, err
		}
		p.AllowMissingKeys(true)
		return p, nil
	}
	return printers.NewTablePrinter(printers.PrintOptions{Wide: o.format == "wide", NoHeaders: o.noHeaders}), nil
}

// table prints rows for people.
func (o *output) table(w io.Writer, t printer.Table) error {
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
	p, err := o.printer()
	if err != nil {
		return err
	}
	return p.PrintObj(&table, w)
}

// entries prints entries in the written form; one that was asked for by name as an object, else a list.
func (o *output) entries(w io.Writer, entries []access.Entry, cluster access.Info, one bool) error {
	return o.snapshot(w, access.Snapshot{Cluster: cluster, Entries: entries}, one)
}

// snapshot prints its entries, and which of them are stale.
func (o *output) snapshot(w io.Writer, s access.Snapshot, one bool) error {
	entries, cluster := s.Entries, s.Cluster
	if o.people() || one && len(entries) == 0 {
		return nil
	}
	items := make([]any, len(entries))
	for i, e := range entries {
		form := manifest.Of(e, cluster)
		form.Mark(s.Stale(e.Principal), e.Principal)
		if o.format == "name" {
			form = manifest.AccessEntry{APIVersion: "v1", Kind: "AccessEntry"} // without its group: the short name reads like a command's argument
			form.Metadata.Name = printer.Clean(e.Principal.Short(cluster.Account()))
		}
		items[i] = form
	}
	if one {
		return o.object(w, items[0])
	}
	if o.format == "name" {
		for _, item := range items {
			if err := o.object(w, item); err != nil {
				return err
			}
		}
		return nil
	}
	return o.object(w, map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": items})
}

// object prints anything that has a JSON form with apiVersion and kind.
func (o *output) object(w io.Writer, v any) error {
	p, err := o.printer()
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
	if o.format == "yaml" {
		return writeYAML(w, v)
	}
	if err := p.PrintObj(&u, &text); err != nil {
		return err
	}
	return o.write(w, text.String())
}

// write keeps from a terminal what it would obey. In JSON an escape says the same; a path prints the bare value.
func (o *output) write(w io.Writer, text string) error {
	switch {
	case o.format == "json":
		text = printer.EscapeJSON(text)
	case terminal(w):
		text = printer.CleanLines(text)
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

// plain prints an object that is no Kubernetes object, as JSON or YAML or by a path.
func (o *output) plain(w io.Writer, v any) error {
	if o.format == "json" {
		data, err := json.MarshalIndent(v, "", "    ")
		if err != nil {
			return err
		}
		return o.write(w, string(data)+"\n")
	}
	return o.object(w, v)
}
