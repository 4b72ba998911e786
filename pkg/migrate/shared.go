package migrate

import (
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// shared says that others have the new name too, and so get the rights of its new RBAC bindings.
func (p *planner) shared(l *Mapping, name string, follow []access.Binding) {
	if len(follow) > 0 && p.inUse(l, name) {
		l.differs(DiffShared, "others have the name %s too: they get the rights of its new RBAC bindings", name)
	}
}

// inUse reports whether others than the mapping have a group or username, or get it by a decision.
func (p *planner) inUse(l *Mapping, name string) bool {
	decided := 0
	for _, answer := range p.Answers {
		if _, value := split(answer); value == name {
			decided++
		}
	}
	has := func(username string, groups []string, who access.Principal) bool {
		return access.Expand(username, who) == name || slices.ContainsFunc(groups, func(g string) bool {
			return access.Expand(g, who) == name || len(access.Matching(g, []string{name})) > 0
		})
	}
	return decided > 1 ||
		slices.ContainsFunc(p.Mappings, func(m access.Mapping) bool {
			return m.ARN != l.ARN && has(m.Username, m.Groups, access.Principal(m.ARN))
		}) ||
		slices.ContainsFunc(p.Entries, func(e access.Entry) bool { return has(e.Username, e.Groups, e.Principal) }) ||
		slices.ContainsFunc(p.Bindings, func(b access.Binding) bool {
			return slices.Contains(b.Groups, name) || len(access.Matching(name, b.Users)) > 0
		})
}
