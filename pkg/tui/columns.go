package tui

import (
	"cmp"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// home is the column that also shows what the columns without room have to say. In its own cell "" is nothing.
const home = 1

// summary is the cell of column home. What comes first is seen where there is little room.
func (r row) summary(cells []string, gone func(column int) bool) string {
	var parts []string
	if cells[home] != "" {
		parts = append(parts, cells[home])
	}
	for i, text := range slices.Backward(r.instead) {
		if text != "" && gone(i) {
			parts = append(parts, text)
		}
	}
	return cmp.Or(strings.Join(parts, "; "), printer.None)
}

type column struct {
	title string
	rank  int // where there is no room, the highest rank goes first; 0 stays
}

// view draws a header and the rows in sight.
func (l *list) view(width, height int, s styles, empty string, style lipgloss.Style) []string {
	l.scroll(height - 1)
	seen := l.seen()
	widths := l.widths(width - 2 - l.boxWidth())
	titles := make([]string, len(l.columns))
	for i, c := range l.columns {
		titles[i] = c.title
	}
	lines := []string{s.head.Render(fit(strings.Repeat(" ", 2+l.boxWidth())+l.line(titles, widths), width))}
	for i, r := range seen {
		lines = append(lines, l.draw(r, l.top+i == l.cursor, widths, width, s))
	}
	if len(l.shown) == 0 {
		for _, l := range clip(wrap(empty, width-2), width-2, height-1) {
			lines = append(lines, style.Render("  "+l))
		}
	}
	return clip(strings.Join(lines, "\n"), width, height)
}

// seen are the rows in sight, as they are now.
func (l *list) seen() []row {
	var rows []row
	for _, n := range l.shown[l.top:min(l.top+l.height, len(l.shown))] {
		r := l.at(n)
		if l.live != nil {
			r.cells = l.live(r)
		}
		for i, c := range r.cells {
			if l.natural[i] > 0 {
				l.natural[i] = max(l.natural[i], ansi.StringWidth(c))
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func (l *list) draw(r row, here bool, widths []int, width int, s styles) string {
	sign := "  "
	if here {
		sign = "› "
	}
	if r.instead != nil {
		r.cells = slices.Clone(r.cells)
		r.cells[home] = r.summary(r.cells, func(i int) bool { return widths[i] == 0 })
	}
	if l.multi {
		switch {
		case r.note != "":
			sign += " –  "
		case l.marked(r) >= 0:
			sign += "[x] "
		default:
			sign += "[ ] "
		}
	}
	text := fit(sign+l.line(r.cells, widths), width)
	switch {
	case here:
		return s.cursor.Render(text)
	case r.muted || r.note != "":
		return s.muted.Render(text)
	}
	return text
}

func (l *list) boxWidth() int {
	if l.multi {
		return 4
	}
	return 0
}

func (l *list) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, c := range cells {
		if widths[i] > 0 {
			if b.Len() > 0 {
				b.WriteString("  ")
			}
			b.WriteString(fit(c, widths[i]))
		}
	}
	return b.String()
}

// least is how narrow a column may become before another one goes.
const least = 20

// widths shares the width out: each column what it needs, or else those of the highest rank go
// and the widest of the rest give.
func (l *list) widths(width int) []int {
	w, fuller := slices.Clone(l.natural), 0
	sum := func(limit int) (n int) {
		for _, c := range w {
			if c > 0 {
				n += min(c, limit) + 2
			}
		}
		return n
	}
	for sum(least) > width+2 {
		worst := -1
		for i, c := range l.columns {
			if w[i] > 0 && c.rank > 0 && (worst < 0 || c.rank > l.columns[worst].rank) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		w[worst], fuller = 0, max(fuller, l.fuller[worst])
	}
	if fuller > 0 { // it takes room from its neighbours, but puts none of them out
		w[home] = max(w[home], fuller)
	}
	for over := sum(1<<20) - width - 2; over > 0 && slices.Max(w) > 1; over-- {
		w[slices.Index(w, slices.Max(w))]--
	}
	return w
}
