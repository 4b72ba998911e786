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

// Lock keeps the other processes of this machine from changing a cluster until unlock is called. It waits as long as the
// context lasts, and calls waiting once when that takes a second. The lock is the operating system's and ends with its
// process; the file stays. Where there are no such locks, or no folder for it, nothing is locked.
func Lock(ctx context.Context, dir, cluster string, waiting func()) (unlock func(), err error) {
	if os.MkdirAll(dir, 0o700) != nil { // the record of the change, which is needed, will tell why
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

// errHeld says that somebody else has the lock.
var errHeld = errors.New("locked")
