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
	folder := func(t *testing.T, path string, mode fs.FileMode) string {
		t.Helper()
		if err := errors.Join(os.MkdirAll(path, 0o700), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(t *testing.T, target, path string) {
		t.Helper()
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		arrange func(t *testing.T, dir, other string)
		want    string
	}{
		"none yet":                     {func(*testing.T, string, string) {}, ""},
		"of its owner":                 {func(t *testing.T, dir, _ string) { folder(t, dir, 0o700) }, ""},
		"that others may read":         {func(t *testing.T, dir, _ string) { folder(t, dir, 0o755) }, ""},
		"that its group may write":     {func(t *testing.T, dir, _ string) { folder(t, dir, 0o770) }, "is writable by other users"},
		"that all may write":           {func(t *testing.T, dir, _ string) { folder(t, dir, 0o777|fs.ModeSticky) }, "is writable by other users"},
		"a link":                       {func(t *testing.T, dir, other string) { link(t, folder(t, other, 0o700), dir) }, ""},
		"a link to what all may write": {func(t *testing.T, dir, other string) { link(t, folder(t, other, 0o777), dir) }, "is writable by other users"},
		"a link into what all may write": {func(t *testing.T, dir, other string) {
			link(t, folder(t, filepath.Join(folder(t, other, 0o700), "state"), 0o700), dir)
			folder(t, other, 0o777)
		}, "is writable by other users"},
		"a link into a temporary folder": {func(t *testing.T, dir, other string) {
			link(t, folder(t, filepath.Join(folder(t, other, 0o700), "state"), 0o700), dir)
			folder(t, other, 0o777|fs.ModeSticky)
		}, ""},
		"of somebody else": {func(t *testing.T, dir, _ string) {
			if os.Geteuid() != 0 {
				link(t, "/usr", dir)
			} else if err := os.Chown(folder(t, dir, 0o700), 12345, -1); err != nil {
				t.Fatal(err)
			}
		}, "belongs to another user"},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("XDG_STATE_HOME", home)
			c.arrange(t, filepath.Join(home, "kubectl-access"), filepath.Join(t.TempDir(), "other"))
			_, err := journal.Dir()
			if (err != nil) != (c.want != "") || err != nil && (!errors.Is(err, journal.ErrUnsafe) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
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
