package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// groups gives the entry the mapping's groups, or what replaces them.
func (p *planner) groups(l *Mapping, e *access.Entry) bool {
	for _, written := range slices.Compact(slices.Sorted(slices.Values(l.Groups))) {
		g := access.Expand(written, e.Principal)
		switch {
		case g == masters:
			e.Grants = append(e.Grants, access.Grant{Policy: access.ClusterAdmin})
			l.differs(DiffMasters, "group system:masters, which an entry cannot have, becomes policy cluster-admin on the whole cluster: "+
				"the same requests are allowed, except those that others make in its name (kubectl --as), to which no access policy applies; and tools that look for the group no longer find it")
		case strings.TrimSpace(g) == "":
			l.differs(DiffGroup, "a group without a name is left out; it had no effect")
		case g == authenticated:
			l.differs(DiffGroup, "group system:authenticated is left out; everyone with access is in it")
		case !access.Templated(g) && access.CheckGroup(g) == nil:
			e.Groups = append(e.Groups, g)
			if g != written {
				l.differs(DiffGroup, "group %s is written as %s", written, g)
			}
		case l.Masters():
			l.differs(DiffGroup, "group %s, which an entry cannot have, is left out; policy cluster-admin covers it", g)
		default:
			if !p.refusedGroup(l, e, g) {
				return false
			}
		}
	}
	return true
}

// refusedGroup asks what replaces a group that an entry cannot have.
func (p *planner) refusedGroup(l *Mapping, e *access.Entry, g string) bool {
	bindings := p.bound(g)
	q := Question{
		ID: "group/" + g, Text: fmt.Sprintf("an entry cannot have group %s%s. What should replace it?", g, boundBy(bindings, p.NoRBAC)),
		Options: []Option{
			{rename, "another group, with RBAC bindings for the same rights: rename:NAME", "name of the other group:"},
			{policy, "an access policy: policy:view for the whole cluster, policy:view@dev,qa for namespaces", "policy, such as view, or view@dev,qa for namespaces:"},
			{Answer: drop, Means: "nothing: the rights that RBAC gives the group are lost"},
			leaveIt(),
		},
		Default: leave,
	}
	if len(bindings) == 0 && p.NoRBAC == "" {
		q.Default = drop
	}
	choice, value := p.ask(q)
	switch choice {
	case rename:
		return p.renamed(l, e, q, g, value)
	case policy:
		return p.byPolicy(l, e, q, g, value)
	case drop:
		l.differs(DiffGroup, "group %s, which an entry cannot have, is left out%s", g, boundBy(bindings, p.NoRBAC))
		return true
	}
	return l.stay("an entry cannot have group %s%s; decide what replaces it: %s", g, boundBy(bindings, p.NoRBAC), q.ID)
}

func boundBy(bindings []access.Binding, unknown string) string {
	switch {
	case unknown != "":
		return " (RBAC could not be read: " + unknown + ")"
	case len(bindings) == 0:
		return " (no RBAC binding refers to it)"
	}
	names := make([]string, len(bindings))
	for i, b := range bindings {
		names[i] = b.String()
	}
	return " (bound by " + strings.Join(names, ", ") + ")"
}

// bound are the bindings that refer to a group.
func (p *planner) bound(g string) []access.Binding {
	return access.Where(p.Bindings, func(b *access.Binding) bool { return len(access.Matching(g, b.Groups)) > 0 })
}

// renamed replaces a group by another one, with RBAC bindings for the same rights.
func (p *planner) renamed(l *Mapping, e *access.Entry, q Question, g, name string) bool {
	if err := access.CheckGroup(name); err != nil || access.Templated(name) {
		p.refuse(q, rename+name, fmt.Sprintf("an entry cannot have group %s either", name))
		return l.stay("decision %s is not possible", q.ID)
	}
	e.Groups = append(e.Groups, name)
	for _, b := range p.bound(g) {
		l.follow = append(l.follow, p.named(access.Binding{Namespace: b.Namespace, Name: suffixed(b.Name, name), Role: b.Role, Groups: []string{name}}))
	}
	l.differs(DiffGroup, "group %s, which an entry cannot have, becomes %s", g, name)
	p.shared(l, name, l.follow)
	return true
}

// byPolicy replaces a group by a policy.
func (p *planner) byPolicy(l *Mapping, e *access.Entry, q Question, g, value string) bool {
	name, where, scoped := strings.Cut(value, "@")
	found, err := access.ParsePolicy(name, p.Policies)
	grant := access.Grant{Policy: found}
	if scoped {
		grant.Scope.Namespaces = strings.Split(where, ",")
	}
	if err == nil {
		err = access.Check(access.Entry{Principal: e.Principal, Kind: access.Standard, Grants: []access.Grant{grant}}, p.Cluster)
	}
	if err != nil {
		p.refuse(q, policy+value, err.Error())
		return l.stay("decision %s is not possible", q.ID)
	}
	if i := slices.IndexFunc(e.Grants, func(h access.Grant) bool { return h.Policy == grant.Policy }); i >= 0 {
		e.Grants[i].Scope = e.Grants[i].Scope.With(grant.Scope)
	} else {
		e.Grants = append(e.Grants, grant)
	}
	l.differs(DiffGroup, "group %s, which an entry cannot have, is replaced by policy %s", g, grant)
	return true
}
