package migrate

import (
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Right is one role or policy that somebody has, where, and by what.
type Right struct {
	Role  string `json:"role"`  // "ClusterRole view", "policy cluster-admin", "everything"
	Where string `json:"where"` // "the whole cluster", "namespace dev"
	By    string `json:"by"`

	binding string
}

const (
	everything   = "everything"
	wholeCluster = "the whole cluster"
)

// String reads "ClusterRole view in namespace dev by group developers".
func (r Right) String() string { return fmt.Sprintf("%s in %s by %s", r.Role, r.Where, r.By) }

// rights tells what the principal may do by the line and by the entry, and names what is lost.
func (p *planner) rights(l *Line, e access.Entry) {
	groups := make([]string, len(l.Groups))
	for i, g := range l.Groups {
		groups[i] = expand(g, e.Principal)
	}
	username := expand(l.Username, e.Principal)
	if l.State == access.InForce {
		l.Before = p.byRBAC(p.Bindings, username, groups)
	}
	if l.State == access.InForce && l.Masters() {
		l.Before = append([]Right{{Role: everything, Where: wholeCluster, By: "group " + masters}}, l.Before...)
	}
	for _, g := range e.Grants {
		l.After = append(l.After, Right{Role: "policy " + g.Policy.Short(), Where: g.Scope.String(), By: "the entry"})
	}
	called := e.Username
	if called == "" {
		called = givenName(e.Principal)
	}
	l.After = append(l.After, p.byRBAC(slices.Concat(p.Bindings, l.follow), called, entryGroups(e))...)
	p.lost(l, e)
	p.gained(l, e)
}

// entryGroups are the groups that whoever comes by the entry is in. Those that EKS gives to nodes are
// documented for EC2_LINUX only (eks-access.md §4.4); for the others none are counted on.
func entryGroups(e access.Entry) []string {
	if e.Kind == access.EC2Linux {
		return []string{"system:nodes"}
	}
	return e.Groups
}

// byRBAC are the rights of a name and of groups.
func (p *planner) byRBAC(bindings []access.Binding, username string, groups []string) []Right {
	var all []Right
	for _, b := range bindings {
		if bridging(b) {
			continue
		}
		r := Right{Role: b.Role.Kind + " " + b.Role.Name, Where: wholeCluster, binding: b.String()}
		if b.Namespace != "" {
			r.Where = "namespace " + b.Namespace
		}
		if users := matching(username, b.Users); len(users) > 0 {
			r.By = "user " + users[0] + " by " + b.String()
			all = append(all, r)
		}
		for _, g := range groups {
			if found := matching(g, b.Groups); len(found) > 0 && g != masters {
				r.By = "group " + found[0] + " by " + b.String()
				all = append(all, r)
			}
		}
	}
	return all
}

// lost names each right before that is none after. Where RBAC is not known, nothing of it is.
func (p *planner) lost(l *Line, e access.Entry) {
	if e.Administers() {
		return
	}
	for _, was := range l.Before {
		kept := func(r Right) bool { return r.Role == was.Role && (r.Where == was.Where || r.Where == wholeCluster) }
		if !slices.ContainsFunc(l.After, kept) {
			l.Differences = append(l.Differences, Difference{Code: DiffLost, Text: "lost: " + was.String(), Binding: was.binding})
		}
	}
}

// gained names each right after that was none before.
func (p *planner) gained(l *Line, e access.Entry) {
	if l.State == access.InForce && l.Masters() || e.Node() {
		return
	}
	for _, is := range l.After {
		had := func(r Right) bool { return r.Role == is.Role && (r.Where == is.Where || r.Where == wholeCluster) }
		if !slices.ContainsFunc(l.Before, had) {
			l.Differences = append(l.Differences, Difference{Code: DiffGained, Text: "new: " + is.String(), Binding: is.binding})
		}
	}
}
