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
)

// ErrCancelled says that somebody left a picker without an answer.
var ErrCancelled = errors.New("cancelled, nothing was changed")

// memory is what the program is to live with: the garbage of a large cluster's reading is collected before it piles up.
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
	defer m.stop()
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	in := m.world.In
	if f, ok := in.(*os.File); ok {
		in = watched{f, func() { lose(errLost) }}
	}
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(m.world.Out)).Run()
	if errors.Is(context.Cause(ctx), errLost) {
		return errLost
	}
	return err
}

var errLost = errors.New("the terminal is gone")

// watched is a terminal that tells when it is gone: Bubble Tea takes that for an end of input and would wait on.
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
	What   bool // of revoke: what to take
}

// Grant asks, in a few lines below the prompt, for what a grant misses; what was typed is only
// shown. ErrCancelled says that nothing shall be done.
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
		return tea.Batch(g.start(), m.read(v, known.Who))
	}
}

// Revoke asks for whom a revocation misses and, where nothing was named either, for what to take.
func Revoke(ctx context.Context, w World, missing Missing) (Choice, error) {
	return pick(ctx, w, askRevoke(missing))
}

func askRevoke(missing Missing) func(*model, *view) tea.Cmd {
	return func(m *model, v *view) tea.Cmd {
		r := &revoking{model: m, v: v, what: missing.What}
		return r.start()
	}
}

// Describe asks whom to describe.
func Describe(ctx context.Context, w World) (Choice, error) { return pick(ctx, w, askDescribe) }

func askDescribe(m *model, v *view) tea.Cmd {
	return m.somebody(v, "Describe · whom", func(t thing) tea.Cmd {
		return m.picked(Choice{Who: []access.Principal{t.principal}})
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

// revoking picks an entry and what to take from it.
type revoking struct {
	*model
	v    *view
	what bool
}

func (r *revoking) start() tea.Cmd {
	v := r.v
	return r.somebody(v, "Revoke · from whom", func(t thing) tea.Cmd {
		if why := v.entries.fixed(); why != "" {
			r.fail(why)
			return nil
		}
		if t.mapping != nil {
			return r.picked(Choice{Who: []access.Principal{access.Normal(t.mapping.ARN)}, All: true})
		}
		if !r.what {
			return r.picked(Choice{Who: []access.Principal{t.principal}})
		}
		return r.take(*t.entry)
	})
}

// somebody asks for one of those who are let in.
func (m *model) somebody(v *view, name string, taken func(thing) tea.Cmd) tea.Cmd {
	s := m.picker(name, v.entries.list, func(ids []string) tea.Cmd { return taken(v.entries.what[ids[0]]) })
	s.empty = v.entries.nothing
	f := &flow{m: m, steps: []step{{screen: s}}}
	return tea.Batch(f.start(), m.read(v, nil))
}

func (r *revoking) take(e access.Entry) tea.Cmd {
	short := e.Principal.Short(r.v.account())
	s := r.takeStep("Revoke · from "+short, r.v.takeable(e), false, func(chosen []revocation) tea.Cmd {
		c := Choice{Who: []access.Principal{e.Principal}, Groups: chosen[0].Groups, All: chosen[0].Whole(), EntryOnly: chosen[0].entryOnly}
		for _, g := range chosen[0].Grants {
			c.Policies, c.Namespaces = append(c.Policies, g.Policy), g.Scope.Namespaces
		}
		return r.picked(c)
	})
	return (&flow{m: r.model, steps: []step{{screen: s}}}).start()
}

// login is the moment in which a login has the terminal to itself.
type login struct{ run func() error }

// Run asks what there is to ask.
func (l *login) Run() error { return l.run() }

// SetStdin is not needed: a login asks the terminal itself.
func (l *login) SetStdin(io.Reader) {}

// SetStdout is not needed.
func (l *login) SetStdout(io.Writer) {}

// SetStderr is not needed.
func (l *login) SetStderr(io.Writer) {}
