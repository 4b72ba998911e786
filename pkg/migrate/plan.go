package migrate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// Plan is what becomes of aws-auth.
type Plan struct {
	Cluster   access.Info
	Lines     []Line           // one for each mapping, in their order
	Questions []Question       // what only people can decide, decided or not
	Follow    []access.Binding // RBAC that must be there before the entries and is not yet
	Bridges   []access.Binding // RBAC for the time in which entries get their policies
	Unused    []string         // decisions about what is not asked here, where something else is not decided
}

// Line is one line of aws-auth and what it becomes.
type Line struct {
	access.Mapping
	Reading     Reading
	Outcome     Outcome
	Why         string         // of what does not migrate
	Entries     []access.Entry // what it becomes: one, or for an account those that were named
	Before      []Right        // what the principal may do by the line
	After       []Right        // and by what it becomes
	Differences []Difference
	Removable   bool // nobody needs the line any more once the plan is done

	replaced []string // groups in whose place a policy stands
	follow   []access.Binding
	asked    []string // questions
}

// Outcome is what becomes of a line.
type Outcome string

// A line migrates; or an entry stands in its place already; or it stays, as it is; or it does
// nothing today and is left alone.
const (
	Migrates Outcome = "migrates"
	Covered  Outcome = "covered"
	Stays    Outcome = "stays"
	Nothing  Outcome = "nothing"
)

// Difference is one thing that is not the same before and after.
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
)

func (l *Line) differs(code, format string, args ...any) {
	l.Differences = append(l.Differences, Difference{Code: code, Text: fmt.Sprintf(format, args...)})
}

// stay ends the planning of a line. What would have differed does not, but for what RBAC is made to know.
func (l *Line) stay(format string, args ...any) bool {
	l.Outcome, l.Why = Stays, fmt.Sprintf(format, args...)
	if len(l.follow) == 0 {
		l.After, l.Differences = nil, nil
	}
	return false
}

// planner is a plan in the making.
type planner struct {
	Facts
	Choices
	questions []Question
	refused   []error
	taken     map[string]bool  // principals that a line has, in lower case
	made      []access.Binding // those that the plan makes
	current   *Line
}

// Make plans. An answer that fits no question, or cannot be obeyed, is an error.
func Make(f Facts, c Choices) (Plan, error) {
	f.Mappings = f.unmatched()
	p := &planner{Facts: f, Choices: c, taken: map[string]bool{}}
	plan := Plan{Cluster: f.Cluster, Lines: make([]Line, len(f.Mappings))}
	for _, inForce := range []bool{true, false} { // who is in force goes first, whatever else names the same principal
		for i, m := range f.Mappings {
			if (m.State == access.InForce && m.Kind != access.MappedAccount) == inForce {
				plan.Lines[i] = p.line(m)
			}
		}
	}
	p.gather(&plan)
	return plan, errors.Join(p.refused...)
}

// gather puts into the plan what its lines have in common. A question counts where a line that has
// no entry yet asks it.
func (p *planner) gather(plan *Plan) {
	open := map[string]bool{}
	for _, l := range plan.Lines {
		for _, id := range l.asked {
			open[id] = open[id] || l.Outcome != Covered
		}
		plan.Follow = addBindings(plan.Follow, p.absent(l.follow))
		if l.Outcome == Migrates {
			plan.Bridges = addBindings(plan.Bridges, p.bridges(l.replaced))
		}
	}
	plan.Questions = slices.DeleteFunc(slices.Clone(p.questions), func(q Question) bool { return !open[q.ID] })
	if !slices.ContainsFunc(plan.Questions, func(q Question) bool { return !q.Decided }) {
		return // a slip in an ID would leave a question; what is left over was carried out
	}
	for _, id := range slices.Sorted(maps.Keys(p.Answers)) {
		if _, asked := open[id]; !asked && !p.carriedOut(id) {
			plan.Unused = append(plan.Unused, id)
		}
	}
}

// carriedOut tells of a decision about a principal whose line is gone and who has an entry.
func (p *planner) carriedOut(id string) bool {
	_, arn, _ := strings.Cut(id, "/")
	_, exists := p.entry(access.Normal(arn))
	return exists
}

func (p *planner) line(m access.Mapping) Line {
	l := Line{Mapping: m, Outcome: Migrates}
	p.current = &l
	if m.Kind != access.MappedAccount {
		l.Reading = Read(m)
	}
	switch {
	case m.State == access.NeverMatches && p.chosen(m):
		l.differs(DiffGained, "the line never matched anybody: migrating it lets in who could not enter before")
		p.principal(&l)
	case m.State != access.InForce:
		l.Outcome, l.Why = Nothing, m.Reason
	case m.Kind == access.MappedAccount:
		p.account(&l)
	default:
		p.principal(&l)
	}
	return l
}

// chosen tells whether a line that never matched was named, or all were.
func (p *planner) chosen(m access.Mapping) bool {
	return m.Kind != access.MappedAccount && slices.ContainsFunc(p.Unmatched, func(s string) bool { return s == All || strings.EqualFold(s, m.ARN) })
}

// principal plans a line for one role or user.
func (p *planner) principal(l *Line) {
	defer func() { // whatever becomes of the line that is in force, no other makes an entry that would win over it
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
	exists = exists && !Marked(have)
	if exists {
		e.Principal = have.Principal
	}
	wanted := p.want(l, &e)
	if exists {
		p.covered(l, have, e, wanted)
	}
}

// want makes the entry that the line asks for, with its rights before and after.
func (p *planner) want(l *Line, e *access.Entry) bool {
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
		return l.stay("RBAC must know its new name first: apply the bindings of this plan, or let --apply-rbac do it")
	}
	l.Entries, l.Removable = []access.Entry{*e}, true
	return true
}

// completed is the entry as it will be: what one that was begun has beyond the line stays.
func (p *planner) completed(want access.Entry) (access.Entry, error) {
	have, exists := p.entry(want.Principal)
	if !exists || !Marked(have) {
		return want, nil
	}
	s := access.Snapshot{Cluster: p.Cluster}.Put(have)
	s, err := edit.Each(edit.Grant(want), Finish(have.Principal))(s)
	will, _ := s.Entry(have.Principal)
	return will, err
}

// covered is a line whose principal has an entry, which wins (eks-access.md §5).
func (p *planner) covered(l *Line, have, want access.Entry, planned bool) {
	asked := l.Entries
	l.Outcome, l.Entries, l.replaced, l.follow = Covered, nil, nil, nil
	l.Why = "its entry wins over the line already"
	l.Differences, l.Before, l.After = nil, nil, nil
	l.Removable = have.Node() && l.Node() || planned && len(asked) > 0 && gives(have, want)
	switch {
	case slices.ContainsFunc(p.Stale, have.Principal.Is):
		l.Outcome, l.Removable = Stays, false
		l.Why = "its entry is bound to a former role or user of that name and does nothing: the line is what lets in; revoke the entry, then migrate again"
	case l.Node() && !have.Node():
		l.Outcome, l.Removable = Stays, false
		l.Why = "the line is for nodes, but the role's entry is of type STANDARD; revoke the entry, then migrate again"
	case !l.Removable:
		l.Why += ", and does not give all that the line says"
	}
}

// gives tells whether an entry gives what another shall.
func gives(have, want access.Entry) bool {
	if have.Administers() {
		return true
	}
	for _, g := range want.Grants {
		if was, ok := have.Grant(g.Policy); !ok || !covers(was.Scope, g.Scope) {
			return false
		}
	}
	missing := func(g string) bool { return !slices.Contains(have.Groups, g) }
	return !slices.ContainsFunc(want.Groups, missing) && (want.Username == "" || want.Username == have.Username)
}

// once lets only the first line of a principal through.
func (p *planner) once(l *Line, e access.Entry) bool {
	if p.taken[key(e.Principal)] {
		l.Outcome, l.Why = Nothing, "another line lets the same principal in and is the one that counts"
		l.Removable = l.State == access.NeverMatches // it was chosen, and is in the entry now
		return false
	}
	p.taken[key(e.Principal)] = true
	return true
}

// key is by what IAM tells roles and users apart.
func key(p access.Principal) string {
	return strings.ToLower(p.Account() + " " + p.Kind() + "/" + p.Name())
}
