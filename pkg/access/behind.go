package access

import (
	"fmt"
	"slices"
	"strings"
)

// leftBehind reports the active mappings that the plan ends and that have no entry.
func (p Plan) leftBehind(before Snapshot) []Risk {
	if p.Mode != nil && p.Mode.To == ModeAPI && before.AWSAuth == nil {
		return []Risk{{LeaveMappings, "aws-auth was not read, so it is unknown who would lose access"}}
	}
	if p.Mode != nil && p.Mode.To == ModeAPI && before.AWSAuth.Err != nil {
		return []Risk{{LeaveMappings, fmt.Sprintf("it is unknown who would lose access: %v", before.AWSAuth.Err)}}
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

// advice is what to do with mappings without an entry.
func advice(people []Mapping, account string) string {
	cannot := slices.DeleteFunc(slices.Clone(people), Mapping.Migrates)
	switch len(cannot) {
	case 0:
		return "the migrate command creates entries for them"
	case len(people):
		return "they cannot have an access entry: the migrate command asks with --remove-mappings what to do with them"
	}
	return "the migrate command creates entries for them, and asks what to do with those that cannot have one: " + list(cannot, account)
}

// ending are the active mappings that the plan ends.
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

// InForce are the active mappings.
func (m ConfigMap) InForce() []Mapping {
	return slices.DeleteFunc(slices.Clone(m.Mappings), func(l Mapping) bool { return l.State != InForce })
}

// lost are the active mappings that are gone afterwards, or have another username or fewer groups.
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
