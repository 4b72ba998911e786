package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
)

// styles are the roles that something on the screen can have. A sign, a word or its place shows each
// role too, so that nothing is lost without colour.
type styles struct {
	dark                                         bool
	profile                                      colorprofile.Profile
	plain, title, muted, danger, warn, good, key lipgloss.Style
	cursor, head, label                          lipgloss.Style
}

func newStyles(dark bool, profile colorprofile.Profile) styles {
	s := fineStyles(dark)
	s.head = s.muted.Bold(true)
	if profile <= colorprofile.ANSI {
		s = coarseStyles()
	}
	s.dark, s.profile, s.label = dark, profile, s.plain.Bold(true)
	return s
}

// tone is what a cell of a list has to say by its colour.
type tone int

const (
	calm tone = iota
	notice
	alarm
)

func (s styles) tone(t tone) lipgloss.Style {
	return [...]lipgloss.Style{calm: s.plain, notice: s.warn, alarm: s.danger}[t]
}

// Good is how what is added looks in a plan.
func (s styles) Good(text string) string { return s.good.Render(text) }

// Bad is how what is removed looks in a plan.
func (s styles) Bad(text string) string { return s.danger.Render(text) }

// fineStyles have colours of their own.
func fineStyles(dark bool) styles {
	pick := lipgloss.LightDark(dark)
	color := func(light, dark string) lipgloss.Style {
		return lipgloss.NewStyle().Foreground(pick(lipgloss.Color(light), lipgloss.Color(dark)))
	}
	return styles{
		plain:  lipgloss.NewStyle(),
		title:  color("#0B5CAD", "#7CC4FF").Bold(true),
		muted:  color("#5F6B76", "#8A97A3"),
		danger: color("#B3261E", "#FF8A80").Bold(true),
		warn:   color("#8A5A00", "#FFD166").Bold(true),
		good:   color("#0A6B3B", "#7BE0A3"),
		key:    color("#0B5CAD", "#7CC4FF"),
		cursor: lipgloss.NewStyle().Bold(true).
			Background(pick(lipgloss.Color("#D6E8FA"), lipgloss.Color("#20435F"))).
			Foreground(pick(lipgloss.Color("#102A43"), lipgloss.Color("#FFFFFF"))),
	}
}

// coarseStyles are for 16 colours or none. What these colours look like is the user's choice, so only red and green are
// used, and never one on another: the row of the cursor is the text in reverse, and what matters less is dim.
func coarseStyles() styles {
	plain, color := lipgloss.NewStyle(), func(c string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(c)) }
	return styles{
		plain: plain, title: plain.Bold(true), muted: plain.Faint(true), danger: color("1").Bold(true), warn: plain.Bold(true),
		good: color("2"), key: plain.Bold(true), head: plain.Bold(true), cursor: plain.Reverse(true),
	}
}

func (s styles) input() textinput.Styles {
	state := textinput.StyleState{Text: s.plain, Placeholder: s.muted, Suggestion: s.muted, Prompt: s.key}
	return textinput.Styles{Focused: state, Blurred: state, Cursor: textinput.CursorStyle{Shape: tea.CursorBar, Blink: true}}
}

// newInput is a line to type into. The terminal's own cursor is in it.
func newInput(s styles, prompt, placeholder string) textinput.Model {
	in := textinput.New()
	in.Prompt, in.Placeholder = prompt, placeholder
	in.SetVirtualCursor(false)
	in.SetStyles(s.input())
	return in
}
