package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Settle waits until EKS shows what was asked for and, where the change is about the caller, until the cluster acts on it.
// It waits for nothing where not all was done. A cluster that cannot be asked from here is a note and no failure.
func (r *Run) Settle(ctx context.Context, p Proposal, timeout time.Duration) error {
	if r.Partial {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	err := r.until(ctx, timeout, "EKS does not show the change", func() (bool, error) {
		left, err := r.replan(ctx, p.Who)
		return err == nil && left.Empty(), err
	})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.Who, p.After.Caller.Is)
	if i < 0 {
		return nil
	}
	want := r.replanned[p.Who[i]] // the proposal may have been made of an entry that is gone
	if want == nil && p.Before.Cluster.Mode.ReadsConfigMap() {
		return nil // aws-auth may give access to who has no entry any more: then no answer proves anything
	}
	return r.until(ctx, timeout, "the cluster does not act on the change", func() (bool, error) {
		done, err := r.Cluster.Acts(ctx, want)
		if errors.Is(err, access.ErrNoServer) {
			r.note(access.NoteNotChecked, "not checked: whether the change is in effect (%v)", err)
			return true, nil
		}
		return done, err
	})
}

// until asks again and again, until it is so or there is no time left.
func (r *Run) until(ctx context.Context, timeout time.Duration, otherwise string, isSo func() (bool, error)) error {
	for n := 1; ; n++ {
		done, err := isSo()
		if done {
			return nil
		}
		if errors.Is(err, access.ErrForbidden) { // no waiting changes that
			return fmt.Errorf("%s: %w", otherwise, err)
		}
		switch ended := r.Pause(ctx, n); {
		case errors.Is(ended, context.Canceled):
			return ended
		case ended != nil && err != nil:
			return fmt.Errorf("%s after %s: %s", otherwise, timeout, err.Error()) // a read failed, nothing is in doubt
		case ended != nil:
			return fmt.Errorf("%s after %s", otherwise, timeout)
		}
	}
}

// Pause waits longer before each new look.
func Pause(ctx context.Context, n int) error {
	return access.Pause(ctx, min(100*time.Millisecond<<n, 5*time.Second))
}
