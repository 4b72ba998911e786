package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// entries is the screen of everybody who is let in.
type entries struct {
	*screen
	m    *model
	v    *view
	sort int
	what map[string]thing // by row
}

// thing is what a row stands for: an entry, one that could not be read, or a line of aws-auth.
type thing struct {
	principal access.Principal
	entry     *access.Entry
	mapping   *access.Mapping
	unread    error
}

// order is one way to sort.
type order struct {
	name string
	less func(a, b sorted) int
}

type sorted struct {
	row
	thing
}

func byCell(i int) func(a, b sorted) int {
	return func(a, b sorted) int { return strings.Compare(a.cells[i], b.cells[i]) }
}

var orders = []order{
	{"people first", func(a, b sorted) int { return a.rank() - b.rank() }},
	{"by principal", byCell(0)},
	{"by access", byCell(1)},
	{"by source", byCell(3)},
	{"newest first", func(a, b sorted) int { return cmp.Compare(b.born(), a.born()) }},
	{"by expiry", func(a, b sorted) int { return cmp.Compare(a.ends(), b.ends()) }},
}

// rank puts what nobody is to change behind the rest: nodes, what AWS owns, aws-auth, there too the nodes and what does nothing.
func (s sorted) rank() int {
	switch t := s.thing; {
	case t.mapping != nil && s.muted:
		return 5
	case t.mapping != nil && t.mapping.Node():
		return 4
	case t.mapping != nil:
		return 3
	case t.entry != nil && t.entry.Managed():
		return 2
	case t.entry != nil && t.entry.Node():
		return 1
	}
	return 0
}

func (t thing) born() int64 {
	if t.entry == nil {
		return 0
	}
	return t.entry.Created.Unix()
}

// ends puts what never ends last.
func (t thing) ends() int64 {
	if t.entry == nil || t.entry.Expires().IsZero() {
		return 1 << 62
	}
	return t.entry.Expires().Unix()
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
	e.actions = append([]action{
		on("/", "/", "filter", e.startFilter),
		on("a", "a", "grant", func() tea.Cmd { return m.startGrant(v, nil) }).unless(v.closed),
		on("e", "e", "add to this one", e.grantMore).unless(e.fixed),
		on("d x delete", "d", "revoke", e.revoke).unless(e.fixed),
		on("enter right l", "⏎", "details", e.details).unless(e.nobody),
		on("s", "s", "sort", e.nextOrder),
		on("c", "c", "clusters", m.clusters).unless(m.onlyOne),
		on("y", "y", "copy ARN", e.copyARN).unless(e.nobody),
		on("r", "r", "read again", e.again),
		on("esc", "esc", "end the filter", e.endFilter).hidden(),
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
		text += " · maybe not all"
	}
	if e.v.reading != 0 && e.v.total > 0 {
		text += fmt.Sprintf(" · reading, %d known so far", e.v.total)
	}
	return text
}

func (e *entries) nothing() string {
	switch {
	case e.list.text() != "" && e.v.reading != 0:
		return "nothing matches yet, the cluster is still being read; esc ends the filter"
	case e.list.text() != "" && len(e.list.rows) > 0:
		return "nothing matches; esc ends the filter"
	case e.v.err != nil:
		return "✗ could not be read: " + e.m.told(e.v.err)
	case e.v.reading != 0 || e.v.cluster == nil:
		return "reading…"
	}
	return "nobody is let in by an entry"
}

// fill makes the rows from what was read.
func (e *entries) fill() {
	v := e.v
	table := printer.Entries(v.snapshot, v.mappings, e.m.world.Now())
	byName := map[string]thing{}
	for i := range v.snapshot.Entries {
		p := v.snapshot.Entries[i].Principal
		byName[printer.Clean(string(p))] = thing{principal: p, entry: &v.snapshot.Entries[i]}
	}
	for _, u := range v.snapshot.Unread {
		byName[printer.Clean(string(u.Principal))] = thing{principal: u.Principal, unread: u.Err}
	}
	e.what = map[string]thing{}
	all := make([]sorted, len(table.Rows))
	lines := 0
	for i, cells := range table.Rows {
		t, id := byName[cells[arnColumn]], cells[arnColumn]
		if strings.HasPrefix(cells[sourceColumn], "aws-auth") {
			m := &v.mappings[lines]
			t, id = thing{principal: access.Principal(m.ARN), mapping: m}, fmt.Sprint("aws-auth ", lines)
			lines++
		}
		all[i] = sorted{entryRow(id, cells, t), t}
		e.what[id] = t
	}
	slices.SortStableFunc(all, orders[e.sort].less)
	rows := make([]row, len(all))
	for i := range all {
		rows[i] = all[i].row
	}
	e.list.set(rows)
	if !slices.ContainsFunc(all, func(s sorted) bool { return s.entry != nil && !s.entry.Expires().IsZero() }) {
		e.list.natural[len(e.list.columns)-1] = 0
	}
	if v.heard != nil {
		v.heard()
	}
}

// Where printer.Entries puts what is shown here.
const (
	typeColumn    = 1
	accessColumn  = 2
	groupsColumn  = 3
	sourceColumn  = 4
	ageColumn     = 5
	expiresColumn = 7
	arnColumn     = 9
)

func entryRow(id string, cells []string, t thing) row {
	source, rights, groups := cells[sourceColumn], cells[accessColumn], cells[groupsColumn]
	if t.entry != nil && t.entry.Node() {
		source = "nodes " + cells[typeColumn]
	}
	r := row{id: id, cells: []string{cells[0], blank(rights), blank(groups), source, blank(cells[ageColumn]), blank(cells[expiresColumn])}}
	r.keys = []string{cells[arnColumn], cells[0], source}
	r.keys = append(r.keys, rightKeys(rights)...)
	r.keys = append(r.keys, strings.Split(groups, ",")...)
	r.instead = instead(rights, r.cells[2], source)
	r.keys = append(r.keys, r.instead...)
	r.muted = t.entry != nil && (t.entry.Managed() || t.entry.Node()) || t.mapping != nil && strings.Contains(source, "(") // it does nothing
	return r
}

// instead is what ACCESS says where there is no room for the groups or the source.
func instead(rights, groups, source string) []string {
	if groups = "groups " + groups; groups == "groups –" || rights == "everything" { // which is what the group means
		groups = ""
	}
	switch why, noted := strings.CutPrefix(source, "aws-auth ("); {
	case noted && why != "the entry may win)":
		source = "not in force (" + why
	case strings.HasPrefix(source, "stale ("):
		source = "stale"
	case strings.HasPrefix(source, "managed by "):
	case strings.HasPrefix(source, "entry"):
		source = ""
	}
	return []string{2: groups, 3: source}
}

// aged are the cells with the time that has passed since they were read.
func (e *entries) aged(r row) []string {
	t := e.what[r.id]
	if t.entry == nil {
		return r.cells
	}
	cells, now := slices.Clone(r.cells), e.m.world.Now()
	cells[4] = blank(printer.Age(t.entry.Created, now))
	if at := t.entry.Expires(); !at.IsZero() {
		cells[5] = printer.Until(at, now)
	}
	return cells
}

// blank shortens what tables say of nothing.
func blank(s string) string {
	switch s {
	case "<none>":
		return "–"
	case "<unknown>":
		return "?"
	}
	return s
}

// rightKeys are the grants as they are shown, and each policy with those of its namespaces that do not stand beside it.
func rightKeys(rights string) []string {
	keys := []string{rights}
	for g := range strings.SplitSeq(rights, "; ") {
		name, namespaces, _ := strings.Cut(g, ":")
		for _, ns := range strings.Split(namespaces, ",")[1:] {
			keys = append(keys, name+":"+ns)
		}
	}
	return keys
}

// current is what stands under the cursor.
func (e *entries) current() (thing, bool) {
	r, ok := e.list.current()
	return e.what[r.id], ok
}

func (e *entries) nobody() string {
	if _, ok := e.current(); !ok {
		return "nobody is chosen"
	}
	return ""
}

// fixed says why what stands under the cursor cannot be changed.
func (e *entries) fixed() string {
	t, ok := e.current()
	switch {
	case !ok:
		return "nobody is chosen"
	case t.mapping != nil && (t.mapping.Kind == access.MappedAccount || t.mapping.State == access.Dropped):
		return "this mapping names no role or user: edit aws-auth to remove it"
	case t.mapping != nil:
		return ""
	case t.unread != nil:
		return "the entry could not be read"
	case t.entry.Managed() && t.entry.Owner().Kind != access.ByBatch: // which leaves a policy to its customers
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
	e.m.say("copied " + string(t.principal))
	return tea.SetClipboard(string(t.principal))
}

func (e *entries) again() tea.Cmd {
	if e.v.cluster == nil {
		return e.m.open(e.v)
	}
	return e.m.read(e.v, nil)
}

func (e *entries) grantMore() tea.Cmd {
	t, _ := e.current()
	return e.m.startGrant(e.v, []access.Principal{t.principal})
}

func (e *entries) revoke() tea.Cmd {
	t, _ := e.current()
	if t.mapping != nil {
		return e.m.propose(e.v, e.m.revokeRequest(e.v, access.Normal(t.mapping.ARN), []revocation{{}}))
	}
	return e.m.startRevoke(e.v, *t.entry)
}
