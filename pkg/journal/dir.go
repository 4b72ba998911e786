package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// ErrUnsafe says that another user may write to the state folder: undo would carry out records that they put there.
var ErrUnsafe = errors.New("unsafe state folder")

// Dir is the folder of the user's records: kubectl-access in XDG_STATE_HOME, or the system's folder for state. A relative
// XDG_STATE_HOME is ignored, as the XDG Base Directory Specification says.
func Dir() (string, error) {
	dir, err := stateDir()
	if err != nil {
		return "", fmt.Errorf("find the state folder: %w; set XDG_STATE_HOME to an absolute path", err)
	}
	return dir, checkOwner(dir)
}

func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kubectl-access"), nil
	}
	if runtime.GOOS == "windows" {
		dir, err := os.UserCacheDir()
		return filepath.Join(dir, "kubectl-access", "state"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "kubectl-access"), err
}
