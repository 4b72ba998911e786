package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// nodeGroups are the groups of mappings for nodes (eks-access.md §6.4).
var nodeGroups = []string{"system:bootstrappers", "system:nodes", "system:node-proxier", "eks:kube-proxy-windows"}

// node plans a mapping for nodes. For managed node groups and Fargate profiles, EKS wrote the mapping and creates the entry
// itself (eks-access.md §7).
func (p *planner) node(l *Mapping, e *access.Entry) bool {
	if !e.Node() {
		return l.stay("the username is for nodes but the groups are not: no node can use it, and other entries cannot have such a username")
	}
	if err := access.Check(*e, p.Cluster); err != nil {
		return l.stay("%v", err)
	}
	bare := access.Entry{Principal: e.Principal, Kind: e.Kind}
	p.rights(l, bare)
	q := Question{
		ID: "node/" + l.ARN, Text: "this mapping is for nodes. Replace it with an entry of type " + string(e.Kind) + "?",
		Options: []Option{{Answer: makeEntry, Means: "create the entry: for self-managed nodes"}, {Answer: leave, Means: "leave the mapping: for managed node groups and Fargate profiles, whose mappings and entries EKS creates"}},
		Default: makeEntry,
	}
	why := p.doubtful(l, *e)
	if why != "" {
		q.Default = leave
	}
	if choice, _ := p.ask(q); choice == leave {
		if why == "" {
			why = "left as it is, as decided"
		}
		return l.stay("%s", why)
	}
	l.differs(DiffNode, "EKS sets the username and groups of an entry of type %s", e.Kind)
	l.Entries, l.Removable = []access.Entry{bare}, true
	return true
}

// doubtful is why an entry is not the safe default; "" when it is.
func (p *planner) doubtful(l *Mapping, e access.Entry) string {
	_, ours := p.EKSNodes[e.Principal]
	extra := func(g string) bool { return !slices.Contains(nodeGroups, g) }
	var lost []string
	for _, d := range l.Differences {
		if d.Code == DiffLost {
			lost = append(lost, d.Text)
		}
	}
	switch {
	case ours:
		return "EKS wrote the mapping for a managed node group or Fargate profile, and creates the entry itself"
	case slices.ContainsFunc(l.Groups, extra):
		return "the mapping has other groups than those of nodes, which an entry for nodes cannot have: " + strings.Join(slices.DeleteFunc(slices.Clone(l.Groups), func(g string) bool { return !extra(g) }), ", ")
	case len(lost) > 0:
		return "RBAC gives the mapping rights that an entry for nodes may not have: " + strings.Join(lost, ", ")
	case p.NoNodes != "":
		return "not checked: whether EKS wrote the mapping for a managed node group or Fargate profile (" + p.NoNodes + ")"
	}
	return ""
}
