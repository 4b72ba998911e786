package journal_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// TestOneAtATimeHasTheLock: whoever waits gets it, gives up in time, or stops when he is told to.
func TestOneAtATimeHasTheLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	unlock, err := journal.Lock(t.Context(), dir, "us-west-2-demo", nil)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := journal.Lock(t.Context(), dir, "us-west-2-other", nil); err != nil {
		t.Error(err)
	} else {
		other()
	}
	late, stop := context.WithDeadline(t.Context(), time.Now())
	defer stop()
	if _, err := journal.Lock(late, dir, "us-west-2-demo", nil); !errors.Is(err, journal.ErrBusy) {
		t.Errorf("two have the lock: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := journal.Lock(stopped, dir, "us-west-2-demo", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("not stopped: %v", err)
	}
	next := make(chan error)
	go func() {
		unlock, err := journal.Lock(t.Context(), dir, "us-west-2-demo", func() {})
		if err == nil {
			unlock()
		}
		next <- err
	}()
	unlock()
	if err := <-next; err != nil {
		t.Error(err)
	}
}
