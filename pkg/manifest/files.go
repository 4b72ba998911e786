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
	Others    int // objects of other kinds, and kustomizations in folders
}

// ErrNoFiles says that a folder has no files that are read.
var ErrNoFiles = errors.New("no files")

// endings are those of the files that are read in a folder, as kubectl reads them.
var endings = []string{".yaml", ".yml", ".json"}

// kustomizations are the files of kustomize beside the entries; they have no apiVersion.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

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
	return f, f.once(func(d Document) string { return d.Cluster + " " + d.Region })
}

// once refuses a principal that appears twice in one place.
func (f Files) once(place func(Document) string) error {
	seen := map[string]Document{}
	for _, d := range f.Documents {
		who := place(d) + " " + strings.ToLower(string(d.Desired.Principal)) // IAM does not tell names apart by their case
		if first, twice := seen[who]; twice {
			return d.Fails("principalARN", fmt.Errorf("%s appears twice, first in %s:%d", d.Desired.Principal, first.File, first.Line))
		}
		seen[who] = d
	}
	return nil
}

// In keeps the documents that are for a cluster, or do not say for which.
func (f Files) In(cluster, region string) Files {
	f.Documents = slices.DeleteFunc(slices.Clone(f.Documents), func(d Document) bool { return !d.In(cluster, region) })
	return f
}

// In reports whether a document may be for a cluster. What is not known is not compared.
func (d Document) In(cluster, region string) bool {
	return (d.Cluster == "" || cluster == "" || d.Cluster == cluster) && (d.Region == "" || region == "" || d.Region == region)
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
		case !entry.IsDir() && path != name && slices.Contains(kustomizations, entry.Name()):
			f.Others++
			found = true
			return nil
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
		err = fmt.Errorf("%s: %w that end in %s", name, ErrNoFiles, strings.Join(endings, ", "))
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
	return f.once(func(Document) string { return "" })
}

// Of is the document about a principal.
//
//go:noinline
func (f Files) Of(p access.Principal) (Document, bool) {
	i := slices.IndexFunc(f.Documents, func(d Document) bool { return d.Desired.Principal == p })
	if i < 0 {
		return Document{}, false
	}
	return f.Documents[i], true
}
