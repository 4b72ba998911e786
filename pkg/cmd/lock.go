package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// lockPatience is how long a change waits for others of this machine, of which each may wait for EKS to show the one before.
const lockPatience = 2 * time.Minute

// hold keeps other changes of this machine off the cluster, from before the read that a plan is made of until its last write:
// EKS has no compare-and-swap. It is not held while a question waits for its answer.
func (c *change) hold(ctx context.Context) error {
	if c.unlock != nil || c.flags.dryRun == "client" {
		return nil
	}
	dir, err := journal.Dir()
	if err != nil {
		return nil //nolint:nilerr // the record of the change needs the folder too, and tells
	}
	ctx, stop := context.WithTimeout(ctx, lockPatience)
	defer stop()
	c.unlock, err = journal.Lock(ctx, dir, c.target.Region+"-"+c.target.Name, func() {
		fmt.Fprintln(c.env.IO.ErrOut, "Waiting for another change of this cluster from this machine…")
	})
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.target.Name, err)
	}
	return nil
}

// release lets the others go on.
func (c *change) release() {
	if c.unlock != nil {
		c.unlock()
		c.unlock = nil
	}
}
