//go:build !unix

package kubefile

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// rename waits for whoever reads the file at this moment: Windows does not replace a file that is open.
func rename(from, to string) error {
	const times, pause = 50, 20 * time.Millisecond
	err := os.Rename(from, to)
	for n := 1; n < times && errors.Is(err, fs.ErrPermission); n++ {
		time.Sleep(pause)
		err = os.Rename(from, to)
	}
	return err
}

// own does nothing: elsewhere a file's rights come from its folder.
func own(*os.File, fs.FileInfo) {}
