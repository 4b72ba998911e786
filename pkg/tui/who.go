package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// whoStep chooses principals from those that IAM knows, in tabs, or takes what is typed.
func (g *granting) whoStep() step {
	m := g.m
	l := newList(m.styles, true, column{title: "PRINCIPAL"}, column{title: "NOW"})
	l.filter.Placeholder = "type a name, or paste an ARN"
	l.typed = typedPrincipal
	tab := Roles
	s := m.picker("", l, g.takeWho)
	s.name = func() string { return "Grant · principals" }
	s.intro = func() string { return g.tabs(tab, l) }
	s.empty = func() string { return g.noneOf(tab, l.text()) }
	turn := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			tab = (tab + Family(n) + 3) % 3
			g.show(tab, l)
			return g.list(tab)
		}
	}
	s.actions = append(s.actions, on("tab", "tab", "roles, users, sets", turn(1)), on("shift+tab", "⇧tab", "the tab before", turn(2)).hidden())
	g.v.heard = func() { g.now(l) }
	return step{screen: s, begin: func() tea.Cmd {
		g.show(tab, l)
		return tea.Batch(g.list(Roles), g.list(Users), g.list(PermissionSets))
	}}
}

// tabs names the families and how many the filter finds of each; the one that is shown is in brackets.
func (g *granting) tabs(tab Family, l *list) string {
	var parts []string
	for f := Roles; f <= PermissionSets; f++ {
		fam, name := &g.v.families[f], f.String()
		if text := l.text(); text != "" {
			found := l.found()
			if f != tab {
				found = fam.count(text)
			}
			name += fmt.Sprintf(" %d of", found)
		}
		name += fmt.Sprintf(" %d", len(fam.all))
		if !fam.done {
			name += "…"
		}
		if f == tab {
			name = "[" + name + "]"
		}
		parts = append(parts, name)
	}
	text := strings.Join(parts, "   ")
	if err := g.v.families[tab].err; err != nil {
		text += "\n" + printer.Clean(err.Error()) + "; use the full ARN instead"
	}
	return text
}

// noneOf says in which other tab there are matches.
func (g *granting) noneOf(tab Family, text string) string {
	if !g.v.families[tab].done {
		return "reading…"
	}
	var others []string
	for f := Roles; f <= PermissionSets; f++ {
		if f == tab {
			continue
		}
		if n := g.v.families[f].count(text); n > 0 {
			others = append(others, fmt.Sprintf("%d of the %s", n, f))
		}
	}
	if len(others) > 0 {
		return fmt.Sprintf("no match in %s; tab shows %s", tab, strings.Join(others, ", "))
	}
	return "no match: use an ARN, role/NAME, user/NAME or sso/SET"
}

// show fills the list with one tab, and with the further pages of that one only.
func (g *granting) show(tab Family, l *list) {
	for i := range g.v.families {
		g.v.families[i].page = nil
	}
	f := &g.v.families[tab]
	f.page = func(page []access.Principal) { l.add(principalRows(page, g.access(), g.v.account())) }
	l.set(principalRows(f.all, g.access(), g.v.account()))
}

// list begins to read a family unless that was done.
func (g *granting) list(tab Family) tea.Cmd {
	f := &g.v.families[tab]
	if f.begun && f.err == nil {
		return nil
	}
	f.begun, f.done, f.err, f.all, f.index = true, false, nil, nil, index{}
	take := func(page []access.Principal, err error) tea.Cmd {
		f.err = errors.Join(f.err, err)
		f.all = append(f.all, page...)
		for _, r := range principalRows(page, nil, g.v.account()) {
			f.index.add(r.keys)
		}
		if f.page != nil {
			f.page(page)
		}
		return nil
	}
	return stream(g.m, &f.slot, g.v.cluster.Principals(g.m.ctx, tab), take, func() tea.Cmd { f.done = true; return nil })
}

// now writes beside the principals what was read about them since.
func (g *granting) now(l *list) {
	has := g.access()
	for i, r := range l.rows {
		if text, ok := has[access.Principal(r.id)]; ok {
			l.rewrite(i, nowColumn, printer.Clean(text))
		}
	}
}

// nowColumn is where the list of principals shows their access.
const nowColumn = 1

// access is what the principals with an entry have.
func (g *granting) access() map[access.Principal]string {
	has := map[access.Principal]string{}
	for _, e := range g.v.snapshot.Entries {
		var all []string
		for _, grant := range e.Grants {
			text := grant.String()
			if grant.Scope.WholeCluster() {
				text = grant.Policy.Short() + " (cluster-wide)"
			}
			all = append(all, text)
		}
		if len(e.Groups) > 0 {
			all = append(all, "groups "+strings.Join(e.Groups, ", "))
		}
		has[e.Principal] = "has " + cmp.Or(strings.Join(all, "; "), "no policies")
		if e.Node() {
			has[e.Principal] = "node role"
		}
	}
	return has
}

func principalRows(all []access.Principal, has map[access.Principal]string, account string) []*row {
	rows := make([]*row, len(all))
	for i, p := range all {
		short := printer.Clean(p.Short(account))
		rows[i] = &row{id: string(p), value: p, cells: []string{short, printer.Clean(has[p])}, keys: []string{string(p)}}
		if p.PermissionSet() != "" {
			rows[i].keys = append(rows[i].keys, short)
		}
	}
	return rows
}

// typedPrincipal is the row for what was typed, where it can be a principal.
func typedPrincipal(text string) (*row, bool) {
	ref, err := access.ParsePrincipal(text)
	switch {
	case err != nil && !strings.HasPrefix(text, "arn:"):
		return &row{}, false
	case err != nil:
		return &row{id: text, cells: []string{printer.Clean(text), "cannot have access"}, note: err.Error()}, true
	case ref.Lookup == access.LookupNone:
		return &row{id: string(ref.Principal), value: ref.Principal, cells: []string{printer.Clean(text), "as written"}}, true
	}
	return &row{id: ref.Written, cells: []string{printer.Clean(ref.Written), "look it up in IAM"}}, true
}

// takeWho looks up what was typed, then continues.
func (g *granting) takeWho(rows []*row) tea.Cmd {
	var known []access.Principal
	var open []string
	for _, r := range rows {
		if p, ok := r.value.(access.Principal); ok {
			known = append(known, p)
		} else {
			open = append(open, r.id)
		}
	}
	if len(open) == 0 {
		g.Who = known
		return g.next()
	}
	at, doubts := g.m.top(), ""
	question := func(ctx context.Context) ([]access.Principal, error) {
		for _, text := range open {
			p, doubt, err := g.v.cluster.Resolve(ctx, text)
			if err != nil {
				return nil, err
			}
			known, doubts = append(known, p), doubt
		}
		return known, nil
	}
	g.m.say("looking up " + strings.Join(open, ", "))
	return ask(g.m, new(slot), question, func(who []access.Principal, err error) tea.Cmd {
		switch {
		case g.m.top() != at:
			return nil
		case err != nil:
			g.m.failed(err)
			return nil
		}
		slices.Sort(who)
		g.Who = slices.Compact(who)
		cmd := g.next()
		g.m.say(doubts)
		return cmd
	})
}
