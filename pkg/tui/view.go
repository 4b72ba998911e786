package tui

import (
	"context"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// view is one cluster and what was read from it. It goes on being read when another is looked at.
type view struct {
	context  Context
	cluster  *Cluster
	snapshot access.Snapshot
	mappings []access.Mapping
	warnings []string
	total    int
	whole    bool   // everybody was read, and nothing got lost on the way
	blind    bool   // aws-auth counts, and could not be read
	err      error  // why the entries could not be read
	heard    func() // hears of what was read, where a question shows it too
	opening  slot
	reading  slot
	entries  *entries

	policies   once[[]policy.Policy]
	namespaces once[[]string]
	groups     once[map[string][]string]
	families   [3]family
}

// once is something that is asked for the first time it is needed, and kept.
type once[T any] struct {
	slot
	asked bool
	value T
	err   error
}

// need asks unless it was asked already. An answer that was an error is asked for again.
func need[T any](m *model, o *once[T], question func(context.Context) (T, error), then func()) tea.Cmd {
	if o.asked {
		then()
		return nil
	}
	o.asked = true
	return ask(m, &o.slot, question, func(v T, err error) tea.Cmd {
		o.value, o.err, o.asked = v, err, err == nil
		then()
		return nil
	})
}

// family is what IAM lists of one kind.
type family struct {
	slot
	begun, done bool
	all         []access.Principal
	err         error
	page        func([]access.Principal) // hears of each page while its tab is seen
	index       index
	hits        hits
}

// hits is how many of so many rows a filter found.
type hits struct {
	text        string
	rows, found int
}

// count tells how many of the family the filter finds.
func (f *family) count(text string) int {
	if f.hits.text != text || f.hits.rows != f.index.rows {
		f.hits = hits{text, f.index.rows, len(f.index.search(text))}
	}
	return f.hits.found
}

// look shows the cluster of a context and begins to read it where nobody did.
func (m *model) look(c Context) tea.Cmd {
	v := m.views[c.Name]
	if v == nil {
		v = &view{context: c}
		v.entries = newEntries(m, v)
		m.views[c.Name] = v
	}
	m.at = v
	m.stack = []*screen{v.entries.screen}
	if v.cluster != nil || v.opening != 0 && v.err == nil {
		return nil
	}
	return m.open(v)
}

func (m *model) open(v *view) tea.Cmd {
	v.err = nil
	question := func(ctx context.Context) (*Cluster, error) { return m.world.Open(ctx, v.context.Name) }
	return ask(m, &v.opening, question, func(c *Cluster, err error) tea.Cmd {
		if err != nil {
			return m.unopened(v, err)
		}
		v.cluster = c
		if c.Login == nil {
			return m.opened(v)
		}
		return tea.Exec(&login{run: c.Login}, func(err error) tea.Msg { return loggedIn{v, err} })
	})
}

// unopened keeps the error on the screen; a picker has nothing to pick from and ends.
func (m *model) unopened(v *view, err error) tea.Cmd {
	v.err, v.cluster = err, nil
	if !m.inline {
		return nil
	}
	m.outcome = err
	return m.end()
}

// loggedIn says that the user was asked what there was to ask.
type loggedIn struct {
	view *view
	err  error
}

func (l loggedIn) arrive(m *model) tea.Cmd {
	if l.err != nil {
		return m.unopened(l.view, l.err)
	}
	l.view.cluster.Login = nil
	return m.opened(l.view)
}

// opened goes on where the cluster was wanted for.
func (m *model) opened(v *view) tea.Cmd {
	if m.begin == nil {
		return m.read(v, nil)
	}
	m.stack = nil
	return m.begin(m, v)
}

// read reads everybody, or only some. What was read before stays on the screen until it comes anew, or all has come
// without it.
func (m *model) read(v *view, who []access.Principal) tea.Cmd {
	v.err, v.warnings, v.total, v.whole, v.blind = nil, nil, 0, false, false
	fresh, old := access.Snapshot{Cluster: v.snapshot.Cluster, Caller: v.snapshot.Caller}, v.snapshot
	var mappings []access.Mapping
	all := v.cluster.Read(m.ctx, who)
	return stream(m, &v.reading, all, func(p Piece, err error) tea.Cmd {
		fresh, old, mappings = join(fresh, p), without(old, p), append(mappings, p.Mappings...)
		v.snapshot = beyond(fresh, old)
		if len(mappings) > 0 {
			v.mappings = mappings
		}
		v.note(p, err)
		v.entries.fill()
		return nil
	}, func() tea.Cmd {
		v.reading.forget()
		if v.whole = v.err == nil; v.whole {
			v.snapshot, v.mappings = fresh, mappings
		}
		access.SortEntries(v.snapshot.Entries)
		v.entries.fill()
		return nil
	})
}

// without leaves out who has come anew.
func without(old access.Snapshot, p Piece) access.Snapshot {
	anew := map[access.Principal]bool{}
	for _, e := range p.Entries {
		anew[e.Principal] = true
	}
	for _, u := range p.Unread {
		anew[u.Principal] = true
	}
	gone := func(p access.Principal) bool { return anew[p] }
	old.Entries = slices.DeleteFunc(slices.Clone(old.Entries), func(e access.Entry) bool { return gone(e.Principal) })
	old.Unread = slices.DeleteFunc(slices.Clone(old.Unread), func(u access.Unread) bool { return gone(u.Principal) })
	return old
}

// beyond is what has come and, of who has not yet, what was known before.
func beyond(fresh, old access.Snapshot) access.Snapshot {
	if len(old.Entries)+len(old.Unread)+len(old.Dead)+len(old.Doubtful) > 0 {
		fresh.Entries, fresh.Unread = slices.Concat(fresh.Entries, old.Entries), slices.Concat(fresh.Unread, old.Unread)
		fresh.Dead, fresh.Doubtful = slices.Concat(fresh.Dead, old.Dead), slices.Concat(fresh.Doubtful, old.Doubtful)
		fresh.Deleted = slices.Concat(fresh.Deleted, old.Deleted)
	}
	return fresh
}

// refresh reads some entries again, after a change.
func (m *model) refresh(v *view, who []access.Principal) tea.Cmd {
	var s slot
	found := map[access.Principal]bool{}
	return stream(m, &s, v.cluster.Read(m.ctx, who), func(p Piece, err error) tea.Cmd {
		for _, e := range p.Entries {
			found[e.Principal] = true
			v.put(e)
		}
		if err != nil {
			v.err, who = err, nil
		}
		for _, u := range p.Unread {
			found[u.Principal] = true
		}
		return nil
	}, func() tea.Cmd {
		for _, p := range who {
			if !found[p] {
				v.snapshot = v.snapshot.Drop(p)
			}
		}
		v.entries.fill()
		if !v.whole { // the change came in between
			return m.read(v, nil)
		}
		return nil
	})
}

// put takes an entry that was read again. One that was made anew is no longer dead.
func (v *view) put(e access.Entry) {
	if was, ok := v.snapshot.Entry(e.Principal); !ok || !was.Created.Equal(e.Created) {
		anew := func(p access.Principal) bool { return p == e.Principal }
		v.snapshot.Dead = slices.DeleteFunc(slices.Clone(v.snapshot.Dead), anew)
		v.snapshot.Doubtful = slices.DeleteFunc(slices.Clone(v.snapshot.Doubtful), anew)
	}
	v.snapshot = v.snapshot.Put(e)
}

func (v *view) note(p Piece, err error) {
	v.total = max(v.total, p.Total)
	v.warnings = append(v.warnings, p.Warnings...)
	v.blind = v.blind || p.Blind || err != nil
	if err != nil {
		v.err = err
	}
}

// join adds a piece to what is known.
func join(s access.Snapshot, p Piece) access.Snapshot {
	if p.Cluster.Name != "" {
		s.Cluster = p.Cluster
	}
	if p.Caller != "" {
		s.Caller = p.Caller
	}
	s.Entries = append(s.Entries, p.Entries...)
	s.Unread = append(s.Unread, p.Unread...)
	s.Dead, s.Doubtful = append(s.Dead, p.Dead...), append(s.Doubtful, p.Doubtful...)
	s.Deleted = append(s.Deleted, p.Deleted...)
	return s
}

// closed says why nothing can be changed in the cluster now.
func (v *view) closed() string {
	switch mode := v.snapshot.Cluster.Mode; {
	case v.cluster == nil && v.err != nil:
		return "the cluster could not be opened"
	case mode == "" && v.err != nil:
		return "the cluster could not be read"
	case mode == "":
		return "the cluster is still being read"
	case !mode.ReadsEntries():
		return fmt.Sprintf("the cluster is in mode %s and reads no entries", mode)
	}
	return ""
}

// account is the cluster's, as AWS tells it or, before that, as the kubeconfig does.
func (v *view) account() string { return first(v.snapshot.Cluster.Account(), v.context.Account) }
