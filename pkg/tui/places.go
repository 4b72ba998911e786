package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// newPolicies is the tab of the access policies of the region, with their rules.
func newPolicies(m *model, v *view) *screen {
	l := newList(m.styles, false, column{title: "POLICY"}, column{title: "FOR", rank: 1}, column{title: "PURPOSE", rank: 2})
	open := func() tea.Cmd {
		r, _ := l.current()
		p, _ := r.value.(policy.Policy)
		return m.page(r.cells[0], func(width int) string { return wrap(printer.Policy(p, width), width) })
	}
	s := m.browser(l, on("enter right", "⏎", "rules", open))
	s.name = func() string { return s.counted("Policies") }
	s.about = m.aboutPolicy(l, "⏎ shows them")
	s.empty = func() string { return m.nothingYet(l, v.policies.err) }
	s.shown = func() tea.Cmd {
		return need(m, &v.policies, v.cluster.Policies, func() { l.set(policyRows(v.policies.value)) })
	}
	return s
}

// aboutPolicy is what the policy under the cursor allows, in words, and where its rules are.
func (m *model) aboutPolicy(l *list, rules string) func(int) string {
	return func(width int) string {
		r, _ := l.current()
		if p, ok := r.value.(policy.Policy); ok {
			return labelled(m.styles, wrap(printer.PolicyBrief(p, rules), width))
		}
		return ""
	}
}

// policyRows are the policies, those for people first, and last those that only AWS grants.
func policyRows(all []policy.Policy) (rows []*row) {
	for _, audience := range []string{"people", "services", "AWS only"} {
		for _, p := range all {
			if who := printer.Audience(p); who == audience || audience == "services" && who == printer.Unknown {
				short := printer.Clean(access.Policy(p.Name).Short())
				rows = append(rows, &row{id: p.Name, value: p, cells: []string{short, who, printer.Clean(p.Purpose)}, keys: []string{short, p.Name}, muted: p.ServiceLinkedRoleOnly})
			}
		}
	}
	return rows
}

// nothingYet is what a tab says that has no rows.
func (m *model) nothingYet(l *list, err error) string {
	switch {
	case l.text() != "" && len(l.rows) > 0:
		return "nothing matches; esc clears the filter"
	case err != nil:
		return "✗ could not be read: " + m.explain(err)
	case m.at.err != nil && m.at.cluster == nil:
		return "✗ could not be read: " + m.explain(m.at.err)
	case m.waiting > 0:
		return "reading…"
	}
	return "nothing here yet"
}

// newMe is the tab that says who the caller is, and what gives access or why there is none.
func newMe(m *model, v *view) *screen {
	s := &screen{name: func() string { return "Me" }}
	s.text = func(width int) string {
		switch {
		case v.me.err != nil:
			return wrap("✗ could not be read: "+m.explain(v.me.err), width)
		case v.me.value.Report == "" && v.cluster == nil && v.err != nil:
			return wrap("✗ the cluster could not be opened: "+m.explain(v.err), width)
		case v.me.value.Report == "":
			return "reading…"
		}
		return labelled(m.styles, wrap(v.me.value.Report, width))
	}
	s.shown = func() tea.Cmd { return need(m, &v.me, v.cluster.Me, func() {}) }
	s.actions = slices.Concat([]*action{
		on("r", "r", "refresh", func() tea.Cmd {
			if v.cluster == nil {
				return m.open(v)
			}
			v.me = once[Me]{}
			return s.shown()
		}).views(),
		on("/", "/", "filter the list", v.entries.search).views().hidden(),
	}, m.commonKeys(), s.moves())
	return s
}

// page shows a text on its own.
func (m *model) page(name string, text func(width int) string, own ...*action) tea.Cmd {
	s := &screen{name: func() string { return name }}
	s.text = func(width int) string { return labelled(m.styles, text(width)) }
	s.actions = slices.Concat(own, []*action{on("esc q left backspace", "esc", "back", m.back)}, m.tabKeys(), s.moves())
	return m.push(s)
}

// modes offers what takes a cluster off aws-auth: the next mode, and the migration.
func (m *model) modes() tea.Cmd {
	v := m.at
	var all []item
	mode := v.snapshot.Cluster.Mode
	intro := "Cluster " + printer.Clean(v.snapshot.Cluster.Name) + " is in mode " + string(mode) + "."
	switch {
	case mode.ReadsConfigMap():
		all = append(all, item{"migrate", "create access entries for the aws-auth mappings", m.foreground(v, "migrate")},
			item{"migrate --remove-mappings", "and remove the mappings that entries replace", m.foreground(v, "migrate", "--remove-mappings")})
	default:
		intro += " It is the last one."
	}
	if next := mode.Next(); next != "" {
		all = append(all, item{"mode " + string(next), "irreversible", func() tea.Cmd {
			return m.propose(v, Request{Mode: next, Command: v.cluster.Program.Words("mode", string(next))})
		}})
	}
	s := m.menu("Mode", "select", all)
	s.intro = func() string { return intro }
	return m.push(s)
}

// foreground runs a command with the terminal to itself, then reads everything again.
func (m *model) foreground(v *view, words ...string) func() tea.Cmd {
	return func() tea.Cmd {
		m.session = append(m.session, v.cluster.Program.Command(words...))
		run := func() error { return v.cluster.Run(words...) }
		return m.exec(&alone{run: run}, func(err error) tea.Msg { return returned{v, err} })
	}
}

// returned says that a command in the foreground has ended.
type returned struct {
	*view
	err error
}

func (r returned) arrive(m *model) tea.Cmd {
	cmd := m.show(accessTab)
	if r.err != nil {
		m.failed(r.err)
	}
	return tea.Batch(cmd, m.read(r.view, nil))
}
