package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// action is what a key does. Dispatch, the line of keys, help and the reason why a key does nothing now come from it.
type action struct {
	keys    []string
	key     string // how it is shown, "": it is not
	help    string
	why     func() string // why it is not available, "" when it is; nil: it always is
	run     func() tea.Cmd
	typing  bool   // a printable key counts while somebody types too
	quiet   bool   // not in the line of keys
	group   string // of help
	command string // its name for :, "": none
}

// The groups of help.
const (
	navigate = "Navigate"
	acting   = "Act"
	viewing  = "View"
)

//go:noinline
func on(keys, shown, help string, run func() tea.Cmd) *action {
	return &action{keys: strings.Fields(keys), key: shown, help: help, run: run, group: navigate}
}

func (a *action) unless(why func() string) *action { a.why = why; return a }
func (a *action) whileTyping() *action             { a.typing = true; return a }
func (a *action) hidden() *action                  { a.quiet = true; return a }
func (a *action) acts() *action                    { a.group = acting; return a }
func (a *action) views() *action                   { a.group = viewing; return a }
func (a *action) named(command string) *action     { a.command = command; return a }

//go:noinline
func (a *action) reason() string {
	if a.why == nil {
		return ""
	}
	return a.why()
}

// screen is one thing to look at: a list, a text that scrolls, or a form. What it does not have is nil.
type screen struct {
	name     func() string
	state    func() string  // of a tab: what to know beside its name; nil: nothing
	shown    func() tea.Cmd // of a tab: reads what it needs; nil: nothing
	actions  []*action
	intro    func() string
	list     *list
	typing   bool // what is typed goes to the filter
	about    func(width int) string
	beside   int // the width from which it is beside the list; 0: as usual
	empty    func() string
	form     *form
	text     func(width int) string
	foot     func() string              // below the text, "": nothing
	offset   int                        // of the text, in lines
	deaf     func(tea.KeyPressMsg) bool // drops a key; nil: none
	finished bool                       // it is a result or help: errors about the list are not shown
	seen     int                        // lines of text that were last seen at once
	total    int                        // lines of the text
}

// typeIn passes other keys to the form or the filter.
func (s *screen) typeIn(msg tea.Msg) tea.Cmd {
	switch {
	case s.form != nil:
		return s.form.typeIn(msg)
	case s.list != nil && s.typing:
		return s.list.typeIn(msg)
	}
	return nil
}

func (s *screen) paste(msg tea.PasteMsg) tea.Cmd {
	if s.deaf != nil && s.deaf(tea.KeyPressMsg{}) {
		return nil
	}
	return s.typeIn(msg)
}

// writes reports whether printable keys are text here.
func (s *screen) writes() bool { return s.form != nil || s.typing }

func (s *screen) move(n int) tea.Cmd {
	switch {
	case s.form != nil:
		s.form.move(n)
	case s.list != nil:
		s.list.move(n)
	default:
		s.offset = max(0, min(s.offset+n, s.total-s.seen))
	}
	return nil
}

// moves are the keys that every screen with something to move through has.
func (s *screen) moves() []*action {
	page := func() int {
		if s.list != nil {
			return max(1, s.list.height-1)
		}
		return max(1, s.seen-1)
	}
	by := func(n func() int) func() tea.Cmd { return func() tea.Cmd { return s.move(n()) } }
	fixed := func(n int) func() int { return func() int { return n } }
	return []*action{
		on("up k ctrl+p", "↑ ↓", "up and down, k and j too", by(fixed(-1))).hidden(),
		on("down j ctrl+n", "", "", by(fixed(1))).hidden(),
		on("pgup ctrl+b", "pgup/dn", "a page", by(func() int { return -page() })).hidden(),
		on("pgdown ctrl+f", "", "", by(page)).hidden(),
		on("home g", "home/end", "top and bottom, g and G too", by(fixed(-1<<30))).hidden(),
		on("end G", "", "", by(fixed(1<<30))).hidden(),
	}
}

// act finds what a key does.
func (s *screen) act(k tea.KeyPressMsg, always []*action) *action {
	for _, a := range append(s.actions, always...) {
		if slices.Contains(a.keys, k.String()) && (!s.writes() || k.Text == "" || a.typing) {
			return a
		}
	}
	return nil
}
