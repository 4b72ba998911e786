package tui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// model is the whole interface.
type model struct {
	ctx    context.Context
	world  World
	inline bool // a few lines below the prompt instead of the whole screen
	pause  time.Duration

	width, height int
	styles        styles
	spin          spinner.Model
	turning       bool

	views  map[string]*view // by context
	at     *view            // the one that is looked at
	tab    int              // the one that the stack begins with
	stack  []*screen        // the last one is seen
	always []*action

	clusters *clusters // the tab of all of them; nil: it was not opened

	session []string // the commands of what was done
	request int      // the number of the last request
	waiting int      // requests in progress
	status  string   // one line about what happened last
	bad     bool
	listTop int // the line of the screen on which the rows begin
	choice  *Choice
	begin   func(*model, *view) tea.Cmd // inline: what to do with the cluster when it is there
	outcome error
	ended   bool
	leaving func() string // why the program should not end now, "" when it may
	astray  bool          // a search is typed where there is nothing to search
	stop    context.CancelFunc
	clip    func(string) tea.Cmd
	exec    func(tea.ExecCommand, tea.ExecCallback) tea.Cmd // runs something with the terminal to itself
}

func newModel(ctx context.Context, w World) *model {
	ctx, stop := context.WithCancel(ctx)
	m := &model{
		ctx: ctx, stop: stop, world: w, exec: tea.Exec, clip: tea.SetClipboard, width: 80, height: 24, styles: newStyles(true, colorprofile.TrueColor), pause: 500 * time.Millisecond,
		spin: spinner.New(spinner.WithSpinner(spinner.MiniDot)), views: map[string]*view{},
	}
	m.always = []*action{
		on("? f1", "?", "help", m.help).views().whileTyping().named("help").hidden(),
		on("ctrl+x", "^x", "leave this for the tabs", m.drop).unless(m.nothingToLeave).hidden(),
		on("ctrl+z", "^z", "suspend", func() tea.Cmd { return tea.Suspend }).hidden(),
		on("ctrl+l", "^l", "redraw", func() tea.Cmd { return tea.ClearScreen }).views().hidden(),
		on("ctrl+c", "^c", "quit", m.quit).named("quit").hidden(),
	}
	return m
}

// Init asks for the background's colour and begins to read.
func (m *model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.look(m.currentContext()))
}

// Update routes a message to its method.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.restyle(msg.IsDark(), m.styles.profile)
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.ColorProfileMsg:
		m.restyle(m.styles.dark, msg.Profile)
	case tea.PasteMsg:
		return m, m.top().paste(msg)
	case tea.MouseWheelMsg:
		return m, m.wheel(msg)
	case tea.MouseClickMsg:
		return m, m.click(msg)
	case spinner.TickMsg:
		return m, m.tick(msg)
	case arrival:
		return m, msg.arrive(m)
	}
	return m, nil
}

// arrival is an answer from outside, which knows where it belongs.
type arrival interface{ arrive(m *model) tea.Cmd }

func (m *model) top() *screen { return m.stack[len(m.stack)-1] }

func (m *model) push(s *screen) tea.Cmd {
	m.stack = append(m.stack, s)
	m.say("")
	if s.typing {
		_ = s.list.filter.Focus() // a real cursor sends no blinking
	}
	return nil
}

// back shows what was seen before.
func (m *model) back() tea.Cmd {
	m.say("")
	if len(m.stack) > 1 {
		m.stack = m.stack[:len(m.stack)-1]
		return nil
	}
	return m.quit()
}

// drop leaves all that was begun.
func (m *model) drop() tea.Cmd { return m.show(m.tab) }

func (m *model) nothingToLeave() string {
	switch {
	case m.leaving != nil:
		return "the change is being applied"
	case m.inline || m.isTab():
		return "nothing was begun"
	}
	return ""
}

func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	m.say("")
	s := m.top()
	if s.deaf != nil && s.deaf(k) {
		return nil
	}
	a := s.act(k, m.always)
	if m.drops(k, s.writes() || a != nil && a.reason() == "") {
		return nil
	}
	if a == nil {
		return s.typeIn(k)
	}
	if why := a.reason(); why != "" {
		m.fail(a.help + ": " + why)
		return nil
	}
	return a.run()
}

// drops reports whether a key belongs to a search that is typed where there is no list. Its letters are not commands,
// up to the key that ends it.
func (m *model) drops(k tea.KeyPressMsg, known bool) bool {
	was := m.astray
	m.astray = k.Text != "" && (was || k.Text == "/" && !known) || was && k.Code == tea.KeyBackspace
	if m.astray {
		m.fail("there is no list to filter here; esc ends the search")
	}
	return m.astray || was && (k.Code == tea.KeyEnter || k.Code == tea.KeyEscape)
}

func (m *model) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	switch msg.Button {
	case tea.MouseWheelUp:
		return m.top().move(-3)
	case tea.MouseWheelDown:
		return m.top().move(3)
	default:
		return nil
	}
}

// click puts the cursor on a row; a click on the row of the cursor marks it or opens it.
func (m *model) click(msg tea.MouseClickMsg) tea.Cmd {
	l, n := m.top().list, msg.Y-m.listTop
	if l == nil || msg.Button != tea.MouseLeft || n < 0 || n >= l.height || l.top+n >= len(l.shown) {
		return nil
	}
	if l.cursor != l.top+n {
		return m.top().move(l.top + n - l.cursor)
	}
	k := tea.KeyPressMsg{Code: tea.KeyEnter}
	if l.multi {
		k = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	return m.key(k)
}

// say shows a line until the next key.
//
//go:noinline
func (m *model) say(text string) { m.status, m.bad = printer.Clean(text), false }

//go:noinline
func (m *model) fail(text string) { m.status, m.bad = printer.Clean(text), true }

func (m *model) failed(err error) { m.fail(m.explain(err)) }

func (m *model) quit() tea.Cmd {
	if m.leaving != nil {
		if why := m.leaving(); why != "" {
			m.fail(why)
			return nil
		}
	}
	return m.end()
}

//go:noinline
func (m *model) end() tea.Cmd {
	m.ended = true
	m.stop()
	return tea.Quit
}

func (m *model) restyle(dark bool, profile colorprofile.Profile) {
	m.styles = newStyles(dark, profile)
	for _, s := range m.stack {
		if s.list != nil {
			s.list.filter.SetStyles(m.styles.input())
		}
		if s.form != nil {
			s.form.restyle(m.styles)
		}
	}
}

// turn starts the spinner unless it turns already.
func (m *model) turn() tea.Cmd {
	if m.turning || m.waiting == 0 {
		return nil
	}
	m.turning = true
	return m.spin.Tick
}

func (m *model) tick(msg spinner.TickMsg) tea.Cmd {
	if m.waiting == 0 {
		m.turning = false
		return nil
	}
	var cmd tea.Cmd
	m.spin, cmd = m.spin.Update(msg)
	return cmd
}
