package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// choices are what the flags and the file of decisions say.
func (f *migrateFlags) choices(cluster string) (migrate.Choices, error) {
	c := migrate.Choices{Answers: map[string]string{}, Unmatched: f.unmatched, ApplyRBAC: f.applyRBAC}
	if f.decisions == "" {
		return c, nil
	}
	data, err := os.ReadFile(f.decisions)
	if err != nil {
		return c, err
	}
	d, err := manifest.ReadDecisions(data)
	for _, q := range d.Decisions {
		c.Answers[q.ID] = q.Answer
	}
	if err == nil && cluster != "" && d.Cluster != "" && d.Cluster != cluster {
		err = fmt.Errorf("%w: %s holds decisions for cluster %s, this is %s", errWrong, f.decisions, d.Cluster, cluster)
	}
	return c, err
}

// writeQuestions writes the questions to a file, where one was named.
func (f *migrateFlags) writeQuestions(env *Env, p migrate.Plan) error {
	if f.writeTo == "" {
		return nil
	}
	d := manifest.Decisions{Cluster: p.Cluster.Name, Decisions: []manifest.Decision{}}
	for _, q := range p.Questions {
		one := manifest.Decision{ID: q.ID, Question: q.Text, Answer: q.Answer}
		for _, o := range q.Options {
			one.Options = append(one.Options, o.Answer+"  "+o.Means)
		}
		d.Decisions = append(d.Decisions, one)
	}
	text, err := d.Write()
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.writeTo, text, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(env.IO.ErrOut, "%s written to %s; edit the answers, then: kubectl access migrate --decisions %s\n", count(len(d.Decisions), "question", "questions"), f.writeTo, f.writeTo)
	return nil
}

// asks reports whether open questions are asked on the terminal.
func (f *migrateFlags) asks(env *Env) bool {
	return terminal(env.IO.In) && !f.yes && f.dryRun != "client" && f.writeTo == ""
}

// decide plans by the decisions in the file and, on a terminal, by the answers to what is open.
func (m *migration) decide(ctx context.Context) error {
	choices, err := m.flags.choices(m.facts.Cluster.Name)
	if err != nil {
		return err
	}
	if m.plan, err = migrate.Make(m.facts, choices); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if _, open := firstOpen(m.plan); !open || !m.flags.asks(m.env) {
		return nil
	}
	first := printer.NewMigration(m.data, m.plan)
	fmt.Fprint(m.env.IO.ErrOut, first.Text(m.facts.Cluster.Account()))
	m.shown = &first
	if err := m.foresee(ctx); err != nil {
		return err
	}
	return m.answer(ctx, choices)
}

// foresee refuses, before anyone answers, what no answer makes harmless, and says what the default answers would be refused
// for.
func (m *migration) foresee(ctx context.Context) error {
	if err := m.env.asOneself(); err != nil {
		return err
	}
	before := access.Snapshot{Cluster: m.facts.Cluster, Entries: m.facts.Entries}
	sure := *m
	sure.plan = m.plan.Settled()
	if ch := sure.making(); ch != nil {
		plan, _, err := ch.plan(before, ch.who)
		if err = cmp.Or(err, ch.safe(ctx, plan, before)); err != nil {
			return err
		}
	}
	ch := m.making()
	if ch == nil {
		return nil
	}
	plan, _, err := ch.plan(before, ch.who)
	for _, r := range ch.unaccepted(ctx, plan, before) {
		m.env.warn("with the default answers this will be refused: %s: %s; to proceed anyway: --accept-risk=%s", r.Name, r.Why, r.Name)
	}
	return err
}

// answer asks until nothing is open. An answer that is not possible is asked for again.
func (m *migration) answer(ctx context.Context, c migrate.Choices) error {
	for q, open := firstOpen(m.plan); open; q, open = firstOpen(m.plan) {
		answer, err := m.env.choose(ctx, q)
		if err != nil {
			return err
		}
		c.Answers[q.ID] = answer
		var unfit migrate.Unfit
		for {
			m.plan, err = migrate.Make(m.facts, c)
			if !errors.As(err, &unfit) {
				break
			}
			fmt.Fprintf(m.env.IO.ErrOut, "%s\n", printer.Clean(fmt.Sprintf("%q: %s", unfit.Given, unfit.Why)))
			delete(c.Answers, unfit.ID)
		}
		m.answers = c.Answers
	}
	return nil
}

func firstOpen(p migrate.Plan) (migrate.Question, bool) {
	for _, q := range p.Questions {
		if !q.Decided {
			return q, true
		}
	}
	return migrate.Question{}, false
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

// keep prints the answers of the terminal where the migration did not come to its end: they are stored nowhere.
func (m *migration) keep() {
	if len(m.answers) == 0 {
		return
	}
	d := manifest.Decisions{Cluster: m.facts.Cluster.Name}
	for _, id := range slices.Sorted(maps.Keys(m.answers)) {
		d.Decisions = append(d.Decisions, manifest.Decision{ID: id, Answer: m.answers[id]})
	}
	text, err := d.Write()
	if err != nil {
		return
	}
	fmt.Fprintln(m.env.IO.ErrOut, "The answers are not stored. To give them again, use --decisions with a file like this:")
	for line := range strings.Lines(string(text)) {
		fmt.Fprintln(m.env.IO.ErrOut, printer.Clean(strings.TrimSuffix(line, "\n")))
	}
}
