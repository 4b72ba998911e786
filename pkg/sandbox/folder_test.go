//go:build unix

package sandbox

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestOnlyFoldersOfEndedSandboxesAreRemoved: an ended one leaves a lock that nobody holds.
func TestOnlyFoldersOfEndedSandboxesAreRemoved(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	running := start(t)
	folder := func(name string, lock string) string {
		dir := filepath.Join(tmp, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if lock != "" {
			if err := os.WriteFile(filepath.Join(dir, lock), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	ended := folder(folderPrefix+"1", lockName)
	kept := []string{
		running.Dir(),
		folder(folderPrefix+"2", ""),              // starting
		folder(folderPrefix+"3", lockName+".new"), // starting
		folder("sandbox-4", lockName),             // another program's
	}
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(tmp, folderPrefix+"5")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	start(t)
	if _, err := os.Stat(ended); err == nil {
		t.Error("the folder of an ended sandbox is still there")
	}
	for _, dir := range append(kept, link, filepath.Join(elsewhere, lockName)) {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}

func start(t *testing.T) *Sandbox {
	t.Helper()
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestManyMayStartAtOnce: none removes another's folder, at whatever stage that one is.
func TestManyMayStartAtOnce(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				dir, lock, err := makeFolder()
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, "config"), nil, 0o600)
				}
				if err != nil || lock == nil {
					t.Error(err, lock)
					return
				}
				_ = lock.Close() // killed, as it were
			}
		})
	}
	all.Wait()
	removeAbandoned(tmp)
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("%d folders are left, %v", len(left), err)
	}
}
