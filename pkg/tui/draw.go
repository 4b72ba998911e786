package tui

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// From these sizes on there is room for what the cursor is on, beside the list or below it.
const (
	roomBeside = 110
	roomBelow  = 17
)

// View draws the screen that is on top.
func (m *model) View() tea.View {
	if len(m.stack) == 0 || m.inline && m.ended {
		return tea.NewView("")
	}
	w, h := m.width, m.height
	if m.inline {
		h = min(h, 16)
	}
	head := m.head(w)
	status := m.statusLines(w, h)
	body, cursor := m.top().view(m, w, max(h-len(head)-len(status)-1, 1), len(head))
	lines := append(head, body...)
	lines = append(append(lines, status...), m.keyLine(w))
	v := tea.NewView(strings.Join(lines[:min(len(lines), max(h, 1))], "\n"))
	v.AltScreen = !m.inline
	if !m.inline {
		v.MouseMode = tea.MouseModeCellMotion
		v.WindowTitle = "kubectl access"
	}
	v.Cursor = cursor
	return v
}

// head always shows the cluster, region, account, mode and identity; below it are the tabs, or the name of what is seen. In a
// few lines below the prompt there is no room for the identity.
func (m *model) head(width int) []string {
	title := m.styles.title.Render(rule(printer.Clean(m.top().name()), width))
	if m.isTab() {
		title = m.bar(width)
	}
	spin := " "
	if m.waiting > 0 {
		spin = m.spin.View()
	}
	return []string{fit(fit(m.facts(width-2), max(width-2, 1))+" "+spin, width), title}
}

// facts are the cluster and as much of the rest as there is room for, the caller first and the region last.
func (m *model) facts(width int) string {
	v := m.at
	c := v.snapshot.Cluster
	name := printer.Clean(cmp.Or(c.Name, v.context.Cluster, v.context.Name))
	rest := []string{cmp.Or(c.Region(), v.context.Region), cmp.Or(c.Account(), v.context.Account), string(c.Mode)}
	if !m.inline {
		rest = append(rest, m.who())
	}
	rest = slices.DeleteFunc(rest, func(f string) bool { return f == "" })
	for len(rest) > 1 && ansi.StringWidth(name+"  "+strings.Join(rest, "  ")) > width {
		rest = rest[1:]
	}
	line := m.styles.title.Render(name)
	for _, f := range rest {
		line += "  " + printer.Clean(f)
	}
	return line
}

// who is the caller, or that it is not known.
func (m *model) who() string {
	switch v := m.at; {
	case v.snapshot.Caller != "":
		return "you: " + mine(v.snapshot).Short(v.account())
	case v.me.value.Who != "":
		return "you: " + v.me.value.Who.Short(v.account())
	case v.err != nil:
		return "you: <unknown>"
	}
	return "you: …"
}

// rule is a line with a name in it.
func rule(name string, width int) string {
	name = ansi.Truncate("━ "+name+" ", max(width-1, 0), "… ")
	return name + strings.Repeat("━", max(width-ansi.StringWidth(name), 0))
}

// mine is the caller with the path that the entries know.
func mine(s access.Snapshot) access.Principal {
	for _, e := range s.Entries {
		if e.Principal.Is(s.Caller) {
			return e.Principal
		}
	}
	return s.Caller
}

// statusLines are what happened last and, below it, what is still wrong; a sentence may need several.
func (m *model) statusLines(width, height int) []string {
	var lines []string
	add := func(text string, style lipgloss.Style, most int) {
		all := wrap(text, width)
		room := min(strings.Count(all, "\n")+1, max(1, min(most, height-10-len(lines))))
		for _, l := range clipMore(all, width, room) {
			lines = append(lines, style.Render(l))
		}
	}
	v, room := m.at, 1 // on other screens what could not be read has a line
	if m.isTab() {
		room = 8
	}
	switch {
	case m.status != "" && m.bad:
		add("✗ "+m.status, m.styles.danger, 4)
	case m.status != "":
		add("✓ "+m.status, m.styles.good, 4)
	}
	switch {
	case v.err != nil && !m.explainsError() && !m.top().finished && (!m.isTab() || m.tab == accessTab):
		add("✗ "+m.explain(v.err), m.styles.danger, room)
	case len(v.warnings) > 0 && m.isTab() && m.tab == accessTab && m.status == "":
		add("! "+printer.Clean(strings.Join(v.warnings, "; ")), m.styles.warn, 4)
	case len(lines) == 0:
		lines = []string{fit("", width)}
	}
	return lines
}

// explainsError reports whether the error is shown in full where the rows would be.
func (m *model) explainsError() bool {
	e := m.at.entries
	return m.at.err != nil && m.top() == e.screen && len(e.list.rows) == 0
}

// helped is an error in a context with what helps against it, which may say the error too.
func (m *model) helped(at string, err error) string {
	text, hint := err.Error(), m.world.Hint(at, err)
	switch {
	case strings.HasPrefix(hint, text):
		return hint
	case hint != "":
		return text + " – " + hint
	}
	return text
}

// explain is an error, what helps against it and where one's own access is.
func (m *model) explain(err error) string {
	text := m.helped(m.at.context.Name, err)
	if !m.inline && (errors.Is(err, access.ErrForbidden) || errors.Is(err, access.ErrUnauthorized)) {
		text += fmt.Sprintf("; tab %d shows your access", meTab+1)
	}
	return printer.Clean(text)
}

// keyLine names the keys that do something now, as many as there is room for; help has all of them.
func (m *model) keyLine(width int) string {
	s := m.top()
	item := func(key, help string) string { return m.styles.key.Render(key) + " " + m.styles.muted.Render(help) }
	line, room := "", width-10
	for _, a := range s.actions {
		if a.quiet || a.reason() != "" || s.writes() && !a.typing && prints(a.keys[0]) {
			continue
		}
		next := item(a.key, a.help) + "  "
		if ansi.StringWidth(line)+ansi.StringWidth(next) > room {
			line += m.styles.muted.Render("…")
			break
		}
		line += next
	}
	return fit(fit(line, width-8)+" "+item("?", "help"), width)
}

// prints reports whether a key would be text.
func prints(key string) bool { return len([]rune(key)) == 1 || key == "space" }

// view draws the screen; y is the line on which it begins.
func (s *screen) view(m *model, width, height, y int) ([]string, *tea.Cursor) {
	var lines []string
	if s.intro != nil && s.intro() != "" {
		lines = strings.Split(wrap(s.intro(), width), "\n")
		lines = clip(strings.Join(lines, "\n"), width, min(len(lines), height/2))
	}
	rest := height - len(lines)
	y += len(lines)
	switch {
	case s.form != nil && s.text != nil:
		entry, cursor := s.form.view(m, width, min(2, rest), y+max(rest-2, 0))
		return append(append(lines, s.viewText(width, max(rest-2, 0))...), entry...), cursor
	case s.form != nil:
		more, cursor := s.form.view(m, width, rest, y)
		return append(lines, more...), cursor
	case s.list != nil:
		more, cursor := s.viewList(m, width, rest, y)
		if l := s.list; cursor == nil && l.cursor >= 0 { // for those who hear where the terminal's cursor is
			cursor = tea.NewCursor(0, m.listTop+l.cursor-l.top)
			cursor.Shape, cursor.Blink = tea.CursorBar, false
		}
		return append(lines, more...), cursor
	}
	return append(lines, s.viewText(width, rest)...), nil
}

func (s *screen) viewText(width, height int) []string {
	var foot []string
	if s.foot != nil {
		if text := s.foot(); text != "" && height > 2 {
			foot, height = []string{fit("", width), fit(text, width)}, height-2
		}
	}
	all := strings.Split(s.text(width-1), "\n")
	s.total, s.seen = len(all), height
	s.offset = max(0, min(s.offset, s.total-s.seen))
	lines := clipMore(strings.Join(all[s.offset:], "\n"), width, height)
	shown := min(s.total-s.offset, height) // the foot is right below the text
	return slices.Concat(lines[:shown], foot, lines[shown:])
}

func (s *screen) viewList(m *model, width, height, y int) ([]string, *tea.Cursor) {
	var lines []string
	var cursor *tea.Cursor
	if s.typing || s.list.filter.Value() != "" {
		s.list.filter.SetWidth(max(width-3, 1))
		lines = append(lines, fit(s.list.filter.View(), width))
		cursor = inputCursor(s.list.filter, y)
		height, y = height-1, y+1
	}
	m.listTop = y + 1
	empty, style := "", m.styles.muted
	if s.empty != nil && len(s.list.shown) == 0 {
		empty = s.empty()
	}
	if m.explainsError() && s.list.text() == "" {
		style = m.styles.danger
	}
	draw := func(w, h int) []string { return s.list.view(w, h, m.styles, empty, style) }
	switch {
	case len(s.list.shown) == 0: // nothing to show details of, and maybe a long reason
		lines = append(lines, draw(width, height)...)
	case s.about != nil && width >= cmp.Or(s.beside, roomBeside):
		left := width * 68 / 100
		right := width - left - 3
		about := clipMore(s.about(right), right, height)
		lines = append(lines, beside(m.styles.muted.Render(" │ "), draw(left, height), about)...)
	case s.about != nil && height >= roomBelow:
		above := max(height*55/100, 6)
		lines = append(lines, draw(width, above)...)
		lines = append(lines, m.styles.muted.Render(strings.Repeat("─", width)))
		lines = append(lines, clipMore(s.about(width), width, height-above-1)...)
	default:
		lines = append(lines, draw(width, height)...)
	}
	return lines, cursor
}
