package cmd

import (
	"context"
	"errors"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// getReady does what must be there before the first step. The change is on record by then, so that undo takes back
// what a kill leaves of it. Where it cannot be done, the record says that nothing was.
func (c *change) getReady(ctx context.Context, dir string) error {
	if c.ready == nil {
		return nil
	}
	err := c.ready(ctx)
	if err == nil || c.unrecorded {
		return err
	}
	c.record.Steps = append(c.record.Steps, journal.Step{What: "make ready", Error: err.Error()})
	return errors.Join(err, journal.Finish(dir, &c.record, c.env.Now()))
}
