package cmd

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// confirm asks for confirmation. Without a terminal it is refused.
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

// prompt asks a question on the terminal and reads one line. The end of the input cancels.
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

// asks reports whether questions can be asked on a terminal. stdout may be a pipe: it is for data.
func (env *Env) asks() bool {
	return printer.Terminal(env.IO.In) && printer.Terminal(env.IO.ErrOut) && !printer.Dumb()
}

// picking is what a picker added to a command line.
type picking struct {
	line []string // the command line that asks for the same, nil: all was typed
}

// pick opens the picker for what was not typed.
func (env *Env) pick(cmd *cobra.Command, ask func(context.Context, tui.World) (tui.Choice, error)) (tui.Choice, error) {
	world, done, err := env.world(cmd.Context(), env.IO.ErrOut)
	if err != nil {
		return tui.Choice{}, err
	}
	defer done()
	return ask(cmd.Context(), world)
}

// ask completes a grant with the picker. It returns the principals as they could have been typed.
func (f *grantFlags) ask(env *Env, cmd *cobra.Command, args []string, missing tui.Missing) ([]string, error) {
	c, err := env.pick(cmd, func(ctx context.Context, w tui.World) (tui.Choice, error) {
		known, err := w.Known(ctx, f.Policies, args)
		if err != nil {
			return known, err
		}
		known.Namespaces, known.Groups, known.All = f.Namespaces, f.groups, f.All
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

//go:noinline
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

// decide plans with the decisions in the file and, on a terminal, with the answers to open questions.
func (m *migration) decide(ctx context.Context) error {
	choices, err := m.f.choices(m.do.Facts.Cluster.Name)
	if err != nil {
		return err
	}
	asks := printer.Terminal(m.env.IO.In) && !m.f.yes && !m.f.looks()
	if asks && m.f.decisions == "" {
		var file string
		if choices, file = m.do.Recall(choices); file != "" {
			m.env.say(m.env.IO.ErrOut, "Using your answers of the interrupted run; to be asked again, delete "+printer.Clean(file)+"\n")
		}
	}
	if err := m.do.Decide(choices); err != nil {
		return err
	}
	if _, open := m.do.Plan.Open(); !open || !asks {
		return nil
	}
	first := printer.NewMigration(m.data, m.do.Plan)
	m.env.say(m.env.IO.ErrOut, first.Text(m.do.Facts.Cluster.Account()))
	m.shown = &first
	notes, err := m.do.Foresee(ctx, m.f.accepted())
	m.env.notes(notes)
	if err != nil {
		return err
	}
	return m.do.Answer(
		func(q migrate.Question) (string, error) { return m.env.choose(ctx, q) },
		func(u migrate.Unfit) {
			fmt.Fprintln(m.env.IO.ErrOut, printer.Clean(fmt.Sprintf("%q: %s", u.Given, u.Why)))
		},
	)
}

// keep stores the answers that were given on the terminal where the migration did not complete.
func (m *migration) keep() {
	if m.do == nil || !m.do.Answered {
		return
	}
	file, err := m.do.Keep(func(file string) string { return m.env.program.Command("migrate", "--decisions", file) })
	if err != nil {
		m.env.warn("the answers could not be stored: %v", err)
		return
	}
	m.env.say(m.env.IO.ErrOut, "Your answers are kept for the next run: "+printer.Clean(file)+"\n")
}

// writeQuestions writes the questions to a file, where one was named.
func (f *migrateFlags) writeQuestions(env *Env, p migrate.Plan) error {
	if f.writeTo == "" {
		return nil
	}
	d := p.File()
	words := []string{"migrate", "--decisions", f.writeTo}
	if f.prune {
		words = append(words, "--remove-mappings")
	}
	next := env.program.Command(words...)
	text, err := d.Write(next)
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.writeTo, text, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(env.IO.ErrOut, "%s written to %s; edit the answers, then: %s\n", access.Count(len(d.Decisions), "question", "questions"), f.writeTo, next)
	return nil
}

// choose asks one question. An empty line chooses the default; an option is a number or its text.
func (env *Env) choose(ctx context.Context, q migrate.Question) (string, error) {
	for {
		text := fmt.Sprintf("\n%s\n  %s\n", printer.Clean(q.ID), printer.Clean(q.Text))
		for i, o := range q.Options {
			text += fmt.Sprintf("  %d) %s  %s\n", i+1, printer.Clean(o.Answer), printer.Clean(o.Means))
		}
		env.say(env.IO.ErrOut, text)
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
