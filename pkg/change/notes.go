package change

import (
	"cmp"
	"context"
	"fmt"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

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
		notes = append(notes, servicePolicies(ch, account)...)
	}
	if r.DryRun {
		notes = append(notes, r.nobody(ctx, p.Plan)...)
	}
	return notes
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
			notes = append(notes, access.Notes(access.NoteStale, name, fmt.Sprintf("%s was deleted and recreated after its entry, which no longer works: revoke it (%s), then grant it again",
				name, r.Command("revoke", string(e.Principal))))...)
		case access.LifeUnknown, access.Alive:
		}
	}
	return notes
}

// servicePolicies notes policies that AWS services give to roles of their own, where another role gets one.
func servicePolicies(ch access.Change, account string) (notes []access.Note) {
	var before access.Entry
	if ch.Before != nil {
		before = *ch.Before
	}
	if ch.After == nil || ch.After.Managed() || before.Owner().Adds {
		return nil
	}
	for _, g := range ch.After.Grants {
		_, had := before.Grant(g.Policy)
		doc, _ := policy.Find(string(g.Policy))
		if had || doc.Audience != "aws-service" || g.Policy == access.AutoNode && ch.After.Kind == access.EC2 {
			continue
		}
		notes = append(notes, access.Notes(access.NotePolicy, g.Policy.Short(), fmt.Sprintf("policy %s is for AWS services (%s), not for people: check that %s needs it",
			g.Policy.Short(), cmp.Or(doc.UsedBy, "AWS does not say which"), ch.Principal().Short(account)))...)
	}
	return notes
}

// nobody notes, where nothing is sent, for whom EKS would refuse a new entry: a full ARN is not looked up before.
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
			notes = append(notes, access.Notes(access.NoteTypo, name, fmt.Sprintf("IAM has no %s, so EKS would refuse its entry", name))...)
		case doubt != "":
			notes = append(notes, access.Notes(access.NoteNotChecked, name, fmt.Sprintf("not checked: whether %s exists (%s)", name, doubt))...)
		}
	}
	return notes
}
