package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
)

// takeBack carries an undo out. Of a migration the bindings go too that helped it and that a kill may have left: by
// them whoever may set the groups of an entry gets what the lines of aws-auth gave, up to cluster-admin.
func (c *connection) takeBack(ctx context.Context, ch *change, u *undoing) error {
	if !u.migration() {
		return ch.run(ctx)
	}
	var left []access.Binding
	var unknown error
	before, remarks := ch.prepare, ch.remarks
	ch.prepare = func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		if before != nil {
			g.Go(func() error { return before(ctx) })
		}
		g.Go(func() error { left, unknown = c.leftover(ctx); return nil })
		return g.Wait()
	}
	ch.remarks = func(s access.Snapshot) []string {
		all := remarks(s)
		if unknown != nil {
			all = append(all, "whether the migration left bindings that helped it is not known: "+unknown.Error()+
				"; see `kubectl get clusterrolebindings,rolebindings --all-namespaces` for names that begin with "+access.HelpPrefix)
		}
		if len(left) > 0 {
			all = append(all, "what helped the migration goes too, once no entry is in its groups: "+listed(left))
		}
		return all
	}
	err := ch.run(ctx)
	if len(left) == 0 || ch.flags.dryRun == "client" || err != nil && !errors.Is(err, errFailed) {
		return err
	}
	waits := func(p access.Principal) bool { return slices.Contains(ch.who, p) && !ch.failed[p] && !u.begun(p) }
	if failed := c.sweep(ctx, left, ch.flags, waits, ch.talk()); failed != nil {
		return errors.Join(failed, ch.unfinished(failed))
	}
	return err
}

// unfinished adds to the record of a change that something of it is left to do.
func (c *change) unfinished(err error) error {
	c.record.Steps = append(c.record.Steps, journal.Step{What: "delete what helped the migration", Error: err.Error()})
	return journal.Save(c.ground.dir, c.record)
}

// migration tells whether the change was one that puts entries in the groups of a migration, if only as it was planned:
// a kill may have come before the first of them.
func (u *undoing) migration() bool {
	planned, _ := u.Changes() // a record that cannot be read was refused before
	for _, c := range planned {
		if c.Before != nil && migrate.Marked(*c.Before) || c.After != nil && migrate.Marked(*c.After) {
			return true
		}
	}
	return false
}

// begun tells whether an entry was in such a group before the change, and so is again.
func (u *undoing) begun(p access.Principal) bool {
	c := u.entries[p]
	return c.Before != nil && migrate.Marked(*c.Before)
}

// lookFor asks for what the record does not tell: aws-auth of today, where the cluster read it, and whether those whose
// entries were deleted still exist.
func (c *connection) lookFor(ctx context.Context, u *undoing) {
	var deleted []access.Entry
	for _, p := range u.who {
		if ch := u.entries[p]; ch.Before != nil && ch.After == nil {
			deleted = append(deleted, *ch.Before)
		}
	}
	var g errgroup.Group
	if u.Cluster.Mode.ReadsConfigMap() {
		g.Go(func() error { u.now = c.sides().awsAuth(ctx); return nil })
	}
	lives := c.lives(ctx, deleted)
	_ = g.Wait() // what cannot be read is an answer too
	u.gone = nil
	for i, e := range deleted {
		if lives[i] == iam.Gone {
			u.gone = append(u.gone, e.Principal)
		}
	}
}

// lost reports whether an entry that the change deleted cannot be created again, since its role or user is gone.
func (u *undoing) lost(s access.Snapshot, p access.Principal) bool {
	_, exists := s.Entry(p)
	return !exists && slices.Contains(u.gone, p)
}

// cannot says that an entry stays deleted, since its role or user is too, and what is still possible.
func (u *undoing) cannot(p access.Principal) error {
	e := u.entries[p].Before
	var had []string
	for _, g := range e.Grants {
		had = append(had, g.String())
	}
	for _, g := range e.Groups {
		had = append(had, "group "+g)
	}
	other := ""
	if len(had) > 0 {
		other = ", or grant what it had to another principal: " + strings.Join(had, ", ")
	}
	account := access.Principal(u.Cluster.ARN).Account()
	return fmt.Errorf("%s no longer exists, so its access entry cannot be restored; create the %s again and then undo %s again%s",
		p.Short(account), p.Kind(), u.ID, other)
}

// reword says of a refused entry why: its principal existed once, so its ARN is right.
func (u *undoing) reword(r access.Result) access.Result {
	if _, creates := r.Step.(access.CreateEntry); creates && errors.Is(r.Err, access.ErrNoPrincipal) {
		r.Err = u.cannot(r.Step.Principal())
	}
	return r
}
