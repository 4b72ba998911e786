package cmd

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// screen opens the full-screen interface.
func (env *Env) screen(ctx context.Context) error {
	world, done, err := env.world(ctx, env.IO.Out)
	if err != nil {
		return err
	}
	defer done()
	return tui.Run(ctx, world)
}

// world is the outside as the screens see it. What would ask the user something asks before it
// returns; until done is called nothing but the screens writes to the terminal.
func (env *Env) world(ctx context.Context, out io.Writer) (w tui.World, done func(), err error) {
	start, err := env.target()
	if err != nil {
		return w, nil, err
	}
	contexts, _ := env.flags.Contexts() // without: there is nothing to switch to
	w = tui.World{In: env.IO.In, Out: out, Now: env.Now, Current: start.Context, Hint: hintOf}
	if !slices.ContainsFunc(contexts, func(t kubeconfig.Target) bool { return t.Context == start.Context }) {
		contexts = append(contexts, start) // only the flags make a cluster of it
	}
	for _, t := range contexts {
		if t.Context == start.Context {
			t = start
		}
		if t.From["name"] == "flag" {
			t.Account = "" // the kubeconfig means another cluster
		}
		w.Contexts = append(w.Contexts, tui.Context{Name: t.Context, Cluster: cmp.Or(t.Name, t.Context), Region: t.Region, Account: t.Account})
	}
	first := env.seen(start.Context, start.Context)
	w.Open = func(ctx context.Context, at string) (*tui.Cluster, error) {
		if at == start.Context {
			return first.open(ctx)
		}
		return env.seen(at, start.Context).open(ctx)
	}
	if c, err := first.open(ctx); err == nil && c.Login != nil {
		_ = c.Login() // before the screen; what went wrong is told by whoever needs it
		first.known.Login = nil
	}
	return w, quiet(), nil
}

// quiet keeps libraries and credential plugins from writing over the screens.
func quiet() (done func()) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	was := os.Stderr
	os.Stderr = null
	return func() { os.Stderr = was; _ = null.Close() }
}

func hintOf(err error) string { return strings.Replace(outcomeOf(err).hint, "%s", "CLUSTER", 1) }

// notes are the warnings that commands would print.
type notes struct {
	mu    sync.Mutex
	lines []string
}

// Write keeps whole lines.
func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for line := range strings.Lines(string(p)) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "Warning: "); line != "" {
			n.lines = append(n.lines, line)
		}
	}
	return len(p), nil
}

// take returns what was said and forgets it.
func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	said := n.lines
	n.lines = nil
	return said
}

// seen is one cluster on its way to the screen.
type seen struct {
	env     *Env
	said    *notes
	command []string
	c       *connection
	known   *tui.Cluster
}

// seen is the cluster of a context. The flags that name a cluster are about the first one only.
func (env *Env) seen(at, start string) *seen {
	s := &seen{said: &notes{}}
	own := &Env{
		IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: s.said}, Now: env.Now, LastLook: env.LastLook,
		name: env.name, persist: env.persist, flags: env.flags, override: env.override, noNativeToken: env.noNativeToken, requireMatch: env.requireMatch,
	}
	if at != start {
		s.command = append(strings.Fields(env.name), "--context", at)
		if f := env.persist.Lookup("kubeconfig"); f.Changed {
			s.command = append(s.command, "--kubeconfig", f.Value.String())
		}
		own.name, own.persist = shell.Line(s.command), pflag.NewFlagSet("", pflag.ContinueOnError)
		own.flags, own.override = env.flags.In(at), Env{}.override
	} else {
		s.command = append(strings.Fields(env.name), env.given()...)
	}
	s.env = own
	return s
}
