package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Of the list and the table of bubbles neither has both columns and marks, and the table needs a few
// milliseconds to draw every cell; so this is a list that draws only what is seen.

// row is one line of a list.
type row struct {
	id    string
	value any      // what it is about
	cells []string // clean, one for each column; of fewer the last one takes the rest
	keys  []string // what the filter looks at
	note  string   // why it cannot be chosen, "" when it can
	alone bool     // it cannot be chosen together with others
	muted bool
	tones []tone // of the cells; nil: calm
}

// list is rows to look at, to filter and to choose from.
type list struct {
	columns []column
	multi   bool                                // several can be chosen
	typed   func(string) (*row, bool)           // the row for typed text that is not in the list
	unset   bool                                // nothing is under the cursor until somebody moves
	live    func(r *row, widths []int) []string // the cells as they are now; nil: as they were

	filter  textinput.Model
	rows    []*row
	extra   *row
	index   index
	natural []int // widest cell of each column
	shown   []int // rows that match, len(rows) standing for extra
	cursor  int   // in shown; -1: nothing
	moved   bool  // by somebody
	top     int
	height  int // rows that were last seen at once
	marks   []*row
}

func newList(s styles, multi bool, columns ...column) *list {
	l := &list{columns: columns, multi: multi, filter: newInput(s, "/ ", "type to filter")}
	l.set(nil)
	return l
}

// set replaces the rows; the cursor stays on its row.
func (l *list) set(rows []*row) {
	was, had := l.current()
	l.rows = nil
	l.index.reset()
	l.natural = make([]int, len(l.columns))
	for i, c := range l.columns {
		l.natural[i] = len(c.title)
	}
	l.put(rows, was, had)
}

// add puts rows at the end; the cursor stays on its row.
func (l *list) add(rows []*row) {
	was, had := l.current()
	l.put(rows, was, had)
}

func (l *list) put(rows []*row, was *row, had bool) {
	l.rows = append(l.rows, rows...)
	for _, r := range rows {
		l.index.add(r.keys)
		for i, c := range r.cells {
			l.natural[i] = max(l.natural[i], ansi.StringWidth(c))
		}
	}
	l.refilter()
	if had && l.moved { // until a row is selected the first one is
		l.seek(was.id)
	}
}

// seek puts the cursor on a row, and reports whether it is shown.
//
//go:noinline
func (l *list) seek(id string) bool {
	i := slices.IndexFunc(l.shown, func(n int) bool { return l.at(n).id == id })
	if i >= 0 {
		l.cursor, l.moved = i, true
	}
	return i >= 0
}

func (l *list) at(n int) *row {
	if n == len(l.rows) {
		return l.extra
	}
	return l.rows[n]
}

// rewrite changes a cell. What the filter looks at stays.
func (l *list) rewrite(row, column int, text string) {
	l.rows[row].cells[column] = text
	l.natural[column] = max(l.natural[column], ansi.StringWidth(text))
}

// text is what is filtered by.
//
//go:noinline
func (l *list) text() string { return strings.TrimSpace(l.filter.Value()) }

// found is how many rows match, without the one for typed text.
func (l *list) found() int {
	if l.extra != nil {
		return len(l.shown) - 1
	}
	return len(l.shown)
}

// refilter finds again what matches.
func (l *list) refilter() {
	text := l.text()
	l.shown = l.index.search(text)
	l.extra = nil
	if l.typed != nil && text != "" {
		if r, ok := l.typed(text); ok && !slices.ContainsFunc(l.rows, func(have *row) bool { return have.id == r.id }) {
			l.extra = r
			l.shown = append(l.shown, len(l.rows))
		}
	}
	l.cursor = min(l.cursor, len(l.shown)-1)
	if !l.unset || text != "" && !l.careful() {
		l.cursor = max(0, l.cursor)
	}
}

// careful reports whether the first row is one that typing alone must not choose, such as a whole entry to be revoked.
func (l *list) careful() bool {
	return len(l.shown) > 0 && l.at(l.shown[0]).alone
}

// typeIn gives a key or a paste to the filter.
func (l *list) typeIn(msg tea.Msg) tea.Cmd {
	was := l.filter.Value()
	var cmd tea.Cmd
	l.filter, cmd = l.filter.Update(msg)
	if l.filter.Value() != was {
		l.cursor, l.top, l.moved = -1, 0, false
		l.refilter()
	}
	return cmd
}

// clearFilter shows all rows; the cursor stays on its row.
func (l *list) clearFilter() {
	was, had := l.current()
	l.filter.Reset()
	l.refilter()
	if had {
		l.seek(was.id)
	}
}

// current is the row under the cursor.
//
//go:noinline
func (l *list) current() (*row, bool) {
	if l.cursor < 0 || l.cursor >= len(l.shown) {
		return &row{}, false
	}
	return l.at(l.shown[l.cursor]), true
}

func (l *list) move(n int) {
	if len(l.shown) > 0 {
		l.cursor, l.moved = max(0, min(l.cursor+n, len(l.shown)-1)), true
	}
}

// toggle marks the row under the cursor, or removes the mark. It returns why it did not.
func (l *list) toggle() string {
	r, ok := l.current()
	switch {
	case !ok:
		return ""
	case r.note != "":
		return r.note
	}
	if i := l.marked(r); i >= 0 {
		l.marks = slices.Delete(l.marks, i, i+1)
		return ""
	}
	l.keep(r)
	l.marks = append(slices.DeleteFunc(l.marks, func(m *row) bool { return r.alone || m.alone }), r)
	l.clearFilter() // to type the next
	return ""
}

// marked is the place of a row among those that are marked, or -1.
//
//go:noinline
func (l *list) marked(r *row) int {
	return slices.IndexFunc(l.marks, func(m *row) bool { return m.id == r.id })
}

// keep makes a row of its own out of what was typed.
func (l *list) keep(r *row) {
	if l.extra != nil && l.extra.id == r.id {
		l.rows = slices.Insert(l.rows, 0, r)
		l.filter.Reset()
		l.set(l.rows)
		l.seek(r.id)
	}
}

// chosen are the marked rows, or without a mark the one under the cursor.
func (l *list) chosen() []*row {
	if len(l.marks) > 0 {
		return l.marks
	}
	if r, ok := l.current(); ok && r.note == "" {
		l.keep(r)
		return []*row{r}
	}
	return nil
}

// scroll keeps the cursor in sight.
func (l *list) scroll(height int) {
	l.height = max(height, 1)
	l.top = max(0, min(l.top, len(l.shown)-l.height))
	if l.cursor >= 0 {
		l.top = max(l.cursor-l.height+1, min(l.top, l.cursor))
	}
}
