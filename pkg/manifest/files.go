package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Files are the documents of the files that somebody named.
type Files struct {
	Documents []Document
	Others    int // objects of other kinds
}

// endings are those of the files that are read in a folder, as kubectl reads them.
var endings = []string{".yaml", ".yml", ".json"}

// Load reads files and folders, in a folder those that end in .yaml, .yml and .json; "-" is stdin. Errors name the file and the
// line: what cannot be read or understood, a principal that appears twice, no file at all.
func Load(names []string, recursive bool, stdin io.Reader) (f Files, err error) {
	for _, name := range names {
		if name == "-" {
			err = f.add("stdin", stdin)
		} else {
			err = f.walk(name, recursive)
		}
		if err != nil {
			return Files{}, err
		}
	}
	seen := map[access.Principal]Document{}
	for _, d := range f.Documents {
		who := access.Principal(strings.ToLower(string(d.Desired.Principal))) // IAM does not tell names apart by their case
		if first, twice := seen[who]; twice {
			return Files{}, d.Fails("principalARN", fmt.Errorf("%s appears twice, first in %s:%d", d.Desired.Principal, first.File, first.Line))
		}
		seen[who] = d
	}
	return f, nil
}

// walk reads a file, or the files of a folder.
func (f *Files) walk(name string, recursive bool) error {
	found := false
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != name && !recursive:
			return fs.SkipDir
		case entry.IsDir(), path != name && !slices.Contains(endings, filepath.Ext(path)):
			return nil
		}
		found = true
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		return f.add(path, file)
	})
	if err == nil && !found {
		err = fmt.Errorf("%s: no files that end in %s", name, strings.Join(endings, ", "))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no such file or folder", name)
	}
	return err
}

func (f *Files) add(name string, r io.Reader) error {
	some, others, err := Read(name, r)
	f.Documents, f.Others = append(f.Documents, some...), f.Others+others
	return err
}

// For refuses documents that are written for another cluster than this one. What is not known is not compared.
func (f Files) For(cluster, region string) error {
	for _, d := range f.Documents {
		switch {
		case d.Cluster != "" && cluster != "" && d.Cluster != cluster:
			return d.Fails("clusterName", fmt.Errorf("is for cluster %s; this is cluster %s", d.Cluster, cluster))
		case d.Region != "" && region != "" && d.Region != region:
			return d.Fails("", fmt.Errorf("is for a cluster in %s; cluster %s is in %s", d.Region, cluster, region))
		}
	}
	return nil
}

// Of is the document about a principal.
func (f Files) Of(p access.Principal) (Document, bool) {
	i := slices.IndexFunc(f.Documents, func(d Document) bool { return d.Desired.Principal == p })
	if i < 0 {
		return Document{}, false
	}
	return f.Documents[i], true
}
