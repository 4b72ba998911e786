package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// entries is the screen of the principals that have access.
type entries struct {
	*screen
	m    *model
	v    *view
	sort int
	own  []action // on the entry under the cursor, in its details too
}

func newEntries(m *model, v *view) *entries {
	e := &entries{m: m, v: v}
	e.screen = &screen{
		name:  e.title,
		list:  newList(m.styles, false, column{"PRINCIPAL", 0}, column{"ACCESS", 0}, column{"GROUPS", 4}, column{"SOURCE", 1}, column{"AGE", 3}, column{"EXPIRES", 2}),
		about: e.aboutCurrent,
		empty: e.nothing,
	}
	e.list.live = e.aged
	e.own = []action{
		on("e", "e", "edit", e.grantMore).unless(e.fixed),
		on("d x delete", "d", "revoke", e.revoke).unless(e.fixed),
		on("y", "y", "copy ARN", e.copyARN).unless(e.nobody),
	}
	e.actions = append([]action{
		on("/", "/", "filter", e.startFilter),
		on("a", "a", "grant", func() tea.Cmd { return m.startGrant(v, nil) }).unless(v.closed),
		e.own[0], e.own[1],
		on("enter right l", "⏎", "details", e.details).unless(e.nobody),
		on("s", "s", "sort", e.nextOrder),
		on("c", "c", "clusters", m.clusters).unless(m.onlyOne),
		e.own[2],
		on("r", "r", "refresh", e.again),
		on("esc", "esc", "clear filter", e.endFilter).hidden(),
		on("q", "q", "quit", m.quit),
	}, e.moves()...)
	return e
}

func (e *entries) title() string {
	n := fmt.Sprint(len(e.list.rows))
	if len(e.list.shown) != len(e.list.rows) {
		n = fmt.Sprintf("%d of %d", len(e.list.shown), len(e.list.rows))
	}
	text := "Entries · " + n + " · " + orders[e.sort].name
	switch {
	case e.v.err != nil && len(e.list.rows) == 0:
		return "Entries · not read"
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
func (e *entries) current() (printer.Row, bool) {
	r, ok := e.list.current()
	t, _ := r.value.(printer.Row)
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

func (e *entries) startFilter() tea.Cmd {
	e.typing = true
	return e.list.filter.Focus()
}

// search begins a new filter, from wherever one is.
func (e *entries) search() tea.Cmd {
	e.m.stack = e.m.stack[:1]
	e.list.clearFilter()
	return e.startFilter()
}

// endFilter first stops typing, then shows all again.
func (e *entries) endFilter() tea.Cmd {
	if e.typing {
		e.typing = false
		e.list.filter.Blur()
	}
	e.list.clearFilter()
	return nil
}

func (e *entries) nextOrder() tea.Cmd {
	e.sort = (e.sort + 1) % len(orders)
	e.fill()
	return nil
}

func (e *entries) copyARN() tea.Cmd {
	t, _ := e.current()
	e.m.say("copied " + string(t.Principal))
	return tea.SetClipboard(string(t.Principal))
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
