package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// revocation is one row of what can be revoked from an entry.
type revocation struct {
	edit.Revocation
	text, note string
	entryOnly  bool // of a whole entry: the mappings of its principal stay
}

// takeable is all that can be revoked from an entry: each grant, each namespace, each group, the whole. What revokes
// most comes last: the first row is what a hasty key selects.
func (v *view) takeable(e access.Entry) []revocation {
	var all []revocation
	for _, g := range e.Grants {
		all = append(all, revocation{Revocation: edit.Revocation{Grants: []access.Grant{{Policy: g.Policy}}}, text: g.String(), note: "the whole grant"})
		if len(g.Scope.Namespaces) < 2 {
			continue
		}
		for _, ns := range g.Scope.Namespaces {
			only := access.Grant{Policy: g.Policy, Scope: access.Scope{Namespaces: []string{ns}}}
			all = append(all, revocation{Revocation: edit.Revocation{Grants: []access.Grant{only}}, text: only.String(), note: "only this namespace"})
		}
	}
	for _, g := range e.Groups {
		all = append(all, revocation{Revocation: edit.Revocation{Groups: []string{g}}, text: "group " + g})
	}
	note := v.stillMapped(e.Principal)
	if note == "" {
		return append(all, revocation{text: "the whole entry"})
	}
	return append(all, revocation{text: "the access entry only", note: note, entryOnly: true},
		revocation{text: "all access", note: "the entry and its aws-auth mappings"})
}

// stillMapped is a note where aws-auth gives the principal access when its entry is gone, or "".
func (v *view) stillMapped(p access.Principal) string {
	active := func(m access.Mapping) bool { return m.State == access.InForce && m.For(p) }
	switch {
	case !v.snapshot.Cluster.Mode.ReadsConfigMap():
		return ""
	case slices.ContainsFunc(v.mappings, active):
		return "an aws-auth mapping gives access again"
	case v.blind || v.reading != 0:
		return "an aws-auth mapping may give access again"
	}
	return ""
}

// takeFrom asks what to revoke from an entry.
func (m *model) takeFrom(v *view, e access.Entry, several bool, taken func([]revocation) tea.Cmd) tea.Cmd {
	all := v.takeable(e)
	l := newList(m.styles, several, column{title: "REVOKE"}, column{title: ""})
	l.unset, l.cursor = true, -1
	rows := make([]*row, len(all))
	for i, r := range all {
		rows[i] = &row{id: r.text, value: r, alone: r.Whole(), cells: []string{printer.Clean(r.text), r.note}, keys: []string{r.text}}
	}
	l.set(rows)
	return m.push(m.picker("Revoke · from "+printer.Clean(e.Principal.Short(v.account())), l, func(rows []*row) tea.Cmd {
		chosen := make([]revocation, len(rows))
		for i, r := range rows {
			chosen[i], _ = r.value.(revocation)
		}
		return taken(chosen)
	}))
}

// startRevoke asks what to revoke from an entry and shows the plan.
func (m *model) startRevoke(v *view, e access.Entry) tea.Cmd {
	return m.takeFrom(v, e, true, func(chosen []revocation) tea.Cmd { return m.propose(v, m.revokeRequest(v, e.Principal, chosen)) })
}

func (m *model) revokeRequest(v *view, p access.Principal, chosen []revocation) Request {
	var what edit.Revocation
	for _, r := range chosen {
		what.Grants = append(what.Grants, r.Grants...)
		what.Groups = append(what.Groups, r.Groups...)
	}
	command := []string{"revoke", p.Short(v.account())}
	for _, g := range what.Grants {
		command = append(command, "--policy", access.Scoped{Policy: g.Policy.Short(), Namespaces: g.Scope.Namespaces}.String())
	}
	command = option(command, "--group", what.Groups)
	if chosen[0].entryOnly {
		command = append(command, "--entry-only")
	}
	return Request{Who: []access.Principal{p}, Revoke: &what, EntryOnly: chosen[0].entryOnly, Command: v.cluster.Program.Words(command...)}
}
