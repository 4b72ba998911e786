package change

import (
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// editOf is the edit for a principal. A new entry overrides the mappings of its principal before it has its policies, so an
// edit that keeps what these give finds nothing to keep in an entry that was made and not completed: that one is completed as
// it was planned, be it made by this change or by one that was given in the same words and did not come to its end.
func (r *Run) editOf(s access.Snapshot, p access.Principal) access.Edit {
	have, exists := s.Entry(p)
	if !exists || have.Node() {
		return r.Edit(p)
	}
	if made := r.made(p); made != nil {
		return edit.Grant(*made)
	}
	if begun := r.begunBefore(s, p); r.ground == nil && len(have.Grants) == 0 && begun != nil {
		return edit.Each(edit.Grant(*begun), r.Edit(p))
	}
	return r.Edit(p)
}

// made is the entry that this change made for a principal, or may have made; nil for none.
func (r *Run) made(p access.Principal) *access.Entry {
	if r.ground == nil || !r.ground.sent(journal.Sent{Principal: p, Part: access.PartEntry}) {
		return nil
	}
	for _, plan := range slices.Backward(r.plans) {
		if ch, ok := plan.Change(p); ok && ch.Before == nil {
			return ch.After
		}
	}
	return nil
}

// begunBefore is the entry that the last recorded change of a principal made and did not complete, where it was asked for in the
// same words.
func (r *Run) begunBefore(s access.Snapshot, p access.Principal) *access.Entry {
	for _, record := range r.past() {
		changes, err := record.Changes()
		i := slices.IndexFunc(changes, func(c access.Change) bool { return c.Principal() == p })
		if err != nil || i < 0 || record.Cluster.ARN != s.Cluster.ARN || !record.Did(p, access.PartEntry) {
			continue
		}
		if changes[i].Before == nil && record.State() != journal.Done && r.Told != nil && slices.Equal(record.Args, r.Told) {
			return changes[i].After
		}
		return nil
	}
	return nil
}

// past are the records of this machine when they were first asked for, the newest first.
func (r *Run) past() []journal.Record {
	if r.before == nil {
		r.before = &journal.Journal{}
		if dir, err := r.Dir(); err == nil {
			*r.before, _ = journal.Read(dir) // what cannot be read was not asked for in these words
		}
	}
	return r.before.Records
}
