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
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
)

// takeBack carries an undo out. Of a migration of an earlier version the bindings go too that a kill may have left.
func (c *connection) takeBack(ctx context.Context, ch *change, u *undoing) error {
	err := ch.run(ctx)
	if !u.marked() || ch.flags.dryRun == "client" || err != nil && !errors.Is(err, errFailed) {
		return err
	}
	return errors.Join(err, c.removeLeftover(ctx, ch.flags))
}

// marked reports whether the change put an entry in a group of such a migration, if only as it was planned: a kill may have
// come before the first of them.
func (u *undoing) marked() bool {
	planned, _ := u.Changes() // a record that cannot be read was refused before
	return slices.ContainsFunc(planned, func(c access.Change) bool {
		return c.Before != nil && migrate.Marked(*c.Before) || c.After != nil && migrate.Marked(*c.After)
	})
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
