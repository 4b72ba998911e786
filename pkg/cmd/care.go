package cmd

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
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
		if n < looks && len(c.recent(s.Cluster, c.env.Now()).Behind(s, c.want(who))) > 0 {
			if err := pauseBetween(ctx, n); err != nil {
				return s, err
			}
			continue
		}
		if n == 1 {
			return s, nil
		}
		for _, p := range c.recent(s.Cluster, start).Behind(s, c.want(who)) {
			c.env.warn("EKS shows %s as it was before the last change from this machine: another change has undone that, or it has not taken effect yet", p.Short(s.Cluster.Account()))
		}
		return s, nil
	}
}

// recent is what this machine's changes made of the cluster's entries, this one as far as it is known to have come.
func (c *change) recent(cluster access.Info, now time.Time) journal.Recent {
	dir, err := journal.Dir()
	if err != nil {
		return nil // there is no record, and without one nothing will be changed either
	}
	records := journal.Lately(dir, now)
	for i, r := range records {
		if r.ID == c.record.ID && c.ground != nil {
			records[i] = c.ground.soFar()
		}
	}
	return journal.RecentChanges(records, cluster.ARN, now)
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
			c.env.warn("%s has an entry, but IAM has no such %s any more: nobody gets in by it", name, e.Principal.Kind())
		case iam.Recreated:
			c.env.warn("%s was deleted and made again after its entry, which is bound to the former one: nobody gets in by it until it is revoked (%s) and granted anew",
				name, c.env.command("revoke", string(e.Principal)))
		case iam.LifeUnknown, iam.Alive:
		}
	}
}

// lives asks IAM about several entries side by side.
func (c *connection) lives(ctx context.Context, entries []access.Entry) []iam.Life {
	all := make([]iam.Life, len(entries))
	var g errgroup.Group
	g.SetLimit(16)
	for i, e := range entries {
		g.Go(func() error { all[i] = c.iam.Life(ctx, e); return nil })
	}
	_ = g.Wait() // what is not known is an answer too
	return all
}

// withDead marks the entries that compete with a line of aws-auth and are dead, or may be. No others are worth a question.
func (c *connection) withDead(ctx context.Context, s access.Snapshot, lines []access.Mapping) access.Snapshot {
	if s.Cluster.Mode != access.ModeBoth {
		return s
	}
	var rivals []access.Entry
	for _, e := range s.Entries {
		competes := func(m access.Mapping) bool { return m.State == access.InForce && m.Names(e.Principal) }
		if !e.Managed() && slices.ContainsFunc(lines, competes) {
			rivals = append(rivals, e)
		}
	}
	for i, life := range c.lives(ctx, rivals) {
		switch life {
		case iam.Gone, iam.Recreated:
			s.Dead = append(s.Dead, rivals[i].Principal)
		case iam.LifeUnknown:
			s.Doubtful = append(s.Doubtful, rivals[i].Principal)
		case iam.Alive:
		}
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
