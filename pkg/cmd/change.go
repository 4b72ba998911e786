package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// change is one edit for each of some principals on its way to the cluster.
type change struct {
	*connection
	flags      *changeFlags
	cluster    access.Info
	who        []access.Principal
	prepare    func(context.Context) error // what the edit needs from AWS, asked while the entries are read
	edit       func(access.Principal) access.Edit
	takes      bool // the edit may take rights away: risks need to know every administrator
	incomplete bool // something asked for could not be done
}

// run is the one road from an edit to the cluster.
func (c *change) run(ctx context.Context) error {
	before, err := c.first(ctx)
	if err != nil {
		return err
	}
	c.cluster = before.Cluster
	c.dropUnread(before)
	if err := c.rightCluster(before.Cluster); err != nil {
		return err
	}
	plan, after, err := access.Make(before, c.edits(c.who))
	if err != nil {
		return err
	}
	if err := c.safe(ctx, plan, before); err != nil {
		return err
	}
	if c.flags.dryRun == "client" {
		return c.show(plan, after)
	}
	if err := c.apply(ctx, plan, before); err != nil {
		return err
	}
	if err := c.settle(ctx, after); err != nil {
		return err
	}
	return c.finish(after)
}

// first is one round trip: the snapshot, and what else the edit needs.
func (c *change) first(ctx context.Context) (s access.Snapshot, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { s, err = c.read(ctx, c.who); return err })
	g.Go(func() error { return c.prepare(ctx) })
	return s, g.Wait()
}

// edits is the edit of all given principals together.
func (c *change) edits(who []access.Principal) access.Edit {
	all := make([]access.Edit, len(who))
	for i, p := range who {
		all[i] = c.edit(p)
	}
	return edit.Each(all...)
}

// read is the snapshot that the edit needs.
func (c *change) read(ctx context.Context, who []access.Principal) (access.Snapshot, error) {
	s, err := c.eks.Snapshot(ctx, access.Want{Principals: who, Administrators: c.takes})
	if err == nil && !s.Cluster.Mode.ReadsEntries() {
		err = fmt.Errorf("cluster %s is in mode %s: %w", s.Cluster.Name, s.Cluster.Mode, access.ErrMode)
	}
	return s, err
}

// dropUnread leaves out principals whose entry cannot be read, and tells so; the others go on.
func (c *change) dropUnread(s access.Snapshot) {
	for _, u := range s.Unread {
		if slices.Contains(c.who, u.Principal) {
			c.incomplete = true
			c.env.tell(fmt.Errorf("accessentry/%s: %w", u.Principal.Short(s.Cluster.Account()), u.Err))
			c.who = slices.DeleteFunc(slices.Clone(c.who), func(p access.Principal) bool { return p == u.Principal })
		}
	}
}

// safe refuses a plan whose risks were not accepted by name.
func (c *change) safe(ctx context.Context, plan access.Plan, before access.Snapshot) error {
	var refused []string
	for _, r := range plan.Risks(c.living(ctx, plan, before)) {
		if !slices.Contains(c.flags.accepted, string(r.Name)) {
			refused = append(refused, fmt.Sprintf("  %s: %s\n    to do it all the same: --accept-risk=%s", r.Name, r.Why, r.Name))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return fmt.Errorf("%w, nothing was sent:\n%s", errRisk, strings.Join(refused, "\n"))
}

// living leaves out administrators whose role or user is known to be gone, since they keep nobody in.
func (c *change) living(ctx context.Context, plan access.Plan, before access.Snapshot) access.Snapshot {
	if !plan.TakesAdministrator() {
		return before
	}
	for _, e := range before.Entries {
		if _, changed := plan.Change(e.Principal); changed || !e.Administers() {
			continue
		}
		if life := c.iam.Life(ctx, e); life == iam.Gone || life == iam.Recreated {
			before = before.Drop(e.Principal)
		}
	}
	return before
}

// talk is where the lines of results go: data when nothing else is asked for on stdout.
func (c *change) talk() io.Writer {
	if c.flags.output.format == "" {
		return c.env.IO.Out
	}
	return c.env.IO.ErrOut
}

func (c *change) show(plan access.Plan, after access.Snapshot) error {
	out := c.talk()
	if !plan.Empty() {
		printer.Plan(out, plan, printer.Color(colorful(out)))
	}
	for _, p := range c.who {
		verb := "unchanged"
		if change, ok := plan.Change(p); ok {
			verb = verbOf(change)
		}
		fmt.Fprintf(out, "accessentry/%s %s (dry run)\n", printer.Clean(p.Short(c.cluster.Account())), verb)
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

// apply carries the plan out and prints a line for each thing done or not done.
func (c *change) apply(ctx context.Context, plan access.Plan, before access.Snapshot) error {
	for _, p := range c.who {
		if _, ok := plan.Change(p); !ok {
			fmt.Fprintf(c.talk(), "accessentry/%s unchanged\n", printer.Clean(p.Short(c.cluster.Account())))
		}
	}
	if plan.Empty() {
		return nil
	}
	if err := c.journal(plan, before); err != nil {
		return err
	}
	road := access.Road{Cluster: c.eks, Pause: pauseBetween, Replan: c.replan}
	var hints []error
	for r := range road.Converge(ctx, plan) {
		if r.Err == nil {
			fmt.Fprintln(c.talk(), printer.Result(r, c.cluster.Account()))
			continue
		}
		c.incomplete = true
		fmt.Fprintln(c.env.IO.ErrOut, printer.Color(colorful(c.env.IO.ErrOut)).Bad("error:"), printer.Result(r, c.cluster.Account()))
		hints = append(hints, r.Err)
	}
	c.hints(hints)
	return ctx.Err()
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

// replan plans the same edit anew for some principals; a new risk ends it.
func (c *change) replan(ctx context.Context, who []access.Principal) (access.Plan, error) {
	now, err := c.read(ctx, who)
	if err == nil && len(now.Unread) > 0 {
		err = now.Unread[0].Err
	}
	if err != nil {
		return access.Plan{}, fmt.Errorf("%w: %w", access.ErrUnknown, err)
	}
	plan, _, err := access.Make(now, c.edits(who))
	if err != nil {
		return access.Plan{}, err
	}
	return plan, c.safe(ctx, plan, now)
}

// pauseBetween waits longer before each new look.
func pauseBetween(ctx context.Context, n int) error {
	return access.Pause(ctx, min(100*time.Millisecond<<n, 5*time.Second))
}

func (c *change) journal(plan access.Plan, before access.Snapshot) error {
	dir, err := journal.Dir()
	if err != nil {
		return fmt.Errorf("find a folder for the record of the change: %w; set XDG_STATE_HOME", err)
	}
	_, err = journal.Write(dir, journal.Record{
		Time: c.env.Now(), Cluster: before.Cluster, Caller: before.Caller, Args: os.Args, Changes: plan.Changes,
	})
	return err
}

// settle waits, where --wait asks for it, until EKS shows what was asked for, and the cluster does where the caller
// can ask it.
func (c *change) settle(ctx context.Context, after access.Snapshot) error {
	if !c.flags.wait || c.incomplete {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, c.flags.timeout)
	defer stop()
	err := c.until(ctx, "EKS does not show the change", func() (bool, error) {
		left, err := c.replan(ctx, c.who)
		return err == nil && left.Empty(), err
	})
	if err != nil {
		return err
	}
	return c.prove(ctx, after)
}

// until asks again and again, until it is so or there is no time left.
func (c *change) until(ctx context.Context, otherwise string, isSo func() (bool, error)) error {
	for n := 1; ; n++ {
		done, err := isSo()
		if done {
			return nil
		}
		if pauseBetween(ctx, n) != nil {
			return fmt.Errorf("%s after %s (%w)", otherwise, c.flags.timeout, errors.Join(err, context.DeadlineExceeded))
		}
	}
}

// finish prints the objects, where -o asks for them, and tells whether all was done.
func (c *change) finish(after access.Snapshot) error {
	var entries []access.Entry
	for _, p := range c.who {
		if e, ok := after.Entry(p); ok {
			entries = append(entries, e)
		}
	}
	if err := c.flags.output.entries(c.env.IO.Out, entries, after.Cluster, len(c.who) == 1); err != nil {
		return err
	}
	if c.incomplete {
		return errFailed
	}
	return nil
}
