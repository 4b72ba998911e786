package cmd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// announce says what there is to know before anything is done and, where somebody will be asked or
// refused, shows the plan.
func (c *change) announce(plan access.Plan, before access.Snapshot) {
	for _, note := range c.notes(plan, before) {
		c.env.warn("%s", note)
	}
	if c.questions(plan) && c.flags.dryRun != "client" {
		printer.Plan(c.env.IO.ErrOut, plan, printer.Color(colorful(c.env.IO.ErrOut)))
		if len(c.args) > 0 {
			fmt.Fprintf(c.env.IO.ErrOut, "\nThe same from the command line:\n  %s\n\n", printer.Clean(shell.Line(c.args)))
		}
	}
}

// notes are what there is to know about a plan before it is carried out.
func (c *change) notes(plan access.Plan, before access.Snapshot) (notes []string) {
	if c.remarks != nil {
		notes = c.remarks(before)
	}
	if text := plan.NotChecked(before); text != "" {
		notes = append(notes, text)
	}
	return append(notes, plan.ExpiryNotes()...)
}

// safe refuses a plan whose risks were not accepted by name.
func (c *change) safe(ctx context.Context, plan access.Plan, before access.Snapshot) error {
	if risks := c.unaccepted(ctx, plan, before); len(risks) > 0 {
		return refusal(risks)
	}
	return nil
}

// refusal names each risk, what it is and how to accept it.
func refusal(risks []access.Risk) error {
	var refused []string
	for _, r := range risks {
		refused = append(refused, fmt.Sprintf("  %s: %s\n    to do it all the same: --accept-risk=%s", r.Name, r.Why, r.Name))
	}
	return fmt.Errorf("%w, nothing was sent:\n%s", errRisk, strings.Join(refused, "\n"))
}

// unaccepted are the risks of a plan that were not accepted by name.
func (c *change) unaccepted(ctx context.Context, plan access.Plan, before access.Snapshot) []access.Risk {
	return slices.DeleteFunc(c.judge(ctx, plan, before), func(r access.Risk) bool {
		return slices.Contains(c.flags.accepted, string(r.Name))
	})
}

// judge names what a plan may break.
func (c *change) judge(ctx context.Context, plan access.Plan, before access.Snapshot) []access.Risk {
	risks := c.otherAccount(before.Cluster)
	judged := c.withAdministrators(ctx, plan, before)
	for _, judged.Caller = range c.callers(ctx, plan, before) {
		for _, r := range plan.Risks(judged) {
			if !slices.Contains(risks, r) {
				risks = append(risks, r)
			}
		}
	}
	if c.risks != nil {
		risks = append(risks, c.risks(before)...)
	}
	return risks
}

// withAdministrators is the snapshot with what it takes to know who stays administrator, without those whose role or user is
// known to be gone: everybody's entry, where no entry that was read makes one. Others may be by RBAC, and who is by a mapping
// may have an entry that overrides it.
func (c *change) withAdministrators(ctx context.Context, plan access.Plan, before access.Snapshot) access.Snapshot {
	if !plan.TakesAdministrator(before) {
		return before
	}
	judged := c.living(ctx, plan, before)
	after := plan.Apply(judged)
	if slices.ContainsFunc(after.Administrators(), after.HasEntry) {
		return judged
	}
	all, err := c.sides().Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true})
	if err != nil {
		before.Deleted = append(slices.Clone(before.Deleted), after.Administrators()...) // whom an entry may override
		return before
	}
	return c.living(ctx, plan, all)
}

// living marks the administrators who would stay and whose role or user is known to be gone, since they keep nobody in.
func (c *change) living(ctx context.Context, plan access.Plan, before access.Snapshot) access.Snapshot {
	stay := plan.Apply(before).Administrators()
	ids := make([]migrate.Identity, len(stay))
	lives := make([]iam.Life, len(stay))
	var g errgroup.Group
	g.SetLimit(16)
	for i, p := range stay {
		g.Go(func() error {
			if e, ok := before.Entry(p); ok {
				lives[i] = c.iam.Life(ctx, e)
				return nil
			}
			ids[i] = c.lookUp(ctx, access.Normal(string(p)))
			return nil
		})
	}
	_ = g.Wait() // what IAM does not tell is an answer too
	var doubtful []string
	for i, p := range stay {
		_, has := before.Entry(p)
		switch {
		case has && lives[i] == iam.Gone, ids[i].Missing,
			p.Kind() == "user" && ids[i].Principal != "" && !strings.EqualFold(string(ids[i].Principal), string(p)): // a user's path counts (eks-access.md §6.2)
			before.Deleted = append(slices.Clone(before.Deleted), p)
		case has && lives[i] == iam.Recreated:
			before.Dead = append(slices.Clone(before.Dead), p)
		case has && lives[i] == iam.LifeUnknown, ids[i].Doubt != "":
			doubtful = append(doubtful, p.Short(plan.Cluster.Account()))
		}
	}
	if len(doubtful) > 0 && len(doubtful) == len(plan.Apply(before).Administrators()) && !c.doubted {
		c.doubted = true
		c.env.warn("not checked: whether the remaining cluster administrators still exist in IAM: %s", strings.Join(doubtful, ", "))
	}
	return before
}

// agreed is the proposal that somebody said yes to. Whoever is asked may take his time: what is carried out is made of what
// is then, and where that is another change than the one that was shown, it is shown, judged and asked for in its turn.
func (c *change) agreed(ctx context.Context, p proposal, confirm func(context.Context, access.Plan) (asked bool, err error)) (proposal, error) {
	for {
		asked, err := confirm(ctx, p.plan)
		if err != nil || !asked {
			return p, err
		}
		if err := c.hold(ctx); err != nil {
			return p, err
		}
		now, err := c.propose(ctx)
		if err != nil {
			return p, err
		}
		if now.plan.Same(p.plan) {
			return now, c.safe(ctx, now.plan, now.before)
		}
		c.env.warn("the cluster has changed meanwhile; this is what would be done now")
		p = now
		c.announce(p.plan, p.before)
		if err := c.safe(ctx, p.plan, p.before); err != nil {
			return p, err
		}
	}
}

// questions reports whether a plan needs a yes: it changes more than was typed, or aws-auth.
func (c *change) questions(plan access.Plan) bool {
	return (c.asks || plan.AWSAuth != nil) && !c.flags.yes && !plan.Empty()
}

// confirm asks, where the change is more than was named, and tells whether it did. Nobody to ask is a no.
func (c *change) confirm(ctx context.Context, plan access.Plan) (asked bool, err error) {
	if !c.questions(plan) {
		return false, nil
	}
	if !terminal(c.env.IO.In) {
		return false, fmt.Errorf("%w: confirmation is required but stdin is not a terminal; use --yes", errRefused)
	}
	c.release()
	answer, err := c.env.prompt(ctx, "Do this? [y/N]: ")
	if answer = strings.ToLower(answer); err == nil && answer != "y" && answer != "yes" {
		err = errCancelled
	}
	return true, err
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

// talk is where the lines of results go: data when nothing else is asked for on stdout.
func (c *change) talk() io.Writer {
	if c.flags.output.format == "" {
		return c.env.IO.Out
	}
	return c.env.IO.ErrOut
}

func (c *change) show(plan access.Plan, after access.Snapshot, allowed bool) error {
	out := c.talk()
	if !plan.Empty() {
		printer.Plan(out, plan, printer.Color(colorful(out)))
	}
	if !allowed {
		return nil // nothing of it would be done
	}
	for _, s := range plan.Steps() {
		if s.Principal() == access.Itself {
			fmt.Fprintf(out, "%s (dry run)\n", printer.Result(access.Result{Step: s}, c.cluster.Account()))
		}
	}
	for _, p := range c.who {
		verb := "unchanged"
		if change, ok := plan.Change(p); ok {
			verb = verbOf(change)
		} else if touches(plan, p) || p == access.Itself && c.whole {
			continue
		}
		fmt.Fprintf(out, "%s %s (dry run)\n", c.title(p), verb)
	}
	return c.finish(after)
}

func verbOf(ch access.Change) string {
	switch {
	case ch.Before == nil:
		return "created"
	case ch.After == nil:
		return "deleted"
	}
	return "configured"
}
