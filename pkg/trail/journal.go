package trail

import (
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// near is how far the clock of this machine may be from that of AWS.
const near = 5 * time.Minute

// Join marks the events that records of this machine are about, and adds what the records have and no event: a call of the last minutes,
// which CloudTrail does not show yet, and what an entry was before. Without adding, for events of files, it only marks.
func Join(events []*Event, records []journal.Record, add func(time.Time) bool) []*Event {
	exact, before := map[string]string{}, map[string]*access.Entry{}
	for _, r := range records {
		changes, _ := r.Changes() // none of a record that cannot be read
		for _, c := range changes {
			before[r.ID+"\n"+string(c.Principal())] = c.Before
		}
		for _, c := range r.Calls {
			exact[c.Request] = r.ID
		}
	}
	for i := range events {
		if id := exact[events[i].Request]; id != "" && events[i].Request != "" {
			events[i].Journal = id
		}
	}
	for _, r := range records {
		for _, own := range recorded(r) {
			i := slices.IndexFunc(events, func(e *Event) bool { return own.isOf(e) })
			switch {
			case i >= 0:
				events[i].Journal = r.ID
			case add != nil && add(own.Time):
				events = append(events, own)
			}
		}
	}
	for _, e := range events {
		e.was = before[e.Journal+"\n"+string(e.Principal)]
	}
	return events
}

// isOf reports whether an event is the one that this record's is about.
func (own *Event) isOf(e *Event) bool {
	if e.Own || e.Failed() || e.Name != own.Name || e.Cluster != own.Cluster || e.Policy != own.Policy || e.Principal != own.Principal && !e.Principal.Is(own.Principal) {
		return false
	}
	if e.Journal != "" {
		return e.Journal == own.Journal
	}
	return e.Tool == OwnTool && e.Time.Sub(own.Time).Abs() <= near
}

// recorded are the calls of a record as events.
func recorded(r journal.Record) (all []*Event) {
	in := access.Info{ARN: r.Cluster.ARN}
	base := Event{
		Time: r.Time.UTC().Truncate(time.Second), Cluster: Cluster{r.Cluster.Name, in.Region(), in.Account()}, Tool: OwnTool, Journal: r.ID, Own: true,
		Actor: Actor{ARN: string(r.Caller), Principal: r.Caller, Account: r.Caller.Account(), Person: r.Caller.Short(in.Account())},
	}
	changes, err := r.Done()
	if err != nil {
		return nil
	}
	plan := access.Plan{Changes: changes}
	if m := r.Mode; m != nil && r.Did(access.Itself, access.PartMode) {
		plan.Mode = &access.ModeChange{From: m.Before, To: m.After}
	}
	for _, step := range plan.Steps() {
		e := base
		e.Principal = step.Principal()
		if e.fill(step) {
			all = append(all, &e)
		}
	}
	return all
}

// fill makes the event of a step.
func (e *Event) fill(step access.Step) bool {
	switch s := step.(type) {
	case access.CreateEntry:
		e.Name, e.Entry = "CreateAccessEntry", s.Entry
		e.Entry.Grants = nil
	case access.UpdateEntry:
		e.Name, e.Entry, e.Sets = "UpdateAccessEntry", s.After, map[string]bool{groups: true, username: true}
	case access.Associate:
		e.Name, e.Policy, e.Scope = "AssociateAccessPolicy", s.Grant.Policy, &s.Grant.Scope
	case access.Disassociate:
		e.Name, e.Policy = "DisassociateAccessPolicy", s.Grant.Policy
	case access.DeleteEntry:
		e.Name = "DeleteAccessEntry"
	case access.SetMode:
		e.Name, e.Mode, e.Principal = "UpdateClusterConfig", s.To, ""
	default:
		return false
	}
	return true
}
