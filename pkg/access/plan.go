package access

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Edit is a function from the current state to the desired state. It is pure and does not change its input.
type Edit func(Snapshot) (Snapshot, error)

// Change is one entry before and after: nil before is a create, nil after a delete.
type Change struct{ Before, After *Entry }

// Itself stands for the cluster among principals: its mode and its aws-auth.
const Itself Principal = ""

// ModeChange is the cluster's mode before and after.
type ModeChange struct{ From, To Mode }

// ConfigMapChange is aws-auth before and after.
type ConfigMapChange struct{ Before, After ConfigMap }

// Plan is the difference between the current and the desired state. It is data: the plan that is shown is the one that is
// applied.
type Plan struct {
	Cluster Info
	Caller  Principal // who makes the change, "" where that is not known
	Mode    *ModeChange
	AWSAuth *ConfigMapChange
	Changes []Change // sorted by principal
	Effects []Effect // what changes in anybody's access, from any source
	// Asked are the principals whose whole access the request removes: their mappings are not left behind by mistake.
	Asked []Principal
}

// Diff compares two snapshots of one cluster. It ignores what EKS decides: ARN, times, and the username of an entry that
// sets none.
func Diff(before, after Snapshot) Plan {
	plan := Plan{Cluster: before.Cluster, Caller: before.Caller}
	if from, to := before.Cluster.Mode, after.Cluster.Mode; from != to && to != "" {
		plan.Mode = &ModeChange{From: from, To: to}
	}
	if was, will := before.AWSAuth, after.AWSAuth; was != nil && will != nil && was.Err == nil && !was.Same(*will) {
		plan.AWSAuth = &ConfigMapChange{Before: *was, After: *will}
	}
	for _, p := range principals(before, after) {
		was, had := before.Entry(p)
		will, has := after.Entry(p)
		switch {
		case had && has && was.Same(will):
		case had && has:
			plan.Changes = append(plan.Changes, Change{Before: &was, After: &will})
		case had:
			plan.Changes = append(plan.Changes, Change{Before: &was})
		default:
			plan.Changes = append(plan.Changes, Change{After: &will})
		}
	}
	plan.Effects = effects(before, after, plan.Changes)
	return plan
}

// Make applies an edit and compares.
func Make(before Snapshot, edit Edit) (Plan, Snapshot, error) {
	after, err := edit(before)
	if err != nil {
		return Plan{}, Snapshot{}, err
	}
	return Diff(before, after), after, nil
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Changes) == 0 && p.Mode == nil && p.AWSAuth == nil }

// Same reports whether both plans make the same changes to entries, mode and aws-auth, with the same effects on anybody's
// access. It ignores what EKS decides.
func (p Plan) Same(q Plan) bool {
	entry := func(a, b *Entry) bool { return a == nil && b == nil || a != nil && b != nil && a.Same(*b) }
	change := func(a, b Change) bool { return entry(a.Before, b.Before) && entry(a.After, b.After) }
	mode := p.Mode == nil && q.Mode == nil || p.Mode != nil && q.Mode != nil && *p.Mode == *q.Mode
	return mode && slices.EqualFunc(p.Changes, q.Changes, change) && p.AWSAuth.same(q.AWSAuth) && slices.EqualFunc(p.Effects, q.Effects, Effect.same)
}

func (c *ConfigMapChange) same(d *ConfigMapChange) bool {
	return c == nil && d == nil || c != nil && d != nil && c.Before.Same(d.Before) && c.After.Same(d.After)
}

// DeletesEntry reports whether the plan deletes an access entry.
func (p Plan) DeletesEntry() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.After == nil })
}

// Change finds the change of a principal's entry.
//
//go:noinline
func (p Plan) Change(principal Principal) (Change, bool) {
	i := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Principal() == principal })
	if i < 0 {
		return Change{}, false
	}
	return p.Changes[i], true
}

// Principal is the principal of the entry.
func (c Change) Principal() Principal {
	if c.After != nil {
		return c.After.Principal
	}
	return c.Before.Principal
}

// Takes reports whether the change removes a right, a group or the entry, or changes the username, to which RBAC may bind
// rights.
func (c Change) Takes() bool {
	if c.Before == nil || c.After == nil {
		return c.After == nil
	}
	lost := func(g Grant) bool {
		now, ok := c.After.Grant(g.Policy)
		return !ok || !now.Scope.covers(g.Scope)
	}
	return slices.ContainsFunc(c.Before.Grants, lost) || c.Before.Username != c.After.Username ||
		len(union(c.Before.Groups, c.After.Groups)) > len(c.After.Groups)
}

// ExpiryNotes say that new access shares an entry's expiry, or that the expiry changes.
func (p Plan) ExpiryNotes() (notes []string) {
	for _, c := range p.Changes {
		if c.Before == nil || c.After == nil || c.Before.Expires().IsZero() || c.After.Expires().IsZero() {
			continue
		}
		name, was, will := c.Principal().Short(p.Cluster.Account()), c.Before.Tags[ExpiresTag], c.After.Tags[ExpiresTag]
		gives := Change{Before: c.After, After: c.Before}.Takes() // reversed
		switch {
		case was != will:
			notes = append(notes, fmt.Sprintf("the expiry of %s changes from %s to %s", name, was, will))
		case gives:
			notes = append(notes, fmt.Sprintf("%s expires at %s, and the new access with it", name, was))
		}
	}
	return notes
}

// covers reports whether s includes every namespace of t.
func (s Scope) covers(t Scope) bool {
	if s.WholeCluster() || t.WholeCluster() {
		return s.WholeCluster()
	}
	_, left := t.Without(s.Namespaces)
	return !left
}

// Same compares the parts of two canonical entries that users decide.
func (e Entry) Same(f Entry) bool {
	return e.Principal == f.Principal && e.Kind == f.Kind && e.Username == f.Username &&
		slices.Equal(e.Groups, f.Groups) && maps.Equal(e.Tags, f.Tags) &&
		(len(e.Grants) == 0 && len(f.Grants) == 0 || reflect.DeepEqual(e.Grants, f.Grants))
}

func principals(snapshots ...Snapshot) []Principal {
	var all []Principal
	for _, s := range snapshots {
		for _, e := range s.Entries {
			all = append(all, e.Principal)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
