package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// nodeGroups are the groups of lines for nodes (eks-access.md §6.4).
var nodeGroups = []string{"system:bootstrappers", "system:nodes", "system:node-proxier", "eks:kube-proxy-windows"}

// node plans a line for nodes. Those of managed node groups and Fargate profiles are EKS's own: it
// wrote the line and makes the entry itself (eks-access.md §7).
func (p *planner) node(l *Line, e *access.Entry) bool {
	if !e.Node() {
		return l.stay("the username is one for nodes, but the groups are not: no node gets in by it, and EKS takes such a name for no other entry")
	}
	if err := access.Check(*e, p.Cluster); err != nil {
		return l.stay("%v", err)
	}
	bare := access.Entry{Principal: e.Principal, Kind: e.Kind}
	p.rights(l, bare)
	q := Question{
		ID: "node/" + l.ARN, Text: "the line is for nodes; shall an entry of type " + string(e.Kind) + " stand in its place?",
		Options: []Option{{Answer: makeEntry, Means: "make the entry: right for nodes that you run yourself"}, {Answer: leave, Means: "leave the line: right for managed node groups and Fargate profiles, whose lines and entries EKS makes"}},
		Default: makeEntry,
	}
	why := p.doubtful(l, *e)
	if why != "" {
		q.Default = leave
	}
	if choice, _ := p.ask(q); choice == leave {
		if why == "" {
			why = "it was decided that the line stays"
		}
		return l.stay("%s", why)
	}
	l.differs(DiffNode, "EKS itself sets the username and groups of an entry of type %s", e.Kind)
	l.Entries, l.Removable = []access.Entry{bare}, true
	return true
}

// doubtful says why an entry is not the obvious thing; "" when it is.
func (p *planner) doubtful(l *Line, e access.Entry) string {
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
		return "EKS made the line for a managed node group or Fargate profile, and makes the entry itself"
	case slices.ContainsFunc(l.Groups, extra):
		return "the line has groups beside those of nodes, which an entry for nodes cannot have: " + strings.Join(slices.DeleteFunc(slices.Clone(l.Groups), func(g string) bool { return !extra(g) }), ", ")
	case len(lost) > 0:
		return "RBAC gives rights to whoever comes by the line that an entry for nodes may not give; " + strings.Join(lost, ", ")
	case p.NoNodes != "":
		return "whether EKS made the line for a managed node group or Fargate profile is not known (" + p.NoNodes + ")"
	}
	return ""
}
