package migrate

import (
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// unfinished is how an interrupted migration wanted to leave an entry that it created, where the entry is not so yet. An
// entry in a temporary group of an earlier version is unfinished, too.
func (f Facts) unfinished(have access.Entry) (want access.Entry, is bool) {
	want, begun := f.Begun[have.Principal]
	want = unmarked(want)
	if !begun || f.stale(have) {
		return want, Marked(have) && !f.stale(have)
	}
	will, err := f.grant(have, want)
	return want, err == nil && (!have.Same(will) || Marked(have))
}

// grant adds one entry to another and takes nothing: somebody may have given it more since.
func (f Facts) grant(have, want access.Entry) (access.Entry, error) {
	s, err := edit.Grant(want)(access.Snapshot{Cluster: f.Cluster}.Put(have))
	if err != nil {
		return have, err
	}
	will, _ := s.Entry(have.Principal)
	return will, nil
}

// completed is the entry as it will be: what an unfinished one has beyond the mapping stays.
func (f Facts) completed(want access.Entry) (access.Entry, error) {
	have, exists := f.entry(want.Principal)
	if _, is := f.unfinished(have); !exists || !is {
		return want, nil
	}
	return f.grant(unmarked(have), want)
}

// resume completes an entry that an interrupted migration created: as the mapping and the decisions say or, where what was
// decided then is open now, as it was planned then.
func (p *planner) resume(l *Mapping, begun access.Entry, wanted bool) {
	open := func(q Question) bool { return !q.Decided && slices.Contains(l.asked, q.ID) }
	switch {
	case begun.Principal == "" && !wanted:
		return // in a temporary group, and this machine has no record of it
	case begun.Principal != "" && (!wanted || slices.ContainsFunc(p.questions, open)):
		will, err := p.completed(begun)
		if err != nil {
			return
		}
		l.Outcome, l.Why, l.Entries, l.Differences, l.follow = Migrates, "", []access.Entry{begun}, nil, nil
		p.rights(l, will)
	}
	l.differs(DiffResumed, "an interrupted migration created this entry; it is completed now")
	p.resumed = append(p.resumed, l.Entries[0].Principal)
}
