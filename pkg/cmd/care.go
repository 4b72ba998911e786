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

// settling is how long EKS may show what was before a change (EKS User Guide, "Create access entries": several seconds).
const settling = 10 * time.Second

// fresh is a snapshot that does not lag behind this machine's own last change. A plan made from an older one would take
// away what that change gave: EKS sets scopes and groups as a whole.
func (c *change) fresh(ctx context.Context) (access.Snapshot, error) {
	s, err := c.read(ctx, c.who)
	for n := 1; err == nil && c.lags(s); n++ {
		if err = pauseBetween(ctx, n); err == nil {
			s, err = c.read(ctx, c.who)
		}
	}
	return s, err
}

// lags tells whether an entry is just as it was before a change of a moment ago.
func (c *change) lags(s access.Snapshot) bool {
	dir, err := journal.Dir()
	if err != nil {
		return false // there is no record, and without one nothing will be changed either
	}
	last := map[access.Principal]access.Change{} // of several changes of one entry the newest counts
	for _, r := range journal.Since(dir, c.env.Now().Add(-settling)) {
		changes, err := r.Changes()
		if r.Cluster.ARN != s.Cluster.ARN || err != nil {
			continue
		}
		for _, ch := range changes {
			last[ch.Principal()] = ch
			if r.State() != journal.Done {
				delete(last, ch.Principal())
			}
		}
	}
	for p, ch := range last {
		if e, ok := s.Entry(p); ok && ch.Before != nil && e.Same(ch.Before.Canonical()) && !e.Same(after(ch)) {
			return true
		}
	}
	return false
}

// after is what a change leaves, empty where that is nothing.
func after(ch access.Change) access.Entry {
	if ch.After == nil {
		return access.Entry{}
	}
	return ch.After.Canonical()
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

// warnOfOwners tells of entries that something else keeps: it undoes the change, or needs what is taken.
func (c *change) warnOfOwners(plan access.Plan) {
	for _, ch := range plan.Changes {
		if text := ch.OwnerRemark(c.cluster.Account()); text != "" {
			c.env.warn("%s", text)
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
