package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Reading is what a mapping means for access entries, from the mapping alone.
type Reading struct {
	Principal       Class       `json:"principal"`
	EntryType       access.Kind `json:"entryType"`
	UsernameRefused bool        `json:"usernameRefused,omitempty"` // a STANDARD entry cannot have it
	GroupsRefused   []string    `json:"groupsRefused,omitempty"`   // except system:masters, which a policy replaces
	ClusterAdmin    bool        `json:"clusterAdmin,omitempty"`
}

// Class is the kind of ARN in a mapping.
type Class string

// The classes. NeedsLookup is an Identity Center role without its path, which an entry needs.
const (
	ClassOK       Class = "ok"
	NeedsLookup   Class = "needs-iam-lookup"
	Root          Class = "root"
	SessionARN    Class = "session-arn"
	ServiceLinked Class = "service-linked-role"
	NoPrincipal   Class = "not-a-principal"
)

// Read reads a mapping of mapRoles or mapUsers.
func Read(m access.Mapping) Reading {
	r := Reading{Principal: classify(m.ARN), EntryType: entryType(m), ClusterAdmin: m.Masters()}
	if r.EntryType != access.Standard {
		return r
	}
	r.UsernameRefused = access.CheckUsername(m.Username) != nil
	for _, g := range m.Groups {
		if g != masters && strings.TrimSpace(g) != "" && access.CheckGroup(g) != nil {
			r.GroupsRefused = append(r.GroupsRefused, g)
		}
	}
	return r
}

func classify(arn string) Class {
	p := access.Normal(arn)
	ref, err := access.ParsePrincipal(string(p))
	switch {
	case strings.Contains(string(p), ":assumed-role/"):
		return SessionARN
	case p.Kind() == "root" && access.IsAccount(p.Account()):
		return Root
	case p.ServiceRole():
		return ServiceLinked
	case err != nil || ref.Principal == "":
		return NoPrincipal
	case ref.Lookup == access.LookupPath:
		return NeedsLookup
	}
	return ClassOK
}

const (
	masters       = "system:masters"
	authenticated = "system:authenticated" // everyone with access is in it
	ec2Name       = "system:node:{{EC2PrivateDNSName}}"
	sessionNode   = "system:node:{{SessionName}}"
)

// entryType is the type of entry for a mapping (eks-access.md §6.4). A username for nodes without their group gives no node
// access.
func entryType(m access.Mapping) access.Kind {
	in := func(group string) bool { return slices.Contains(m.Groups, group) }
	switch {
	case !in("system:nodes"):
	case m.Username == ec2Name && in("eks:kube-proxy-windows"):
		return access.EC2Windows
	case m.Username == ec2Name:
		return access.EC2Linux
	case m.Username == sessionNode && in("system:node-proxier"):
		return access.FargateLinux
	case m.Username == sessionNode:
		return access.HybridLinux
	}
	return access.Standard
}
