package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// explain shows what the principal under the cursor can do, and why.
func (e *entries) explain() tea.Cmd {
	t, _ := e.current()
	name := printer.Clean(t.Principal.Short(e.v.account()))
	return e.m.report(name+" · explain", func(ctx context.Context) (string, error) { return e.v.cluster.Explain(ctx, t.Principal) })
}

// report is a page whose text is read when it is opened.
func (m *model) report(name string, question func(context.Context) (string, error)) tea.Cmd {
	text := "reading…"
	m.page(name, func(width int) string { return wrap(text, width) })
	return ask(m, new(slot), question, func(answer string, err error) tea.Cmd {
		if text = answer; err != nil {
			text = "✗ could not be read: " + m.explain(err)
		}
		return nil
	})
}

// places that a question can be about, besides a namespace.
const (
	anywhere = "anywhere"
	allOver  = "all namespaces"
)

// common are the questions that most people ask.
var common = []string{"get secrets", "create pods/exec", "get pods/log", "delete pods", "update deployments.apps", "create rolebindings", "impersonate serviceaccounts", "list nodes", "* *"}

// whoCan asks for a namespace, then what, and shows who can.
func (m *model) whoCan() tea.Cmd {
	v := m.at
	l := newList(m.styles, false, column{title: "NAMESPACE"}, column{title: "", rank: 1})
	l.typed = typedNamespace
	rows := []*row{{id: anywhere, cells: []string{anywhere, "in one namespace or more"}, keys: []string{anywhere}}, {id: allOver, cells: []string{allOver, "at once, and cluster-scoped resources"}, keys: []string{allOver}}}
	l.set(rows)
	m.push(m.picker("Who can · namespace", l, func(rows []*row) tea.Cmd { return m.canWhat(v, rows[0].id) }))
	return need(m, &v.namespaces, v.cluster.Namespaces, func() {
		for _, ns := range v.namespaces.value {
			rows = append(rows, &row{id: ns, cells: []string{printer.Clean(ns), ""}, keys: []string{ns}})
		}
		l.set(rows)
	})
}

// canWhat asks for a verb and a type; any can be typed.
func (m *model) canWhat(v *view, where string) tea.Cmd {
	l := newList(m.styles, false, column{title: "VERB TYPE"})
	l.filter.Placeholder = "type a verb and a type, such as get pods/log"
	l.typed = func(text string) (*row, bool) {
		return &row{id: text, cells: []string{printer.Clean(text)}}, len(strings.Fields(text)) > 1
	}
	rows := make([]*row, len(common))
	for i, text := range common {
		rows[i] = &row{id: text, cells: []string{text}, keys: []string{text}}
	}
	l.set(rows)
	return m.push(m.picker("Who can · in "+printer.Clean(where), l, func(rows []*row) tea.Cmd {
		what := rows[0].id
		return m.report("Who can "+printer.Clean(what)+" · "+printer.Clean(where), func(ctx context.Context) (string, error) {
			if where == anywhere || where == allOver {
				return v.cluster.WhoCan(ctx, strings.Fields(what), "", where == allOver)
			}
			return v.cluster.WhoCan(ctx, strings.Fields(what), where, false)
		})
	}).entering("ask"))
}
