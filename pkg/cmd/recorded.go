package cmd

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
	dir string // of the journal

	mu      sync.Mutex
	touched map[access.Principal]bool
}

// Do remembers whom the step was about, unless it surely changed nothing.
func (r *recorded) Do(ctx context.Context, step access.Step) error {
	err := r.Cluster.Do(ctx, step)
	if err == nil || errors.Is(err, access.ErrUnknown) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.touched[step.Principal()] = true
	}
	return err
}

// rebase corrects the record before the next write: of those whom nothing was done about yet, what
// the new plan found is what was before the change.
func (c *change) rebase(plan access.Plan, who []access.Principal) error {
	if c.ground == nil || c.unrecorded || !c.record.Finished.IsZero() {
		return nil
	}
	c.ground.mu.Lock()
	who = slices.DeleteFunc(slices.Clone(who), func(p access.Principal) bool { return c.ground.touched[p] })
	c.ground.mu.Unlock()
	c.record.Rebase(plan, who)
	return journal.Save(c.ground.dir, c.record)
}
