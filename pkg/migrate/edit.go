package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// Settled is the plan without the mappings that have an open question: what is done whatever the answers are.
func (p Plan) Settled() Plan {
	open := map[string]bool{}
	for _, q := range p.Questions {
		open[q.ID] = !q.Decided
	}
	p.Mappings = access.Where(p.Mappings, func(l *Mapping) bool {
		return !slices.ContainsFunc(l.asked, func(id string) bool { return open[id] })
	})
	return p
}

// Principals are those who get an entry, in order.
func (p Plan) Principals() (all []access.Principal) {
	for _, l := range p.Mappings {
		for _, e := range l.Entries {
			all = append(all, e.Principal)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (p Plan) entry(who access.Principal) (access.Entry, bool) {
	for _, l := range p.Mappings {
		for _, e := range l.Entries {
			if e.Principal == who {
				return e, true
			}
		}
	}
	return access.Entry{}, false
}

// Create creates a principal's entry, or completes one that this migration or an interrupted one created, and takes nothing
// from it. An entry that somebody else created after the plan was made is left alone: it overrides the mapping.
func (p Plan) Create(who access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		want, planned := p.entry(who)
		have, exists := s.Entry(who)
		if !planned {
			return Unmark(who)(s)
		}
		if exists && !slices.Contains(p.Resumed, who) && !created(have, want) {
			return s, nil
		}
		return edit.Each(edit.Grant(want), Unmark(who))(s)
	}
}

// created reports whether an entry may be the planned one, without its policies or with them: where an answer is lost, the
// plan is made once more while its entry is there.
func created(have, want access.Entry) bool {
	return have.Kind == want.Kind && (want.Username == "" || have.Username == want.Username) && contains(have.Groups, want.Groups)
}

//go:noinline
func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// Proof is one right of a migrated principal, and whether the entry that was read back gives it.
type Proof struct {
	Principal access.Principal
	Before    string // what the mapping gave
	Now       string // what gives it now
	Holds     bool
}

// Prove compares what was read back with the plan: every group, policy and username must be there, and every RBAC binding
// that the entry needs.
func (p Plan) Prove(s access.Snapshot, bindings []access.Binding) []Proof {
	var all []Proof
	for _, l := range p.Mappings {
		for _, want := range l.Entries {
			have, exists := s.Entry(want.Principal)
			all = append(all, prove(want, have, exists)...)
			for _, b := range l.follow {
				holds := slices.ContainsFunc(bindings, func(is access.Binding) bool { return is.Gives(b) })
				all = append(all, Proof{want.Principal, "RBAC role " + b.Role.Name, b.String(), holds && exists})
			}
		}
	}
	return all
}

func prove(want, have access.Entry, exists bool) []Proof {
	if have.Administers() && !created(have, want) { // not by this plan: EKS creates one for the cluster's creator (eks-access.md §5)
		return []Proof{{want.Principal, "all rights of the mapping", "policy cluster-admin on the whole cluster", true}}
	}
	all := []Proof{{want.Principal, "access", "entry of type " + string(want.Kind), exists && have.Kind == want.Kind}}
	for _, g := range want.Grants {
		was := g.String()
		if g.Policy == access.ClusterAdmin && g.Scope.WholeCluster() {
			was = "group " + masters
		}
		is, ok := have.Grant(g.Policy)
		all = append(all, Proof{want.Principal, was, "policy " + g.String(), ok && covers(is.Scope, g.Scope)})
	}
	for _, g := range want.Groups {
		all = append(all, Proof{want.Principal, "group " + g, "group " + g, slices.Contains(have.Groups, g)})
	}
	if want.Username != "" {
		all = append(all, Proof{want.Principal, "username " + want.Username, "username " + have.Username, have.Username == want.Username})
	}
	return all
}

// covers reports whether every name of a scope is in another too.
func covers(have, want access.Scope) bool {
	return slices.Equal(have.With(want).Namespaces, have.Namespaces)
}

// Removable are the mappings that are not needed once the principals in done have their entries: those that migrated or
// were covered, those that they override, which would become active without them, and those that never match.
//
//go:noinline
func (p Plan) Removable(done func(access.Principal) bool) []access.Mapping {
	all := p.withShadows(func(l Mapping) bool {
		return l.Outcome != Stays && !l.void() && !slices.ContainsFunc(l.Entries, func(e access.Entry) bool { return !done(e.Principal) })
	})
	for _, l := range p.Mappings {
		if l.Removable && l.void() && !slices.ContainsFunc(all, func(m access.Mapping) bool { return m.Place() == l.Place() }) {
			all = append(all, l.Mapping)
		}
	}
	return all
}

// Dead are the mappings without an entry that are to be removed, as decided: of deleted principals, of accounts.
//
//go:noinline
func (p Plan) Dead() []access.Mapping {
	return p.withShadows(func(l Mapping) bool { return l.Outcome == Stays })
}

// void reports whether a mapping never matches, and is not to. Another one of the same ARN may be active.
func (l Mapping) void() bool { return l.State == access.NeverMatches && l.Outcome == Nothing }

func (p Plan) withShadows(chosen func(Mapping) bool) []access.Mapping {
	gone := map[string]bool{}
	var mappings []access.Mapping
	for _, l := range p.Mappings {
		if l.Removable && chosen(l) {
			gone[strings.ToLower(l.ARN)] = true
		}
	}
	for _, l := range p.Mappings {
		if l.State != access.Dropped && gone[strings.ToLower(l.ARN)] {
			mappings = append(mappings, l.Mapping)
		}
	}
	return mappings
}
