package cmd

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
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
				"; see `kubectl get clusterrolebindings,rolebindings --all-namespaces` for names that begin with "+migrate.HelpPrefix)
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
		return failed
	}
	return err
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
