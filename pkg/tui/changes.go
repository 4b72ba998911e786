package tui

import (
	"cmp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// newChanges is the tab of the changes that were recorded on this machine.
func newChanges(m *model, v *view) *screen {
	l := newList(m.styles, false, column{title: "AGE", fixed: 6}, column{title: "STATE"}, column{title: "CHANGED", rank: 1}, column{title: "COMMAND"}, column{title: "ID", rank: 2})
	chosen := func() printer.ChangeRow {
		r, _ := l.current()
		c, _ := r.value.(printer.ChangeRow)
		return c
	}
	undo := on("u", "u", "undo", func() tea.Cmd {
		if c := chosen(); c.Migrated() { // it has more stages than one plan
			return m.foreground(v, "undo", c.ID)()
		}
		return m.undo(v, chosen().ID)
	}).acts().unless(func() string {
		return cmp.Or(v.unread(), map[bool]string{true: "nothing selected"}[chosen().ID == ""])
	})
	var s *screen
	open := func() tea.Cmd {
		c := chosen()
		return m.page(printer.Clean(c.ID), func(width int) string { return wrap(c.Text(m.world.Now(), m.styles), width) }, undo)
	}
	s = m.browser(l, on("enter right", "⏎", "details", open), undo, on("r", "r", "refresh", func() tea.Cmd { return m.shown() }).views())
	s.name = func() string { return s.counted("Changes") }
	var err error
	s.empty = func() string {
		if err == nil && m.waiting == 0 && l.text() == "" {
			return "no changes of this cluster are recorded on this machine"
		}
		return m.nothingYet(l, err)
	}
	s.shown = func() tea.Cmd {
		return ask(m, new(slot), v.cluster.Changes, func(all []printer.ChangeRow, problem error) tea.Cmd {
			if err = problem; err != nil {
				m.failed(err)
			}
			l.set(changeRows(m, all))
			return nil
		})
	}
	return s
}

func changeRows(m *model, all []printer.ChangeRow) []*row {
	rows := make([]*row, len(all))
	for i, c := range all {
		rows[i] = &row{
			id: c.ID, value: c, cells: []string{printer.Age(c.Time, m.world.Now()), c.State, c.Changed, c.Command, printer.Clean(c.ID)},
			keys: []string{c.ID, c.State, c.Changed, c.Command}, muted: c.Undone,
		}
	}
	return rows
}

// undo shows what would undo a change, by its ID, or the last one.
func (m *model) undo(v *view, id string) tea.Cmd {
	words := []string{"undo"}
	if id != "" {
		words = append(words, id)
	}
	return m.propose(v, Request{Undo: true, ID: id, Command: v.cluster.Program.Words(words...)})
}

// commands shows what was done in this session as commands that can be run.
func (m *model) commands() tea.Cmd {
	all := strings.Join(m.session, "\n")
	copied := on("c y", "c", "copy", func() tea.Cmd {
		m.say("copied the commands")
		return m.clip(all)
	}).acts().unless(func() string { return map[bool]string{true: "nothing was changed yet"}[all == ""] })
	return m.page("Commands of this session", func(width int) string { return broken(cmp.Or(all, "Nothing was changed yet."), width) }, copied)
}

// broken breaks commands as a shell reads them: what is selected on the screen runs. A command with quotes is left to wrap.
func broken(commands string, width int) string {
	lines := strings.Split(commands, "\n")
	for i, line := range lines {
		if text := wrap(line, width-2); !strings.ContainsAny(line, `'"`) {
			lines[i] = strings.ReplaceAll(text, "\n", " \\\n")
		} else {
			lines[i] = wrap(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

// remember keeps the command of a change that was sent, and brings the cursor to what it was about.
func (p *planning) remember() tea.Cmd {
	p.m.session = append(p.m.session, p.command())
	who, plan := p.request.Who, p.proposal.Plan
	for _, c := range plan.Changes {
		who = append(who[:len(who):len(who)], c.Principal())
	}
	if len(who) > 0 {
		p.v.entries.changed = who[0]
	}
	if plan.AWSAuth != nil || plan.Mode != nil {
		return p.m.read(p.v, nil)
	}
	return p.m.refresh(p.v, who)
}
