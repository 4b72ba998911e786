//go:build !unix || aix || solaris

package sandbox

import (
	"os"
	"path/filepath"
	"runtime"
)

// lockFolder opens a file that nobody can remove while it is open.
func lockFolder(dir string) *os.File {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil
	}
	return f
}

// takeOver removes the lock of a folder whose sandbox has ended. That proves it on Windows only.
func takeOver(dir string) (release func(), ok bool) {
	if runtime.GOOS != "windows" || os.Remove(filepath.Join(dir, lockName)) != nil {
		return nil, false
	}
	return func() {}, true
}
