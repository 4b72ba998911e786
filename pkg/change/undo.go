package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// ErrIrreversible says that a recorded change was a step of the mode and nothing else. It wraps access.ErrRefused.
var ErrIrreversible = fmt.Errorf("%w: a change of the mode cannot be undone", access.ErrRefused)

// Undo is the request that undoes a recorded change, as far as it was carried out. undone says that it was undone already.
// awsAuth reads the ConfigMap of today. Errors: access.ErrRefused for a record that cannot be read, ErrIrreversible.
func Undo(r journal.Record, undone bool, dir Directory, awsAuth func(context.Context) access.ConfigMap) (Request, error) {
	u, err := newUndoing(r, undone)
	if err != nil {
		return Request{}, fmt.Errorf("%w: %w", access.ErrRefused, err)
	}
	if len(u.who) == 0 && r.Mode != nil {
		return Request{}, fmt.Errorf("%w: EKS cannot switch back from %s to %s", ErrIrreversible, r.Mode.After, r.Mode.Before)
	}
	return Request{
		Kind: journal.Undo, Who: u.who, Takes: true, Mappings: u.AWSAuth != nil, Asks: true, Undoes: r.ID,
		Prepare: func(ctx context.Context) error { u.lookFor(ctx, dir, awsAuth); return nil },
		Edit:    u.edit, Risks: u.risks, Reword: u.reword,
		Check: func(_ context.Context, s access.Snapshot) Checked {
			return Checked{Notes: access.Notes(access.NoteUndo, u.ID, u.remarks(s)...)}
		},
	}, nil
}

// undoing is the undo of a recorded change, as far as that was carried out.
type undoing struct {
	journal.Record
	undone  bool // it was undone already
	entries map[access.Principal]access.Change
	awsAuth access.ConfigMapChange
	who     []access.Principal
	now     access.ConfigMap   // aws-auth, where the cluster read it when the change was made
	gone    []access.Principal // those of deleted entries that IAM does not have any more
}

func newUndoing(r journal.Record, undone bool) (*undoing, error) {
	u := &undoing{Record: r, undone: undone, entries: map[access.Principal]access.Change{}}
	changes, err := r.Done()
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		u.entries[c.Principal()] = c
		u.who = append(u.who, c.Principal())
	}
	if !r.Did(access.Itself, access.PartAWSAuth) {
		u.AWSAuth = nil
	}
	if u.AWSAuth != nil {
		u.who = append(u.who, access.Itself)
		u.awsAuth = access.ConfigMapChange{
			Before: awsauth.Understood(access.ConfigMap{Data: r.AWSAuth.Before}), After: awsauth.Understood(access.ConfigMap{Data: r.AWSAuth.After}),
		}
	}
	return u, nil
}

func (u *undoing) edit(p access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		switch {
		case s.Cluster.ARN != u.Cluster.ARN:
			return access.Snapshot{}, fmt.Errorf("%w: the change was one of cluster %s, and this is %s", access.ErrRefused, u.Cluster.ARN, s.Cluster.ARN)
		case p == access.Itself:
			return u.awsAuthBack(s)
		case u.lost(s, p):
			return access.Snapshot{}, fmt.Errorf("%w: %w", access.ErrRule, u.cannot(p))
		}
		return edit.Undo(u.entries[p])(s)
	}
}

func (u *undoing) awsAuthBack(s access.Snapshot) (access.Snapshot, error) {
	s, err := edit.UndoAWSAuth(u.awsAuth)(s)
	if err != nil {
		return access.Snapshot{}, err
	}
	m := awsauth.Understood(*s.AWSAuth)
	s.AWSAuth = &m
	return s, nil
}

// remarks say what of the change does not come back, or not as it was.
func (u *undoing) remarks(s access.Snapshot) []string {
	var all []string
	switch {
	case u.undone:
		all = append(all, u.ID+" was undone already")
	case u.State() == journal.Interrupted && len(u.who) == 0:
		all = append(all, u.ID+" was interrupted, and nothing of it was sent")
	case len(u.who) == 0:
		all = append(all, u.ID+" changed nothing, so there is nothing to undo")
	case u.State() == journal.Interrupted:
		all = append(all, u.ID+" was interrupted; what it did will be undone")
	}
	if u.Mode != nil {
		all = append(all, fmt.Sprintf("the change of the mode from %s to %s cannot be undone: it is irreversible", u.Mode.Before, u.Mode.After))
	}
	backs := u.backs(s)
	for _, p := range u.who {
		all = append(all, backs[p].Notes...)
	}
	if u.AWSAuth != nil && !s.Cluster.Mode.ReadsConfigMap() {
		all = append(all, fmt.Sprintf("the cluster is in mode %s and does not read aws-auth: the mappings that are restored give no access", s.Cluster.Mode))
	}
	return all
}

// backs is the change of each entry; the edit refuses those that cannot be undone.
func (u *undoing) backs(s access.Snapshot) map[access.Principal]edit.Back {
	all := map[access.Principal]edit.Back{}
	for p, c := range u.entries {
		if b, err := edit.TakeBack(c, s); err == nil && !u.lost(s, p) {
			all[p] = b
		}
	}
	return all
}

// risks are those of an undo, beside those of every plan.
func (u *undoing) risks(s access.Snapshot) []access.Risk {
	var risks []access.Risk
	var overwrites []string
	backs := u.backs(s)
	for _, p := range u.who {
		overwrites = append(overwrites, backs[p].Overwrites...)
	}
	if u.AWSAuth != nil && s.AWSAuth != nil && s.AWSAuth.Err == nil {
		_, lost := edit.TakeBackAWSAuth(u.awsAuth, *s.AWSAuth)
		overwrites = append(overwrites, lost...)
	}
	if len(overwrites) > 0 {
		risks = append(risks, access.Risk{Name: access.OverwriteLater, Why: "this was set by a later change and would be lost: " + strings.Join(overwrites, "; ")})
	}
	return append(risks, u.locked(s, backs)...)
}

// locked names the principals that had access through aws-auth before the change, and would have none without their entries.
func (u *undoing) locked(s access.Snapshot, backs map[access.Principal]edit.Back) []access.Risk {
	var who []string
	why := "the cluster read aws-auth when the change was made and no longer does"
	ended := u.Cluster.Mode.ReadsConfigMap() && !s.Cluster.Mode.ReadsConfigMap()
	if !ended {
		why = "their aws-auth mappings, from which these entries were created, are gone or cannot be read"
	}
	for _, p := range u.who {
		if _, has := s.Entry(p); !has || backs[p].After != nil {
			continue
		}
		if ended && u.mapped(p) || !ended && u.migrated(p) && !u.letIn(p) {
			who = append(who, p.Short(s.Cluster.Account()))
		}
	}
	if len(who) == 0 {
		return nil
	}
	return []access.Risk{{Name: access.LeaveMappings, Why: fmt.Sprintf("%s: without their entries these have no access: %s", why, strings.Join(who, ", "))}}
}

// migrated reports whether the change created an entry from an aws-auth mapping.
func (u *undoing) migrated(p access.Principal) bool {
	return u.entries[p].Before == nil && u.Migrated()
}

// mapped reports whether aws-auth gives or gave a principal access. Where it cannot be read, it may.
func (u *undoing) mapped(p access.Principal) bool {
	return u.now.Err != nil && !errors.Is(u.now.Err, access.ErrNotFound) ||
		slices.ContainsFunc(u.lines(), func(m access.Mapping) bool { return m.For(p) })
}

// letIn reports whether a principal has a mapping of its own; one for its whole account gives it nothing.
func (u *undoing) letIn(p access.Principal) bool {
	return slices.ContainsFunc(u.lines(), func(m access.Mapping) bool { return m.Names(p) })
}

// lines are the active mappings, and those that are restored.
func (u *undoing) lines() []access.Mapping {
	return slices.Concat(u.now.InForce(), u.awsAuth.Before.InForce())
}

// lookFor asks for what the record does not tell: aws-auth of today, where the cluster read it, and whether those whose
// entries were deleted still exist.
func (u *undoing) lookFor(ctx context.Context, dir Directory, awsAuth func(context.Context) access.ConfigMap) {
	var deleted []access.Entry
	for _, p := range u.who {
		if ch := u.entries[p]; ch.Before != nil && ch.After == nil {
			deleted = append(deleted, *ch.Before)
		}
	}
	var g errgroup.Group
	if u.Cluster.Mode.ReadsConfigMap() {
		g.Go(func() error { u.now = awsAuth(ctx); return nil })
	}
	lives, _ := dir.Lives(ctx, deleted)
	_ = g.Wait() // what cannot be read is an answer too
	u.gone = nil
	for i, e := range deleted {
		if lives[i] == access.Gone {
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
	other := ""
	if had := e.Holdings(); len(had) > 0 {
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
