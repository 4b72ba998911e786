//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package journal

import (
	"errors"
	"os"
)

// tryLock is not supported on this system.
func tryLock(string) (*os.File, error) { return nil, errors.ErrUnsupported }
