package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrSilent says that a cluster has not answered for as long as it may take.
var ErrSilent = errors.New("no answer")

// grace is how long work that was told to stop may still take before it is left behind.
const grace = 250 * time.Millisecond

// Each works on n clusters at the same time and waits for all of them. Work that hears nothing for the time of patience ends with
// ErrSilent: it is told to stop, and left behind where it does not. heard says that there was an answer. The errors have the order of
// the clusters; a cluster that was left behind must not be looked at any more.
func Each(ctx context.Context, n int, patience time.Duration, do func(ctx context.Context, i int, heard func()) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			errs[i] = one(ctx, patience, func(ctx context.Context, heard func()) error { return do(ctx, i, heard) })
		})
	}
	all.Wait()
	return errs
}

func one(ctx context.Context, patience time.Duration, do func(context.Context, func()) error) error {
	silent := fmt.Errorf("%w for %s", ErrSilent, patience)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	timer := time.AfterFunc(patience, func() { stop(silent) })
	defer timer.Stop()
	done := make(chan error, 1)
	go func() {
		done <- do(ctx, func() {
			if ctx.Err() == nil {
				timer.Reset(patience)
			}
		})
	}()
	select {
	case err := <-done:
		return ended(ctx, err, silent)
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case err := <-done:
		return ended(ctx, err, silent)
	case <-late.C:
		return errors.Join(errLeft, context.Cause(ctx))
	}
}

// errLeft marks work that goes on although it was told to stop.
var errLeft = errors.New("left behind")

// Left reports whether the work on a cluster may still go on.
func Left(err error) bool { return errors.Is(err, errLeft) }

func ended(ctx context.Context, err, silent error) error {
	if err != nil && errors.Is(context.Cause(ctx), silent) {
		return silent
	}
	return err
}
