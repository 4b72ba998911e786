package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// ErrCancelled is the error of a picker that was left without an answer.
var ErrCancelled = errors.New("cancelled, nothing was changed")

// memory is the limit for the program: what reading a large cluster leaves is collected before it piles up.
const memory = 40 << 20

// Run shows the whole interface until the user leaves.
func Run(ctx context.Context, w World) error {
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(memory)
	m := newModel(ctx, w)
	return errors.Join(m.run(ctx), m.outcome)
}

// run shows the model until it ends, or the terminal is lost.
func (m *model) run(ctx context.Context) error {
	if m.world.Plain {
		return m.runPlain(ctx)
	}
	defer m.stop()
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	in := m.world.In
	if f, ok := in.(*os.File); ok {
		in = watched{f, func() { lose(errLost) }}
	}
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(m.world.Out)).Run()
	switch {
	case errors.Is(context.Cause(ctx), errLost):
		return errLost
	case errors.Is(err, tea.ErrInterrupted):
		return context.Canceled
	}
	return err
}

var errLost = errors.New("the terminal was closed")

// watched is a terminal that reports when it is closed: Bubble Tea takes that for an end of input and would keep waiting.
// The signal of a hangup does not always reach a program.
type watched struct {
	*os.File
	lost func()
}

// Read reads from the terminal.
func (w watched) Read(p []byte) (int, error) {
	n, err := w.File.Read(p)
	if n == 0 && err != nil {
		w.lost()
	}
	return n, err
}

func (m *model) currentContext() Context {
	i := slices.IndexFunc(m.world.Contexts, func(c Context) bool { return c.Name == m.world.Current })
	if i < 0 {
		return Context{Name: m.world.Current}
	}
	return m.world.Contexts[i]
}

// Missing says what of a command line was not typed.
type Missing struct {
	Who    bool // the principals
	Policy bool
	Scope  bool
	What   bool // what to revoke
}

// Grant asks, in a few lines below the prompt, for what is missing in a grant; what was typed is only
// shown. The error is ErrCancelled where nothing is to be done.
func Grant(ctx context.Context, w World, missing Missing, known Choice) (Choice, error) {
	return pick(ctx, w, askGrant(missing, known))
}

func askGrant(missing Missing, known Choice) func(*model, *view) tea.Cmd {
	return func(m *model, v *view) tea.Cmd {
		g := &granting{v: v, Choice: known, scopeOnly: !missing.Policy}
		g.flow = flow{m: m, done: func() tea.Cmd { return m.picked(g.Choice) }}
		if missing.Who {
			g.steps = append(g.steps, g.whoStep())
		}
		if missing.Policy {
			g.steps = append(g.steps, g.policyStep())
		}
		if missing.Scope {
			g.steps = append(g.steps, g.scopeStep())
		}
		return tea.Batch(g.from(0), m.read(v, known.Who))
	}
}

// Revoke asks for the principal of a revocation and, where nothing was named either, for what to revoke.
func Revoke(ctx context.Context, w World, missing Missing) (Choice, error) {
	return pick(ctx, w, askRevoke(missing))
}

func askRevoke(missing Missing) func(*model, *view) tea.Cmd {
	return func(m *model, v *view) tea.Cmd {
		return m.somebody(v, "Revoke · select a principal", func(t *printer.Row) tea.Cmd {
			switch why := v.entries.fixed(); {
			case why != "":
				m.fail(why)
				return nil
			case t.Mapping != nil:
				return m.picked(Choice{Who: []access.Principal{access.Normal(t.Mapping.ARN)}, All: true})
			case !missing.What:
				return m.picked(Choice{Who: []access.Principal{t.Principal}})
			}
			return m.takeFrom(v, *t.Entry, false, func(chosen []revocation) tea.Cmd {
				c := Choice{Who: []access.Principal{t.Principal}, Groups: chosen[0].Groups, All: chosen[0].Whole(), EntryOnly: chosen[0].entryOnly}
				for _, g := range chosen[0].Grants {
					c.Policies, c.Namespaces = append(c.Policies, g.Policy), g.Scope.Namespaces
				}
				return m.picked(c)
			})
		})
	}
}

// Describe asks for the principal to describe.
func Describe(ctx context.Context, w World) (Choice, error) { return pick(ctx, w, askDescribe) }

func askDescribe(m *model, v *view) tea.Cmd {
	return m.somebody(v, "Describe · select a principal", func(t *printer.Row) tea.Cmd {
		return m.picked(Choice{Who: []access.Principal{t.Principal}})
	})
}

// pick runs an inline program until something is picked.
func pick(ctx context.Context, w World, begin func(*model, *view) tea.Cmd) (Choice, error) {
	m := newModel(ctx, w)
	m.inline = true
	m.begin = begin
	err := m.run(ctx)
	switch {
	case err != nil:
		return Choice{}, err
	case m.outcome != nil:
		return Choice{}, m.outcome
	case m.choice == nil:
		return Choice{}, ErrCancelled
	}
	return *m.choice, nil
}

// picked ends the program with an answer.
func (m *model) picked(c Choice) tea.Cmd {
	c.Account = m.at.snapshot.Cluster.Account()
	m.choice = &c
	return m.end()
}

// somebody asks for one of the principals that have access.
func (m *model) somebody(v *view, name string, taken func(*printer.Row) tea.Cmd) tea.Cmd {
	s := m.picker(name, v.entries.list, func([]*row) tea.Cmd { t, _ := v.entries.current(); return taken(t) })
	s.empty = v.entries.nothing
	_ = m.push(s)
	return m.read(v, nil)
}

// alone runs something that has the terminal to itself.
type alone struct{ run func() error }

// Run runs it.
func (a *alone) Run() error { return a.run() }

// SetStdin is not needed: it has the terminal itself.
func (a *alone) SetStdin(io.Reader) {}

// SetStdout is not needed.
func (a *alone) SetStdout(io.Writer) {}

// SetStderr is not needed.
func (a *alone) SetStderr(io.Writer) {}
