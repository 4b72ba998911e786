//go:build unix && !aix && !solaris

package sandbox

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder puts a lock in place that is held already, so that no other process finds one that is free. It returns nil where
// the file system has no locks.
func lockFolder(dir string) *os.File {
	name := filepath.Join(dir, lockName)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil || os.Rename(name+".new", name) != nil {
		_ = f.Close()
		return nil
	}
	return f
}

// takeOver locks a folder of this user's whose sandbox has ended. The lock must still be the one in the folder:
// another process may have removed that meanwhile.
func takeOver(dir string) (release func(), ok bool) {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return nil, false
	}
	if s, known := info.Sys().(*syscall.Stat_t); !known || int(s.Uid) != os.Geteuid() {
		return nil, false
	}
	name := filepath.Join(dir, lockName)
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false
	}
	release = func() { _ = f.Close() }
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		held, failed := f.Stat()
		there, missing := os.Lstat(name)
		if failed == nil && missing == nil && os.SameFile(held, there) {
			return release, true
		}
	}
	release()
	return nil, false
}
