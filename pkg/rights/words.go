package rights

import "github.com/kubectl-access/kubectl-access/pkg/access"

// Words are the links of a chain: the entry or mapping, the group or user, the binding, the role or policy, and the rule.
func (c Chain) Words(id Identity) (links []string) {
	r := c.Right
	switch {
	case id.Principal == "":
	case r.By.Mapping != "":
		links = append(links, "aws-auth "+r.By.Mapping)
	default:
		links = append(links, "access entry")
	}
	if r.Via != "" {
		links = append(links, r.Via)
	}
	if r.Binding != "" {
		links = append(links, r.Binding)
	}
	if what := whatGives(r); what != "" {
		links = append(links, what)
	}
	if rule := RuleWords(c.Rule); rule != "" {
		links = append(links, rule)
	}
	return links
}

// whatGives is the role or policy of a right, and where it holds.
func whatGives(r *access.Right) string {
	switch {
	case r.Kind == access.Administer && r.Binding != "":
		return "ClusterRole cluster-admin"
	case r.Kind == access.Administer && (r.By.Mapping != "" || r.Via != ""):
		return "everything, by group system:masters"
	case r.Kind == access.Administer:
		return "policy cluster-admin on the whole cluster"
	case r.Kind == access.ByPolicy && r.Where != "":
		return "policy " + access.Policy(r.Name).Short() + " in namespace " + r.Where
	case r.Kind == access.ByPolicy:
		return "policy " + access.Policy(r.Name).Short() + " on the whole cluster"
	case r.Kind == access.JoinNodes:
		return "joins as a node"
	case r.Kind == access.ByGroup:
		return "group " + r.Name + " (its bindings are not known)"
	case r.Kind == access.ByUsername:
		return "username " + r.Name + " (its bindings are not known)"
	}
	return r.Name
}
