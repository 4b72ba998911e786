package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// change is one edit for each of some principals on its way to the cluster. access.Itself among
// them is the cluster's mode and aws-auth.
type change struct {
	*connection
	flags      *changeFlags
	cluster    access.Info
	who        []access.Principal
	prepare    func(context.Context) error // what the edit needs from AWS, asked while the entries are read; nil: nothing
	edit       func(access.Principal) access.Edit
	takes      bool                                // the edit may take rights away: risks need to know every administrator
	mappings   bool                                // the edit may end mappings of aws-auth: risks need to know every entry
	asks       bool                                // it changes more than was typed: the plan is shown, and somebody says yes
	whole      bool                                // it removes all access of who, from every source
	typos      bool                                // its notes need the namespaces that there are
	remarks    func(access.Snapshot) []string      // what to know before it is done; nil: nothing
	risks      func(access.Snapshot) []access.Risk // beside those of every plan; nil: none
	undoes     string                              // the ID of the change that this one takes back
	args       []string                            // the command line that asks for the same, where it was not typed
	ready      func(context.Context) error         // what must be there before the first step, done when somebody said yes; nil: nothing
	unrecorded bool                                // a change on record has it already
	record     journal.Record
	ground     *recorded                 // what the plan is carried out on; nil: not begun
	incomplete bool                      // something asked for could not be done
	failed     map[access.Principal]bool // for whom it could not
	replanned  map[access.Principal]*access.Entry
	doubted    bool                                 // that other administrators may be gone was said
	states     map[access.Principal][]*access.Entry // what plans found and left
	unlock     func()                               // lets other changes of this machine go on; nil: they may
}

// proposal is a change that nothing was sent of yet.
type proposal struct {
	before, after access.Snapshot
	plan          access.Plan
}

// run is the one road from an edit to the cluster.
func (c *change) run(ctx context.Context) error {
	if err := c.hold(ctx); err != nil {
		return err
	}
	defer c.release()
	p, err := c.propose(ctx)
	if err != nil {
		return err
	}
	c.announce(p.plan, p.before)
	refused := c.safe(ctx, p.plan, p.before)
	if c.flags.dryRun == "client" {
		return cmp.Or(c.show(p.plan, p.after, refused == nil), refused)
	}
	if refused != nil {
		return refused
	}
	if p, err = c.agreed(ctx, p, c.confirm); err != nil {
		return err
	}
	if err := c.apply(ctx, p); err != nil {
		return err
	}
	c.release()
	if err := c.settle(ctx, p.after); err != nil {
		return err
	}
	return c.finish(p.after)
}

// propose reads what is and plans.
func (c *change) propose(ctx context.Context) (p proposal, err error) {
	if err := c.env.asOneself(); err != nil {
		return p, err
	}
	if p.before, err = c.first(ctx); err != nil {
		return p, err
	}
	c.cluster = p.before.Cluster
	c.dropUnread(p.before)
	if err := c.rightCluster(p.before.Cluster, c.flags.accepted...); err != nil {
		return p, err
	}
	if err := c.dropRefused(p.before); err != nil {
		return p, err
	}
	if p.plan, p.after, err = c.plan(p.before, c.who); err == nil {
		c.warnOfDead(ctx, p.before)
		c.warnOfOwners(p.plan)
		c.warnOfServicePolicies(p.plan)
		c.warnOfNobody(ctx, p.plan)
	}
	return p, err
}

// asOneself refuses flags that only kubectl's own calls would heed.
func (env *Env) asOneself() error {
	if env.flags.Impersonates() {
		return fmt.Errorf("%w: EKS knows no impersonation, so --as and --as-group would not be heeded", errRefused)
	}
	return nil
}

// first is one round trip: the snapshot, and what else the edit needs.
func (c *change) first(ctx context.Context) (s access.Snapshot, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { s, err = c.fresh(ctx, c.who); return err })
	if c.prepare != nil {
		g.Go(func() error { return c.prepare(ctx) })
	}
	return s, g.Wait()
}

// read is the snapshot that the edit needs.
func (c *change) read(ctx context.Context, who []access.Principal) (access.Snapshot, error) {
	return c.sides().Snapshot(ctx, c.want(who))
}

func (c *change) want(who []access.Principal) access.Want {
	itself := slices.Contains(who, access.Itself)
	return access.Want{Principals: who, Administrators: c.takes, All: c.mappings && itself, AWSAuth: true, RBAC: true, Namespaces: c.typos}
}

// plan is the edit of some principals, and what it leads to.
func (c *change) plan(s access.Snapshot, who []access.Principal) (access.Plan, access.Snapshot, error) {
	all := make([]access.Edit, len(who))
	for i, p := range who {
		all[i] = c.edit(p)
	}
	plan, after, err := access.Make(s, edit.Each(all...))
	if c.whole {
		plan.Asked = who
	}
	entries := slices.ContainsFunc(who, func(p access.Principal) bool { return p != access.Itself })
	if mode := s.Cluster.Mode; entries && !mode.ReadsEntries() && (plan.Mode == nil && plan.AWSAuth == nil || err != nil) {
		err = fmt.Errorf("cluster %s is in mode %s: %w", s.Cluster.Name, mode, access.ErrMode)
	}
	return plan, after, err
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

// dropRefused leaves out principals for whom EKS would refuse what is asked, and tells why; the others go on. Where
// nobody is left it is an error.
func (c *change) dropRefused(s access.Snapshot) error {
	var left []access.Principal
	var refused []error
	for _, p := range c.who {
		_, err := c.edit(p)(s)
		if errors.Is(err, access.ErrRule) || errors.Is(err, edit.ErrNarrow) || errors.Is(err, edit.ErrUnread) {
			refused = append(refused, err)
			continue
		}
		left = append(left, p)
	}
	if len(left) == 0 && len(refused) > 0 {
		return errors.Join(refused...)
	}
	for _, err := range refused {
		c.incomplete = true
		c.env.tell(err)
	}
	c.who = left
	return nil
}

// replan plans the same edit anew for some principals; a new risk ends it.
func (c *change) replan(ctx context.Context, who []access.Principal) (access.Plan, error) {
	now, err := c.fresh(ctx, who)
	for _, u := range now.Unread {
		if slices.Contains(who, u.Principal) {
			err = u.Err
		}
	}
	if err != nil {
		return access.Plan{}, fmt.Errorf("%w: %w", access.ErrUnknown, err)
	}
	plan, after, err := c.plan(now, who)
	if err != nil {
		return access.Plan{}, err
	}
	if err := c.safe(ctx, plan, now); err != nil {
		return access.Plan{}, err
	}
	c.follow(after, who)
	c.note(plan)
	return plan, c.rebase(plan, who)
}

// follow remembers to which end these principals are on their way since the first plan.
func (c *change) follow(after access.Snapshot, who []access.Principal) {
	if c.replanned == nil {
		c.replanned = map[access.Principal]*access.Entry{}
	}
	for _, p := range who {
		c.replanned[p] = nil
		if e, ok := after.Entry(p); ok {
			c.replanned[p] = &e
		}
	}
}

// ends is a principal's entry as the last plan for it leaves it; nil: none.
func (c *change) ends(p access.Principal, after access.Snapshot) *access.Entry {
	if e, ok := c.replanned[p]; ok {
		return e
	}
	if e, ok := after.Entry(p); ok {
		return &e
	}
	return nil
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
		if errors.Is(err, access.ErrForbidden) { // no waiting brings that
			return fmt.Errorf("%s: %w", otherwise, err)
		}
		switch ended := pauseBetween(ctx, n); {
		case errors.Is(ended, context.Canceled):
			return ended
		case ended != nil && err != nil:
			return fmt.Errorf("%s after %s: %s", otherwise, c.flags.timeout, err.Error()) // a read failed, nothing is in doubt
		case ended != nil:
			return fmt.Errorf("%s after %s", otherwise, c.flags.timeout)
		}
	}
}

// finish prints the objects, where -o asks for them, and tells whether all was done.
func (c *change) finish(after access.Snapshot) error {
	var entries []access.Entry
	for _, p := range c.who {
		if e := c.ends(p, after); e != nil && !c.failed[p] {
			entries = append(entries, *e)
		}
	}
	named := slices.DeleteFunc(slices.Clone(c.who), func(p access.Principal) bool { return p == access.Itself })
	if err := c.flags.output.entries(c.env.IO.Out, entries, after.Cluster, len(named) == 1); err != nil {
		return err
	}
	if c.incomplete {
		return errFailed
	}
	return nil
}
