package kubefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// file is one kubeconfig file.
type file struct {
	path string // as given
	info fs.FileInfo
	crlf bool
	tree *tree
	err  error // why it cannot be used
}

// Paths are the files that kubectl would read, in its order: the explicit one, else those of the list in KUBECONFIG, else
// the one in the home folder. As in the AWS CLI, ~ is the home folder.
func Paths(explicit, list, home string) ([]string, error) {
	names := filepath.SplitList(list)
	if explicit != "" {
		names = []string{explicit}
	}
	var paths []string
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(name, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
			name = home + rest
		}
		path, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		paths = []string{filepath.Join(home, ".kube", "config")}
	}
	return paths, nil
}

// read reads a file; a missing one is empty.
func read(path string) *file {
	f := &file{path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		f.err = err
	case info.IsDir():
		f.err = fmt.Errorf("%s is a folder; specify a file", path)
	default:
		f.info = info
	}
	var data []byte
	if f.info != nil && (f.info.Mode().IsRegular() || path == os.DevNull) { // reading a pipe would empty it
		data, f.err = os.ReadFile(path)
	}
	if f.err != nil {
		return f
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	f.crlf = strings.Contains(text, "\r\n")
	if f.tree, err = parse(strings.ReplaceAll(text, "\r\n", "\n")); err != nil {
		f.err = fmt.Errorf("%s: %w", path, err)
	}
	return f
}

// save writes the text if it differs, into a new file that then replaces the old one, so that no program reads half of it.
func (f *file) save() error {
	text, err := f.tree.written()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if f.info != nil && text == f.tree.text {
		return nil
	}
	if f.info != nil && !f.info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file; print the content with --dry-run", f.path)
	}
	if f.crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if err := f.replace(text); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

func (f *file) replace(text string) error {
	path, err := follow(f.path)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.WriteString(text)
	if f.info != nil {
		err = errors.Join(err, next.Chmod(f.info.Mode().Perm()))
		own(next, f.info)
	}
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return rename(next.Name(), path)
}

// follow is the target of links, whether it exists or not.
func follow(path string) (string, error) {
	const enough = 40
	for range enough {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // it is not a link
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", errors.New("too many links")
}
