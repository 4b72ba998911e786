package change

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

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

// dangerous notes new policies that give more than their names say, such as edit in kube-system (rights.md §5).
func dangerous(ch access.Change, cluster access.Info) (notes []access.Note) {
	if ch.After == nil {
		return nil
	}
	for _, g := range ch.After.Grants {
		if ch.Before != nil && slices.ContainsFunc(ch.Before.Grants, func(had access.Grant) bool { return had.String() == g.String() }) {
			continue
		}
		alone := *ch.After
		alone.Groups, alone.Grants = nil, []access.Grant{g}
		for _, e := range rights.New(access.Snapshot{Cluster: cluster, Entries: []access.Entry{alone}}).Escalations() {
			if e.Danger.Critical && !e.Administers() {
				notes = append(notes, access.Notes(access.NotePolicy, g.Policy.Short(), fmt.Sprintf("policy %s gives more than its name says: with it, %s %s", g, e.Identity.Name, e.Danger.Why))...)
			}
		}
	}
	return notes
}
