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

// clusters is the tab of the clusters in the kubeconfig. Their rows are there at once; the rest comes when each has answered.
type clusters struct {
	*screen
	m       *model
	survey  slot
	answers map[string]answered // by the first context
	heard   int                 // in this survey
	left    int                 // that have not answered yet
}

// answered is what came of a cluster.
type answered struct {
	Overview
	err error
}

// fleet is the tab, which all clusters have in common.
func (m *model) fleet() *clusters {
	if m.clusters != nil {
		return m.clusters
	}
	l := newList(m.styles, false, column{title: "CLUSTER"}, column{title: "CONTEXT", rank: 6}, column{title: "REGION", rank: 4, fixed: len("us-southwest-1")}, column{title: "ACCOUNT", rank: 5, fixed: 12},
		column{title: "MODE", rank: 3, fixed: len(access.ModeBoth)}, column{title: "ENTRIES", rank: 2, fixed: 7, spoken: "entries"},
		column{title: "ADMINS", rank: 1, fixed: 6, spoken: "administrators"}, column{title: "STATUS", share: 1})
	c := &clusters{m: m, answers: map[string]answered{}}
	m.clusters = c
	c.screen = m.browser(l, on("enter right", "⏎", "switch", c.open), on("r", "r", "refresh", c.read).views())
	c.name, c.state, c.about = func() string { return c.counted("Clusters") }, c.progress, c.aboutCurrent
	c.beside = 160 // there are many columns
	c.empty = func() string { return m.nothingYet(l, nil) }
	c.shown = func() tea.Cmd {
		c.fill()
		l.seek(m.at.context.First)
		if c.survey == 0 {
			return c.read()
		}
		return nil
	}
	return c
}

// read asks all clusters again. What they answered before stays until then.
func (c *clusters) read() tea.Cmd {
	c.heard, c.left = 0, 0
	for _, at := range c.m.world.Contexts {
		if at.Name == at.First {
			c.left++
		}
	}
	c.fill()
	return stream(c.m, &c.survey, c.m.world.Survey(c.m.ctx), func(o Overview, err error) tea.Cmd {
		c.answers[o.Context] = answered{o, err}
		c.heard, c.left = c.heard+1, c.left-1
		c.fill()
		return nil
	}, func() tea.Cmd { return nil })
}

// progress is how many clusters have answered, or could not be read.
func (c *clusters) progress() string {
	bad := 0
	for _, a := range c.answers {
		if a.err != nil {
			bad++
		}
	}
	var all []string
	if c.left > 0 {
		all = append(all, fmt.Sprintf("reading, %d of %d have answered", c.heard, c.heard+c.left))
	}
	if bad > 0 {
		all = append(all, fmt.Sprintf("%d not read", bad))
	}
	return strings.Join(all, " · ")
}

// fill makes the rows: one for each cluster, with all its contexts.
func (c *clusters) fill() {
	var rows []*row
	for _, at := range c.m.world.Contexts {
		if at.Name == at.First {
			rows = append(rows, c.row(at))
		}
	}
	c.list.set(rows)
}

func (c *clusters) row(at Context) *row {
	all := c.contexts(at)
	a, ok := c.answers[at.Name]
	r := &row{id: at.Name, value: at, keys: []string{at.Cluster}}
	for _, same := range all {
		r.keys = append(r.keys, same.Name)
	}
	r.cells = []string{c.label(at), contextNames(all), printer.Clean(cmp.Or(a.Info.Region(), at.Region)), printer.Clean(cmp.Or(a.Info.Account(), at.Account))}
	switch {
	case !ok:
		r.cells, r.muted = append(r.cells, "reading…"), true
	case a.err != nil:
		r.cells, r.tones = append(r.cells, "✗ "+printer.Clean(c.m.helped(at.Name, a.err))), []tone{4: alarm}
	default:
		r.cells = append(r.cells, string(a.Info.Mode), fmt.Sprint(a.Entries), a.admins(), a.status())
		if a.Partly {
			r.tones = []tone{7: notice}
		}
	}
	r.keys = append(r.keys, r.cells[2:]...)
	return r
}

// admins is how many cluster administrators there are, with a + where there may be more.
func (o Overview) admins() string {
	if o.Partly {
		return fmt.Sprintf("%d+", o.Admins)
	}
	return fmt.Sprint(o.Admins)
}

func (o Overview) status() string {
	if o.Partly {
		return "partly read, " + printer.Clean(o.Info.Status)
	}
	return printer.Clean(o.Info.Status)
}

// contexts are all contexts of a cluster.
func (c *clusters) contexts(at Context) []Context {
	return access.Where(c.m.world.Contexts, func(same *Context) bool { return same.First == at.First })
}

// contextNames are the names of contexts. An ARN says no more than the other columns.
func contextNames(all []Context) string {
	var names []string
	for _, at := range all {
		name := printer.Clean(at.Name)
		if access.Principal(at.Name).Account() != "" {
			name = "its ARN"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// label is the name of a cluster with what tells it from one of the same name.
func (c *clusters) label(at Context) string {
	name := at.Cluster
	for _, other := range c.m.world.Contexts {
		switch {
		case other.First == at.First || other.Cluster != at.Cluster:
		case other.Region != at.Region:
			name = at.Cluster + ", " + cmp.Or(at.Region, at.Name)
		default:
			name = at.Cluster + ", " + cmp.Or(at.Account, at.Name)
		}
	}
	if c.m.at.context.First == at.First {
		name += " (this one)"
	}
	return printer.Clean(name)
}

// current is the cluster under the cursor.
func (c *clusters) current() Context {
	r, _ := c.list.current()
	at, _ := r.value.(Context)
	return at
}

// open shows the cluster, or why it cannot be read.
func (c *clusters) open() tea.Cmd {
	at := c.current()
	same := c.contexts(at)
	if i := slices.Index(same, c.m.at.context); i >= 0 {
		at = same[i]
	}
	look := func() tea.Cmd { return c.m.look(at) }
	if c.answers[at.First].err == nil {
		return look()
	}
	return c.m.page(printer.Clean(at.Cluster), func(width int) string { return wrap(c.report(at, 1<<19), width) }, on("enter", "⏎", "switch to it anyway", look))
}

func (c *clusters) aboutCurrent(width int) string {
	if at := c.current(); at.Name != "" {
		return labelled(c.m.styles, wrap(c.report(at, 2*width-16), width)) // so that what to do is in sight
	}
	return ""
}

// report is what is known of a cluster, with this much of an error.
func (c *clusters) report(at Context, most int) string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name+":", printer.Clean(text))
		}
	}
	a, ok := c.answers[at.First]
	line("Cluster", at.Cluster)
	for _, same := range c.contexts(at) {
		line("Context", same.Name)
	}
	line("Region", cmp.Or(a.Info.Region(), at.Region))
	line("Account", cmp.Or(a.Info.Account(), at.Account))
	switch {
	case !ok:
		line("Status", "reading…")
	case a.err == nil:
		line("Status", fmt.Sprintf("%s, mode %s, entries %d, administrators %s", a.status(), a.Info.Mode, a.Entries, a.admins()))
	default:
		line("Not read", shortened(printer.Clean(a.err.Error()), most))
		line("To do", c.m.world.Hint(at.First, a.err))
	}
	for _, n := range a.Notes {
		line("Note", n)
	}
	return b.String()
}
