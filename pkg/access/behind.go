package access

import (
	"fmt"
	"slices"
	"strings"
)

// leftBehind names the mappings in force that stop to count and have no entry.
func (p Plan) leftBehind(before Snapshot) []Risk {
	if p.Mode != nil && p.Mode.To == ModeAPI && before.AWSAuth == nil {
		return []Risk{{LeaveMappings, "aws-auth was not read, so nobody knows whom the step locks out"}}
	}
	if p.Mode != nil && p.Mode.To == ModeAPI && before.AWSAuth.Err != nil {
		return []Risk{{LeaveMappings, fmt.Sprintf("nobody knows whom the step locks out: %v", before.AWSAuth.Err)}}
	}
	after := p.Apply(before)
	people, nodes := Stranded(p.ending(before), after)
	people = slices.DeleteFunc(people, func(m Mapping) bool { return slices.ContainsFunc(p.Asked, m.Belongs) })
	var risks []Risk
	if len(people) > 0 {
		risks = append(risks, Risk{LeaveMappings, fmt.Sprintf("these aws-auth mappings have no access entry: %s; %s", list(people, p.Cluster.Account()), advice(people, p.Cluster.Account()))})
	}
	if len(nodes) > 0 {
		risks = append(risks, Risk{RemoveNodes, fmt.Sprintf("these aws-auth mappings are for nodes and have no entry for nodes, so the nodes lose access to the cluster: %s", list(nodes, p.Cluster.Account()))})
	}
	return risks
}

// advice is what comes next for mappings without an entry.
func advice(people []Mapping, account string) string {
	cannot := slices.DeleteFunc(slices.Clone(people), Mapping.Migrates)
	switch len(cannot) {
	case 0:
		return "`kubectl access migrate` makes entries of them"
	case len(people):
		return "no access entry is possible for them: `kubectl access migrate --remove-mappings` says what can be decided"
	}
	return "`kubectl access migrate` makes entries of them, but no access entry is possible for " + list(cannot, account) + ": it says what can be decided"
}

// ending are the mappings in force that the plan ends.
func (p Plan) ending(before Snapshot) []Mapping {
	switch {
	case p.Mode != nil && p.Mode.To == ModeAPI:
		return before.AWSAuth.InForce()
	case p.AWSAuth != nil && before.Cluster.Mode.ReadsConfigMap():
		return p.AWSAuth.lost()
	}
	return nil
}

// Stranded are those of the mappings that have no entry: for people, and for nodes.
func Stranded(mappings []Mapping, s Snapshot) (people, nodes []Mapping) {
	for _, m := range mappings {
		switch {
		case s.Cluster.Mode.ReadsEntries() && m.HasEntry(s):
		case m.Node():
			nodes = append(nodes, m)
		default:
			people = append(people, m)
		}
	}
	return people, nodes
}

// InForce are the lines that let somebody in.
func (m ConfigMap) InForce() []Mapping {
	return slices.DeleteFunc(slices.Clone(m.Mappings), func(l Mapping) bool { return l.State != InForce })
}

// lost are the mappings that are in force before and not, or with another name or fewer groups, after.
func (c ConfigMapChange) lost() []Mapping {
	after := c.After.InForce()
	return slices.DeleteFunc(c.Before.InForce(), func(was Mapping) bool {
		return slices.ContainsFunc(after, func(m Mapping) bool {
			return strings.EqualFold(m.ARN, was.ARN) && m.Username == was.Username && len(union(m.Groups, was.Groups)) == len(union(m.Groups, nil))
		})
	})
}

// list names them, each once.
func list(mappings []Mapping, account string) string {
	var names []string
	for _, m := range mappings {
		names = append(names, m.Short(account))
	}
	return strings.Join(union(names, nil), ", ")
}
