package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// tab is one of the places that each cluster has.
type tab struct {
	name string
	make func(*model, *view) *screen
}

// tabs are in the order of their keys.
//
//go:noinline
func tabs() []tab {
	return []tab{
		{"Access", func(_ *model, v *view) *screen { return v.entries.screen }},
		{"Policies", newPolicies},
		{"Clusters", func(m *model, _ *view) *screen { return m.fleet().screen }},
		{"Changes", newChanges},
		{"Me", newMe},
	}
}

// The tabs that something else leads to.
const (
	accessTab   = 0
	clustersTab = 2
	meTab       = 4
)

// show leaves what is seen for a tab of the cluster.
func (m *model) show(n int) tea.Cmd {
	m.tab = (n + len(tabs())) % len(tabs())
	v := m.at
	if v.places == nil {
		v.places = make([]*screen, len(tabs()))
	}
	if v.places[m.tab] == nil {
		v.places[m.tab] = tabs()[m.tab].make(m, v)
	}
	m.say("")
	m.stack = []*screen{v.places[m.tab]}
	return m.shown()
}

// shown reads what a tab needs when it is seen.
func (m *model) shown() tea.Cmd {
	if s := m.top(); s.shown != nil && (m.at.cluster != nil || m.tab == clustersTab) {
		return s.shown()
	}
	return nil
}

// isTab reports whether a tab is seen, and nothing before it.
func (m *model) isTab() bool { return !m.inline && len(m.stack) == 1 }

// tabKeys lead from one place to another.
func (m *model) tabKeys() []*action {
	to := func(n func() int) func() tea.Cmd { return func() tea.Cmd { return m.show(n()) } }
	all := []*action{
		on(":", ":", "go to a tab, a cluster or a command", m.goTo).hidden(),
		on("tab", "tab", "next tab, ⇧tab: the one before", to(func() int { return m.tab + 1 })).hidden(),
		on("shift+tab", "", "", to(func() int { return m.tab - 1 })).hidden(),
	}
	for i := range tabs() {
		key, name, help := strconv.Itoa(i+1), "", ""
		if i == 0 {
			name, help = fmt.Sprintf("1 … %d", len(tabs())), "a tab by its number"
		}
		all = append(all, on(key, name, help, to(func() int { return i })).hidden())
	}
	return all
}

// commonKeys are on every tab.
func (m *model) commonKeys() []*action {
	return slices.Concat([]*action{
		on("m", "m", "mode", m.modes).acts().named("mode, migrate").unless(m.noMode),
		on("L", "L", "commands of this session", m.commands).views().hidden(),
		on("q", "q", "quit", m.quit),
	}, m.tabKeys())
}

// noMode is why the mode cannot be changed now. On the tab of the clusters it would not be that of the selected one.
func (m *model) noMode() string {
	if m.tab == clustersTab {
		return "open the cluster first, with enter"
	}
	return m.at.unread()
}

// browser is a tab with a list. / filters it, and ⏎ opens what is under the cursor.
func (m *model) browser(l *list, open *action, own ...*action) *screen {
	s := &screen{list: l}
	run, why := open.run, open.why
	open.run = func() tea.Cmd {
		if !s.typing {
			return run()
		}
		s.typing = false
		l.filter.Blur()
		return nil
	}
	open.why = func() string {
		switch _, ok := l.current(); {
		case s.typing:
			return ""
		case !ok:
			return "nothing selected"
		case why == nil:
			return ""
		}
		return why()
	}
	first := []*action{on("/", "/", "filter", s.startFilter).views(), open}
	last := []*action{on("esc", "esc", "clear filter", s.endFilter).views().hidden()}
	s.actions = slices.Concat(first, own, m.commonKeys(), last, s.moves())
	return s
}

// startFilter begins a new filter.
//
//go:noinline
func (s *screen) startFilter() tea.Cmd {
	if !s.typing {
		s.list.clearFilter()
	}
	s.typing = true
	return s.list.filter.Focus()
}

// endFilter stops typing and shows all again.
func (s *screen) endFilter() tea.Cmd {
	s.typing = false
	s.list.filter.Blur()
	s.list.clearFilter()
	return nil
}

// counted is the name of a tab with how many rows it shows.
func (s *screen) counted(name string) string {
	l := s.list
	if len(l.rows) == 0 {
		return name
	}
	n := fmt.Sprint(len(l.rows))
	if len(l.shown) != len(l.rows) {
		n = fmt.Sprintf("%d of %d", l.found(), len(l.rows))
	}
	return name + " · " + n
}

// bar is the line of tabs, the one that is seen in brackets, and what else to know about it. Where there is no room the others
// are their numbers.
func (m *model) bar(width int) string {
	s, st := m.top(), m.styles
	text, painted, more := m.tabNames(s, true), "", ""
	if s.state != nil {
		if state := s.state(); state != "" {
			more = printer.Clean(state) + " "
		}
	}
	if ansi.StringWidth(strings.Join(text, "  ")+more)+6 > width {
		text = m.tabNames(s, false)
	}
	for i, name := range text {
		style := st.muted
		if i == m.tab {
			style = st.title
		}
		painted += style.Render(name) + "  "
	}
	painted = st.title.Render("━ ") + painted + st.muted.Render(more)
	painted = ansi.Truncate(painted, max(width-1, 0), "… ")
	return painted + st.title.Render(strings.Repeat("━", max(width-ansi.StringWidth(painted), 0)))
}

func (m *model) tabNames(s *screen, long bool) []string {
	var all []string
	for i, t := range tabs() {
		name := strconv.Itoa(i + 1)
		switch {
		case i == m.tab:
			name = "[" + name + " " + printer.Clean(s.name()) + "]"
		case long:
			name += " " + t.name
		}
		all = append(all, name)
	}
	return all
}

// goTo jumps to a tab, a command or another cluster by the beginning of its name.
func (m *model) goTo() tea.Cmd {
	var all []item
	for i, t := range tabs() {
		all = append(all, item{strings.ToLower(t.name), "tab " + strconv.Itoa(i+1), func() tea.Cmd { return m.show(i) }})
	}
	for _, a := range append(slices.Clone(m.at.entries.actions), m.always...) {
		if a.command != "" && a.reason() == "" {
			all = append(all, item{a.command, a.help, a.run})
		}
	}
	for _, c := range m.world.Contexts {
		all = append(all, item{c.Cluster, "cluster of context " + c.Name, func() tea.Cmd { return m.look(c) }})
	}
	s := m.menu("Go to", "go", all)
	s.list.filter.Prompt, s.list.filter.Placeholder = ": ", "type a name"
	return m.push(s)
}

// item is something to do, in a menu.
type item struct {
	name, what string
	run        func() tea.Cmd
}

// menu does one of several things, in place of the menu.
func (m *model) menu(name, verb string, all []item) *screen {
	l := newList(m.styles, false, column{title: strings.ToUpper(name)}, column{title: "", rank: 1})
	rows := make([]*row, len(all))
	for i, it := range all {
		rows[i] = &row{id: it.name, value: it.run, cells: []string{printer.Clean(it.name), printer.Clean(it.what)}, keys: []string{it.name}}
	}
	l.set(rows)
	return m.picker(name, l, func(rows []*row) tea.Cmd {
		run, _ := rows[0].value.(func() tea.Cmd)
		m.back()
		return run()
	}).entering(verb)
}
