package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// aboutCurrent is beside the list: what is under the cursor, as describe prints it.
func (e *entries) aboutCurrent(width int) string {
	t, ok := e.current()
	if !ok {
		return ""
	}
	return labelled(e.m.styles, wrap(e.describe(t, nil, width, true), width))
}

// describe is what describe prints; brief says in words what the policies allow.
func (e *entries) describe(t *printer.Row, hints []string, width int, brief bool) string {
	if t.Unread != nil {
		return "Principal:  " + printer.Clean(string(t.Principal)) + "\nThe entry could not be read: " + printer.Clean(t.Unread.Error())
	}
	s := e.v.snapshot
	d := printer.Description{
		Principal: t.Principal, Cluster: s.Cluster, Entry: t.Entry, Stale: s.Stale(t.Principal), Hints: hints, Now: e.m.world.Now(), Width: width, Brief: brief,
	}
	switch {
	case s.RBAC == nil && e.v.reading != 0:
		d.NoRBAC = "still being read"
	case s.RBAC != nil && s.RBAC.Err != nil:
		d.NoRBAC = s.RBAC.Err.Error()
	case d.Stale == "" && !t.Void():
		d.Rights = t.Rights
	}
	if slices.Contains(s.Doubtful, t.Principal) {
		d.Doubt = "IAM could not be read"
	}
	for _, m := range e.v.mappings {
		if m.For(t.Principal) || t.Mapping != nil && m.ARN == t.Mapping.ARN {
			d.Mappings = append(d.Mappings, m)
		}
	}
	if t.Entry != nil && t.Entry.Managed() && t.Entry.Owner().Kind != access.ByBatch && len(hints) == 0 {
		d.Hints = []string{"AWS owns this entry; it cannot be changed."}
	}
	return d.String()
}

// details shows one entry alone, with hints from IAM.
func (e *entries) details() tea.Cmd {
	t, _ := e.current()
	m, id, brief := e.m, t.Principal, true
	var hints []string
	s := &screen{name: func() string { return printer.Clean(id.Short(e.v.account())) }}
	s.text = func(width int) string {
		return labelled(m.styles, wrap(e.describe(e.latest(id, t), hints, width, brief), width))
	}
	rules := on("v", "v", "rules", func() tea.Cmd { brief = !brief; return nil }).views()
	s.actions = slices.Concat(e.own, []*action{rules, on("/", "/", "filter", e.search), on("esc q left backspace", "esc", "back", m.back)}, m.tabKeys(), s.moves())
	m.push(s)
	if t.Entry == nil {
		return nil
	}
	return ask(m, new(slot), func(ctx context.Context) ([]string, error) {
		return e.v.cluster.Hints(ctx, *t.Entry, e.v.snapshot.Cluster), nil
	}, func(h []string, _ error) tea.Cmd { hints = h; return nil })
}

// history shows who changed the access of the principal under the cursor, as history prints it.
func (e *entries) history() tea.Cmd {
	t, _ := e.current()
	m, id, text := e.m, t.Principal, "Reading CloudTrail, which allows two calls a second…"
	s := &screen{name: func() string { return "History of " + printer.Clean(id.Short(e.v.account())) }}
	s.text = func(width int) string { return wrap(text, width) }
	s.actions = slices.Concat([]*action{on("esc q left backspace", "esc", "back", m.back)}, m.tabKeys(), s.moves())
	m.push(s)
	return ask(m, new(slot), func(ctx context.Context) (string, error) { return e.v.cluster.History(ctx, id) }, func(found string, err error) tea.Cmd {
		if text = found; err != nil {
			text = "✗ could not be read: " + m.explain(err)
		}
		return nil
	})
}

// latest is the row as it was read last.
func (e *entries) latest(id access.Principal, t *printer.Row) *printer.Row {
	now, ok := e.v.snapshot.Entry(id)
	if !ok || t.Entry == nil {
		return t
	}
	latest := *t
	latest.Entry = &now
	return &latest
}

// labelled makes the names bold with which a line begins: "Status:".
func labelled(s styles, text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		name, rest, ok := strings.Cut(l, ":")
		if ok && name != "" && len(name) < 20 && l[0] >= 'A' && l[0] <= 'Z' && (rest == "" || rest[0] == ' ') {
			lines[i] = s.label.Render(name+":") + rest
		}
	}
	return strings.Join(lines, "\n")
}

// help is made from the tables of actions.
func (m *model) help() tea.Cmd {
	s := m.top()
	h := &screen{name: func() string { return "Help" }, finished: true}
	h.text = func(width int) string {
		var b strings.Builder
		for _, group := range []string{acting, viewing, navigate} {
			b.WriteString(m.styles.label.Render(group) + "\n")
			for _, a := range append(slices.Clone(s.actions), m.always...) {
				if a.group != group || a.key == "" {
					continue
				}
				line := m.styles.key.Render(fit("  "+a.key, 12)) + a.help
				if why := a.reason(); why != "" {
					line += m.styles.muted.Render("  (not now: " + why + ")")
				}
				b.WriteString(line + "\n")
			}
		}
		if s.list != nil {
			b.WriteString("\n" + wrap(legend, width) + "\n")
		}
		return b.String()
	}
	h.actions = append([]*action{on("esc q ? f1", "esc", "back", m.back)}, h.moves()...)
	return m.push(h)
}

const legend = "A filter finds the rows that have all its words; ~ before them finds rows that have their letters. Dim rows are rarely changed: nodes, " +
	"what AWS manages, mappings without effect. Red: cluster administrators, and entries that are stale or overdue."
