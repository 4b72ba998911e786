package change

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
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Propose reads the current state and plans. Errors: those of the reads, access.ErrRule and the edit's, and access.ErrRefused where
// this may be the wrong cluster. Principals whose entry cannot be read, or whose change EKS would refuse, are failures
// among the notes; the others are planned.
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
	found := r.notes(ctx, p)
	p.Notes, p.Incomplete = append(p.Notes, found...), p.Incomplete || access.Failed(found)
	p.Notes = append(p.Notes, notes...)
	if r.Expect != nil {
		err = r.Expect(&p, false)
	}
	return p, err
}

// Fresh reads what a request needs, until it shows what this machine has changed a moment ago.
func (e *Engine) Fresh(ctx context.Context, request Request) (access.Snapshot, []access.Note, error) {
	r := e.Run(request)
	return r.fresh(ctx, r.want(r.Who))
}

// first is one round trip: the snapshot, and what else the edit needs.
func (r *Run) first(ctx context.Context, p *Proposal) (s access.Snapshot, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		var notes []access.Note
		s, notes, err = r.fresh(ctx, r.want(r.Who))
		p.Notes = append(p.Notes, notes...)
		return err
	})
	if r.Prepare != nil {
		g.Go(func() error { return r.Prepare(ctx) })
	}
	return s, g.Wait()
}

// want is what a plan for these principals needs to know.
//
//go:noinline
func (r *Run) want(who []access.Principal) access.Want {
	itself := slices.Contains(who, access.Itself)
	return access.Want{Principals: who, Administrators: r.Takes, All: r.Mappings && itself, AWSAuth: true, RBAC: true, Namespaces: r.Names, Lives: access.RivalLives}
}

// looks is how often EKS is read until it shows a change; the pauses between are longer than journal.Settling, whatever the
// clock says.
const looks = 8

// fresh is a snapshot that includes the latest changes of this machine. EKS may still show the state before them, and a plan made
// from that would do nothing, or revoke what the last change granted: EKS sets scopes and groups as a whole. Changes that do not
// appear in the time that EKS needs are noted, and the snapshot is used as it is.
func (r *Run) fresh(ctx context.Context, want access.Want) (access.Snapshot, []access.Note, error) {
	start := r.Now()
	for n := 1; ; n++ {
		s, err := r.Cluster.Snapshot(ctx, want)
		if err != nil || !r.record.Finished.IsZero() { // Settle looks for the end of this change itself
			return s, nil, err
		}
		if n < looks && len(journal.RecentChanges(r.records(), s.Cluster.ARN, r.record.ID, r.Now()).Behind(s, want, true)) > 0 {
			if n == 4 && r.Waiting != nil {
				r.Waiting("Waiting until EKS shows the last change from this machine…")
			}
			if err := r.Pause(ctx, n); err != nil {
				return s, nil, err
			}
			continue
		}
		var notes []access.Note
		if n > 1 {
			for _, p := range journal.RecentChanges(r.records(), s.Cluster.ARN, r.record.ID, start).Behind(s, want, false) {
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
	records := journal.Lately(dir, r.record.ID, r.Now())
	if r.ground != nil {
		records = append(records, r.ground.soFar())
	}
	return records
}

// plan is the edit of some principals, and what it leads to.
func (r *Run) plan(s access.Snapshot, who []access.Principal) (access.Plan, access.Snapshot, error) {
	all := make([]access.Edit, len(who))
	for i, p := range who {
		all[i] = r.editOf(s, p)
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

// dropRefused leaves out principals whose change EKS would refuse. It is an error where none are left.
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
//
//go:noinline
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

// notes are what to know about any plan before it is carried out.
func (r *Run) notes(ctx context.Context, p Proposal) []access.Note {
	notes := access.Notes(access.NoteNotChecked, "", p.Plan.NotChecked(p.Before))
	notes = append(notes, access.Notes(access.NoteExpiry, "", p.Plan.ExpiryNotes()...)...)
	if !r.Takes {
		notes = append(notes, r.stale(ctx, p)...)
	}
	account := p.Plan.Cluster.Account()
	for _, ch := range p.Plan.Changes {
		notes = append(notes, access.Notes(access.NoteOwner, ch.Principal().Short(account), ch.OwnerRemark(account))...)
		notes = append(notes, policies(ch, p.Plan.Cluster)...)
		notes = append(notes, r.emptied(ch, account)...)
	}
	if r.DryRun {
		notes = append(notes, r.nobody(ctx, p.Plan)...)
	}
	return notes
}

// emptied notes an entry that grants nothing any more: its principal still has access to the cluster.
func (r *Run) emptied(ch access.Change, account string) []access.Note {
	if ch.Before == nil || ch.After == nil || ch.Before.Empty() || !ch.After.Empty() || ch.After.Node() {
		return nil
	}
	name := ch.Principal().Short(account)
	return access.Notes(access.NoteEmptied, name, fmt.Sprintf("the access entry of %s remains, with no policies and groups; to delete it: %s", name, r.Command("revoke", name)))
}

// stale notes entries that get something and no longer work: their role or user was deleted or recreated.
func (r *Run) stale(ctx context.Context, p Proposal) (notes []access.Note) {
	var given []access.Entry
	for _, who := range p.Who {
		if e, ok := p.Before.Entry(who); ok {
			given = append(given, e)
		}
	}
	lives, _ := r.Cluster.Lives(ctx, given) // what is not known is an answer too
	for i, e := range given {
		name := e.Principal.Short(p.Before.Cluster.Account())
		switch lives[i] {
		case access.Gone:
			notes = append(notes, access.Notes(access.NoteStale, name, fmt.Sprintf("%s has an entry that no longer works: the %s was deleted", name, e.Principal.Kind()))...)
		case access.Recreated:
			notes = append(notes, access.Notes(access.NoteStale, name, fmt.Sprintf("%s was deleted and recreated after its entry, which no longer works; revoke the entry, then grant it again: %s",
				name, r.Command("revoke", string(e.Principal))))...)
		case access.LifeUnknown, access.Alive:
		}
	}
	return notes
}

// policies notes new policies that are for AWS services only, and those that give more than their names say (rights.md §5).
func policies(ch access.Change, cluster access.Info) (notes []access.Note) {
	if ch.After == nil || ch.After.Managed() {
		return nil
	}
	var before access.Entry
	if ch.Before != nil {
		before = *ch.Before
	}
	name := ch.Principal().Short(cluster.Account())
	note := func(g access.Grant, text string, values ...any) {
		notes = append(notes, access.Notes(access.NotePolicy, g.Policy.Short(), fmt.Sprintf(text, values...))...)
	}
	for _, g := range ch.After.Grants {
		had, held := before.Grant(g.Policy)
		doc, _ := policy.Find(string(g.Policy))
		if had.String() != g.String() {
			if why := rights.Beyond(cluster, *ch.After, g); why != "" {
				note(g, "policy %s gives more than its name says: with it, %s %s", g, name, why)
			}
		}
		if held || before.Owner().Adds || doc.Audience != "aws-service" || g.Policy == access.AutoNode && ch.After.Kind == access.EC2 {
			continue
		}
		note(g, "policy %s is for AWS services (%s), not for people: check that %s needs it", g.Policy.Short(), cmp.Or(doc.UsedBy, "AWS does not say which"), name)
	}
	return notes
}

// nobody notes, in a dry run, the principals that do not exist in IAM: a full ARN is not looked up before.
func (r *Run) nobody(ctx context.Context, plan access.Plan) (notes []access.Note) {
	var asked []access.Entry
	for _, ch := range plan.Changes {
		if ch.Before == nil {
			e := *ch.After
			e.Created = r.Now() // of what exists, nothing is newer
			asked = append(asked, e)
		}
	}
	lives, err := r.Cluster.Lives(ctx, asked)
	for i, e := range asked {
		name := e.Principal.Short(plan.Cluster.Account())
		switch doubt := access.Doubt(e, lives[i], err); {
		case lives[i] == access.Gone:
			notes = append(notes, access.Failure(name, fmt.Errorf("%w: IAM has no %s, so EKS would refuse its entry", access.ErrNotFound, name)))
		case doubt != "":
			notes = append(notes, access.Notes(access.NoteNotChecked, name, fmt.Sprintf("not checked: whether %s exists (%s)", name, doubt))...)
		}
	}
	return notes
}
