package change

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Propose reads what is and plans. Errors: those of the reads, access.ErrRule and the edit's, and access.ErrRefused where
// this may be the wrong cluster. Principals whose entry cannot be read, or for whom EKS would refuse what is asked, are
// failures among the notes; the others go on.
func (r *Run) Propose(ctx context.Context) (p Proposal, err error) {
	if p.Before, err = r.first(ctx, &p); err != nil {
		return p, err
	}
	p.Who, p.Incomplete = r.Who, r.Incomplete
	p.dropUnread()
	if err := r.Cluster.Right(p.Before.Cluster); err != nil {
		return p, err
	}
	if r.Check != nil {
		c := r.Check(ctx, p.Before)
		p.Notes, p.Incomplete = append(p.Notes, c.Notes...), p.Incomplete || c.Incomplete || access.Failed(c.Notes)
		p.Who = slices.DeleteFunc(slices.Clone(p.Who), func(q access.Principal) bool { return slices.Contains(c.Leave, q) })
	}
	if err := p.dropRefused(r.Edit); err != nil {
		return p, err
	}
	if p.Plan, p.After, err = r.plan(p.Before, p.Who); err != nil {
		return p, err
	}
	var notes []access.Note
	p.Risks, notes = r.judge(ctx, p.Plan, p.Before)
	p.Notes = append(p.Notes, r.notes(ctx, p)...)
	p.Notes = append(p.Notes, notes...)
	return p, nil
}

// first is one round trip: the snapshot, and what else the edit needs.
func (r *Run) first(ctx context.Context, p *Proposal) (s access.Snapshot, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		var notes []access.Note
		s, notes, err = r.fresh(ctx, r.Who)
		p.Notes = append(p.Notes, notes...)
		return err
	})
	if r.Prepare != nil {
		g.Go(func() error { return r.Prepare(ctx) })
	}
	return s, g.Wait()
}

// want is what a plan for these principals needs to know.
func (r *Run) want(who []access.Principal) access.Want {
	itself := slices.Contains(who, access.Itself)
	return access.Want{Principals: who, Administrators: r.Takes, All: r.Mappings && itself, AWSAuth: true, RBAC: true, Namespaces: r.Names, Lives: access.RivalLives}
}

// fresh is a snapshot that shows what this machine has changed a moment ago. EKS may still show what was before, and a plan
// made of that would do nothing, or take away what the last change gave: EKS sets scopes and groups as a whole. What does
// not appear in the time that EKS needs is noted, and the snapshot is taken as it is.
func (r *Run) fresh(ctx context.Context, who []access.Principal) (access.Snapshot, []access.Note, error) {
	const looks = 8 // their pauses are longer than journal.Settling, whatever the clock says
	start := r.Now()
	for n := 1; ; n++ {
		s, err := r.Cluster.Snapshot(ctx, r.want(who))
		if err != nil || !r.record.Finished.IsZero() { // Settle looks for the end of this change itself
			return s, nil, err
		}
		if n < looks && len(journal.RecentChanges(r.records(), s.Cluster.ARN, r.Now()).Behind(s, r.want(who))) > 0 {
			if err := r.Pause(ctx, n); err != nil {
				return s, nil, err
			}
			continue
		}
		var notes []access.Note
		if n > 1 {
			for _, p := range journal.RecentChanges(r.records(), s.Cluster.ARN, start).Behind(s, r.want(who)) {
				name := p.Short(s.Cluster.Account())
				notes = append(notes, access.Notes(access.NoteNotChecked, name, fmt.Sprintf("EKS shows %s as it was before the last change from this machine: another change has undone that, or it has not taken effect yet", name))...)
			}
		}
		return s, notes, nil
	}
}

// records are this machine's last changes, this one as far as it is known to have come. They are read before
// anybody asks for the time: one that ends meanwhile is not from the future.
func (r *Run) records() []journal.Record {
	dir, err := r.Dir()
	if err != nil {
		return nil // without a record nothing will be changed either
	}
	records := journal.Lately(dir, r.Now())
	for i, record := range records {
		if record.ID == r.record.ID && r.ground != nil {
			records[i] = r.ground.soFar()
		}
	}
	return records
}

// plan is the edit of some principals, and what it leads to.
func (r *Run) plan(s access.Snapshot, who []access.Principal) (access.Plan, access.Snapshot, error) {
	all := make([]access.Edit, len(who))
	for i, p := range who {
		all[i] = r.Edit(p)
	}
	plan, after, err := access.Make(s, edit.Each(all...))
	if r.Whole {
		plan.Asked = who
	}
	entries := slices.ContainsFunc(who, func(p access.Principal) bool { return p != access.Itself })
	if mode := s.Cluster.Mode; entries && !mode.ReadsEntries() && (plan.Mode == nil && plan.AWSAuth == nil || err != nil) {
		err = fmt.Errorf("cluster %s is in mode %s: %w", s.Cluster.Name, mode, access.ErrMode)
	}
	return plan, after, err
}

// dropUnread leaves out principals whose entry cannot be read.
func (p *Proposal) dropUnread() {
	for _, u := range p.Before.Unread {
		if slices.Contains(p.Who, u.Principal) {
			p.leave(u.Principal, u.Err)
			p.Notes = append(p.Notes, access.Failure(u.Principal.Short(p.Before.Cluster.Account()), fmt.Errorf("accessentry/%s: %w", u.Principal.Short(p.Before.Cluster.Account()), u.Err)))
			p.Who = slices.DeleteFunc(slices.Clone(p.Who), func(q access.Principal) bool { return q == u.Principal })
		}
	}
}

// dropRefused leaves out principals for whom EKS would refuse what is asked. Where nobody is left it is an error.
func (p *Proposal) dropRefused(edits func(access.Principal) access.Edit) error {
	var left []access.Principal
	var refused []error
	for _, who := range p.Who {
		_, err := edits(who)(p.Before)
		if errors.Is(err, access.ErrRule) || errors.Is(err, edit.ErrNarrow) || errors.Is(err, edit.ErrUnread) {
			refused = append(refused, err)
			p.leave(who, err)
			continue
		}
		left = append(left, who)
	}
	if len(left) == 0 && len(refused) > 0 {
		return errors.Join(refused...)
	}
	for _, err := range refused {
		p.Notes = append(p.Notes, access.Failure("", err))
	}
	p.Who = left
	return nil
}

// leave keeps for the record what was asked for and will not be done.
func (p *Proposal) leave(who access.Principal, err error) {
	p.Incomplete = true
	p.leftOut = append(p.leftOut, journal.Step{Principal: who, What: "plan", Error: err.Error()})
}

// Again plans once more, with no other change of this machine between it and what follows. It reports whether the plan is
// still the one that was shown; where it is not, it must be shown and agreed to in its turn.
func (r *Run) Again(ctx context.Context, shown Proposal) (now Proposal, same bool, err error) {
	if err := r.hold(ctx); err != nil {
		return now, false, err
	}
	now, err = r.Propose(ctx)
	return now, err == nil && now.Plan.Same(shown.Plan), err
}
