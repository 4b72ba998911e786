package printer

import (
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TerminalWidth is how many columns a terminal has; 0 for everything else.
func TerminalWidth(stream any) int {
	f, ok := stream.(*os.File)
	if !ok || !Terminal(stream) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// The least that a row needs for its access, and the width below which a row takes two lines.
const (
	leastAccess = 16
	twoLines    = 60
	gap         = 2
)

// Fitted prints rows in so many columns of a terminal. No line is wider, as long as no name is: paths and words are left
// out, and never cut.
func Fitted(w io.Writer, rows []Row, width int, headers bool, paint Color) error {
	if headers {
		rows = append([]Row{{Name: "PRINCIPAL", Access: "ACCESS", Status: "STATUS", Age: "AGE"}}, rows...)
	}
	var b strings.Builder
	if width < twoLines {
		narrow(&b, rows, width, paint)
	} else {
		fitted(&b, rows, width, paint)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// fitted gives each column what it needs, and ACCESS what is left.
func fitted(b *strings.Builder, rows []Row, width int, paint Color) {
	status := widest(rows, func(r Row) string { return r.Status })
	age := widest(rows, Row.age)
	what := widest(rows, func(r Row) string { return r.Access })
	rest := width - status - age - 3*gap
	name := widest(rows, func(r Row) string {
		if r.Rank() == awsOwn { // their names are long, and nobody looks for them
			return ""
		}
		return r.Name
	})
	name = min(name, rest-min(what, max(leastAccess, rest*2/5)))
	for _, short := range []int{0, rest} { // the others, as far as there is room
		all := widest(rows, func(r Row) string { return FitName(r.Name, short) })
		name = max(0, name, min(all, rest-what))
	}
	what = min(what, rest-name)
	for _, r := range rows {
		who := FitName(r.Name, name)
		if utf8.RuneCountInString(who) > name { // it has a line for itself
			b.WriteString(who + "\n")
			who = ""
		}
		line := pad(who, name) + pad(fitWords(r.Access, what), what) + paint.status(r.State, pad(r.Status, status)) + r.age()
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// narrow prints each row in two lines: who, and below it what.
func narrow(b *strings.Builder, rows []Row, width int, paint Color) {
	for _, r := range rows {
		status := fitWords(r.Status, width-gap)
		what := fitWords(r.Access, width-2*gap-utf8.RuneCountInString(status))
		b.WriteString(FitName(r.Name, width) + "\n" + strings.Repeat(" ", gap) + pad(what, 0) + paint.status(r.State, status) + "\n")
	}
}

// status paints a status that needs attention.
func (c Color) status(s access.State, text string) string {
	if s == access.StateStale || s == access.StateOverdue || s == access.StateNoEffect {
		return c.Warn(text)
	}
	return text
}

// age is empty for a mapping: aws-auth keeps no times.
func (r Row) age() string {
	if r.Mapping != nil {
		return ""
	}
	return r.Age
}

//go:noinline
func widest(rows []Row, cell func(Row) string) int {
	most := 0
	for _, r := range rows {
		most = max(most, utf8.RuneCountInString(cell(r)))
	}
	return most
}

// pad fills a cell and the gap behind it.
//
//go:noinline
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))+gap)
}

// FitName leaves out the path of a principal that is too long: role/…/NAME.
func FitName(name string, width int) string {
	first, last := strings.IndexByte(name, '/'), strings.LastIndexByte(name, '/')
	if utf8.RuneCountInString(name) <= width || first == last {
		return name
	}
	return name[:first] + "/…" + name[last:]
}

// fitWords leaves out the last words of a text that is too long.
func fitWords(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	for end := strings.LastIndexAny(text, " ,:"); end > 0; end = strings.LastIndexAny(text[:end], " ,:") {
		keep := text[:end+1]
		if text[end] == ' ' {
			keep = strings.TrimRight(text[:end], ";") + " "
		}
		if utf8.RuneCountInString(keep)+1 <= width {
			return keep + "…"
		}
	}
	return "…"
}

// FitLast leaves words out of the last column that everybody sees, so that no row is wider than a terminal; a width of 0 fits
// everything.
func (t Table) FitLast(width int) Table { return t.fit(-1, width) }

// fit leaves words out of a column; -1 is the last that everybody sees.
func (t Table) fit(column, width int) Table {
	last, others := column, 0
	for i, c := range t.Columns {
		if !c.Wide && column < 0 {
			last = i
		}
	}
	for i, c := range t.Columns {
		if !c.Wide && i != last {
			others += t.room(i)
		}
	}
	for _, row := range t.Rows {
		if width > 0 {
			row[last] = fitWords(row[last], max(width-others, leastAccess))
		}
	}
	return t
}

// column is the place of a column, -1 for none.
func (t Table) column(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// Blocks prints a table; for people on a terminal as several with some of the columns each, none wider than it if it can be, and
// all with the first column.
func (f Format) Blocks(w io.Writer, t Table) error {
	width := TerminalWidth(w)
	if width == 0 || f.Name != "" {
		return f.Table(w, t)
	}
	first, used, block := t.room(0), 0, Table{}
	for i := 1; i < len(t.Columns); i++ {
		if t.Columns[i].Wide {
			continue
		}
		room := t.room(i)
		if used+room > width && len(block.Columns) > 1 {
			if err := f.Table(w, block); err != nil {
				return err
			}
			_, _ = io.WriteString(w, "\n")
			block = Table{}
		}
		if len(block.Columns) == 0 {
			block, used = Table{}.with(t, 0), first
		}
		block, used = block.with(t, i), used+room
	}
	return f.Table(w, block)
}

// Stacked prints a table; on a terminal that is narrower each row in two lines, the second with what comes after so many columns.
func (f Format) Stacked(w io.Writer, t Table, first int) error {
	return f.stack(w, t, first, TerminalWidth(w))
}

func (f Format) stack(w io.Writer, t Table, first, width int) error {
	need := 0
	for i, c := range t.Columns {
		if !c.Wide {
			need += t.room(i)
		}
	}
	if f.Name != "" || need <= width+3 || width == 0 {
		return f.Table(w, t)
	}
	_, err := io.WriteString(w, Wrap(t.stacked(first), width))
	return err
}

func (t Table) stacked(first int) string {
	var b strings.Builder
	for _, row := range t.Rows {
		var cells []string
		for i, c := range t.Columns {
			if !c.Wide && row[i] != none {
				cells = append(cells, row[i])
			}
		}
		at := min(first, len(cells))
		b.WriteString(strings.Join(cells[:at], "  ") + "\n    " + strings.Join(cells[at:], "; ") + "\n")
	}
	return b.String()
}

// with has one column more.
func (t Table) with(of Table, column int) Table {
	t.Columns = append(t.Columns, of.Columns[column])
	for i, row := range of.Rows {
		if i == len(t.Rows) {
			t.Rows = append(t.Rows, nil)
		}
		t.Rows[i] = append(t.Rows[i], row[column])
	}
	return t
}

// room is what a column takes, with the spaces behind it.
//
//go:noinline
func (t Table) room(column int) int {
	most := utf8.RuneCountInString(t.Columns[column].Name)
	for _, row := range t.Rows {
		most = max(most, utf8.RuneCountInString(row[column]))
	}
	return most + 3 // as cli-runtime separates columns
}
