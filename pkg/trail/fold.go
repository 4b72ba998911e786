package trail

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Change is what one call, or several of one actor at the same time, changed for one principal or in the cluster.
type Change struct {
	*Event                  // the first call
	More          []*Event  // the calls that belong to it
	Last          time.Time // of them
	Before, After State
	From          access.Mode // of UpdateClusterConfig: the mode before; "" where it is not known
	Earlier       bool        // of an earlier cluster of that name, which was deleted
	Status        Status
	Later         *Change // replaced what this one changed
}

// Calls are the change's events, the first one first.
func (c *Change) Calls() []*Event { return append([]*Event{c.Event}, c.More...) }

// Story is the changes of some clusters, oldest first, and what they lead to.
type Story struct {
	Changes []*Change
	ends    map[string]State
	modes   map[Cluster]access.Mode
}

// key is the same for an entry in all events. The ARN in tags has no path.
func key(c Cluster, p access.Principal) string {
	return strings.Join([]string{c.Account, c.Region, c.Name, p.Account(), p.Kind(), strings.ToLower(p.Name())}, "\n")
}

// State is what the events lead to for a principal. known is false where no event is about it.
//
//go:noinline
func (s *Story) State(c Cluster, p access.Principal) (end State, known bool) {
	end, known = s.ends[key(c, p)]
	return end, known
}

// Fold puts events in order, drops those that were recorded twice, and works out what each changed. It is pure; events in any order
// and from any source make the same story. Each change is one call: Merge joins those that belong together.
func Fold(events []*Event) *Story {
	s := &Story{ends: map[string]State{}, modes: map[Cluster]access.Mode{}}
	rest := distinct(events)
	for len(rest) > 0 {
		n := slices.IndexFunc(rest, func(e *Event) bool { return e.Time != rest[0].Time })
		if n < 0 {
			n = len(rest)
		}
		for second := slices.Clone(rest[:n]); len(second) > 0; {
			i := s.next(second)
			s.add(second[i])
			second = slices.Delete(second, i, i+1)
		}
		rest = rest[n:]
	}
	return s
}

// distinct sorts events by time and drops those with an ID that was seen. What has no ID counts each time.
func distinct(events []*Event) (all []*Event) {
	seen := map[string]bool{}
	for _, e := range events {
		if e.ID == "" || !seen[e.ID] {
			all = append(all, e)
		}
		seen[e.ID] = true
	}
	at := func(e *Event) time.Time {
		if e.exact.IsZero() {
			return e.Time
		}
		return e.exact
	}
	access.Sort(all, func(a, b *Event) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return cmp.Or(at(a).Compare(at(b)), strings.Compare(a.ID, b.ID)) // some order, the same from every source
	})
	return all
}

// next chooses among the events of one second, whose order CloudTrail does not record: the first one that can come next. An entry
// can only be created where there is none, and only be changed where there is one; it is deleted last, or before it is created again.
// Some answers have the moment, and this machine's own records are in order.
func (s *Story) next(second []*Event) int {
	for i, e := range second {
		if e.Failed() || e.Principal == "" {
			return i
		}
		creates, deletes, others, after, later := false, false, false, false, false
		for _, o := range second {
			recorded := o.Journal != "" && e.Journal != ""
			if o.Failed() || o.Cluster != e.Cluster || !o.Principal.Is(e.Principal) || recorded && o.Journal > e.Journal {
				continue
			}
			later = later || recorded && o.Journal < e.Journal
			creates, deletes = creates || o.Name == "CreateAccessEntry", deletes || o.Name == "DeleteAccessEntry"
			others = others || o.Name != "DeleteAccessEntry"
			after = after || o.Name == "CreateAccessEntry" && !e.exact.Before(o.exact)
		}
		now, known := s.State(e.Cluster, e.Principal)
		exists := now.Entry != nil || !known && (!creates || deletes)
		waits := e.Name == "DeleteAccessEntry" && others && !creates || e.Name != "DeleteAccessEntry" && deletes && after
		if exists != (e.Name == "CreateAccessEntry") && !waits && !later {
			return i
		}
	}
	return 0
}

// add works out what an event changed.
func (s *Story) add(e *Event) {
	c := &Change{Event: e, Last: e.Time}
	s.Changes = append(s.Changes, c)
	switch {
	case e.Failed():
	case e.Name == "UpdateClusterConfig":
		c.From, s.modes[e.Cluster] = s.modes[e.Cluster], e.Mode
	case e.Name == "CreateCluster" || e.Name == "DeleteCluster":
		s.renew(c)
	default:
		at := key(e.Cluster, e.Principal)
		before, known := s.ends[at]
		switch {
		case e.Name == "CreateAccessEntry":
			before = State{} // or it could not have been created
		case e.was != nil && (!known || before.Partial):
			before = State{Entry: e.was}
		case !known || before.Entry == nil:
			before = unread(e.Principal)
		}
		c.Before, c.After = before, before.with(e)
		s.ends[at] = c.After
	}
}

// renew begins a cluster again: a new one of the same name has nothing of the one before.
func (s *Story) renew(c *Change) {
	for _, other := range s.Changes {
		other.Earlier = other.Earlier || other.Cluster == c.Cluster && other != c
	}
	prefix := key(c.Cluster, "")
	prefix = strings.TrimRight(prefix, "\n") + "\n"
	for at := range s.ends {
		if strings.HasPrefix(at, prefix) {
			s.ends[at] = State{}
		}
	}
	s.modes[c.Cluster] = c.Mode
	if c.Name == "CreateCluster" && c.Principal != "" && c.Mode.ReadsEntries() {
		creator := access.Entry{Principal: c.Principal, Kind: access.Standard, Grants: []access.Grant{{Policy: access.ClusterAdmin}}}
		c.After = State{Entry: &creator}
		s.ends[key(c.Cluster, c.Principal)] = c.After
	}
}

// together is how far apart the calls of one change may be.
const together = 10 * time.Second

// Merge joins calls of one actor for one principal that belong together, such as the two of a grant. Calls that give and calls that
// revoke stay apart, and so do two for the same part.
func (s *Story) Merge() {
	last := map[string]*Change{}
	var all []*Change
	for _, c := range s.Changes {
		at := key(c.Cluster, c.Principal)
		if into := last[at]; into != nil && into.takes(c) {
			into.More = append(into.More, c.Event)
			into.After, into.Last = c.After, c.Time
			continue
		}
		all = append(all, c)
		last[at] = c
	}
	s.Changes = all
}

// takes reports whether another change may join this one.
func (c *Change) takes(o *Change) bool {
	if c.Failed() || o.Failed() || c.Principal == "" || c.Journal != o.Journal || c.Actor.Key() != o.Actor.Key() || o.Time.Sub(c.Last) > together ||
		c.revokes() != o.revokes() || o.Name == "CreateAccessEntry" || c.Name == "DeleteAccessEntry" || c.Name == "CreateCluster" || c.Earlier != o.Earlier {
		return false
	}
	mine := differing(c.Before, c.After)
	return !slices.ContainsFunc(differing(o.Before, o.After), func(part string) bool { return part != entry && slices.Contains(mine, part) })
}

func (c *Change) revokes() bool {
	return c.Name == "DisassociateAccessPolicy" || c.Name == "DeleteAccessEntry" || c.Name == "UntagResource"
}

// Status is whether what a change did is still so.
type Status string

// The statuses. Unseen is a change that was not read: by another call than those, or from before them.
const (
	Active   Status = "active"   // what it set is still set
	Done     Status = "done"     // what it revoked is still revoked
	Replaced Status = "replaced" // a later change set something else: Later
	Unseen   Status = "changed since"
	Refused  Status = "refused"
	Former   Status = "cluster deleted"
)

// Judge sets the status of each change. live are the entries of the cluster now, as far as they were read: nil is none, and a
// principal that is missing was not read.
func (s *Story) Judge(live map[access.Principal]*access.Entry) {
	for i, c := range s.Changes {
		switch {
		case c.Failed():
			c.Status = Refused
		case c.Earlier:
			c.Status = Former
		default:
			c.Status, c.Later = s.judge(c, s.Changes[i+1:], live)
		}
	}
}

func (s *Story) judge(c *Change, later []*Change, live map[access.Principal]*access.Entry) (Status, *Change) {
	status := Active
	if c.After.Entry == nil && c.Before.Entry != nil || c.revokes() {
		status = Done
	}
	parts := differing(c.Before, c.After)
	for _, o := range later {
		if o.Failed() || key(o.Cluster, o.Principal) != key(c.Cluster, c.Principal) || c.Principal == "" && o.Name != c.Name {
			continue
		}
		changed := differing(o.Before, o.After)
		if c.Principal == "" || slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(changed, part) }) {
			return Replaced, o
		}
	}
	now, read := live[c.Principal]
	if !read || c.Name == "CreateCluster" {
		return status, nil
	}
	is := State{Entry: now}.parts()
	set := c.After.parts()
	for _, part := range parts {
		if set[part] != is[part] && part != tags {
			return Unseen, nil
		}
	}
	return status, nil
}
