//go:build unix

package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// checkOwner refuses a folder that another user owns or may write to. For a symbolic link this applies to the link, its
// target and the target's parent. A missing folder is fine.
func checkOwner(dir string) error {
	link, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	if link.Mode()&fs.ModeSymlink == 0 {
		return private(dir, link, false)
	}
	target, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	if err := ownedBy(dir, link, true); err != nil {
		return err
	}
	for path, shared := range map[string]bool{target: false, filepath.Dir(target): true} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("state folder: %w", err)
		}
		if err := private(path, info, shared); err != nil {
			return err
		}
	}
	return nil
}

// private refuses a folder in which other users may write or replace files. A shared one may belong to the system, as /tmp.
func private(path string, info fs.FileInfo, shared bool) error {
	if err := ownedBy(path, info, shared); err != nil {
		return err
	}
	sticky := shared && info.Mode()&fs.ModeSticky != 0
	if info.Mode().Perm()&0o022 != 0 && !sticky {
		return fmt.Errorf("%w: %s is writable by other users (%s); run chmod go-w on it, or set XDG_STATE_HOME to another folder",
			ErrUnsafe, path, info.Mode())
	}
	return nil
}

func ownedBy(path string, info fs.FileInfo, system bool) error {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(s.Uid) == os.Geteuid() || system && s.Uid == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s belongs to another user (uid %d); set XDG_STATE_HOME to a folder of your own", ErrUnsafe, path, s.Uid)
}
