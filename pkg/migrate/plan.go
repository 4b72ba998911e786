package migrate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Plan is what a migration does with aws-auth.
type Plan struct {
	Cluster   access.Info
	Mappings  []Mapping          // all, in their order
	Questions []Question         // what only people can decide, decided or not
	Follow    []access.Binding   // RBAC bindings that the entries need and that do not exist yet
	Unused    []string           // decisions about what is not asked here, where something else is not decided
	Resumed   []access.Principal // whose entry an interrupted migration created and this one completes
	Orphans   []access.Principal // whose entry is in a temporary group and has no mapping any more
}

// Mapping is one mapping of aws-auth and what it becomes.
type Mapping struct {
	access.Mapping
	Reading     Reading
	Outcome     Outcome
	Why         string         // why it does not migrate
	Entries     []access.Entry // what it becomes: one, or for an account those that were named
	Before      []access.Right // what the principal may do by the mapping
	After       []access.Right // and by the entry
	Differences []Difference
	Removable   bool // the mapping is not needed once the plan is done

	follow []access.Binding
	asked  []string // questions
}

// Outcome is what becomes of a mapping.
type Outcome string

// A mapping becomes an entry; or it has one already; or it stays as it is; or it has no effect today and is left alone.
const (
	Migrates Outcome = "migrates"
	Covered  Outcome = "covered"
	Stays    Outcome = "stays"
	Nothing  Outcome = "nothing"
)

// Difference is one thing that is not the same before and after the migration.
type Difference struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Binding string `json:"binding,omitempty"` // the RBAC binding whose rights are lost
}

// The codes of differences.
const (
	DiffMasters  = "system-masters"
	DiffGroup    = "group"
	DiffUsername = "username"
	DiffPath     = "path"
	DiffNode     = "node-entry"
	DiffLost     = "right-lost"
	DiffGained   = "new-access"
	DiffShared   = "shared-name"
	DiffAccount  = "account"
	DiffDropped  = "access-lost"
	DiffDoubt    = "not-checked"
	DiffGap      = string(access.BriefGap)
	DiffResumed  = "resumed"
)

//go:noinline
func (l *Mapping) differs(code, format string, args ...any) {
	l.Differences = append(l.Differences, Difference{Code: code, Text: fmt.Sprintf(format, args...)})
}

// stay ends the planning of a mapping that stays. What would have differed does not, except the RBAC bindings that it waits for.
func (l *Mapping) stay(format string, args ...any) bool {
	l.Outcome, l.Why = Stays, fmt.Sprintf(format, args...)
	if len(l.follow) == 0 {
		l.After, l.Differences = nil, nil
	}
	return false
}

// planner collects a plan.
type planner struct {
	Facts
	Choices
	questions []Question
	refused   []error
	taken     map[string]bool  // principals that have a mapping, in lower case
	made      []access.Binding // those that the plan creates
	resumed   []access.Principal
	current   *Mapping
}

// Make plans. An answer that is not an option, or that EKS would refuse, is an error.
func Make(f Facts, c Choices) (Plan, error) {
	f.Mappings, f.Bindings = f.unmatched(), withoutLeftover(f.Bindings)
	p := &planner{Facts: f, Choices: c, taken: map[string]bool{}}
	plan := Plan{Cluster: f.Cluster, Mappings: make([]Mapping, len(f.Mappings))}
	for _, active := range []bool{true, false} { // active mappings first, whatever else names the same principal
		for i, m := range f.Mappings {
			if (m.State == access.InForce && m.Kind != access.MappedAccount) == active {
				plan.Mappings[i] = p.mapping(m)
			}
		}
	}
	p.gather(&plan)
	return plan, errors.Join(p.refused...)
}

// gather adds what the mappings have in common. A question is open where a mapping without an entry asks it.
func (p *planner) gather(plan *Plan) {
	open := map[string]bool{}
	for _, l := range plan.Mappings {
		for _, id := range l.asked {
			open[id] = open[id] || l.Outcome != Covered
		}
		plan.Follow = addBindings(plan.Follow, p.absent(l.follow))
	}
	plan.Resumed, plan.Orphans = p.resumed, p.orphans()
	plan.Questions = slices.DeleteFunc(slices.Clone(p.questions), func(q Question) bool { return !open[q.ID] })
	if !slices.ContainsFunc(plan.Questions, func(q Question) bool { return !q.Decided }) {
		return // a typo in an ID would leave a question open; what remains was carried out
	}
	for _, id := range slices.Sorted(maps.Keys(p.Answers)) {
		if _, asked := open[id]; !asked && !p.carriedOut(id) {
			plan.Unused = append(plan.Unused, id)
		}
	}
}

// carriedOut reports whether a decision is about a principal that has no mapping any more and has an entry.
func (p *planner) carriedOut(id string) bool {
	_, arn, _ := strings.Cut(id, "/")
	_, exists := p.entry(access.Normal(arn))
	return exists
}

func (p *planner) mapping(m access.Mapping) Mapping {
	l := Mapping{Mapping: m, Outcome: Migrates}
	p.current = &l
	if m.Kind != access.MappedAccount {
		l.Reading = Read(m)
	}
	switch {
	case m.State == access.NeverMatches && p.chosen(m):
		l.differs(DiffGained, "the mapping never matched anyone: migrating it grants new access")
		p.principal(&l)
	case m.State != access.InForce:
		l.Outcome, l.Why, l.Removable = Nothing, m.Reason, m.State == access.NeverMatches
	case m.Kind == access.MappedAccount:
		p.account(&l)
	default:
		p.principal(&l)
	}
	return l
}

// chosen reports whether a mapping that never matches was named, or all were.
func (p *planner) chosen(m access.Mapping) bool {
	return m.Kind != access.MappedAccount && slices.ContainsFunc(p.Unmatched, func(s string) bool { return s == All || strings.EqualFold(s, m.ARN) })
}

// principal plans a mapping for one role or user.
func (p *planner) principal(l *Mapping) {
	defer func() { // whatever becomes of the active mapping, no other creates an entry that would override it
		if l.Outcome != Nothing {
			p.taken[key(access.Normal(l.ARN))] = true
		}
	}()
	var e access.Entry
	ok := p.chance(l) && p.identity(l, &e) && p.once(l, e)
	if !ok {
		return
	}
	have, exists := p.entry(e.Principal)
	if exists {
		e.Principal = have.Principal
	}
	wanted := p.want(l, &e)
	switch begun, unfinished := p.unfinished(have); {
	case exists && unfinished:
		p.resume(l, begun, wanted)
	case exists:
		p.covered(l, have, e, wanted)
	case wanted:
		l.pauses(e)
	}
}

// pauses names the policies of a new entry, which EKS associates by calls of their own. From its creation on the entry
// overrides the mapping (eks-access.md §5), so for about a second the principal has only what the groups give.
func (l *Mapping) pauses(e access.Entry) {
	if len(e.Grants) == 0 || l.State != access.InForce {
		return
	}
	policies := make([]string, len(e.Grants))
	for i, g := range e.Grants {
		policies[i] = g.String()
	}
	l.differs(DiffGap, "the rights of the mapping pause for about a second, until the new entry has its policies: %s", strings.Join(policies, ", "))
}

// want is the entry that the mapping asks for, with its rights before and after.
func (p *planner) want(l *Mapping, e *access.Entry) bool {
	e.Kind = l.Reading.EntryType
	if l.Node() || e.Node() {
		return p.node(l, e)
	}
	if !p.groups(l, e) || !p.username(l, e) {
		return false
	}
	*e = e.Canonical()
	if err := access.Check(*e, p.Cluster); err != nil {
		return l.stay("%v", err)
	}
	will, err := p.completed(*e)
	if err != nil {
		return l.stay("%v", err)
	}
	p.rights(l, will)
	if missing := p.absent(l.follow); len(missing) > 0 && !p.ApplyRBAC && p.NoRBAC == "" {
		return l.stay("its new name needs RBAC bindings first: apply those of this plan, or add --apply-rbac")
	}
	l.Entries, l.Removable = []access.Entry{*e}, true
	return true
}

// covered is a mapping whose principal has an entry, which overrides it (eks-access.md §5).
func (p *planner) covered(l *Mapping, have, want access.Entry, planned bool) {
	asked := l.Entries
	l.Outcome, l.Entries, l.follow = Covered, nil, nil
	l.Why = "its entry gives what the mapping gives"
	l.Differences, l.Before, l.After = nil, nil, nil
	l.Removable = have.Node() && l.Node() || planned && len(asked) > 0 && gives(have, want)
	switch {
	case p.stale(have):
		l.Outcome, l.Removable = Stays, false
		l.Why = "its role or user was recreated, so its entry no longer works and the mapping is active: revoke the entry, then migrate again"
	case l.Node() && !have.Node():
		l.Outcome, l.Removable = Stays, false
		l.Why = "the mapping is for nodes, but the role has an entry of type STANDARD: revoke the entry, then migrate again"
	case !l.Removable:
		l.Why = "its entry overrides it and gives less; the mapping stays"
	}
}

// gives reports whether an entry gives what another would.
func gives(have, want access.Entry) bool {
	if have.Administers() {
		return true
	}
	for _, g := range want.Grants {
		if was, ok := have.Grant(g.Policy); !ok || !covers(was.Scope, g.Scope) {
			return false
		}
	}
	return contains(have.Groups, want.Groups) && (want.Username == "" || want.Username == have.Username)
}

// once lets only the first mapping of a principal become an entry.
func (p *planner) once(l *Mapping, e access.Entry) bool {
	if p.taken[key(e.Principal)] {
		l.Outcome, l.Why, l.Differences = Nothing, "another mapping of the same principal is active", nil
		l.Removable = l.State == access.NeverMatches // it was chosen, and the entry covers it
		return false
	}
	p.taken[key(e.Principal)] = true
	return true
}

// key tells roles and users apart as IAM does.
func key(p access.Principal) string {
	return strings.ToLower(p.Account() + " " + p.Kind() + "/" + p.Name())
}
