package tui

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

// plain shows the same screens as lines: numbered rows, and one question after the other, as a screen reader reads them.
type plain struct {
	*model
	in    *bufio.Reader
	seen  *screen
	from  int    // the row that the list begins with
	where string // the cluster and the caller, when they were printed last
}

const (
	plainWidth = 80
	plainRows  = 20
)

// runPlain asks until the user leaves, or the input ends.
func (m *model) runPlain(ctx context.Context) error {
	defer m.stop()
	m.pause, m.width, m.height, m.styles = 0, plainWidth, 1000, newStyles(true, colorprofile.NoTTY)
	m.exec = func(c tea.ExecCommand, then tea.ExecCallback) tea.Cmd { return func() tea.Msg { return then(c.Run()) } }
	p := &plain{model: m, in: bufio.NewReader(m.world.In)}
	m.clip = func(text string) tea.Cmd { p.print(text); return nil }
	p.print("Reading…")
	p.do(m.Init())
	for !m.ended {
		p.look()
		line, ok := p.ask(ctx, "> ")
		if !ok {
			return ctx.Err()
		}
		p.take(ctx, strings.TrimSpace(line))
	}
	return nil
}

// do runs a command, and those that follow from it.
func (p *plain) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, spinner.TickMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			p.do(c)
		}
	default:
		_, next := p.Update(msg)
		p.do(next)
	}
}

func (p *plain) print(text string) {
	if text = strings.TrimRight(ansi.Strip(text), "\n "); text != "" {
		fmt.Fprintln(p.world.Out, wrap(text, plainWidth))
	}
}

// ask reads a line; not where the input ends or the program is interrupted.
func (p *plain) ask(ctx context.Context, prompt string) (string, bool) {
	fmt.Fprint(p.world.Out, prompt)
	lines := make(chan string, 1)
	go func() { // a read cannot be cancelled; the program ends without it
		defer close(lines)
		if line, err := p.in.ReadString('\n'); err == nil {
			lines <- line
		}
	}()
	select {
	case <-ctx.Done():
		return "", false
	case line, ok := <-lines:
		return line, ok
	}
}

// look prints what is seen, and what can be typed.
func (p *plain) look() {
	s := p.top()
	if s != p.seen {
		p.seen, p.from = s, 0
	}
	if where := p.facts(plainWidth); where != p.where {
		p.where = where
		p.print("\nCluster " + where)
	}
	p.print("\n" + s.name())
	if s.intro != nil {
		p.print(s.intro())
	}
	switch {
	case s.list != nil:
		p.rows(s)
	case s.text != nil:
		p.print(s.text(plainWidth))
	}
	p.print(strings.Join(p.statusLines(plainWidth, 40), "\n"))
	p.say("")
	p.print(p.offer(s))
}

func (p *plain) rows(s *screen) {
	l := s.list
	for i, n := range l.shown[min(p.from, len(l.shown)):min(p.from+plainRows, len(l.shown))] {
		r := l.at(n)
		cells := r.cells
		if l.live != nil {
			cells = l.live(r, slices.Repeat([]int{plainWidth}, len(cells)))
		}
		mark := ""
		if l.marked(r) >= 0 {
			mark = "selected: "
		}
		cells = slices.Clone(cells)
		for i := range cells {
			cells[i] = strings.TrimSpace(l.columns[i].spoken + " " + cells[i])
		}
		cells = slices.DeleteFunc(cells, func(c string) bool { return c == "" })
		p.print(fmt.Sprintf("%d) %s%s", p.from+i+1, mark, strings.Join(cells, ", ")))
	}
	if len(l.shown) == 0 && s.empty != nil {
		p.print(s.empty())
	}
}

// offer says what can be typed here.
func (p *plain) offer(s *screen) string {
	var all []string
	if l := s.list; l != nil {
		all = append(all, "a number to select", "/TEXT to filter")
		if rest := len(l.shown) - p.from - plainRows; rest > 0 {
			all = append(all, fmt.Sprintf("more for %d more", rest))
		}
	}
	asks := s.foot != nil && s.foot() != ""
	if asks {
		all = append(all, "yes to apply the changes")
	}
	for _, a := range s.actions {
		if word := a.key; !a.quiet && a.reason() == "" && len([]rune(word)) == 1 && word != "/" && word != "⏎" && !s.writes() && !asks {
			all = append(all, word+" to "+a.help)
		}
	}
	if s.form != nil {
		all = append(all, "a value for "+s.form.fields[0].label)
	}
	if p.isTab() {
		for _, t := range tabs() {
			all = append(all, strings.ToLower(t.name))
		}
	}
	return "Type " + strings.Join(append(all, "back"), ", ") + "."
}

// take does what a line says.
func (p *plain) take(ctx context.Context, line string) {
	s := p.top()
	words := strings.Fields(line)
	switch {
	case line == "back":
		p.press("esc")
	case s.form != nil:
		p.fill(ctx, line)
	case line == "yes" && s.foot != nil:
		p.press("right")
		p.press("enter")
	case line == "more":
		p.from += plainRows
	case s.list != nil && strings.HasPrefix(line, "/"):
		p.filter(line[1:])
	case s.list != nil && len(words) > 0 && p.number(words[0]):
		p.selected(s, words)
	case line != "" && s.writes():
		p.filter(line)
		if len(s.list.shown) == 1 {
			p.press("enter")
		}
	case line == "":
		p.press("enter")
	case p.isTab() && tabNamed(line) >= 0:
		p.do(p.show(tabNamed(line)))
	default:
		p.press(words[0])
	}
}

func tabNamed(name string) int {
	return slices.IndexFunc(tabs(), func(t tab) bool { return strings.EqualFold(t.name, name) })
}

func (p *plain) filter(text string) {
	l := p.top().list
	l.filter.SetValue(text)
	l.refilter()
	p.from = 0
}

// number puts the cursor on the row with that number.
func (p *plain) number(word string) bool {
	n, err := strconv.Atoi(word)
	l := p.top().list
	if err != nil || n < 1 || n > len(l.shown) {
		return false
	}
	l.cursor, l.moved = n-1, true
	return true
}

// selected opens the row of a number, marks those of several, or does what a letter behind it says.
func (p *plain) selected(s *screen, words []string) {
	if len(words) == 1 {
		p.press("enter")
		return
	}
	var marked []int
	for _, w := range words {
		if !p.number(w) {
			p.press(w)
			return
		}
		marked = append(marked, s.list.shown[s.list.cursor])
	}
	for _, n := range marked {
		s.list.marks = append(s.list.marks, s.list.at(n))
	}
	p.press("enter")
}

// fill asks for each field of a form; the first has been typed.
func (p *plain) fill(ctx context.Context, first string) {
	f := p.top().form
	f.fields[0].SetValue(first)
	for i := 1; i < len(f.fields); i++ {
		if f.fields[i].hint != nil {
			p.print(f.fields[i].hint())
		}
		line, ok := p.ask(ctx, f.fields[i].label+": ")
		if !ok {
			return
		}
		f.fields[i].SetValue(strings.TrimSpace(line))
	}
	p.press("enter")
}

// press does what a key does.
func (p *plain) press(word string) {
	s := p.top()
	if s.deaf != nil {
		s.deaf(tea.KeyPressMsg{Code: tea.KeyEnter})
	}
	for _, a := range append(slices.Clone(s.actions), p.always...) {
		if slices.Contains(a.keys, word) {
			if why := a.reason(); why != "" {
				p.fail(a.help + ": " + why)
				return
			}
			p.do(a.run())
			return
		}
	}
	p.fail(strconv.Quote(word) + " does nothing here")
}
