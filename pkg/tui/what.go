package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// policyStep chooses from the policies of the region; beside them are their rules.
func (g *granting) policyStep() step {
	m, v := g.m, g.v
	l := newList(m.styles, true, column{title: "POLICY"}, column{title: "FOR", rank: 1}, column{title: "PURPOSE", rank: 2})
	s := m.picker("", l, func(rows []*row) tea.Cmd {
		g.Policies = nil
		for _, r := range rows {
			if p, ok := r.value.(policy.Policy); ok {
				g.Policies = append(g.Policies, access.Policy(p.Name))
			}
		}
		return g.next()
	})
	s.name = func() string { return "Grant · " + g.summary() + " · policies" }
	s.empty = func() string { return "reading…" }
	s.intro = func() string { return problem(v.policies.err) }
	s.about = m.aboutPolicy(l, "in the tab Policies")
	fill := func() {
		rows := slices.DeleteFunc(policyRows(v.policies.value), func(r *row) bool { return r.muted }) // those that only AWS grants
		if !m.inline {
			rows = append(rows, &row{id: "none", alone: true, cells: []string{"(none)", "RBAC", "only Kubernetes groups with RBAC bindings"}, keys: []string{"none"}})
		}
		l.set(rows)
		l.seek("AmazonEKSViewPolicy")
	}
	return step{screen: s, begin: func() tea.Cmd { return need(m, &v.policies, v.cluster.Policies, fill) }}
}

func problem(err error) string {
	if err == nil {
		return ""
	}
	return printer.Clean(err.Error())
}

// scopeStep chooses the scope of the policies. Nothing is under the cursor at first: the scope is never guessed.
func (g *granting) scopeStep() step {
	m, v := g.m, g.v
	l := newList(m.styles, true, column{title: "SCOPE"}, column{title: ""})
	l.unset, l.cursor = true, -1
	l.filter.Placeholder = "type a namespace, or a wildcard such as dev-*"
	l.typed = typedNamespace
	s := m.picker("", l, func(rows []*row) tea.Cmd {
		g.Namespaces, g.All = nil, rows[0].alone
		for _, r := range rows {
			names, _ := r.value.([]string)
			g.Namespaces = add(g.Namespaces, names)
		}
		return g.next()
	})
	s.name = func() string { return "Grant · " + g.summary() + " · scope" }
	s.intro = func() string {
		if v.namespaces.err != nil {
			return "could not list the namespaces, type them: " + problem(v.namespaces.err)
		}
		return ""
	}
	whole := &row{id: "the whole cluster", alone: true, cells: []string{"the whole cluster", "all namespaces and cluster-scoped resources"}, keys: []string{"the whole cluster"}}
	l.set([]*row{whole})
	fill := func() {
		var rows []*row
		for _, ns := range v.namespaces.value {
			rows = append(rows, &row{id: ns, value: []string{ns}, cells: []string{printer.Clean(ns), ""}, keys: []string{ns}})
		}
		l.add(slices.DeleteFunc(rows, func(r *row) bool { return l.has(r.id) }))
	}
	return step{
		screen: s, skip: func() bool { return len(g.Policies) == 0 && !g.scopeOnly },
		begin: func() tea.Cmd { return need(m, &v.namespaces, v.cluster.Namespaces, fill) },
	}
}

//go:noinline
func (l *list) has(id string) bool {
	return slices.ContainsFunc(l.rows, func(r *row) bool { return r.id == id })
}

// typedNamespace lets through what can be a namespace or a wildcard, or several with commas as after -n; the rules are
// the plan's.
func typedNamespace(text string) (*row, bool) {
	names := add(nil, words(text))
	text = strings.Join(names, ",")
	if text == "" || strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-*,", r)
	}) {
		return &row{}, false
	}
	what := "a namespace that does not exist yet"
	switch {
	case len(names) > 1:
		what = fmt.Sprintf("%d namespaces", len(names))
	case strings.HasSuffix(text, "*"):
		what = "all namespaces with this prefix, now and later"
	}
	return &row{id: text, value: names, cells: []string{printer.Clean(text), what}}, true
}

// words are the words of a list with commas or spaces.
//
//go:noinline
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// add adds words to others, each once.
func add(all, more []string) []string {
	for _, w := range more {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// groupHint is what RBAC gives to the groups that are typed, or the groups that it knows.
func (g *granting) groupHint() string {
	known := &g.v.groups
	if known.err != nil {
		return "separated by commas. Their RBAC bindings could not be read: " + problem(known.err)
	}
	text := ""
	if i := slices.IndexFunc(g.steps, func(s step) bool { return s.form != nil }); i >= 0 {
		text = g.steps[i].form.value(0)
	}
	groups := words(text)
	if len(groups) == 0 {
		return "Kubernetes groups, separated by commas. RBAC bindings refer to: " + cmp.Or(strings.Join(slices.Sorted(maps.Keys(known.value)), ", "), "none")
	}
	var lines []string
	for _, w := range groups {
		lines = append(lines, fmt.Sprintf("%s: %s", printer.Clean(w), cmp.Or(strings.Join(known.value[w], "; "), "no RBAC binding refers to it")+similar(w, known.value)))
	}
	return strings.Join(lines, "\n")
}

// similar are the known groups that begin with what is typed.
func similar(word string, known map[string][]string) string {
	if _, ok := known[word]; ok {
		return ""
	}
	var names []string
	for name := range known {
		if strings.HasPrefix(name, word) {
			names = append(names, printer.Clean(name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "; did you mean " + strings.Join(names, ", ")
}
