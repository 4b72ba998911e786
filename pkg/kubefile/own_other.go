//go:build !unix

package kubefile

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// rename tries again while another program reads the file: Windows does not replace an open file.
func rename(from, to string) error {
	const times, pause = 50, 20 * time.Millisecond
	err := os.Rename(from, to)
	for n := 1; n < times && errors.Is(err, fs.ErrPermission); n++ {
		time.Sleep(pause)
		err = os.Rename(from, to)
	}
	return err
}

// own does nothing: other systems take a file's permissions from its folder.
func own(*os.File, fs.FileInfo) {}
