package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// serviceLinked plans a mapping for a role whose entry only AWS can create. AWS Batch does so when configured to, and leaves
// one policy to its customers (eks-access.md §15a); for other services that is not known.
func (p *planner) serviceLinked(l *Mapping, role access.Principal) bool {
	if !strings.EqualFold(role.Name(), access.BatchRole) {
		return l.stay("EKS refuses entries for service-linked roles")
	}
	namespaces := p.bindsIn(l.Mapping)
	have, exists := p.entry(role)
	given, ok := have.Grant(access.BatchNamespace)
	missing := slices.DeleteFunc(slices.Clone(namespaces), func(ns string) bool { return ok && given.Scope.Reaches(ns) })
	if ok && len(missing) == 0 {
		l.Outcome, l.Removable, l.Why = Covered, true, "its entry gives what the mapping gives"
		return false
	}
	if len(missing) == 0 {
		missing = []string{"NAMESPACE"}
	}
	grant := p.Program.Command("grant", "role/"+access.BatchRole, "--policy", access.BatchNamespace.Short(), "-n", strings.Join(missing, ","))
	if exists {
		return l.stay("AWS Batch has its entry, which overrides the mapping, but jobs stay RUNNABLE until you run: %s", grant)
	}
	return l.stay("AWS Batch creates the entry itself: set eksConfiguration.accessEntry.desiredState to ENABLED on every compute environment of the cluster; when the entry exists, run: %s", grant)
}

// bindsIn are the namespaces in which RBAC binds a mapping.
func (p *planner) bindsIn(m access.Mapping) (all []string) {
	for _, b := range p.Bindings {
		in := func(group string) bool { return slices.Contains(b.Groups, group) }
		if b.Namespace != "" && (slices.Contains(b.Users, m.Username) || slices.ContainsFunc(m.Groups, in)) {
			all = append(all, b.Namespace)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
