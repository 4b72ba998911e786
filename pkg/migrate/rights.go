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
	session string // of whom alone it is; "": of all who come as the principal
}

// covers tells whether a right gives another, which is of one session or of all.
func (r Right) covers(o Right) bool {
	return r.Role == o.Role && (r.Where == o.Where || r.Where == wholeCluster) && (r.session == "" || r.session == o.session)
}

const (
	everything   = "everything"
	wholeCluster = "the whole cluster"
)

// String reads "ClusterRole view in namespace dev by group developers".
func (r Right) String() string { return fmt.Sprintf("%s in %s by %s", r.Role, r.Where, r.By) }

// rights tells what the principal may do by the line and by the entry, and names what is lost.
func (p *planner) rights(l *Line, e access.Entry) {
	var groups []string
	for _, g := range l.Groups {
		groups = merge(groups, []string{access.Expand(g, e.Principal)})
	}
	username := access.Expand(l.Username, e.Principal)
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
		called = access.DefaultUsername(e.Principal)
	}
	l.After = append(l.After, p.byRBAC(slices.Concat(p.Bindings, p.absent(l.follow)), called, entryGroups(e))...)
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
		for _, user := range access.Matching(username, b.Users) {
			r.By, r.session = "user "+user+" by "+b.String(), access.SessionOf(username, user)
			all = append(all, r)
		}
		for _, g := range groups {
			if g == masters || g == authenticated { // the one counts by itself, in the other is everybody
				continue
			}
			for _, found := range access.Matching(g, b.Groups) {
				r.By, r.session = "group "+found+" by "+b.String(), access.SessionOf(g, found)
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
		kept := func(r Right) bool { return r.covers(was) }
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
		had := func(r Right) bool { return r.covers(is) }
		if !slices.ContainsFunc(l.Before, had) {
			l.Differences = append(l.Differences, Difference{Code: DiffGained, Text: "new: " + is.String(), Binding: is.binding})
		}
	}
}
