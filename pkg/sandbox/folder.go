package sandbox

import (
	"os"
	"path/filepath"
	"strings"
)

const (
	folderPrefix = "kubectl-access-sandbox-"

	// lockName is a file that the sandbox keeps locked while it runs. The system unlocks it when the process ends, so
	// a folder whose lock can be taken has no owner. A folder without this file is never removed: its sandbox may be
	// starting.
	lockName = "lock"
)

// makeFolder makes a locked folder for one sandbox, and removes what killed sandboxes left behind. Without a lock,
// for example on a network file system, the folder works too, but will not be cleaned up after a kill.
func makeFolder() (dir string, lock *os.File, err error) {
	removeAbandoned(os.TempDir())
	if dir, err = os.MkdirTemp("", folderPrefix+"*"); err != nil {
		return "", nil, err
	}
	return dir, lockFolder(dir), nil
}

func removeAbandoned(parent string) {
	all, _ := os.ReadDir(parent)
	for _, entry := range all {
		dir := filepath.Join(parent, entry.Name())
		if !strings.HasPrefix(entry.Name(), folderPrefix) {
			continue
		}
		if release, ok := takeOver(dir); ok {
			_ = os.RemoveAll(dir) // what is left will be tried at the next start
			release()
		}
	}
}
