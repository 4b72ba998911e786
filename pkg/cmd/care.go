package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// fresh is a snapshot that shows what this machine has changed a moment ago. EKS may still show what was before, and a plan
// made of that would do nothing, or take away what the last change gave: EKS sets scopes and groups as a whole. What does
// not appear in the time that EKS needs is told, and the snapshot is taken as it is.
func (c *change) fresh(ctx context.Context, who []access.Principal) (access.Snapshot, error) {
	const looks = 8 // their pauses are longer than journal.Settling, whatever the clock says
	start := c.env.Now()
	for n := 1; ; n++ {
		s, err := c.read(ctx, who)
		if err != nil || !c.record.Finished.IsZero() { // --wait looks for the end of this change itself
			return s, err
		}
		if n < looks && len(journal.RecentChanges(c.records(), s.Cluster.ARN, c.env.Now()).Behind(s, c.want(who))) > 0 {
			if err := pauseBetween(ctx, n); err != nil {
				return s, err
			}
			continue
		}
		if n == 1 {
			return s, nil
		}
		for _, p := range journal.RecentChanges(c.records(), s.Cluster.ARN, start).Behind(s, c.want(who)) {
			c.env.warn("EKS shows %s as it was before the last change from this machine: another change has undone that, or it has not taken effect yet", p.Short(s.Cluster.Account()))
		}
		return s, nil
	}
}

// records are this machine's last changes, this one as far as it is known to have come. They are read before
// anybody asks for the time: one that ends meanwhile is not from the future.
func (c *change) records() []journal.Record {
	dir, err := journal.Dir()
	if err != nil {
		return nil // without a record nothing will be changed either
	}
	records := journal.Lately(dir, c.env.Now())
	for i, r := range records {
		if r.ID == c.record.ID && c.ground != nil {
			records[i] = c.ground.soFar()
		}
	}
	return records
}

// warnOfDead tells of entries that get something and that nobody gets in by: their role is gone, or was made again.
func (c *change) warnOfDead(ctx context.Context, before access.Snapshot) {
	if c.takes {
		return
	}
	var given []access.Entry
	for _, p := range c.who {
		if e, ok := before.Entry(p); ok {
			given = append(given, e)
		}
	}
	lives := c.lives(ctx, given)
	for i, e := range given {
		name := e.Principal.Short(c.cluster.Account())
		switch lives[i] {
		case iam.Gone:
			c.env.warn("%s has an entry that no longer works: the %s was deleted", name, e.Principal.Kind())
		case iam.Recreated:
			c.env.warn("%s was deleted and recreated after its entry, which no longer works: revoke it (%s), then grant it again",
				name, c.env.command("revoke", string(e.Principal)))
		case iam.LifeUnknown, iam.Alive:
		}
	}
}

// warnOfOwners tells of entries that something else keeps: it undoes the change, or needs what is taken.
func (c *change) warnOfOwners(plan access.Plan) {
	for _, ch := range plan.Changes {
		if text := ch.OwnerRemark(c.cluster.Account()); text != "" {
			c.env.warn("%s", text)
		}
	}
}

// warnOfServicePolicies tells of policies that AWS services give to roles of their own, where another role gets one.
func (c *change) warnOfServicePolicies(plan access.Plan) {
	for _, ch := range plan.Changes {
		var before access.Entry
		if ch.Before != nil {
			before = *ch.Before
		}
		if ch.After == nil || ch.After.Managed() || before.Owner().Adds {
			continue
		}
		for _, g := range ch.After.Grants {
			_, had := before.Grant(g.Policy)
			doc, _ := policy.Find(string(g.Policy))
			if had || doc.Audience != "aws-service" || g.Policy == access.AutoNode && ch.After.Kind == access.EC2 {
				continue
			}
			c.env.warn("policy %s is for AWS services (%s), not for people: check that %s needs it",
				g.Policy.Short(), cmp.Or(doc.UsedBy, "AWS does not say which"), ch.Principal().Short(c.cluster.Account()))
		}
	}
}

// warnOfNobody says, where nothing is sent, for whom EKS would refuse a new entry: a full ARN is not looked up before.
func (c *change) warnOfNobody(ctx context.Context, plan access.Plan) {
	if c.flags.dryRun != "client" {
		return
	}
	var asked []access.Entry
	for _, ch := range plan.Changes {
		if ch.Before == nil {
			e := *ch.After
			e.Created = c.env.Now() // of whoever exists, nobody is newer
			asked = append(asked, e)
		}
	}
	lives, err := c.iam.Lives(ctx, asked)
	for i, e := range asked {
		name := e.Principal.Short(c.cluster.Account())
		switch doubt := c.doubt(e, lives[i], err); {
		case lives[i] == iam.Gone:
			c.env.warn("IAM has no %s, so EKS would refuse its entry", name)
		case doubt != "":
			c.env.warn("not checked: whether %s exists (%s)", name, doubt)
		}
	}
}

// lives asks IAM about several entries side by side.
func (c *connection) lives(ctx context.Context, entries []access.Entry) []iam.Life {
	all, _ := c.iam.Lives(ctx, entries) // what is not known is an answer too
	return all
}

// rivals are the entries that compete with a line of aws-auth, and the others.
func rivals(s access.Snapshot, lines []access.Mapping) (rivals, rest []access.Entry) {
	for _, e := range s.Entries {
		competes := func(m access.Mapping) bool { return m.State == access.InForce && m.Names(e.Principal) }
		switch {
		case e.Managed():
		case s.Cluster.Mode == access.ModeBoth && slices.ContainsFunc(lines, competes):
			rivals = append(rivals, e)
		default:
			rest = append(rest, e)
		}
	}
	return rivals, rest
}

// withDead marks the entries that compete with a line of aws-auth and are dead, or may be. For a plan no others are worth a
// question.
func (c *connection) withDead(ctx context.Context, s access.Snapshot, lines []access.Mapping) access.Snapshot {
	rivals, _ := rivals(s, lines)
	return marked(s, rivals, c.lives(ctx, rivals))
}

func marked(s access.Snapshot, entries []access.Entry, lives []iam.Life) access.Snapshot {
	for i, e := range entries {
		switch lives[i] {
		case iam.Gone:
			s.Dead, s.Deleted = append(s.Dead, e.Principal), append(s.Deleted, e.Principal)
		case iam.Recreated:
			s.Dead = append(s.Dead, e.Principal)
		case iam.LifeUnknown:
			s.Doubtful = append(s.Doubtful, e.Principal)
		case iam.Alive:
		}
	}
	return s
}

// staleTime is how long a list waits for IAM, which a private network may not reach.
const staleTime = 3 * time.Second

// withStale marks every entry whose role or user was deleted or recreated. What IAM does not tell of the cluster's own
// account is said once.
func (c *connection) withStale(ctx context.Context, s access.Snapshot, lines []access.Mapping) access.Snapshot {
	soon, stop := context.WithTimeout(ctx, cmp.Or(c.env.Patience, staleTime))
	defer stop()
	first, rest := rivals(s, lines)
	var lives, others []iam.Life
	var why, whyNot error
	together( // who competes with a line is not left to a long list
		func() { lives, why = c.iam.Lives(soon, first) },
		func() { others, whyNot = c.iam.Lives(soon, rest) },
	)
	s = marked(marked(s, first, lives), rest, others)
	unknown := slices.DeleteFunc(slices.Clone(s.Doubtful), func(p access.Principal) bool { return p.Account() != s.Cluster.Account() })
	if len(unknown) > 0 && ctx.Err() == nil {
		if soon.Err() != nil {
			why = errors.New("IAM did not answer in time")
		}
		why = cmp.Or(why, whyNot, fmt.Errorf("only IAM of account %s knows them", s.Cluster.Account()))
		c.env.warn("not checked: whether the role or user of %s was deleted or recreated (%v)", count(len(unknown), "entry", "entries"), why)
	}
	return s
}

// callers are whose own way in a change must not take: who makes it, and who the kubeconfig lets kubectl be where a flag
// takes another login for AWS.
func (c *change) callers(ctx context.Context, plan access.Plan, before access.Snapshot) []access.Principal {
	all := []access.Principal{before.Caller}
	o := c.env.override
	if o.profile == "" && !o.role.given || !slices.ContainsFunc(plan.Changes, access.Change.Takes) {
		return all
	}
	target, err := c.env.flags.Target()
	if err != nil {
		return all
	}
	if target.Region == "" {
		target.Region = c.target.Region
	}
	session, err := c.env.login(ctx, target)
	if err != nil {
		return all
	}
	if p, err := session.Caller(ctx); err == nil && !slices.Contains(all, p) {
		all = append(all, p)
	}
	return all
}
