package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// form is some lines to type into.
type form struct {
	fields []field
	at     int
}

type field struct {
	label, empty string // empty is what an empty field means
	textinput.Model
	hint func() string // what is known about what was typed
}

func newForm(s styles, fields ...field) *form {
	f := &form{fields: fields}
	for i := range f.fields {
		f.fields[i].Model = newInput(s, fit(f.fields[i].label, 12)+" ", f.fields[i].empty)
	}
	_ = f.fields[0].Focus()
	return f
}

func (f *form) restyle(s styles) {
	for i := range f.fields {
		f.fields[i].SetStyles(s.input())
	}
}

func (f *form) move(n int) {
	f.fields[f.at].Blur()
	f.at = max(0, min(f.at+n, len(f.fields)-1))
	_ = f.fields[f.at].Focus() // a real cursor sends no blinking
}

func (f *form) typeIn(msg tea.Msg) (cmd tea.Cmd) {
	f.fields[f.at].Model, cmd = f.fields[f.at].Update(msg)
	return cmd
}

//go:noinline
func (f *form) value(i int) string { return strings.TrimSpace(f.fields[i].Value()) }

func (f *form) view(m *model, width, height, y int) ([]string, *tea.Cursor) {
	var lines []string
	var cursor *tea.Cursor
	for i, in := range f.fields {
		if i == f.at {
			cursor = inputCursor(in.Model, y+len(lines))
		}
		in.SetWidth(max(width-14, 1))
		lines = append(lines, in.View())
		if in.hint == nil {
			continue
		}
		hint := strings.Split(wrap(in.hint(), width-4), "\n")
		if i != f.at {
			hint = hint[:1]
		}
		for _, line := range hint {
			lines = append(lines, m.styles.muted.Render("    "+line))
		}
	}
	return clip(strings.Join(lines, "\n"), width, height), cursor
}

// inputCursor is where the terminal's cursor is. The input counts characters, the screen cells.
func inputCursor(in textinput.Model, y int) *tea.Cursor {
	c := in.Cursor()
	if c == nil {
		return nil
	}
	before := []rune(in.Value())[:in.Position()]
	c.X = ansi.StringWidth(in.Prompt) + ansi.StringWidth(string(slices.Clip(before)))
	c.Y = y
	return c
}
