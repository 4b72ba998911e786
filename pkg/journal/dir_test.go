package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

func TestDirFollowsTheStateHomeUnlessItIsRelative(t *testing.T) {
	home, state := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("LOCALAPPDATA", filepath.Join(home, "local"))
	usual := filepath.Join(home, ".local", "state", "kubectl-access")
	if runtime.GOOS == "windows" {
		usual = filepath.Join(home, "local", "kubectl-access", "state")
	}
	for set, want := range map[string]string{state: filepath.Join(state, "kubectl-access"), "": usual, "state": usual, "./state": usual, "~/state": usual} {
		t.Setenv("XDG_STATE_HOME", set)
		if dir, err := journal.Dir(); err != nil || dir != want {
			t.Errorf("%q: %s, %v, want %s", set, dir, err, want)
		}
	}
}

// TestAFolderThatOthersMayWriteToIsRefused: undo would carry out what they put there.
func TestAFolderThatOthersMayWriteToIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder's rights are not in its mode")
	}
	for _, c := range []struct {
		name         string
		mode, parent fs.FileMode // of the folder, 0: none; of where a link leads into, 0: no link
		want         string
	}{
		{"none yet", 0, 0, ""},
		{"of its owner", 0o700, 0, ""},
		{"that others may read", 0o755, 0, ""},
		{"that its group may write", 0o770, 0, "is writable by other users"},
		{"that all may write", 0o777 | fs.ModeSticky, 0, "is writable by other users"},
		{"a link", 0o700, 0o700, ""},
		{"a link to what all may write", 0o777, 0o700, "is writable by other users"},
		{"a link into what all may write", 0o700, 0o777, "is writable by other users"},
		{"a link into a temporary folder", 0o700, 0o777 | fs.ModeSticky, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := stateHome(t)
			if c.parent != 0 {
				parent := filepath.Join(t.TempDir(), "parent")
				target := filepath.Join(parent, "state")
				if err := errors.Join(os.MkdirAll(target, 0o700), os.Chmod(target, c.mode), os.Chmod(parent, c.parent), os.Symlink(target, dir)); err != nil {
					t.Fatal(err)
				}
			} else if c.mode != 0 {
				if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, c.mode)); err != nil {
					t.Fatal(err)
				}
			}
			refuses(t, c.want)
		})
	}
}

func TestAFolderOfSomebodyElseIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder's owner is not in its mode")
	}
	dir := stateHome(t)
	err := os.Symlink("/usr", dir)
	if os.Geteuid() == 0 { // whose that is
		err = errors.Join(os.Remove(dir), os.Mkdir(dir, 0o700), os.Chown(dir, 12345, -1))
	}
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, "belongs to another user")
}

// stateHome is where the records would be, below a folder of the test's own.
func stateHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_STATE_HOME", home)
	return filepath.Join(home, "kubectl-access")
}

func refuses(t *testing.T, want string) {
	t.Helper()
	_, err := journal.Dir()
	if (err != nil) != (want != "") || err != nil && (!errors.Is(err, journal.ErrUnsafe) || !strings.Contains(err.Error(), want)) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestFoldersThatAreCreatedArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder's rights are not in its mode")
	}
	home := filepath.Join(t.TempDir(), "home")
	t.Setenv("XDG_STATE_HOME", filepath.Join(home, "state"))
	dir, err := journal.Dir()
	r := journal.Of(plan(), noon, "", nil)
	if err := errors.Join(err, journal.Begin(dir, &r)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{home, filepath.Join(home, "state"), dir} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}
