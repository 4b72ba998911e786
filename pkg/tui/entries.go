package tui

import (
	"cmp"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// entries is the screen of the principals that have access.
type entries struct {
	*screen
	m       *model
	v       *view
	sort    int
	changed access.Principal // by the last change
	own     []*action        // on the entry under the cursor, in its details too
}

func newEntries(m *model, v *view) *entries {
	e := &entries{m: m, v: v}
	l := newList(m.styles, false, column{title: "PRINCIPAL", share: 36}, column{title: "ACCESS", share: 31}, column{title: "STATUS", rank: 1, share: 33}, column{title: "AGE", rank: 2, fixed: 6})
	l.live = e.aged
	e.own = []*action{
		on("e", "e", "edit", e.grantMore).acts().unless(func() string { return cmp.Or(e.fixed(), v.closed()) }),
		on("d delete", "d", "revoke", e.revoke).acts().unless(e.fixed),
		on("y", "y", "copy ARN", e.copyARN).acts().unless(e.nobody),
		on("E", "E", "explain: what the principal can do, and why", e.explain).views().unless(func() string { return cmp.Or(e.nobody(), v.unread()) }).hidden(),
		on("H", "H", "history", e.history).views().hidden().unless(e.nobody),
	}
	e.screen = m.browser(l, on("enter right", "⏎", "details", e.details),
		on("a", "a", "grant", func() tea.Cmd { return m.startGrant(v, nil) }).acts().named("grant").unless(v.closed),
		e.own[0], e.own[1],
		on("u", "u", "undo", func() tea.Cmd { return m.undo(v, "") }).acts().named("undo").unless(v.unread),
		on("s", "s", "sort", e.nextOrder).views(),
		on("r", "r", "refresh", e.again).views(),
		e.own[2], e.own[3],
		on("w", "w", "who can do something", m.whoCan).views().named("who-can").unless(v.unread).hidden(),
		on("c", "c", "clusters", func() tea.Cmd { return m.show(clustersTab) }).hidden(),
	)
	e.name, e.state = func() string { return e.counted("Access") }, e.progress
	e.about, e.empty = e.aboutCurrent, e.nothing
	return e
}

// progress is the order of the rows, and whether they are all.
func (e *entries) progress() string {
	text := "people first"
	if e.sort > 0 {
		text = "by " + printer.SortKeys()[e.sort-1]
	}
	switch {
	case e.v.err != nil && len(e.list.rows) == 0:
		return "not read"
	case e.v.err != nil:
		text += " · incomplete"
	}
	if e.v.reading != 0 && e.v.total > 0 {
		text += fmt.Sprintf(" · reading, %d known so far", e.v.total)
	}
	return text
}

func (e *entries) nothing() string {
	switch {
	case e.list.text() != "" && e.v.reading != 0:
		return "nothing matches yet, the cluster is still being read; esc clears the filter"
	case e.list.text() != "" && len(e.list.rows) > 0:
		return "nothing matches; esc clears the filter"
	case e.v.err != nil:
		return "✗ could not be read: " + e.m.explain(e.v.err)
	case e.v.reading != 0 || e.v.cluster == nil:
		return "reading…"
	}
	return "no access entries found"
}

// current is what is under the cursor.
//
//go:noinline
func (e *entries) current() (*printer.Row, bool) {
	r, ok := e.list.current()
	t, _ := r.value.(*printer.Row)
	return t, ok
}

func (e *entries) nobody() string {
	if _, ok := e.current(); !ok {
		return "nothing selected"
	}
	return ""
}

// fixed says why what is under the cursor cannot be changed.
func (e *entries) fixed() string {
	t, ok := e.current()
	switch {
	case !ok:
		return "nothing selected"
	case t.Mapping != nil && (t.Mapping.Kind == access.MappedAccount || t.Mapping.State == access.Dropped):
		return "this mapping is not for a single role or user: edit aws-auth to remove it"
	case t.Mapping != nil:
		return ""
	case t.Unread != nil:
		return "the entry could not be read"
	case t.Entry.Managed() && t.Entry.Owner().Kind != access.ByBatch: // which leaves a policy to its customers
		return "AWS owns this entry, it cannot be changed"
	}
	return e.v.closed()
}

// search begins a new filter of the list, from wherever somebody is.
func (e *entries) search() tea.Cmd {
	return tea.Batch(e.m.show(accessTab), e.startFilter())
}

func (e *entries) nextOrder() tea.Cmd {
	e.sort = (e.sort + 1) % (len(printer.SortKeys()) + 1)
	e.fill()
	return nil
}

func (e *entries) copyARN() tea.Cmd {
	t, _ := e.current()
	e.m.say("copied " + string(t.Principal))
	return e.m.clip(string(t.Principal))
}

func (e *entries) again() tea.Cmd {
	if e.v.cluster == nil {
		return e.m.open(e.v)
	}
	return e.m.read(e.v, nil)
}

func (e *entries) grantMore() tea.Cmd {
	t, _ := e.current()
	return e.m.startGrant(e.v, []access.Principal{t.Principal})
}

func (e *entries) revoke() tea.Cmd {
	t, _ := e.current()
	if t.Mapping != nil {
		return e.m.propose(e.v, e.m.revokeRequest(e.v, access.Normal(t.Mapping.ARN), []revocation{{}}))
	}
	return e.m.startRevoke(e.v, *t.Entry)
}

// toChanged puts the cursor on what was changed, in spite of a filter that does not show it.
func (e *entries) toChanged() {
	if e.changed == "" {
		return
	}
	id := string(e.changed)
	if !e.list.seek(id) && e.list.has(id) {
		e.list.clearFilter()
		e.list.seek(id)
	}
	e.changed = ""
}
