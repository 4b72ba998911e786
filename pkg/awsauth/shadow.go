package awsauth

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// shadow marks the mappings that another of the same ARN overrides. The authenticator keeps one mapping for each
// rolearn, ignoring case, and one for each userarn and account as written: the last. It searches mapRoles first.
func (r *reader) shadow() {
	winners := map[string]access.Mapping{}
	for i := len(r.mappings) - 1; i >= 0; i-- {
		m := &r.mappings[i]
		if m.State == access.Dropped {
			continue
		}
		if winner, lost := winners[slot(*m)]; lost {
			r.override(m, winner, "a later mapping of the same "+noun(*m)+"; delete this one")
			continue
		}
		winners[slot(*m)] = *m
	}
	for i := range r.mappings {
		m := &r.mappings[i]
		winner, lost := winners[slot(access.Mapping{Kind: access.MappedRole, ARN: m.ARN})]
		if lost && m.Kind == access.MappedUser && m.State == access.InForce {
			r.override(m, winner, "which has the same ARN and is searched first; delete one of them")
		}
	}
}

func (r *reader) override(m *access.Mapping, by access.Mapping, why string) {
	m.State, m.Reason = access.Shadowed, "overridden by "+by.Place()+", "+why
	r.fault(*m, "%s", m.Reason)
}

// slot is the key under which the authenticator keeps a mapping.
//
//go:noinline
func slot(m access.Mapping) string {
	if m.Kind == access.MappedRole {
		return string(m.Kind) + " " + strings.ToLower(m.ARN)
	}
	return string(m.Kind) + " " + m.ARN
}

func noun(m access.Mapping) string {
	if m.Kind == access.MappedAccount {
		return "account"
	}
	return "ARN"
}

// chance reports users that differ in case only: the authenticator keeps both, and uses the first that matches in a map
// without order.
func (r *reader) chance() {
	same := map[string]int{}
	for _, m := range r.mappings {
		if m.Kind == access.MappedUser && m.State == access.InForce {
			same[strings.ToLower(m.ARN)]++
		}
	}
	for _, m := range r.mappings {
		if m.Kind == access.MappedUser && m.State == access.InForce && same[strings.ToLower(m.ARN)] > 1 {
			r.fault(m, "another mapping has the same userarn in other letter case, and it is undefined which one is used; delete one")
		}
	}
}
