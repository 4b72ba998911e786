package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// confirm asks. Nobody to ask is a no.
func (v view) confirm(ctx context.Context) error {
	if !printer.Terminal(v.env.IO.In) {
		return fmt.Errorf("%w: confirmation is required but stdin is not a terminal; use --yes", access.ErrRefused)
	}
	v.run.Release()
	answer, err := v.env.prompt(ctx, "Do this? [y/N]: ")
	if answer = strings.ToLower(answer); err == nil && answer != "y" && answer != "yes" {
		err = errCancelled
	}
	return err
}

// prompt puts a question on the terminal and reads the line that answers it. The end of the input is a no.
func (env *Env) prompt(ctx context.Context, question string) (string, error) {
	fmt.Fprint(env.IO.ErrOut, question)
	answer := make(chan string, 1)
	go func() { // a read cannot be cancelled; the program ends without it
		defer close(answer)
		if line, err := bufio.NewReader(env.IO.In).ReadString('\n'); line != "" || err == nil {
			answer <- strings.TrimSpace(line)
		}
	}()
	select {
	case <-ctx.Done():
	case line, ok := <-answer:
		if ok {
			return line, nil
		}
	}
	fmt.Fprintln(env.IO.ErrOut)
	return "", errCancelled
}

// asks tells whether somebody sits there who can be asked: stdout may be a pipe, it is for data.
func (env *Env) asks() bool {
	return printer.Terminal(env.IO.In) && printer.Terminal(env.IO.ErrOut) && !printer.Dumb()
}

// picking is what a picker added to a command line.
type picking struct {
	line []string // the command line that asks for the same, nil: all was typed
}

// pick asks on the terminal for what was not typed.
func (env *Env) pick(cmd *cobra.Command, ask func(context.Context, tui.World) (tui.Choice, error)) (tui.Choice, error) {
	world, done, err := env.world(cmd.Context(), env.IO.ErrOut)
	if err != nil {
		return tui.Choice{}, err
	}
	defer done()
	return ask(cmd.Context(), world)
}

// ask completes a grant by what is picked; the answer is the principals as they could have been typed.
func (f *grantFlags) ask(env *Env, cmd *cobra.Command, args []string, missing tui.Missing) ([]string, error) {
	c, err := env.pick(cmd, func(ctx context.Context, w tui.World) (tui.Choice, error) {
		known, err := f.known(ctx, w, args)
		if err != nil {
			return known, err
		}
		return tui.Grant(ctx, w, missing, known)
	})
	if err != nil {
		return nil, err
	}
	if missing.Policy {
		f.Policies = shortPolicies(c.Policies)
	}
	f.Namespaces, f.All = c.Namespaces, c.All
	shown := args
	if missing.Who {
		args, shown = texts(c.Who), c.Shorts()
	}
	f.line = env.line(cmd, shown)
	return args, nil
}

// known is what was typed, looked up before the rest is asked for: there must be such policies, and somebody of those named.
func (f *grantFlags) known(ctx context.Context, w tui.World, args []string) (tui.Choice, error) {
	c := tui.Choice{Namespaces: f.Namespaces, Groups: f.groups, All: f.All}
	cluster, err := w.Open(ctx, w.Current)
	if err != nil {
		return c, err
	}
	var g errgroup.Group
	g.Go(func() error {
		grants, err := policiesThere(ctx, cluster, f.Policies)
		for _, g := range grants {
			if g.Scope.WholeCluster() { // its scope is asked for
				c.Policies = append(c.Policies, g.Policy)
			}
		}
		return err
	})
	g.Go(func() (err error) { c.Who, err = principalsThere(ctx, cluster, args); return err })
	err = g.Wait()
	return c, err
}

func policiesThere(ctx context.Context, cluster *tui.Cluster, written []access.Scoped) ([]access.Grant, error) {
	if len(written) == 0 {
		return nil, nil
	}
	all, err := cluster.Policies(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]access.Policy, len(all))
	for i, p := range all {
		names[i] = access.Policy(p.Name)
	}
	return access.ParseGrants(written, names)
}

// principalsThere leaves out whom IAM does not know: that is told when the others are let in, unless there is nobody else.
func principalsThere(ctx context.Context, cluster *tui.Cluster, written []string) (who []access.Principal, err error) {
	all, errs := make([]access.Principal, len(written)), make([]error, len(written))
	var g sync.WaitGroup
	for i, text := range written {
		g.Go(func() { all[i], _, errs[i] = cluster.Resolve(ctx, text) })
	}
	g.Wait()
	for i, p := range all {
		if errs[i] == nil {
			who = append(who, p)
		}
	}
	if len(who) == 0 {
		return nil, errors.Join(errs...)
	}
	return who, nil
}

// askWhom completes a description.
func (env *Env) askWhom(cmd *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 || !env.asks() {
		return args, nil
	}
	c, err := env.pick(cmd, tui.Describe)
	return texts(c.Who), err
}

// ask completes a revocation.
func (f *revokeFlags) ask(env *Env, cmd *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 || !env.asks() {
		return args, nil
	}
	missing := tui.Missing{Who: true, What: len(f.Policies)+len(f.Namespaces)+len(f.groups) == 0}
	c, err := env.pick(cmd, func(ctx context.Context, w tui.World) (tui.Choice, error) { return tui.Revoke(ctx, w, missing) })
	if err != nil {
		return nil, err
	}
	if missing.What {
		f.Policies, f.Namespaces, f.groups, f.entryOnly = shortPolicies(c.Policies), c.Namespaces, c.Groups, f.entryOnly || c.EntryOnly
	}
	f.line = env.line(cmd, c.Shorts())
	return texts(c.Who), nil
}

// line is the command line that says what was typed and what was picked.
func (env *Env) line(cmd *cobra.Command, who []string) []string {
	words := append([]string{cmd.Name()}, who...)
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { words = append(words, flagWords(f)...) })
	return env.program.Words(words...)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

func shortPolicies(policies []access.Policy) []access.Scoped {
	all := make([]access.Scoped, len(policies))
	for i, p := range policies {
		all[i].Policy = p.Short()
	}
	return all
}

// choose puts one question. An empty line is the default; an option is chosen by its number or written out.
func (env *Env) choose(ctx context.Context, q migrate.Question) (string, error) {
	for {
		fmt.Fprintf(env.IO.ErrOut, "\n%s\n  %s\n", printer.Clean(q.ID), printer.Clean(q.Text))
		for i, o := range q.Options {
			fmt.Fprintf(env.IO.ErrOut, "  %d) %s  %s\n", i+1, printer.Clean(o.Answer), printer.Clean(o.Means))
		}
		answer, err := env.prompt(ctx, fmt.Sprintf("Choose [%s]: ", printer.Clean(q.Default)))
		if answer == "" {
			answer = q.Default
		}
		if o, ok := q.Option(answer); ok && err == nil {
			answer, err = env.value(ctx, o)
		}
		if err != nil || q.Fits(answer) {
			return answer, err
		}
		fmt.Fprintf(env.IO.ErrOut, "not an option; enter a number or a name\n")
	}
}

// value is the option as an answer. It asks for the option's value.
func (env *Env) value(ctx context.Context, o migrate.Option) (string, error) {
	if o.Asks == "" {
		return o.Answer, nil
	}
	line, err := env.prompt(ctx, fmt.Sprintf("  %s ", o.Asks))
	return o.Answer + strings.TrimPrefix(line, o.Answer), err
}
