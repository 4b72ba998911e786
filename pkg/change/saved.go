package change

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// ErrIncomplete says that a plan does not do all that was asked for, so it is not saved.
var ErrIncomplete = errors.New("not everything that was asked for could be planned; no plan was written")

// ErrStale says that a saved plan is not what would be done now. It wraps access.ErrRefused.
var ErrStale = fmt.Errorf("%w: the saved plan is stale", access.ErrRefused)

// Save is a proposal as a plan in a file, which can be carried out for the given time.
func (r *Run) Save(p Proposal, age time.Duration) (journal.Plan, error) {
	if p.Incomplete {
		return journal.Plan{}, ErrIncomplete
	}
	var entries []access.Change
	who := slices.DeleteFunc(slices.Clone(p.Who), func(q access.Principal) bool { return q == access.Itself })
	for _, q := range who {
		entries = append(entries, access.Change{Before: entryOf(p.Before, q), After: entryOf(p.After, q)})
	}
	plan := journal.PlanOf(p.Plan, entries, who)
	plan.Time, plan.MaxAge, plan.Caller = r.Now().UTC().Truncate(time.Second), age.String(), p.Before.Caller
	plan.Change, plan.Args, plan.Whole = r.Kind, r.Told, r.Whole
	for _, risk := range p.Risks {
		plan.Risks = append(plan.Risks, journal.PlannedRisk{Name: risk.Name, Why: risk.Why, Accepted: slices.Contains(r.Accept, risk.Name)})
	}
	return plan, nil
}

func entryOf(s access.Snapshot, p access.Principal) *access.Entry {
	if e, ok := s.Entry(p); ok {
		return &e
	}
	return nil
}

// saved is a saved plan on its way. Its edit makes every entry exactly what the plan says, and what is there before must be what
// the plan found: the same as the edits that were asked for, since each depends on that alone.
type saved struct {
	journal.Plan
	entries map[access.Principal]access.Change
	begun   bool // a part of it may be done
}

// Saved is the request that carries out a saved plan as it was reviewed, or refuses. begun says that this machine did a part of it.
func Saved(plan journal.Plan, begun bool) (Request, error) {
	entries, err := plan.Changes()
	if err != nil {
		return Request{}, err
	}
	v := &saved{plan, entries, begun}
	r := Request{
		Kind: plan.Change, Edit: v.edit, Expect: v.expect, Risks: v.risks, Accept: plan.Accepted(), Plan: plan.Digest, Whole: plan.Whole, Asks: true,
		Takes: plan.Change != journal.Grant, Mappings: plan.Change == journal.SetMode,
	}
	if plan.Mode != nil || plan.AWSAuth != nil || plan.Whole || len(plan.Entries) == 0 {
		r.Who = append(r.Who, access.Itself)
	}
	for _, e := range plan.Entries {
		r.Who = append(r.Who, e.Principal)
	}
	return r, nil
}

func (v *saved) edit(p access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		if p == access.Itself {
			return v.itself(s), nil
		}
		after := v.entries[p].After
		if after == nil {
			return s.Drop(p), nil
		}
		e := *after
		have, _ := s.Entry(p)
		e.ARN, e.Created, e.Modified = have.ARN, have.Created, have.Modified
		return s.Put(e), nil
	}
}

func (v *saved) itself(s access.Snapshot) access.Snapshot {
	if v.Mode != nil {
		s.Cluster.Mode = v.Mode.After
	}
	if v.AWSAuth != nil && s.AWSAuth != nil && s.AWSAuth.Err == nil {
		m := awsauth.Understood(access.ConfigMap{Data: v.AWSAuth.After, Version: s.AWSAuth.Version})
		s.AWSAuth = &m
	}
	return s
}

// risks are those that only the command knew; the others are judged again.
func (v *saved) risks(access.Snapshot) (all []access.Risk) {
	for _, r := range v.Risks {
		if r.Name == access.OwnedElsewhere || r.Name == access.PruneMany {
			all = append(all, access.Risk{Name: r.Name, Why: r.Why})
		}
	}
	return all
}

// expect refuses a proposal that is not the saved plan, or the rest of it where a part may be done.
func (v *saved) expect(p Proposal, begun bool) error {
	begun = begun || v.begun
	for _, u := range p.Before.Unread {
		if _, named := v.entries[u.Principal]; named {
			return u.Err
		}
	}
	changed := v.cluster(p.Before, begun)
	for _, who := range p.Who {
		if who != access.Itself {
			changed = append(changed, v.entry(p.Before, who, begun)...)
		}
	}
	if len(changed) == 0 { // else the effects differ because of that
		changed = append(v.effects(p, begun), v.newRisks(p)...)
	}
	switch {
	case len(changed) == 0:
		return nil
	case p.Plan.Empty():
		changed = append(changed, "all of its changes are in place already")
	}
	return fmt.Errorf("%w: since %s this has changed:\n  %s", ErrStale, v.Time.Format(time.RFC3339), strings.Join(changed, "\n  "))
}

// cluster says what of the mode and of aws-auth is not as the plan found it.
func (v *saved) cluster(now access.Snapshot, begun bool) (changed []string) {
	if is := now.Cluster.Mode; is != v.Cluster.Mode && !(begun && v.Mode != nil && is == v.Mode.After) {
		changed = append(changed, fmt.Sprintf("mode: was %s, is now %s", v.Cluster.Mode, is))
	}
	if v.AWSAuth == nil || now.AWSAuth == nil {
		return changed
	}
	if err := now.AWSAuth.Err; err != nil {
		return append(changed, fmt.Sprintf("aws-auth: cannot be read: %v", err))
	}
	was, will := access.ConfigMap{Data: v.AWSAuth.Before}, access.ConfigMap{Data: v.AWSAuth.After}
	if now.AWSAuth.Same(was) || begun && now.AWSAuth.Same(will) {
		return changed
	}
	was = awsauth.Understood(was)
	changed = append(changed, mappings(now.AWSAuth.Mappings, was.Mappings, "was added or changed")...)
	changed = append(changed, mappings(was.Mappings, now.AWSAuth.Mappings, "was removed or changed")...)
	if len(changed) == 0 {
		changed = []string{"aws-auth: its text"}
	}
	return changed
}

// mappings names those that others do not have.
func mappings(all, others []access.Mapping, what string) (lines []string) {
	for _, m := range all {
		same := func(o access.Mapping) bool {
			return o.ARN == m.ARN && o.Kind == m.Kind && o.Username == m.Username && slices.Equal(o.Groups, m.Groups)
		}
		if !slices.ContainsFunc(others, same) {
			lines = append(lines, fmt.Sprintf("aws-auth: %s of %s %s", m.Place(), m.ARN, what))
		}
	}
	return lines
}

// entry says what of an entry is not as the plan found it, nor as the plan makes it where a part may be done.
func (v *saved) entry(now access.Snapshot, p access.Principal, begun bool) (changed []string) {
	c, have := v.entries[p], entryOf(now, p)
	was, will, is := access.PartsOf(c.Before), access.PartsOf(c.After), access.PartsOf(have)
	name := p.Short(now.Cluster.Account())
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, part := range slices.Sorted(maps.Keys(all)) {
		if is[part] != was[part] && !(begun && is[part] == will[part]) {
			changed = append(changed, fmt.Sprintf("%s: %s: was %s, is now %s", name, part, orNone(was[part]), orNone(is[part])))
		}
	}
	if len(changed) == 0 && !begun && c.Before != nil && !have.Same(*c.Before) {
		changed = append(changed, name+": type, username or groups")
	}
	return changed
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// effects says whose access would change otherwise than the plan shows.
func (v *saved) effects(p Proposal, begun bool) (changed []string) {
	account, now := p.Plan.Cluster.Account(), journal.Effects(p.Plan)
	for _, e := range now {
		i := slices.IndexFunc(v.Effects, func(o journal.Effect) bool { return o.Principal == e.Principal })
		was := journal.Effect{}
		if i >= 0 {
			was = v.Effects[i]
		}
		name := e.Principal.Short(account)
		changed = append(changed, others(e.Gained, was.Gained, name+": would now gain ")...)
		changed = append(changed, others(e.Lost, was.Lost, name+": would now lose ")...)
	}
	if begun {
		return changed
	}
	for _, e := range v.Effects {
		i := slices.IndexFunc(now, func(o journal.Effect) bool { return o.Principal == e.Principal })
		is := journal.Effect{}
		if i >= 0 {
			is = now[i]
		}
		name := e.Principal.Short(account)
		changed = append(changed, others(e.Gained, is.Gained, name+": would no longer gain ")...)
		changed = append(changed, others(e.Lost, is.Lost, name+": would no longer lose ")...)
	}
	return changed
}

// others are the rights that the plan did not have, each in a line.
//
//go:noinline
func others(rights, known []journal.Right, what string) (lines []string) {
	for _, r := range rights {
		if !slices.Contains(known, r) {
			lines = append(lines, what+r.Right+" ("+r.Source+")")
		}
	}
	return lines
}

// newRisks are those that the plan does not name. Why aws-auth cannot be read depends on who asks.
func (v *saved) newRisks(p Proposal) (changed []string) {
	for _, r := range p.Risks {
		if !slices.ContainsFunc(v.Risks, func(o journal.PlannedRisk) bool {
			return o.Name == r.Name && (o.Why == r.Why || r.Name == access.UnreadAWSAuth)
		}) {
			changed = append(changed, fmt.Sprintf("risk %s: %s", r.Name, r.Why))
		}
	}
	return changed
}
