package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Run is one request on its way to the cluster.
type Run struct {
	*Engine
	Request
	Notes   []access.Note // what came up while the plan was carried out
	Partial bool          // something that was asked for was not done

	unlock    func() // nil: the lock is not held
	blind     bool   // the proposal was made without aws-auth, which could not be read
	record    journal.Record
	before    *journal.Journal                   // nil: not read
	ground    *recorded                          // what the plan is carried out on; nil: not begun
	failed    map[access.Principal]bool          // whose change could not be done in part
	replanned map[access.Principal]*access.Entry // how a later plan leaves an entry; nil: none
	plans     []access.Plan                      // what was carried out: the proposal's, and later ones
}

// Apply records a proposal and carries it out while the results are read. It relies on its caller, who has checked Refused and,
// after a question, Again. The error says why it did not start. A risk that appears when a part is planned again ends that part.
func (r *Run) Apply(ctx context.Context, p Proposal) (iter.Seq[access.Result], error) {
	r.Partial, r.blind = p.Incomplete, p.Before.AWSAuth != nil && p.Before.AWSAuth.Err != nil
	dir, err := r.begin(p)
	if err != nil {
		return nil, err
	}
	if err := r.ready(ctx, dir); err != nil {
		return nil, err
	}
	keeper := r.keeping(p.Plan)
	r.plans = append(r.plans, p.Plan)
	r.ground = &recorded{Cluster: keeper, dir: dir, now: r.Now, record: &r.record, done: map[journal.Sent]outcome{}}
	road := access.Road{Cluster: r.ground, Pause: r.Pause, Replan: r.replan}
	return func(yield func(access.Result) bool) {
		var done []access.Step
		for result := range road.Converge(ctx, p.Plan) {
			if r.record.Add(result); result.Err == nil {
				done = append(done, result.Step)
			}
			if !r.pass(result, yield) {
				done = nil
				break
			}
		}
		if keeper.unsure != nil {
			r.Partial = true
			r.note(access.NoteNotChecked, "not checked: whether a cluster administrator is left (%v)", keeper.unsure)
		}
		r.finish(dir)
		r.Release()
		for _, result := range r.lastLook(ctx, done) {
			if !r.pass(result, yield) {
				return
			}
		}
	}, nil
}

// ID is that of the change's record.
func (r *Run) ID() string { return r.record.ID }

// Begun reports whether a step was, or may have been, sent.
func (r *Run) Begun() bool { return r.ground != nil && r.ground.begun() }

func (r *Run) note(kind access.NoteKind, format string, args ...any) {
	r.Notes = append(r.Notes, access.Notes(kind, "", fmt.Sprintf(format, args...))...)
}

// pass hands a result on.
func (r *Run) pass(result access.Result, yield func(access.Result) bool) bool {
	if result.Err != nil {
		r.Partial, r.failed[result.Step.Principal()] = true, true
		if r.Reword != nil {
			result = r.Reword(result)
		}
	}
	return yield(result)
}

// begin keeps what was before the change, so that it can be undone.
func (r *Run) begin(p Proposal) (string, error) {
	dir, err := r.Dir()
	if err != nil {
		return "", err
	}
	r.record = journal.Of(p.Plan, r.Now(), p.Before.Caller, r.Told)
	r.record.Kind, r.record.Undoes, r.record.Batch, r.record.Plan, r.record.Steps = r.Kind, r.Undoes, r.Batch, r.Plan, p.leftOut
	return dir, journal.Begin(dir, &r.record)
}

// ready does what must be there before the first step. The change is on record by then, so that undo restores what a kill
// leaves of it. Where it cannot be done, the record says that nothing was.
func (r *Run) ready(ctx context.Context, dir string) error {
	if r.Ready == nil {
		return nil
	}
	notes, err := r.Ready(ctx)
	r.Notes = append(r.Notes, notes...)
	if err == nil {
		return err
	}
	r.record.Steps = append(r.record.Steps, journal.Step{What: "make ready", Error: err.Error()})
	return errors.Join(err, journal.Finish(dir, &r.record, r.Now()))
}

// finish completes the record.
func (r *Run) finish(dir string) {
	r.ground.end()
	if err := journal.Finish(dir, &r.record, r.Now()); err != nil {
		r.note(access.NoteNotChecked, "what was done is not in its record %s: %v", r.record.ID, err)
	}
}

// replan plans the same edit again for some principals; a new risk ends it.
func (r *Run) replan(ctx context.Context, who []access.Principal) (access.Plan, error) {
	now, notes, err := r.fresh(ctx, r.want(who))
	r.Notes = append(r.Notes, notes...)
	for _, u := range now.Unread {
		if slices.Contains(who, u.Principal) {
			err = u.Err
		}
	}
	if now.AWSAuth != nil && now.Cluster.Mode.ReadsConfigMap() && !r.blind && r.record.Finished.IsZero() {
		err = cmp.Or(err, now.AWSAuth.Err)
	}
	if err != nil {
		return access.Plan{}, fmt.Errorf("%w: %w", access.ErrUnknown, err)
	}
	plan, after, err := r.plan(now, who)
	if err != nil {
		return access.Plan{}, err
	}
	risks, _ := r.judge(ctx, plan, now)
	again := Proposal{Who: who, Before: now, Plan: plan, Risks: risks}
	if err := again.Refused(r.Accept); err != nil {
		return access.Plan{}, err
	}
	if r.Expect != nil {
		if err := r.Expect(&again, true); err != nil {
			return access.Plan{}, err
		}
	}
	for _, p := range who {
		r.replanned[p] = nil
		if e, ok := after.Entry(p); ok {
			r.replanned[p] = &e
		}
	}
	r.plans = append(r.plans, plan)
	return plan, r.rebase(plan, who)
}

// rebase corrects the record before the next write: of principals that nothing was done about yet, what the new plan found is
// what was before the change.
func (r *Run) rebase(plan access.Plan, who []access.Principal) error {
	if r.ground == nil || !r.record.Finished.IsZero() {
		return nil
	}
	r.ground.mu.Lock()
	defer r.ground.mu.Unlock()
	r.record.Rebase(plan, slices.DeleteFunc(slices.Clone(who), r.ground.touched))
	return journal.Save(r.ground.dir, r.record)
}

// Entries are the entries of the proposal's principals as they were left, without those that something failed for.
func (r *Run) Entries(p Proposal) (entries []access.Entry) {
	for _, who := range p.Who {
		is, ok := r.replanned[who]
		if e, has := p.After.Entry(who); !ok && has {
			is = &e
		}
		if is != nil && !r.failed[who] {
			entries = append(entries, *is)
		}
	}
	return entries
}

// Record is what is on record of the change.
func (r *Run) Record() journal.Record { return r.record }

// recorded is the cluster with a memory of what was, or may have been, changed by us.
type recorded struct {
	access.Cluster
	dir string // of the journal
	now func() time.Time

	mu     sync.Mutex
	record *journal.Record
	done   map[journal.Sent]outcome
}

// outcome is what came of a part that was begun.
type outcome int

const (
	nothing outcome = iota
	perhaps         // it was, or may have been, changed
	surely
)

// Do records what the step is about before it is sent, and forgets it where it surely changed nothing.
func (r *recorded) Do(ctx context.Context, step access.Step) error {
	sent := journal.Sent{Principal: step.Principal(), Part: access.PartOf(step)}
	if err := r.begin(sent); err != nil {
		return err
	}
	err := r.Cluster.Do(access.Hearing(ctx, func(request string) {
		r.called(journal.Call{Principal: sent.Principal, Part: sent.Part, Request: request})
	}), step)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.done[sent] = surely
	case access.MayBeDone(err), errors.Is(err, errNotRestored):
		r.done[sent] = perhaps
	}
	return err
}

func (r *recorded) begin(sent journal.Sent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.done[sent]; !again {
		r.done[sent] = nothing
	}
	now := r.now()
	r.record.Sending(sent, now)
	return journal.Send(r.dir, r.record.ID, sent, now)
}

// called records the ID that AWS gave to a call.
func (r *recorded) called(c journal.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Calls = append(r.record.Calls, c)
	journal.Called(r.dir, r.record.ID, c)
}

// soFar is the record with what came to something, or may have. Where none of it is in doubt it counts as finished.
func (r *recorded) soFar() journal.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := *r.record
	now.Sent = slices.DeleteFunc(slices.Clone(now.Sent), func(s journal.Sent) bool { return r.done[s] == nothing })
	if now.Finished.IsZero() && !slices.ContainsFunc(now.Sent, func(s journal.Sent) bool { return r.done[s] == perhaps }) {
		now.Finished = now.Time
	}
	return now
}

// end leaves in the record what came to something.
func (r *recorded) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Sent = slices.DeleteFunc(r.record.Sent, func(s journal.Sent) bool { return r.done[s] == nothing })
}

// touched reports whether something of a principal's entry was, or may have been, changed by us.
func (r *recorded) touched(p access.Principal) bool {
	for sent, done := range r.done {
		if done != nothing && sent.Principal == p {
			return true
		}
	}
	return false
}

// sent reports whether a part of an entry was, or may have been, changed by us.
func (r *recorded) sent(s journal.Sent) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done[s] != nothing
}

// begun reports whether a step was, or may have been, sent.
func (r *recorded) begun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.done) > 0
}
