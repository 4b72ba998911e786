package cmd

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

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

// writeQuestions writes what is open, where a file for it was named.
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

// decide asks on the terminal what is open, and plans again until nothing is.
func (env *Env) decide(ctx context.Context, f *migrateFlags, facts migrate.Facts) (migrate.Plan, error) {
	choices, err := f.choices(facts.Cluster.Name)
	if err != nil {
		return migrate.Plan{}, err
	}
	asks := terminal(env.IO.In) && !f.yes && f.dryRun != "client" && f.writeTo == ""
	in := bufio.NewReader(env.IO.In)
	for {
		plan, err := migrate.Make(facts, choices)
		if err != nil {
			return plan, fmt.Errorf("%w: %w", errRefused, err)
		}
		q, open := firstOpen(plan)
		if !asks || !open {
			return plan, nil
		}
		if choices.Answers[q.ID], err = env.choose(ctx, in, q); err != nil {
			return plan, err
		}
	}
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
func (env *Env) choose(ctx context.Context, in *bufio.Reader, q migrate.Question) (string, error) {
	for ctx.Err() == nil {
		fmt.Fprintf(env.IO.ErrOut, "%s\n  %s\n", printer.Clean(q.ID), printer.Clean(q.Text))
		for i, o := range q.Options {
			fmt.Fprintf(env.IO.ErrOut, "  %d) %s  %s\n", i+1, o.Answer, printer.Clean(o.Means))
		}
		fmt.Fprintf(env.IO.ErrOut, "Choose [%s]: ", printer.Clean(q.Default))
		line, err := in.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("%w: cancelled, nothing was sent", errRefused)
		}
		answer := strings.TrimSpace(line)
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(q.Options) {
			answer = q.Options[n-1].Answer
		}
		if answer == "" {
			answer = q.Default
		}
		if q.Fits(answer) {
			return answer, nil
		}
		fmt.Fprintf(env.IO.ErrOut, "write one of the options; behind a colon goes what you choose\n")
	}
	return "", ctx.Err()
}
