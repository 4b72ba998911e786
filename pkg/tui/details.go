package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// aboutCurrent is beside the list: what stands under the cursor, as describe prints it. Below the list there is room for
// little, which is what it may do.
func (e *entries) aboutCurrent(width int) string {
	t, ok := e.current()
	switch {
	case !ok:
		return ""
	case t.unread == nil && e.m.width < roomBeside:
		return wrap(e.brief(t), width)
	}
	return wrap(e.describe(t, nil), width)
}

func (e *entries) brief(t thing) string {
	text := "Principal:  " + printer.Clean(string(t.principal)) + "\n"
	if t.entry != nil && len(t.entry.Groups) > 0 {
		text += "Groups:     " + printer.Clean(strings.Join(t.entry.Groups, ", ")) + "\n"
	}
	return text + e.description(t, nil).Rights()
}

func (e *entries) describe(t thing, hints []string) string {
	if t.unread != nil {
		return "Principal:  " + printer.Clean(string(t.principal)) + "\nThe entry could not be read: " + printer.Clean(t.unread.Error())
	}
	return e.description(t, hints).String()
}

func (e *entries) description(t thing, hints []string) printer.Description {
	d := printer.Description{Principal: t.principal, Cluster: e.v.snapshot.Cluster, Entry: t.entry, Hints: hints, Now: e.m.world.Now()}
	d.Stale = e.v.snapshot.Stale(t.principal)
	if slices.Contains(e.v.snapshot.Doubtful, t.principal) {
		d.Doubt = "IAM did not tell"
	}
	for _, m := range e.v.mappings {
		if m.For(t.principal) || t.mapping != nil && m.ARN == t.mapping.ARN {
			d.Mappings = append(d.Mappings, m)
		}
	}
	if t.entry != nil && t.entry.Managed() && t.entry.Owner().Kind != access.ByBatch && len(hints) == 0 {
		d.Hints = []string{"AWS owns this entry; it cannot be changed."}
	}
	return d
}

// details shows one entry alone, with hints for which IAM is asked. A key that leaves the filter
// leaves it as it is.
func (e *entries) details() tea.Cmd {
	if e.typing {
		e.typing = false
		e.list.filter.Blur()
		return nil
	}
	t, _ := e.current()
	m, id := e.m, t.principal
	var hints []string
	s := &screen{name: func() string { return printer.Clean(id.Short(e.v.account())) }}
	s.text = func(width int) string { return wrap(e.describe(e.latest(id, t), hints), width) }
	own := func(a action) bool {
		return slices.Contains([]string{"e", "d", "y"}, a.binding.Help().Key)
	}
	for _, a := range e.actions {
		if own(a) {
			s.actions = append(s.actions, a)
		}
	}
	s.actions = append(s.actions, on("/", "/", "filter", e.search))
	s.actions = append(s.actions, on("esc q left h backspace", "esc", "back", m.back))
	s.actions = append(s.actions, s.moves()...)
	m.push(s)
	if t.entry == nil {
		return nil
	}
	var sl slot
	ask := ask(m, &sl, func(ctx context.Context) ([]string, error) {
		return e.v.cluster.Hints(ctx, *t.entry, e.v.snapshot.Cluster), nil
	}, func(h []string, _ error) tea.Cmd { hints = h; return nil })
	return ask
}

// latest is the thing as it was read last.
func (e *entries) latest(id access.Principal, t thing) thing {
	if now, ok := e.v.snapshot.Entry(id); ok && t.entry != nil {
		t.entry = &now
	}
	return t
}

// help is made from the tables of actions.
func (m *model) help() tea.Cmd {
	s := m.top()
	if s.name() == helpName {
		return m.back()
	}
	h := &screen{name: func() string { return helpName }}
	h.text = func(int) string {
		var b strings.Builder
		for _, a := range append(slices.Clone(s.actions), m.always...) {
			b.WriteString(m.styles.key.Render(fit("  "+a.binding.Help().Key, 10)) + a.binding.Help().Desc)
			if why := a.reason(); why != "" {
				b.WriteString(m.styles.muted.Render("  (not now: " + why + ")"))
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	h.actions = append([]action{on("esc q ?", "esc", "back", m.back)}, h.moves()...)
	return m.push(h)
}

const helpName = "Keys"
