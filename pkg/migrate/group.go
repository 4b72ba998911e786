package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// groups gives the entry the line's groups, or what stands in for them.
func (p *planner) groups(l *Line, e *access.Entry) bool {
	for _, written := range slices.Compact(slices.Sorted(slices.Values(l.Groups))) {
		g := access.Expand(written, e.Principal)
		switch {
		case g == masters:
			e.Grants = append(e.Grants, access.Grant{Policy: access.ClusterAdmin})
			l.replaced = append(l.replaced, g)
			l.differs(DiffMasters, "the group system:masters, which EKS refuses, becomes the policy cluster-admin on the whole cluster: "+
				"the same requests are allowed, but not those made by impersonation (kubectl --as), and tools that look for the group find it no more")
		case strings.TrimSpace(g) == "":
			l.differs(DiffGroup, "a group without a name is left out; it gave nothing")
		case g == authenticated:
			l.differs(DiffGroup, "the group system:authenticated is left out; everybody who is let in is in it")
		case !access.Templated(g) && access.CheckGroup(g) == nil:
			e.Groups = append(e.Groups, g)
			if g != written {
				l.differs(DiffGroup, "the group %s is written out as %s", written, g)
			}
		case l.Masters():
			l.differs(DiffGroup, "the group %s, which an entry cannot have, is left out; the policy cluster-admin gives all that it may have given", g)
		default:
			if !p.refusedGroup(l, e, g) {
				return false
			}
		}
	}
	return true
}

// refusedGroup asks what shall stand in for a group that an entry cannot have.
func (p *planner) refusedGroup(l *Line, e *access.Entry, g string) bool {
	bindings := p.bound(g)
	q := Question{
		ID: "group/" + g, Text: fmt.Sprintf("an entry cannot have the group %s%s; what shall stand in for it?", g, boundBy(bindings, p.NoRBAC)),
		Options: []Option{
			{rename, "another group, which RBAC is made to know by the same rights: rename:NAME", "the name of the other group?"},
			{policy, "an access policy: policy:view for the whole cluster, policy:view@dev,qa for namespaces", "which policy, such as view, or view@dev,qa for namespaces?"},
			{Answer: drop, Means: "nothing; what RBAC gives to the group is lost"},
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
		l.differs(DiffGroup, "the group %s, which an entry cannot have, is left out%s", g, boundBy(bindings, p.NoRBAC))
		return true
	}
	return l.stay("an entry cannot have the group %s%s; decide what shall stand in for it: %s", g, boundBy(bindings, p.NoRBAC), q.ID)
}

func boundBy(bindings []access.Binding, unknown string) string {
	switch {
	case unknown != "":
		return " (RBAC is not known: " + unknown + ")"
	case len(bindings) == 0:
		return " (no RBAC binding names it)"
	}
	names := make([]string, len(bindings))
	for i, b := range bindings {
		names[i] = b.String()
	}
	return " (it has rights by " + strings.Join(names, ", ") + ")"
}

// bound are the bindings that name a group.
func (p *planner) bound(g string) []access.Binding {
	return slices.DeleteFunc(slices.Clone(p.Bindings), func(b access.Binding) bool {
		return len(access.Matching(g, b.Groups)) == 0 || bridging(b)
	})
}

// renamed puts a group in the place of another, and makes RBAC know it by the same rights.
func (p *planner) renamed(l *Line, e *access.Entry, q Question, g, name string) bool {
	if err := access.CheckGroup(name); err != nil || access.Templated(name) {
		p.refuse(q, rename+name, fmt.Sprintf("the group %s cannot be given either", name))
		return l.stay("the decision %s cannot be obeyed", q.ID)
	}
	e.Groups = append(e.Groups, name)
	for _, b := range p.bound(g) {
		l.follow = append(l.follow, p.named(access.Binding{Namespace: b.Namespace, Name: suffixed(b.Name, name), Role: b.Role, Groups: []string{name}}))
	}
	l.differs(DiffGroup, "the group %s, which an entry cannot have, becomes %s", g, name)
	p.shared(l, name, l.follow)
	return true
}

// byPolicy puts a policy in the place of a group.
func (p *planner) byPolicy(l *Line, e *access.Entry, q Question, g, value string) bool {
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
		return l.stay("the decision %s cannot be obeyed", q.ID)
	}
	if i := slices.IndexFunc(e.Grants, func(h access.Grant) bool { return h.Policy == grant.Policy }); i >= 0 {
		e.Grants[i].Scope = e.Grants[i].Scope.With(grant.Scope)
	} else {
		e.Grants = append(e.Grants, grant)
	}
	l.replaced = append(l.replaced, g)
	l.differs(DiffGroup, "in the place of the group %s, which an entry cannot have, stands the policy %s", g, grant)
	return true
}
