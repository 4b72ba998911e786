package change

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// ErrIncomplete says that a plan does not do all that was asked for, so it is not saved.
var ErrIncomplete = errors.New("not everything that was asked for could be planned; no plan was written")

// Save is a proposal as a plan in a file, which can be carried out for the given time.
func (r *Run) Save(p *Proposal, age time.Duration) (*journal.Plan, error) {
	if p.Incomplete {
		return nil, ErrIncomplete
	}
	plan := journal.PlanOf(p.Plan, &p.Before, &p.After, p.Who)
	plan.Time, plan.MaxAge, plan.Caller = r.Now().UTC().Truncate(time.Second), age.String(), p.Before.Caller
	plan.Change, plan.Args, plan.Whole = r.Kind, r.Told, r.Whole
	for _, risk := range p.Risks {
		plan.Risks = append(plan.Risks, journal.PlannedRisk{Name: risk.Name, Why: risk.Why, Accepted: slices.Contains(r.Accept, risk.Name)})
	}
	return plan, nil
}

// saved is a saved plan on its way. Its edit sets every entry exactly as the plan says. The edits that were asked for would do the
// same: they depend on the entry before, and that must be as the plan found it.
type saved struct {
	*journal.Plan
	entries map[access.Principal]access.Change
	begun   bool // a part of it may be done
	risks   map[access.Risk]bool
}

// Saved is the request that carries out a saved plan as it was reviewed, or refuses. begun says that this machine did a part of it.
func Saved(plan *journal.Plan, begun bool) (Request, error) {
	entries, err := plan.Changes()
	if err != nil {
		return Request{}, err
	}
	v := &saved{plan, entries, begun, map[access.Risk]bool{}}
	r := Request{
		Kind: plan.Change, Edit: v.edit, Expect: v.expect, Plan: plan.Digest, Whole: plan.Whole,
		Asks: true, Takes: plan.Change != journal.Grant, Mappings: plan.Change == journal.SetMode,
	}
	if plan.Mode != nil || plan.AWSAuth != nil || plan.Whole || len(entries) == 0 {
		r.Who = append(r.Who, access.Itself)
	}
	for i := range plan.Entries {
		r.Who = append(r.Who, plan.Entries[i].Principal)
	}
	var own []access.Risk // those that only the command knew; the others are judged again
	for _, p := range plan.Risks {
		risk := access.Risk{Name: p.Name, Why: p.Why}
		v.risks[asJudged(risk)] = true
		if p.Accepted {
			r.Accept = append(r.Accept, p.Name)
		}
		if p.Name == access.OwnedElsewhere || p.Name == access.PruneMany {
			own = append(own, risk)
		}
	}
	r.Risks = func(access.Snapshot) []access.Risk { return own }
	return r, nil
}

// asJudged is a risk as it is compared: why aws-auth cannot be read depends on who asks.
func asJudged(r access.Risk) access.Risk {
	if r.Name == access.UnreadAWSAuth {
		r.Why = ""
	}
	return r
}

func (v *saved) edit(p access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		if p == access.Itself {
			v.itself(&s)
			return s, nil
		}
		after := v.entries[p].After
		if after == nil {
			return s.Drop(p), nil
		}
		e := *after
		if have := s.Has(p); have != nil {
			e.ARN, e.Created, e.Modified = have.ARN, have.Created, have.Modified
			if have.Node() { // EKS decides both
				e.Groups, e.Username = have.Groups, ""
			}
			if e.Username == "" {
				e.Username = have.Username
			}
		}
		return s.Put(e), nil
	}
}

func (v *saved) itself(s *access.Snapshot) {
	if v.Mode != nil {
		s.Cluster.Mode = v.Mode.After
	}
	if v.AWSAuth != nil && s.AWSAuth != nil && s.AWSAuth.Err == nil {
		m := awsauth.Understood(access.ConfigMap{Data: v.AWSAuth.After, Version: s.AWSAuth.Version})
		s.AWSAuth = &m
	}
}

// expect refuses a proposal that is not the saved plan, or the rest of it where a part may be done.
func (v *saved) expect(p *Proposal, begun bool) error {
	begun = begun || v.begun
	for _, u := range p.Before.Unread {
		if _, named := v.entries[u.Principal]; named {
			return u.Err
		}
	}
	var changed []string
	if is := p.Before.Cluster.Mode; is != v.Cluster.Mode && (!begun || v.Mode == nil || is != v.Mode.After) {
		changed = append(changed, "mode "+string(v.Cluster.Mode)+", now "+string(is))
	}
	for _, who := range p.Who {
		if c := v.entries[who]; who != access.Itself {
			changed = append(changed, moved(who.Short(v.Account)+": ", facts(c.Before), facts(c.After), facts(p.Before.Has(who)), begun)...)
		}
	}
	if len(changed) == 0 { // else the effects differ because of that
		auth, effects, risks := v.awsAuth(p.Before.AWSAuth, begun), moved("", v.Effects, nil, journal.Effects(&p.Plan), begun), v.newRisks(p.Risks)
		if unread := v.unread(&p.Before); unread != "" && len(auth) == 0 && len(effects)+len(risks) > 0 && !p.Plan.Empty() {
			return fmt.Errorf("%w: %s", journal.ErrPlanUnread, strings.Join(append([]string{unread}, risks...), "\n  "))
		}
		changed = slices.Concat(auth, effects, risks)
	}
	switch {
	case len(changed) == 0:
		return nil
	case p.Plan.Empty():
		changed = []string{"all changes of the plan are in place already"}
	}
	return fmt.Errorf("%w: since %s this has changed:\n  %s", journal.ErrPlanStale, v.Time.Format(time.RFC3339), strings.Join(changed, "\n  "))
}

// newRisks are the risks that the plan does not name.
func (v *saved) newRisks(is []access.Risk) (lines []string) {
	for _, r := range is {
		if !v.risks[asJudged(r)] {
			lines = append(lines, "risk "+string(r.Name)+": "+r.Why)
		}
	}
	return lines
}

// unread says what only one of the two could read: who made the plan, or who carries it out. The effects are then not comparable.
func (v *saved) unread(s *access.Snapshot) string {
	only := func(some, others []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(some), func(name string) bool { return slices.Contains(others, name) }), " and ")
	}
	name := func(p access.Principal) string { return cmp.Or(p.Short(v.Account), "its caller") }
	is := journal.Unread(s)
	if names := only(v.Unread, is); names != "" {
		return fmt.Sprintf("the plan was made without %s, which %s could not read; make the plan with a login that can read this", names, name(v.Caller))
	}
	if names := only(is, v.Unread); names != "" {
		return fmt.Sprintf("the plan was made with %s, which %s cannot read; carry it out with a login that can read this", names, name(s.Caller))
	}
	return ""
}

// moved says what is not as it was. Where a part of the plan may be done, it may also be as it will be.
//
//go:noinline
func moved(name string, was, will, is []string, begun bool) (lines []string) {
	if !begun {
		will = was
	}
	for _, fact := range is {
		if !slices.Contains(was, fact) && !slices.Contains(will, fact) {
			lines = append(lines, name+"now: "+fact)
		}
	}
	for _, fact := range was {
		if !slices.Contains(is, fact) && slices.Contains(will, fact) {
			lines = append(lines, name+"no longer: "+fact)
		}
	}
	return lines
}

// facts are what an entry is, each in words.
func facts(e *access.Entry) (all []string) {
	for part, text := range access.PartsOf(e) {
		switch part {
		case access.PartEntry:
			text = "an entry of type " + string(e.Kind)
		case access.PartTags:
			text = "tags " + text
		case access.PartIdentity, access.PartMode, access.PartAWSAuth:
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

// awsAuth says that aws-auth is not as the plan found it. Whose access that is about, the effects say.
func (v *saved) awsAuth(is *access.ConfigMap, begun bool) []string {
	switch {
	case v.AWSAuth == nil || is == nil:
	case is.Err != nil:
		return []string{"aws-auth cannot be read: " + is.Err.Error()}
	case !is.Same(access.ConfigMap{Data: v.AWSAuth.Before}) && (!begun || !is.Same(access.ConfigMap{Data: v.AWSAuth.After})):
		return []string{"aws-auth was changed"}
	}
	return nil
}
