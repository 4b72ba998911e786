package access

import (
	"slices"
)

// RiskName is what --accept-risk takes.
type RiskName string

// The dangers that a plan is refused for.
const (
	LoseOwnAccess     RiskName = "lose-own-access"
	LastAdministrator RiskName = "last-administrator"
	RemoveNodes       RiskName = "remove-nodes"
	LeaveMappings     RiskName = "leave-mappings"
	OneWayMode        RiskName = "one-way-mode"
	BriefGap          RiskName = "brief-gap"              // a migration's, where RBAC cannot help over it
	OverwriteLater    RiskName = "overwrite-later-change" // an undo's, which alone knows what was before
	BreakCapability   RiskName = "break-capability"
)

// RiskNames are all risks, for completion and for checking what was accepted.
var RiskNames = []RiskName{LoseOwnAccess, LastAdministrator, RemoveNodes, LeaveMappings, OneWayMode, OverwriteLater, BriefGap, BreakCapability}

// Risk is one thing that a plan may break, with a sentence that says what.
type Risk struct {
	Name RiskName
	Why  string
}

// Risks judges a plan against what was before it. The snapshot must hold every entry that
// the plan touches and, when the plan takes an administrator away, every administrator; when it
// takes mappings away, every entry and aws-auth.
// Mappings of aws-auth are not counted as a way in: nobody knows whether they still work.
func (p Plan) Risks(before Snapshot) []Risk {
	var risks []Risk
	for _, c := range p.Changes {
		risks = append(risks, c.ownAccess(before.Caller, p.Cluster)...)
	}
	risks = append(risks, p.lastAdministrator(before)...)
	for _, c := range p.Changes {
		risks = append(risks, c.nodes(p.Cluster)...)
		risks = append(risks, c.capability(p.Cluster)...)
	}
	risks = append(risks, p.leftBehind(before)...)
	if p.Mode != nil {
		risks = append(risks, Risk{OneWayMode, "EKS has no way back from mode " + string(p.Mode.To) + " to " + string(p.Mode.From)})
	}
	return risks
}

func (c Change) ownAccess(caller Principal, cluster Info) []Risk {
	if c.Before == nil || !c.Before.Principal.Is(caller) || !c.losesWayIn() {
		return nil
	}
	return []Risk{{LoseOwnAccess, c.Principal().Short(cluster.Account()) + " is you: the change takes away your own way into the cluster"}}
}

// losesWayIn: the entry goes, or its last right, or the administration of the cluster, or
// what RBAC may know its holder by.
func (c Change) losesWayIn() bool {
	if c.After == nil || c.After.Empty() && !c.Before.Empty() || c.Before.Administers() && !c.After.Administers() {
		return true
	}
	return c.Takes() && !c.After.Administers()
}

// TakesAdministrator tells whether somebody may stop being administrator of the cluster.
func (p Plan) TakesAdministrator() bool {
	if p.Mode != nil && p.Mode.To == ModeAPI {
		return true
	}
	if p.AWSAuth != nil && slices.ContainsFunc(p.AWSAuth.lost(), Mapping.Masters) {
		return true
	}
	return slices.ContainsFunc(p.Changes, func(c Change) bool {
		return c.Before != nil && c.Before.Administers() && (c.After == nil || !c.After.Administers())
	})
}

func (p Plan) lastAdministrator(before Snapshot) []Risk {
	if !p.TakesAdministrator() {
		return nil
	}
	for _, e := range p.Apply(before).Entries {
		if e.Administers() {
			return nil
		}
	}
	return []Risk{{LastAdministrator, "no other entry holds " + ClusterAdmin.Short() + " on the whole cluster: nobody could administer it any more"}}
}

func (c Change) nodes(cluster Info) []Risk {
	if c.Before == nil || !c.Before.Node() || !c.Takes() {
		return nil
	}
	return []Risk{{RemoveNodes, c.Principal().Short(cluster.Account()) + " is an entry of type " + string(c.Before.Kind) + ": nodes that use it lose the cluster"}}
}

// Apply is the snapshot as the plan leaves it.
func (p Plan) Apply(s Snapshot) Snapshot {
	if p.Mode != nil {
		s.Cluster.Mode = p.Mode.To
	}
	if p.AWSAuth != nil {
		s.AWSAuth = &p.AWSAuth.After
	}
	for _, c := range p.Changes {
		if c.After == nil {
			s = s.Drop(c.Principal())
		} else {
			s = s.Put(*c.After)
		}
	}
	return s
}
