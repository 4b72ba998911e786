package cmd

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// apply carries the plan out and prints a line for each thing done or not done.
func (c *change) apply(ctx context.Context, p proposal) error {
	for _, who := range c.who {
		if !touches(p.plan, who) && (who != access.Itself || !c.whole) {
			fmt.Fprintf(c.talk(), "%s unchanged\n", c.title(who))
		}
	}
	if p.plan.Empty() && c.undoes == "" {
		return nil
	}
	results, err := c.send(ctx, p)
	if err != nil {
		return err
	}
	if p.plan.Mode != nil {
		fmt.Fprintln(c.env.IO.ErrOut, "waiting for EKS to change the mode, which takes some minutes")
	}
	var hints []error
	for r := range results {
		if r.Err == nil {
			fmt.Fprintln(c.talk(), printer.Result(r, c.cluster.Account()))
			continue
		}
		fmt.Fprintln(c.env.IO.ErrOut, printer.Color(colorful(c.env.IO.ErrOut)).Bad("error:"), printer.Result(r, c.cluster.Account()))
		hints = append(hints, r.Err)
	}
	c.hints(hints)
	return ctx.Err()
}

// send journals a plan and carries it out while its results are taken.
func (c *change) send(ctx context.Context, p proposal) (iter.Seq[access.Result], error) {
	dir, err := c.begin(p.plan, p.before)
	if err != nil {
		return nil, err
	}
	if err := c.getReady(ctx, dir); err != nil {
		return nil, err
	}
	keeper := c.keeping(p.plan)
	c.note(p.plan)
	c.ground = &recorded{Cluster: keeper, dir: dir, record: &c.record, done: map[journal.Sent]bool{}}
	road := access.Road{Cluster: c.ground, Pause: pauseBetween, Replan: c.replan}
	c.failed = map[access.Principal]bool{}
	return func(yield func(access.Result) bool) {
		var done []access.Step
		for r := range road.Converge(ctx, p.plan) {
			if c.record.Add(r); r.Err == nil {
				done = append(done, r.Step)
			}
			if !c.pass(r, yield) {
				done = nil
				break
			}
		}
		if keeper.unsure != nil {
			c.incomplete = true
			c.env.warn("whether a cluster administrator is left could not be checked: %v", keeper.unsure)
		}
		c.ended(dir)
		c.release()
		for _, r := range c.lastLook(ctx, done) {
			if !c.pass(r, yield) {
				return
			}
		}
	}, nil
}

// pass hands a result on.
func (c *change) pass(r access.Result, yield func(access.Result) bool) bool {
	if r.Err != nil {
		c.incomplete, c.failed[r.Step.Principal()] = true, true
	}
	return yield(r)
}

// ended completes the record.
func (c *change) ended(dir string) {
	if c.unrecorded {
		return
	}
	c.ground.end()
	if err := journal.Finish(dir, &c.record, c.env.Now()); err != nil {
		c.env.warn("what was done is not in its record %s: %v", c.record.ID, err)
	}
}

// begin keeps what was before the change, so that it can be taken back.
func (c *change) begin(plan access.Plan, before access.Snapshot) (string, error) {
	dir, err := journal.Dir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the record of the change: %w; set XDG_STATE_HOME", err)
	}
	if c.unrecorded {
		return "", nil
	}
	c.record = journal.Of(plan, c.env.Now(), before.Caller, c.typed())
	c.record.Undoes = c.undoes
	return dir, journal.Begin(dir, &c.record)
}

// typed is the command line, or the one that would do the same.
func (c *change) typed() []string {
	if len(c.args) > 0 {
		return c.args
	}
	return c.env.typed
}

// touches tells whether the plan does anything to a principal's entry, or to the cluster itself.
func touches(plan access.Plan, p access.Principal) bool {
	if p == access.Itself {
		return plan.Mode != nil || plan.AWSAuth != nil
	}
	_, ok := plan.Change(p)
	return ok || plan.Unmaps(p)
}

// title is what the lines of results begin with.
func (c *change) title(p access.Principal) string {
	if p == access.Itself {
		return "cluster/" + printer.Clean(c.cluster.Name)
	}
	return "accessentry/" + printer.Clean(p.Short(c.cluster.Account()))
}

// hints gives each piece of advice once.
func (c *change) hints(errs []error) {
	told := map[string]bool{}
	for _, err := range errs {
		if h := outcomeOf(err).hint; !told[h] {
			told[h] = true
			c.env.hint(err)
		}
	}
}

// pauseBetween waits longer before each new look.
func pauseBetween(ctx context.Context, n int) error {
	return access.Pause(ctx, min(100*time.Millisecond<<n, 5*time.Second))
}
