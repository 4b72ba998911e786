//go:build unix

package kubefile

import (
	"io/fs"
	"os"
	"syscall"
)

func rename(from, to string) error { return os.Rename(from, to) }

// own leaves a file to the owner of the one that it replaces: under sudo that is not who writes it.
func own(next *os.File, old fs.FileInfo) {
	if s, ok := old.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
		_ = next.Chown(int(s.Uid), int(s.Gid)) // who may not give it away keeps it
	}
}
