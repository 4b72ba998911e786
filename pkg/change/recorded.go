package change

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// recorded is the cluster with a memory of what was, or may have been, changed by us.
type recorded struct {
	access.Cluster
	dir string // of the journal; empty: nothing is recorded

	mu     sync.Mutex
	record *journal.Record
	done   map[journal.Sent]bool // false: begun, and nothing came of it
}

// Do records what the step is about before it is sent, and forgets it where it surely changed nothing.
func (r *recorded) Do(ctx context.Context, step access.Step) error {
	sent := journal.Sent{Principal: step.Principal(), Part: access.PartOf(step)}
	if err := r.begin(sent); err != nil {
		return err
	}
	err := r.Cluster.Do(ctx, step)
	if err == nil || errors.Is(err, access.ErrUnknown) || errors.Is(err, errNotRestored) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.done[sent] = true
	}
	return err
}

func (r *recorded) begin(sent journal.Sent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.done[sent]; again {
		return nil
	}
	r.done[sent] = false
	if r.dir == "" {
		return nil
	}
	r.record.Sent = append(r.record.Sent, sent)
	return journal.Send(r.dir, r.record.ID, sent)
}

// soFar is the record with what came to something, or may have.
func (r *recorded) soFar() journal.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := *r.record
	now.Sent = slices.DeleteFunc(slices.Clone(now.Sent), func(s journal.Sent) bool { return !r.done[s] })
	return now
}

// end leaves in the record what came to something.
func (r *recorded) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Sent = slices.DeleteFunc(r.record.Sent, func(s journal.Sent) bool { return !r.done[s] })
}

// touched reports whether something of a principal's entry was, or may have been, changed by us.
func (r *recorded) touched(p access.Principal) bool {
	for sent, done := range r.done {
		if done && sent.Principal == p {
			return true
		}
	}
	return false
}

// begun reports whether a step was, or may have been, sent.
func (r *recorded) begun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.done) > 0
}
