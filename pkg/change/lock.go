package change

import (
	"context"
	"fmt"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// lockPatience is how long a change waits for others of this machine, of which each may wait for EKS to show the one before.
const lockPatience = 2 * time.Minute

// hold keeps other changes of this machine off the cluster, from before the read that a plan is made of until its last
// write.
func (r *Run) hold(ctx context.Context) error {
	if r.unlock != nil || r.DryRun {
		return nil
	}
	dir, err := r.Dir()
	if err != nil {
		return nil //nolint:nilerr // the record of the change needs the folder too, and its error is shown
	}
	ctx, stop := context.WithTimeout(ctx, lockPatience)
	defer stop()
	r.unlock, err = journal.Lock(ctx, dir, r.Region+"-"+r.Name, func() {
		if r.Waiting != nil {
			r.Waiting()
		}
	})
	if err != nil {
		return fmt.Errorf("cluster %s: %w", r.Name, err)
	}
	return nil
}

// Release lets other changes of this machine go on, as while a question waits for its answer.
func (r *Run) Release() {
	if r.unlock != nil {
		r.unlock()
		r.unlock = nil
	}
}
