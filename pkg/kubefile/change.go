package kubefile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Change is what to write and where.
type Change struct {
	Paths   []string // the files that kubectl reads, in its order; at least one
	Entries []Entry
	Trusts  []Trust
	Switch  bool // make the last entry's context the current one
}

// Trust is what the contexts of a cluster that a kubeconfig has are to trust.
type Trust struct {
	Cluster  string // its name in the kubeconfig
	Contexts []string
	CA       string // PEM in base64; "" leaves it as it is
}

// Result is what became of one entry.
type Result struct {
	Context, Path string
	Did           string // added, updated or unchanged
}

// Report is what a change did, or would do.
type Report struct {
	Results []Result
	Notes   []string // what kubectl will read differently, and why
	Text    string   // the new content of the files, without secrets; only for a preview
	Hidden  int      // number of secrets left out of Text
}

// Write makes the change. It locks the files and replaces each as a whole, unless its content stays the same.
func (c Change) Write(ctx context.Context) (Report, error) {
	if err := os.MkdirAll(filepath.Dir(c.Paths[0]), 0o755); err != nil {
		return Report{}, err
	}
	unlock, err := lock(ctx, c.Paths)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	m, err := c.merge()
	if err != nil {
		return Report{}, err
	}
	for _, f := range m.touched {
		if err := f.save(); err != nil {
			return Report{}, err
		}
	}
	return m.Report, nil
}

// Preview is the report of what Write would do, with the new content of the files.
func (c Change) Preview() (Report, error) {
	m, err := c.merge()
	if err != nil {
		return Report{}, err
	}
	for i, f := range m.touched {
		if i > 0 {
			m.Text += "---\n"
		}
		if len(m.touched) > 1 {
			m.Text += "# " + f.path + "\n"
		}
		text, err := f.tree.written()
		if err != nil {
			return Report{}, fmt.Errorf("%s: %w", f.path, err)
		}
		if hidden := redact(f.tree.root); hidden > 0 {
			text, m.Hidden = f.tree.whole(), m.Hidden+hidden
		}
		m.Text += lines(text)
	}
	return m.Report, nil
}

// merged is a change in memory.
type merged struct {
	Report
	files, touched []*file
}

func (c Change) merge() (*merged, error) {
	m := &merged{}
	for _, path := range c.Paths {
		f := read(path)
		if f.err != nil && len(c.Paths) > 1 {
			m.Notes = append(m.Notes, fmt.Sprintf("skipped: %v", f.err))
		}
		m.files = append(m.files, f)
	}
	for i, e := range c.Entries {
		at, err := m.home(e.Cluster)
		if err != nil {
			return nil, err
		}
		m.put(e, at, c.Switch && i == len(c.Entries)-1)
	}
	for _, t := range c.Trusts {
		if err := m.trust(t); err != nil {
			return nil, err
		}
	}
	if len(c.Entries) > 0 && !c.Switch && !slices.ContainsFunc(m.files, func(f *file) bool { return f.err == nil && f.tree.current() != "" }) {
		m.Notes = append(m.Notes, "no current context is set; choose one with: kubectl config use-context "+c.Entries[0].Context)
	}
	return m, nil
}

// home is the file that a cluster belongs to: the one that has it, else the first.
//
//go:noinline
func (m *merged) home(cluster string) (int, error) {
	i := slices.IndexFunc(m.files, func(f *file) bool { return f.err == nil && f.tree.has(keyClusters, cluster) })
	i = max(i, 0)
	return i, m.files[i].err
}

func (m *merged) put(e Entry, at int, current bool) {
	f := m.files[at]
	did := "updated"
	if !f.tree.has(keyClusters, e.Cluster) {
		did = "added"
	}
	changed := f.tree.add(e)
	if current && f.tree.choose(e.Context) {
		changed = true
	}
	if !changed {
		did = "unchanged"
	}
	m.touch(f)
	m.Results = append(m.Results, Result{Context: e.Context, Path: f.path, Did: did})
	m.Notes = append(m.Notes, shadows(m.files[:at], e, current)...)
}

func (m *merged) touch(f *file) {
	if !slices.Contains(m.touched, f) {
		m.touched = append(m.touched, f)
	}
}

func (m *merged) trust(t Trust) error {
	at, err := m.home(t.Cluster)
	if err != nil {
		return err
	}
	f, did := m.files[at], "unchanged"
	if t.CA != "" && f.tree.trust(t.Cluster, t.CA) {
		did = "updated"
		m.touch(f)
	}
	for _, context := range t.Contexts {
		m.Results = append(m.Results, Result{Context: context, Path: f.path, Did: did})
	}
	return nil
}

// shadows reports what earlier files hide of an entry: kubectl uses the first of each name.
func shadows(before []*file, e Entry, current bool) (notes []string) {
	for _, f := range before {
		if f.err != nil {
			continue
		}
		if f.tree.has(keyContexts, e.Context) {
			notes = append(notes, fmt.Sprintf("kubectl uses the context %s of %s, which comes first", e.Context, f.path))
		}
		if f.tree.has(keyUsers, e.User) {
			notes = append(notes, fmt.Sprintf("kubectl uses the user %s of %s, which comes first", e.User, f.path))
		}
		if chosen := f.tree.current(); current && chosen != "" && chosen != e.Context {
			notes = append(notes, fmt.Sprintf("kubectl still uses the current context %s of %s, which comes first; switch with: kubectl config use-context %s", chosen, f.path, e.Context))
			current = false
		}
	}
	return notes
}
