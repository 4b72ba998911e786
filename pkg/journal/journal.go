// Package journal keeps what was before each change, so that nothing is lost.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Record is one change of one cluster: the entries as they were and as they shall be.
type Record struct {
	Time    time.Time
	Cluster access.Info
	Caller  access.Principal
	Args    []string // the command line
	Changes []access.Change
}

// Dir is where the user's records are: kubectl-access below XDG_STATE_HOME, or where the
// system keeps such things.
func Dir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "kubectl-access"), nil
	}
	if runtime.GOOS == "windows" {
		dir, err := os.UserCacheDir()
		return filepath.Join(dir, "kubectl-access", "state"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "kubectl-access"), err
}

// Write keeps a record in a file of its own, for its owner only, and returns when the disk has it.
func Write(dir string, r Record) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep what was before the change: %w", err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "*.new")
	if err != nil {
		return "", fmt.Errorf("keep what was before the change: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	if err := flush(f, append(data, '\n')); err != nil {
		return "", fmt.Errorf("keep what was before the change: %w", err)
	}
	stamp := r.Time.UTC().Format("20060102T150405.000000000Z")
	path = filepath.Join(dir, stamp+"-"+r.Cluster.Name+".json")
	return path, os.Rename(f.Name(), path)
}

func flush(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
