package shell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	pluginPrefix = "kubectl-"
	// helperPrefix begins the name of the program that kubectl runs for completions of a plugin.
	helperPrefix = "kubectl_complete-"
)

func base(argv0 string) string { return strings.TrimSuffix(filepath.Base(argv0), ".exe") }

// NameOf is what the user typed for a program: kubectl finds plugins by their file's name, in which - is for a space and _ for a
// dash, and krew links the binary under the name of the plugin.
func NameOf(argv0 string) string {
	plugin, ok := strings.CutPrefix(base(argv0), pluginPrefix)
	if !ok {
		return "kubectl access"
	}
	return "kubectl " + strings.NewReplacer("-", " ", "_", "-").Replace(plugin)
}

// HelperOf is the plugin's name where the program was started as kubectl's helper for completion.
func HelperOf(argv0 string) (string, bool) { return strings.CutPrefix(base(argv0), helperPrefix) }

// Helper installs or removes the helper: a link to the plugin beside it, which survives an upgrade. It returns what was done.
func Helper(argv0 string, install bool) (string, error) {
	plugin, err := exec.LookPath(argv0)
	if err != nil {
		return "", err
	}
	name, ok := strings.CutPrefix(filepath.Base(plugin), pluginPrefix)
	if !ok {
		return "", fmt.Errorf("%s does not have the name of a kubectl plugin; put the program on PATH as kubectl-access first", plugin)
	}
	link := filepath.Join(filepath.Dir(plugin), helperPrefix+name)
	_, err = os.Lstat(link)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case missing && !install:
		return link + " does not exist", nil
	case missing:
		if err := Link(filepath.Base(plugin), link); err != nil {
			return "", fmt.Errorf("create the link for completion: %w", err)
		}
		return link + " created", nil
	case !ours(link, plugin):
		return "", fmt.Errorf("%s already exists and is not a link to %s; it was left unchanged", link, filepath.Base(plugin))
	case install:
		return link + " unchanged", nil
	}
	return link + " removed", os.Remove(link)
}

// ours reports whether the helper was installed by Helper: a link to the plugin, on Windows perhaps a copy.
func ours(link, plugin string) bool {
	to, err := os.Readlink(link)
	if err == nil {
		return to == filepath.Base(plugin)
	}
	if runtime.GOOS != "windows" {
		return false
	}
	a, err := os.Stat(link)
	b, failed := os.Stat(plugin)
	return errors.Join(err, failed) == nil && a.Size() == b.Size()
}

// Link makes a link to a file, which may be relative to the link. On Windows, where links need a privilege, it makes a copy.
func Link(file, link string) error {
	err := os.Symlink(file, link)
	if err == nil || runtime.GOOS != "windows" {
		return err
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(link), file)
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(link, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
