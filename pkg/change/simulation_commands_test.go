package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

const (
	role access.Principal = "arn:aws:iam::111122223333:role/"
	amy                   = role + "amy"
	bob                   = role + "bob"
	dev                   = role + "dev"
	ops                   = role + "ops"
	ci                    = role + "ci"
)

var (
	everybody   = []access.Principal{amy, bob, ci, dev, ops}
	allPolicies = []access.Policy{"AmazonEKSViewPolicy", "AmazonEKSEditPolicy", access.ClusterAdmin}
)

// furnish is who has access before anybody does anything.
func (w *world) furnish() {
	r, s := w.r, &w.account.State
	s.Cluster.Mode = pick(r, access.ModeBoth, access.ModeBoth, access.ModeBoth, access.ModeConfigMap, access.ModeAPI)
	s.RBAC = &access.RBAC{Bindings: []access.Binding{
		{Name: "viewers", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Groups: []string{"viewers"}},
		{Name: "others", Role: access.RoleRef{Kind: "ClusterRole", Name: "others"}, Groups: []string{"others"}},
		{Name: "admins", Role: access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}, Groups: []string{"admins"}},
	}}
	var lines []string
	for _, p := range everybody {
		admin := p == amy || p == bob || r.IntN(4) == 0
		if s.Cluster.Mode.ReadsEntries() && (admin && p != ops || r.IntN(2) == 0) {
			e := access.Entry{Principal: p, Kind: access.Standard, Username: access.DefaultUsername(p)}
			if r.IntN(2) == 0 {
				e.Groups = []string{"viewers"}
			}
			if admin {
				e.Grants = append(e.Grants, access.Grant{Policy: access.ClusterAdmin})
			}
			if r.IntN(2) == 0 {
				e.Grants = append(e.Grants, access.Grant{Policy: allPolicies[0], Scope: access.Scope{Namespaces: []string{"dev"}}})
			}
			*s = s.Put(e)
			if r.IntN(3) > 0 && (!w.duel || p != dev) {
				continue
			}
		}
		group := "viewers"
		if admin {
			group = "system:masters"
		}
		lines = append(lines, fmt.Sprintf("- rolearn: %s\n  username: %s\n  groups: [%s]\n", p, p.Name(), group))
	}
	m := awsauth.Understood(access.ConfigMap{Data: map[string]string{"mapRoles": strings.Join(lines, "")}, Version: "1"})
	s.AWSAuth = &m
	if w.duel {
		s.Cluster.Mode = access.ModeBoth
		had := access.Scope{Namespaces: []string{"had0", "had1", "had2", "had3", "had4", "had5", "had6", "had7", "had8"}}
		*s = s.Put(access.Entry{Principal: dev, Kind: access.Standard, Username: access.DefaultUsername(dev), Groups: []string{"viewers"}, Grants: []access.Grant{
			{Policy: allPolicies[0], Scope: had}, {Policy: allPolicies[1], Scope: had},
		}})
	}
}

// accepted are the risks that people take here, of which they take fewer at times. Nobody takes that of the last administrator.
var accepted = []access.RiskName{
	access.LoseOwnAccess, access.OverrideMapping, access.RestoreMapping, access.OneWayMode, access.LeaveMappings, access.BriefGap, access.OverwriteLater,
}

// command is anything.
func (p *person) command() (c command) {
	if p.duel {
		return p.contend()
	}
	switch p.r.IntN(8) {
	case 0, 1, 2:
		c = p.grant()
	case 3, 4, 5:
		c = p.revoke()
	case 6:
		c = p.swap()
	default:
		c = p.undo()
	}
	c.accept = accepted[pick(p.r, 0, 1, 1, 3):]
	return c
}

// contend adds a namespace to the scopes of one or two policies of one entry, or takes one away.
func (p *person) contend() command {
	p.contended++
	in := func(had string) (all []access.Grant) {
		for _, policy := range allPolicies[:1+p.r.IntN(2)] {
			all = append(all, access.Grant{Policy: policy, Scope: access.Scope{Namespaces: []string{fmt.Sprint(had, p.contended%9)}}})
		}
		return all
	}
	c, who := command{name: fmt.Sprint("contend ", p.contended), accept: accepted[p.r.IntN(4):]}, []access.Principal{dev}
	if p.r.IntN(2) == 0 {
		want := access.Entry{Grants: in("new")}
		c.do = func(ctx context.Context, prog *program) int { return prog.change(ctx, Grant(who, &want, false)) }
		return c
	}
	what := edit.Revocation{Grants: in("had")}
	if p.r.IntN(3) == 0 {
		what = edit.Revocation{}
	}
	c.do = func(ctx context.Context, prog *program) int {
		return prog.change(ctx, Revoke(who, &what, what.Whole(), true, names{}, prog))
	}
	return c
}

func (p *person) someGrant() access.Grant {
	scopes := []access.Scope{{}, {Namespaces: []string{"dev", "qa"}}, {Namespaces: []string{"dev"}}, {Namespaces: []string{"qa"}}, {Namespaces: []string{"prod"}}}
	return access.Grant{Policy: pick(p.r, p.policies...), Scope: pick(p.r, scopes...)}
}

func (p *person) some() []access.Principal {
	who := []access.Principal{pick(p.r, p.busy...)}
	for p.r.IntN(3) == 0 {
		who = append(who, pick(p.r, p.busy...))
	}
	slices.Sort(who)
	return slices.Compact(who)
}

func (p *person) grant() command {
	who, want, keep := p.some(), access.Entry{}, p.r.IntN(3) > 0
	if p.r.IntN(3) == 0 {
		want.Groups = []string{pick(p.r, "viewers", "admins", "others")}
	}
	if len(want.Groups) == 0 || p.r.IntN(2) == 0 {
		want.Grants = []access.Grant{p.someGrant()}
	}
	return command{name: fmt.Sprint("grant ", who, want.Holdings(), keep), do: func(ctx context.Context, prog *program) int {
		return prog.change(ctx, Grant(who, &want, keep))
	}}
}

func (p *person) revoke() command {
	who, what, only := p.some(), edit.Revocation{}, p.r.IntN(3) == 0
	switch p.r.IntN(4) {
	case 0:
		what.Groups = []string{pick(p.r, "viewers", "admins")}
	case 1, 2:
		what.Grants = []access.Grant{p.someGrant()}
	}
	return command{name: fmt.Sprint("revoke ", who, what, only), do: func(ctx context.Context, prog *program) int {
		return prog.change(ctx, Revoke(who, &what, what.Whole(), only, names{}, prog))
	}}
}

// names are that everybody is known.
type names struct{}

func (names) Namesake(access.Principal) (access.Principal, error) { return "", nil }
func (names) HadEntry(access.Principal) bool                      { return true }
func (names) NotFound(access.Principal, string, string) error     { return access.ErrNotFound }

// swap gives what one has to another, or somebody one policy in place of others: it adds and takes in one change.
func (p *person) swap() command {
	who, g := p.some(), access.Grant{Policy: pick(p.r, allPolicies[1:]...)}
	return command{name: fmt.Sprint("swap ", who, g), do: func(ctx context.Context, prog *program) int {
		return prog.change(ctx, Request{Kind: journal.Grant, Who: who, Takes: true, Edit: func(q access.Principal) access.Edit {
			if len(who) > 1 && q == who[0] {
				return edit.Revoke(q, edit.Revocation{Grants: []access.Grant{g}})
			}
			rest := slices.DeleteFunc(slices.Clone(allPolicies), func(o access.Policy) bool { return o == g.Policy })
			others := edit.Revocation{Grants: []access.Grant{{Policy: rest[0]}, {Policy: rest[1]}}}
			return edit.Each(edit.Grant(access.Entry{Principal: q, Grants: []access.Grant{g}}), edit.Revoke(q, others))
		}})
	}}
}

func (p *person) undo() command {
	return command{name: "undo", once: true, do: func(ctx context.Context, prog *program) int {
		code, _ := prog.undoLast(ctx)
		return code
	}}
}

// undoLast undoes the last change of this machine; false: there is none.
func (p *program) undoLast(ctx context.Context) (int, bool) {
	last := func() *journal.Record {
		all, err := journal.Read(p.machine.dir)
		if err != nil || len(all.Broken) > 0 {
			p.broke("%s: the journal cannot be read: %v %v", p.Name, err, all.Broken)
		}
		r, err := all.Last(time.Now().Add(p.machine.skew), func(r journal.Record) bool { return len(r.Entries) > 0 || r.AWSAuth != nil })
		if err != nil {
			p.broke("%s: %v", p.Name, err)
		}
		return r
	}
	if err := p.engine().Idle(ctx); err != nil {
		return p.ends(err), true
	}
	r := last()
	if r == nil {
		return done, false
	}
	p.tell("%s undoes %s %s", p.Name, r.ID, r.State())
	request, err := Undo(*r, false, p, p.AWSAuth)
	if errors.Is(err, ErrIrreversible) {
		return refused, true
	}
	if err != nil {
		p.broke("%s: undo: %v", p.Name, err)
		return failed, true
	}
	check := request.Check
	request.Check = func(ctx context.Context, s access.Snapshot) Checked {
		if !p.calm {
			now := last()
			if now == nil || now.ID != r.ID {
				p.tangled.Store(true)
			}
		}
		return check(ctx, s)
	}
	return p.change(ctx, request), true
}

// migrate makes entries of the mappings, the caller's own last, and removes these, each in a request of its own. The program's
// own migration will have its place here.
func (p *person) migrate() command {
	far := p.r.IntN(3)
	return command{name: fmt.Sprint("migrate ", far), accept: accepted, do: func(ctx context.Context, prog *program) int {
		all := prog.migration(ctx)
		for _, r := range all[:len(all)-2+far] {
			if code := prog.change(ctx, r); code != done {
				return code
			}
		}
		return done
	}}
}

func (p *program) migration(ctx context.Context) []Request {
	itself := func(kind journal.Kind, e access.Edit) Request {
		return Request{Kind: kind, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true, Edit: func(access.Principal) access.Edit { return e }}
	}
	all := []Request{itself(journal.SetMode, func(s access.Snapshot) (access.Snapshot, error) {
		if s.Cluster.Mode == access.ModeConfigMap {
			s.Cluster.Mode = access.ModeBoth
		}
		return s, nil
	})}
	mappings := p.AWSAuth(ctx).InForce()
	slices.SortStableFunc(mappings, func(m, _ access.Mapping) int {
		if m.Names(p.caller) {
			return 1
		}
		return -1
	})
	for _, m := range mappings {
		who := access.Principal(m.ARN)
		all = append(all, Request{Kind: journal.Migrate, Who: []access.Principal{who}, Takes: true, Edit: func(q access.Principal) access.Edit {
			return edit.Grant(ofMapping(m, q))
		}})
	}
	remove := awsauth.RemoveMappings(func(all []access.Mapping) []access.Mapping { return all })
	return append(all, itself(journal.Migrate, remove), itself(journal.SetMode, edit.SetMode(access.ModeAPI)))
}

func ofMapping(m access.Mapping, q access.Principal) access.Entry {
	e := access.Entry{Principal: q, Kind: access.Standard}
	for _, g := range m.Groups {
		if g == "system:masters" {
			e.Grants = []access.Grant{{Policy: access.ClusterAdmin}}
		} else {
			e.Groups = append(e.Groups, g)
		}
	}
	return e
}
