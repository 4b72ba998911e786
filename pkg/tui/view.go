package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// view is one cluster and what was read from it. Reading continues while another is shown.
type view struct {
	context  Context
	cluster  *Cluster
	snapshot access.Snapshot
	mappings []access.Mapping
	warnings []string
	total    int
	whole    bool   // all was read, and nothing got lost on the way
	blind    bool   // aws-auth counts, and could not be read
	err      error  // why the entries could not be read
	heard    func() // called with each piece, where a question shows it too
	opening  slot
	reading  slot
	entries  *entries
	places   []*screen // the tabs that were seen

	policies   once[[]policy.Policy]
	namespaces once[[]string]
	groups     once[map[string][]string]
	me         once[Me]
	families   [3]family
}

// once is an answer that is read when it is first needed, and kept.
type once[T any] struct {
	slot
	asked bool
	value T
	err   error
}

// need asks unless there is an answer already. After an error it asks again.
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
	page        func([]access.Principal) // called with each page while its tab is seen
	index       index
	hits        hits
}

// hits is how many of so many rows a filter found.
type hits struct {
	text        string
	rows, found int
}

// count is how many of the family the filter finds.
func (f *family) count(text string) int {
	if f.hits.text != text || f.hits.rows != f.index.rows {
		f.hits = hits{text, f.index.rows, len(f.index.search(text))}
	}
	return f.hits.found
}

// look shows the cluster of a context and begins to read it unless that was done.
func (m *model) look(c Context) tea.Cmd {
	v := m.views[c.Name]
	if v == nil {
		v = &view{context: c}
		v.entries = newEntries(m, v)
		m.views[c.Name] = v
	}
	m.at = v
	cmd := m.show(accessTab)
	if v.cluster != nil || v.opening != 0 && v.err == nil {
		return cmd
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
		return m.exec(&alone{run: c.Login}, func(err error) tea.Msg { return loggedIn{v, err} })
	})
}

// unopened keeps the error on the screen; a picker without a cluster ends.
//
//go:noinline
func (m *model) unopened(v *view, err error) tea.Cmd {
	v.err, v.cluster = err, nil
	if !m.inline {
		return nil
	}
	m.outcome = err
	return m.end()
}

// loggedIn says that the login has ended.
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

// opened begins what the cluster was opened for.
func (m *model) opened(v *view) tea.Cmd {
	if m.begin == nil {
		if m.at != v {
			return m.read(v, nil)
		}
		return tea.Batch(m.read(v, nil), m.shown())
	}
	m.stack = nil
	return m.begin(m, v)
}

// read reads all entries, or those of some principals. What was read before stays on the screen until it comes again, or
// all has come without it.
func (m *model) read(v *view, who []access.Principal) tea.Cmd {
	v.err, v.warnings, v.total, v.whole, v.blind = nil, nil, 0, false, false
	fresh, old := Piece{Snapshot: access.Snapshot{Cluster: v.snapshot.Cluster, Caller: v.snapshot.Caller}}, v.snapshot
	all := v.cluster.Read(m.ctx, who)
	return stream(m, &v.reading, all, func(p Piece, err error) tea.Cmd {
		fresh.Join(p)
		old = without(old, p)
		v.snapshot = beyond(fresh.Snapshot, old)
		if len(fresh.Mappings) > 0 {
			v.mappings = fresh.Mappings
		}
		if err != nil {
			v.err, fresh.Blind = err, true
		}
		v.warnings, v.total, v.blind = fresh.Warnings, fresh.Total, fresh.Blind
		v.entries.fill()
		if errors.Is(err, access.ErrForbidden) && !m.inline { // at least who it is can be said
			first := !v.me.asked
			cmd := need(m, &v.me, v.cluster.Me, func() {})
			if first && m.at == v && m.isTab() && m.tab == accessTab {
				cmd = tea.Batch(cmd, m.show(meTab))
				m.fail("you may not see who has access (tab 1 says why); this is your own access")
			}
			return cmd
		}
		return nil
	}, func() tea.Cmd {
		v.reading.forget()
		if v.whole = v.err == nil; v.whole {
			v.snapshot, v.mappings = fresh.Snapshot, fresh.Mappings
		}
		access.SortEntries(v.snapshot.Entries)
		v.entries.fill()
		v.entries.toChanged()
		return nil
	})
}

// without leaves out what has come again.
func without(old access.Snapshot, p Piece) access.Snapshot {
	again := map[access.Principal]bool{}
	for _, e := range p.Entries {
		again[e.Principal] = true
	}
	for _, u := range p.Unread {
		again[u.Principal] = true
	}
	old.Entries = access.Where(old.Entries, func(e *access.Entry) bool { return !again[e.Principal] })
	old.Unread = access.Where(old.Unread, func(u *access.Unread) bool { return !again[u.Principal] })
	return old
}

// beyond is what has come and, of what has not yet, what was known before.
func beyond(fresh, old access.Snapshot) access.Snapshot {
	fresh.RBAC = cmp.Or(fresh.RBAC, old.RBAC)
	if len(old.Entries)+len(old.Unread)+len(old.Dead)+len(old.Doubtful) > 0 {
		fresh.Entries, fresh.Unread = slices.Concat(fresh.Entries, old.Entries), slices.Concat(fresh.Unread, old.Unread)
		fresh.Dead, fresh.Doubtful = slices.Concat(fresh.Dead, old.Dead), slices.Concat(fresh.Doubtful, old.Doubtful)
		fresh.Deleted = slices.Concat(fresh.Deleted, old.Deleted)
	}
	return fresh
}

// refresh reads some entries again, after a change.
func (m *model) refresh(v *view, who []access.Principal) tea.Cmd {
	found := map[access.Principal]bool{}
	return stream(m, new(slot), v.cluster.Read(m.ctx, who), func(p Piece, err error) tea.Cmd {
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
		v.entries.toChanged()
		if !v.whole { // the change came in between
			return m.read(v, nil)
		}
		return nil
	})
}

// put takes an entry that was read again. One that was recreated is no longer stale.
func (v *view) put(e access.Entry) {
	if was, ok := v.snapshot.Entry(e.Principal); !ok || !was.Created.Equal(e.Created) {
		same := func(p access.Principal) bool { return p == e.Principal }
		v.snapshot.Dead = slices.DeleteFunc(slices.Clone(v.snapshot.Dead), same)
		v.snapshot.Doubtful = slices.DeleteFunc(slices.Clone(v.snapshot.Doubtful), same)
	}
	v.snapshot = v.snapshot.Put(e)
}

// unread is why the cluster is not known yet.
//
//go:noinline
func (v *view) unread() string {
	switch mode := v.snapshot.Cluster.Mode; {
	case v.cluster == nil && v.err != nil:
		return "the cluster could not be opened"
	case mode == "" && v.err != nil:
		return "the cluster could not be read"
	case mode == "":
		return "the cluster is still being read"
	}
	return ""
}

// closed is why no entry can be changed in the cluster now.
func (v *view) closed() string {
	if mode := v.snapshot.Cluster.Mode; mode != "" && !mode.ReadsEntries() {
		return fmt.Sprintf("the cluster is in mode %s and does not read entries; m changes the mode", mode)
	}
	return v.unread()
}

// account is the cluster's according to AWS or, before that, to the kubeconfig.
func (v *view) account() string { return cmp.Or(v.snapshot.Cluster.Account(), v.context.Account) }
