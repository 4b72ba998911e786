package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// written marks the id of a principal that was typed and not yet looked up.
const written = "written "

// whoStep chooses principals from those that IAM knows, in tabs, or takes what is typed.
func (g *granting) whoStep() step {
	m := g.m
	l := newList(m.styles, true, column{"PRINCIPAL", 0}, column{"NOW", 0})
	l.filter.Placeholder = "type a name, or paste an ARN"
	l.typed = typedPrincipal
	tab := Roles
	s := m.picker("", l, g.takeWho)
	s.name = func() string { return "Grant · to whom" }
	s.intro = func(int) string { return g.tabs(tab) }
	s.empty = func() string {
		if g.v.families[tab].done {
			return "none; write an ARN, role/NAME, user/NAME or sso/SET"
		}
		return "reading…"
	}
	turn := func(n int) func() tea.Cmd {
		return func() tea.Cmd {
			tab = (tab + Family(n) + 3) % 3
			return g.family(tab, l)
		}
	}
	s.actions = append(s.actions, on("tab", "tab", "roles, users, sets", turn(1)), on("shift+tab", "⇧tab", "the tab before", turn(2)).hidden())
	return step{screen: s, begin: turn(0)}
}

// tabs names the families; the one that is seen stands in brackets.
func (g *granting) tabs(tab Family) string {
	var parts []string
	for f := Roles; f <= PermissionSets; f++ {
		name := f.String()
		if fam := g.v.families[f]; fam.begun {
			name = fmt.Sprintf("%s %d", name, len(fam.all))
			if !fam.done {
				name += "…"
			}
		}
		if f == tab {
			name = "[" + name + "]"
		}
		parts = append(parts, name)
	}
	text := strings.Join(parts, "   ")
	if err := g.v.families[tab].err; err != nil {
		text += "\n" + printer.Clean(err.Error()) + "; write the full ARN instead"
	}
	return text
}

// family shows one tab and begins to read it where nobody did.
func (g *granting) family(tab Family, l *list) tea.Cmd {
	v := g.v
	f := &v.families[tab]
	let := g.letIn()
	l.set(principalRows(f.all, let, v.account()))
	g.shown(l, tab)
	if f.begun && f.err == nil {
		return nil
	}
	f.begun, f.done, f.err, f.all = true, false, nil, nil
	take := func(page []access.Principal, err error) tea.Cmd {
		f.err = errors.Join(f.err, err)
		f.all = append(f.all, page...)
		if f.page != nil {
			f.page(page)
		}
		return nil
	}
	return stream(g.m, &f.slot, v.cluster.Principals(g.m.ctx, tab), take, func() tea.Cmd { f.done = true; return nil })
}

// shown makes the list hear of the pages of its tab, and of no other.
func (g *granting) shown(l *list, tab Family) {
	for i := range g.v.families {
		g.v.families[i].page = nil
	}
	let := g.letIn()
	g.v.families[tab].page = func(page []access.Principal) { l.add(principalRows(page, let, g.v.account())) }
}

func (g *granting) letIn() map[access.Principal]string {
	let := map[access.Principal]string{}
	for _, e := range g.v.snapshot.Entries {
		var has []string
		for _, grant := range e.Grants {
			has = append(has, grant.String())
		}
		let[e.Principal] = "is in: " + first(strings.Join(has, "; "), "no policies")
		if e.Node() {
			let[e.Principal] = "is in, for nodes"
		}
	}
	return let
}

func principalRows(all []access.Principal, let map[access.Principal]string, account string) []row {
	rows := make([]row, len(all))
	for i, p := range all {
		short := printer.Clean(p.Short(account))
		rows[i] = row{id: string(p), cells: []string{short, printer.Clean(let[p])}, keys: []string{string(p)}}
		if strings.HasPrefix(short, "sso/") {
			rows[i].keys = append(rows[i].keys, short)
		}
	}
	return rows
}

// typedPrincipal is the row for what was typed, where it can be a principal.
func typedPrincipal(text string) (row, bool) {
	ref, err := access.ParsePrincipal(text)
	switch {
	case err != nil && !strings.HasPrefix(text, "arn:"):
		return row{}, false
	case err != nil:
		return row{id: written + text, cells: []string{printer.Clean(text), "cannot be let in"}, note: err.Error()}, true
	case ref.Lookup == access.LookupNone:
		return row{id: string(ref.Principal), cells: []string{printer.Clean(text), "as written"}}, true
	}
	return row{id: written + ref.Written, cells: []string{printer.Clean(ref.Written), "look it up in IAM"}}, true
}

// takeWho looks up what was typed and goes on.
func (g *granting) takeWho(ids []string) tea.Cmd {
	var known []access.Principal
	var open []string
	for _, id := range ids {
		if text, ok := strings.CutPrefix(id, written); ok {
			open = append(open, text)
		} else {
			known = append(known, access.Principal(id))
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
