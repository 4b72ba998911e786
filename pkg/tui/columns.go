package tui

import (
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

type column struct {
	title  string
	rank   int    // where there is no room, the highest rank goes first; 0 stays
	share  int    // of the room that fixed columns leave: such a column does not move while rows arrive; 0: what its cells need
	fixed  int    // in cells
	spoken string // what the cells are, where they are read without the title

	_ [0]func() // nothing compares columns, which costs code
}

// view draws a header and the rows in sight.
func (l *list) view(width, height int, s styles, empty string, style lipgloss.Style) []string {
	l.scroll(height - 1)
	widths := l.widths(width - 2 - l.boxWidth())
	seen := l.seen(widths)
	titles := make([]string, len(l.columns))
	for i, c := range l.columns {
		titles[i] = c.title
	}
	plain := func(_ int, cell string) string { return cell }
	lines := []string{s.head.Render(fit(strings.Repeat(" ", 2+l.boxWidth())+l.line(titles, widths, plain), width))}
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
func (l *list) seen(widths []int) []*row {
	var rows []*row
	for _, n := range l.shown[l.top:min(l.top+l.height, len(l.shown))] {
		r := l.at(n)
		if l.live != nil {
			now := *r
			now.cells = l.live(r, widths)
			r = &now
		}
		rows = append(rows, r)
	}
	return rows
}

func (l *list) draw(r *row, here bool, widths []int, width int, s styles) string {
	sign := "  "
	if here {
		sign = "› "
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
	style := s.plain
	if r.muted || r.note != "" {
		style = s.muted
	}
	line := l.line(r.cells, widths, func(i int, cell string) string {
		switch {
		case here:
			return cell
		case i < len(r.tones) && r.tones[i] != calm:
			return s.tone(r.tones[i]).Render(cell)
		}
		return style.Render(cell)
	})
	if here {
		return s.cursor.Render(fit(sign+line, width))
	}
	return fit(style.Render(sign)+line, width)
}

func (l *list) boxWidth() int {
	if l.multi {
		return 4
	}
	return 0
}

func (l *list) line(cells []string, widths []int, paint func(column int, cell string) string) string {
	var b strings.Builder
	for i, c := range cells {
		w := widths[i]
		if i == len(cells)-1 { // the last cell may take the place of several
			w = wide(widths[i:])
		}
		if w > 0 {
			if b.Len() > 0 {
				b.WriteString("  ")
			}
			c = shortened(c, w)
			b.WriteString(paint(i, c) + strings.Repeat(" ", w-ansi.StringWidth(c)))
		}
	}
	return b.String()
}

// wide is how wide columns are together.
func wide(widths []int) int {
	sum := -2
	for _, w := range widths {
		if w > 0 {
			sum += w + 2
		}
	}
	return sum
}

// least is how narrow a column may become before another one goes; one that stays in any case may keep twice as much.
const least = 16

// widths shares the width out: by shares, or each column what it needs. Where there is no room those of the highest rank go,
// and of what is left the widest give.
func (l *list) widths(width int) []int {
	w := slices.Clone(l.natural)
	shares := 0
	for i, c := range l.columns {
		shares += c.share
		if c.share > 0 {
			w[i] = 1 << 19
		} else if c.fixed > 0 {
			w[i] = c.fixed
		}
	}
	sum := func(limit int) (n int) {
		for i, c := range w {
			if l.columns[i].rank+l.columns[i].share == 0 {
				c = min(c, 2*limit)
			} else {
				c = min(c, limit)
			}
			if c > 0 {
				n += c + 2
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
		w[worst], shares = 0, shares-l.columns[worst].share
	}
	if shares > 0 {
		l.share(w, shares, width)
	}
	for over := sum(1<<20) - width - 2; over > 0 && slices.Max(w) > 1; over-- {
		w[l.widest(w)]--
	}
	return w
}

// widest is the column that gives: one of the highest rank while it is wide enough, then the widest.
func (l *list) widest(w []int) int {
	most := slices.Index(w, slices.Max(w))
	for i, c := range l.columns {
		if w[i] > least && (c.rank > l.columns[most].rank || w[most] <= least) {
			most = i
		}
	}
	return most
}

// share gives the columns with a share what the others leave of the width.
func (l *list) share(w []int, shares, width int) {
	rest := width + 2
	for i, c := range l.columns {
		if w[i] > 0 {
			rest -= 2
			if c.share == 0 {
				rest -= w[i]
			}
		}
	}
	for i, c := range l.columns {
		if w[i] > 0 && c.share > 0 {
			w[i] = max(rest*c.share/shares, 1)
			rest, shares = rest-w[i], shares-c.share
		}
	}
}
