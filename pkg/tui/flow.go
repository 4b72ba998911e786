package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// flow is a sequence of questions. Each keeps its answer, so that going back loses nothing.
type flow struct {
	m     *model
	steps []step
	done  func() tea.Cmd
}

type step struct {
	*screen
	begin func() tea.Cmd // reads what there is to choose from
	skip  func() bool    // an earlier answer makes it unnecessary
}

// next leaves the step that is seen for the one after it.
func (f *flow) next() tea.Cmd {
	at := slices.IndexFunc(f.steps, func(s step) bool { return s.screen == f.m.top() })
	return f.from(at + 1)
}

func (f *flow) from(i int) tea.Cmd {
	for ; i < len(f.steps); i++ {
		s := f.steps[i]
		if s.skip != nil && s.skip() {
			continue
		}
		_ = f.m.push(s.screen)
		if s.begin == nil {
			return nil
		}
		return s.begin()
	}
	return f.done()
}

// picker is a step that chooses from a list while the filter is typed. taken gets the chosen rows.
func (m *model) picker(name string, l *list, taken func([]*row) tea.Cmd) *screen {
	s := &screen{name: func() string { return name }, list: l, typing: true, empty: func() string { return "nothing matches; esc clears the filter" }}
	enter := func() tea.Cmd {
		rows := l.chosen()
		if len(rows) == 0 {
			m.fail(s.nothingChosen())
			return nil
		}
		return taken(slices.Clone(rows))
	}
	if l.multi {
		s.actions = append(s.actions, on("space", "space", "select", func() tea.Cmd {
			if why := l.toggle(); why != "" {
				m.fail(why)
			}
			return nil
		}).whileTyping())
	}
	s.actions = append(s.actions, on("enter", "⏎", "next", enter), on("esc", "esc", "back", func() tea.Cmd {
		if l.filter.Value() != "" {
			l.clearFilter()
			return nil
		}
		return m.back()
	}))
	s.actions = append(s.actions, s.moves()...)
	return s
}

// entering says what ⏎ does, where it is not the next step.
func (s *screen) entering(what string) *screen {
	for i := range s.actions {
		if s.actions[i].key == "⏎" {
			s.actions[i].help = what
		}
	}
	return s
}

func (s *screen) nothingChosen() string {
	l := s.list
	switch r, ok := l.current(); {
	case ok && r.note != "":
		return r.note
	case l.unset && !ok && len(l.shown) > 0:
		return "select an item first: ↓, then " + map[bool]string{true: "space or ⏎", false: "⏎"}[l.multi]
	case len(l.shown) == 0 && s.empty != nil:
		return s.empty()
	}
	return "nothing selected"
}

// Choice is what was picked, as it could have been typed.
type Choice struct {
	Who        []access.Principal
	Policies   []access.Policy
	Namespaces []string
	Groups     []string
	All        bool   // the whole cluster, or all access
	EntryOnly  bool   // of all access, the entry and not the mappings
	Account    string // the cluster's, "" while AWS has not answered
}

// Shorts are the principals as somebody would type them.
func (c Choice) Shorts() []string {
	all := make([]string, len(c.Who))
	for i, p := range c.Who {
		all[i] = p.Short(c.Account)
	}
	return all
}
