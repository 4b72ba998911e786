package cmd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// announce says what there is to know before anything is done and, where somebody will be asked or
// refused, shows the plan.
func (c *change) announce(plan access.Plan, before access.Snapshot) {
	if c.remarks != nil {
		for _, text := range c.remarks(before) {
			c.env.warn("%s", text)
		}
	}
	if c.asks && c.flags.dryRun != "client" && !c.flags.yes && !plan.Empty() {
		printer.Plan(c.env.IO.ErrOut, plan, printer.Color(colorful(c.env.IO.ErrOut)))
		if len(c.args) > 0 {
			fmt.Fprintf(c.env.IO.ErrOut, "\nThe same from the command line:\n  %s\n\n", printer.Clean(shell.Line(c.args)))
		}
	}
}

// safe refuses a plan whose risks were not accepted by name.
func (c *change) safe(ctx context.Context, plan access.Plan, before access.Snapshot) error {
	var refused []string
	for _, r := range c.unaccepted(ctx, plan, before) {
		refused = append(refused, fmt.Sprintf("  %s: %s\n    to do it all the same: --accept-risk=%s", r.Name, r.Why, r.Name))
	}
	if len(refused) == 0 {
		return nil
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
	var risks []access.Risk
	judged := c.living(ctx, plan, before)
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

// living leaves out administrators whose role or user is known to be gone, since they keep nobody in.
func (c *change) living(ctx context.Context, plan access.Plan, before access.Snapshot) access.Snapshot {
	if !plan.TakesAdministrator() {
		return before
	}
	s, doubtful, known := c.alive(ctx, plan, before)
	if len(doubtful) > 0 && !known && !c.doubted {
		c.doubted = true
		c.env.warn("the administrators who would stay may be gone, IAM did not tell whether they still exist: %s", strings.Join(doubtful, ", "))
	}
	return s
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
		if now.same(p) {
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

// same tells whether both come to the same calls.
func (p proposal) same(q proposal) bool {
	return slices.Equal(calls(p.plan.Steps()), calls(q.plan.Steps()))
}

func calls(steps []access.Step) (all []string) {
	for _, s := range steps {
		all = append(all, string(s.Principal())+" "+s.String())
	}
	return all
}

// confirm asks, where the change is more than was named, and tells whether it did. Nobody to ask is a no.
func (c *change) confirm(ctx context.Context, plan access.Plan) (asked bool, err error) {
	if !c.asks || c.flags.yes || plan.Empty() {
		return false, nil
	}
	if !terminal(c.env.IO.In) {
		return false, fmt.Errorf("%w: this asks first, and there is no terminal to ask on; add --yes", errRefused)
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
		} else if touches(plan, p) {
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
