//go:build unix

package kubefile

import (
	"io/fs"
	"os"
	"syscall"
)

func rename(from, to string) error { return os.Rename(from, to) }

// own gives a file the owner of the one that it replaces, which under sudo is another one.
func own(next *os.File, old fs.FileInfo) {
	if s, ok := old.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
		_ = next.Chown(int(s.Uid), int(s.Gid)) // without permission it keeps its owner
	}
}
