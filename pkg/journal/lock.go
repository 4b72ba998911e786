package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// ErrBusy says that another process of this machine is changing the same cluster.
var ErrBusy = errors.New("another process on this machine is changing the access of this cluster")

// Lock prevents other processes of this machine from changing a cluster until unlock is called. It waits until the context
// ends, and calls waiting once after a second. The lock is the operating system's and ends with the process; the file
// stays. Without support for locks, or without a folder, nothing is locked.
func Lock(ctx context.Context, dir, cluster string, waiting func()) (unlock func(), err error) {
	if os.MkdirAll(dir, 0o700) != nil { // Begin will fail too and report why
		return func() {}, nil
	}
	const interval = 20 * time.Millisecond
	for n := 0; ; n++ {
		f, err := tryLock(filepath.Join(dir, filepath.Base(cluster)+".lock"))
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errHeld) {
			return func() {}, nil //nolint:nilerr // as above, and some network file systems have no locks
		}
		if n == int(time.Second/interval) {
			waiting()
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, ErrBusy
			}
			return nil, ctx.Err()
		case <-time.After(interval):
		}
	}
}

// errHeld says that another process has the lock.
var errHeld = errors.New("locked")
