package access

import (
	"fmt"
	"slices"
)

// RiskName is a value of --accept-risk.
type RiskName string

// The risks for which a plan is refused.
const (
	LoseOwnAccess     RiskName = "lose-own-access"
	LastAdministrator RiskName = "last-administrator"
	RemoveNodes       RiskName = "remove-nodes"
	LeaveMappings     RiskName = "leave-mappings"
	OverrideMapping   RiskName = "override-mapping"
	RestoreMapping    RiskName = "restore-mapping"
	UnreadAWSAuth     RiskName = "unread-aws-auth"
	OneWayMode        RiskName = "one-way-mode"
	BriefGap          RiskName = "brief-gap"              // a note of a migration, no longer refused
	OverwriteLater    RiskName = "overwrite-later-change" // of an undo
	OtherAccount      RiskName = "other-account"          // of a context whose account or region AWS contradicts
	BreakCapability   RiskName = "break-capability"
	OwnedElsewhere    RiskName = "owned-elsewhere" // of files: another tool owns the entry
	PruneMany         RiskName = "prune-many"
)

// RiskNames are all risks, for completion and for checking flags.
var RiskNames = []RiskName{
	LoseOwnAccess, LastAdministrator, RemoveNodes, LeaveMappings, OverrideMapping, RestoreMapping, UnreadAWSAuth, BreakCapability,
	OneWayMode, OverwriteLater, BriefGap, OtherAccount, OwnedElsewhere, PruneMany,
}

// Risk is one thing that a plan may break, with a sentence about it.
type Risk struct {
	Name RiskName
	Why  string
}

// Risks judges a plan by its effects on the access of each principal, from any source. The snapshot must contain every entry
// that the plan changes; every administrator if the plan removes one; and every entry and aws-auth if it removes mappings.
func (p Plan) Risks(before Snapshot) []Risk {
	var risks []Risk
	add := func(name RiskName, why string) {
		if why != "" {
			risks = append(risks, Risk{name, why})
		}
	}
	own := p.Effect(before.Caller).Lost
	mine := before.Caller != "" && len(own) > 0
	if mine && !p.becomesAdministrator(before, before.Caller) {
		add(LoseOwnAccess, before.Caller.Short(p.Cluster.Account())+" is you: this would remove your own access to the cluster: "+joinRights(own))
	}
	add(LastAdministrator, p.lastAdministrator(before))
	for _, c := range p.Changes {
		add(RemoveNodes, p.nodes(c))
		add(OverrideMapping, p.overrides(c))
		add(RestoreMapping, p.restores(c))
		risks = append(risks, c.capability(p.Cluster)...)
	}
	add(UnreadAWSAuth, p.unread(before))
	risks = append(risks, p.leftBehind(before)...)
	if p.Mode != nil {
		add(OneWayMode, "EKS cannot switch back from mode "+string(p.Mode.To)+" to "+string(p.Mode.From))
	}
	return risks
}

// becomesAdministrator reports whether the plan makes a principal a cluster administrator.
func (p Plan) becomesAdministrator(before Snapshot, who Principal) bool {
	return Administrates(p.Apply(before).Access(who))
}

// TakesAdministrator reports whether a principal may stop being a cluster administrator. If RBAC could not be read, any that
// loses a group or a username may have been one.
func (p Plan) TakesAdministrator(before Snapshot) bool {
	unread := before.RBAC != nil && before.RBAC.Err != nil
	may := func(r Right) bool {
		return r.Kind == Administer || unread && (r.Kind == ByGroup || r.Kind == ByUsername)
	}
	return p.Mode != nil && p.Mode.To == ModeAPI || slices.ContainsFunc(p.Effects, func(e Effect) bool {
		return slices.ContainsFunc(e.Lost, may)
	})
}

// MayTakeAdministrator reports whether a step of the plan may end the administration of a principal.
func (p Plan) MayTakeAdministrator(step Step) bool {
	loses := func(e Effect) bool {
		return slices.ContainsFunc(e.Lost, func(r Right) bool { return r.Kind == Administer })
	}
	if step.Principal() == Itself {
		return p.Mode == nil && slices.ContainsFunc(p.Effects, loses)
	}
	return step.Takes() && loses(p.Effect(step.Principal()))
}

func (p Plan) lastAdministrator(before Snapshot) string {
	after := p.Apply(before)
	if !p.TakesAdministrator(before) || len(after.Administrators()) > 0 {
		return ""
	}
	why := "nobody else is cluster administrator by " + ClusterAdmin.Short() + " on the whole cluster, by an aws-auth mapping or by RBAC"
	if before.RBAC != nil && before.RBAC.Err != nil {
		why += " (RBAC could not be read: " + before.RBAC.Err.Error() + ")"
	}
	return why
}

// Administrators are the cluster administrators by any source in the snapshot.
func (s Snapshot) Administrators() []Principal {
	var all []Principal
	for _, p := range s.everybody() {
		if Administrates(s.Access(p)) && !p.ServiceLinked() {
			all = append(all, p)
		}
	}
	return all
}

// nodes reports nodes that lose access: their entry is deleted or changed, or one for people overrides their mapping.
func (p Plan) nodes(c Change) string {
	name := c.Principal().Short(p.Cluster.Account())
	loses := slices.ContainsFunc(p.Effect(c.Principal()).Lost, func(r Right) bool { return r.Kind == JoinNodes })
	switch {
	case c.Before == nil && loses:
		return "the aws-auth mapping of " + name + " is for nodes: with an entry of type " + string(c.After.Kind) + " its nodes lose access to the cluster"
	case loses, c.Before != nil && c.Before.Node() && c.After != nil && c.Takes():
		return name + " is an entry of type " + string(c.Before.Kind) + ": nodes that use it lose access to the cluster"
	}
	return ""
}

// overrides reports a new entry that gives less than the mapping that it overrides (eks-access.md §5).
func (p Plan) overrides(c Change) string {
	lost := bySource(p.Effect(c.Principal()).Lost, true)
	if c.Before != nil || len(lost) == 0 || lost[0].Kind == JoinNodes {
		return ""
	}
	return fmt.Sprintf("the new entry of %s overrides %s and does not give: %s; to keep that, add --keep-mapping-access", c.Principal().Short(p.Cluster.Account()), lost[0].By, joinRights(lost))
}

// restores reports the removal of an entry that makes a mapping active again which gives more.
func (p Plan) restores(c Change) string {
	gained := bySource(p.Effect(c.Principal()).Gained, true)
	if c.After != nil || len(gained) == 0 {
		return ""
	}
	return fmt.Sprintf("without its entry %s has access through %s again: %s", c.Principal().Short(p.Cluster.Account()), gained[0].By, joinRights(gained))
}

// unread reports that an entry is created or deleted while it is unknown whether that overrides or restores a mapping.
func (p Plan) unread(before Snapshot) string {
	if before.AWSAuth == nil || before.AWSAuth.Err == nil || before.Cluster.Mode != ModeBoth {
		return ""
	}
	for _, c := range p.Changes {
		if (c.Before == nil || c.After == nil) && !c.Principal().ServiceLinked() {
			return fmt.Sprintf("aws-auth could not be read, so it is not known whether a mapping of %s is overridden or restored: %v", c.Principal().Short(p.Cluster.Account()), before.AWSAuth.Err)
		}
	}
	return ""
}

// NotChecked names the source of affected access that could not be read; "" for none.
func (p Plan) NotChecked(before Snapshot) string {
	names := func(r Right) bool { return r.Kind == ByGroup || r.Kind == ByUsername && r.By.Mapping != "" }
	for _, e := range p.Effects {
		if before.RBAC != nil && before.RBAC.Err != nil && (slices.ContainsFunc(e.Lost, names) || slices.ContainsFunc(e.Gained, names)) {
			return fmt.Sprintf("not checked: RBAC bindings of these groups and usernames (%v)", before.RBAC.Err)
		}
	}
	return ""
}

// Apply is the snapshot after the plan.
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
