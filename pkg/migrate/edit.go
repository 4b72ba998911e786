package migrate

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// Settled is the plan without the lines of which a question is open: what is done whatever is answered.
func (p Plan) Settled() Plan {
	open := map[string]bool{}
	for _, q := range p.Questions {
		open[q.ID] = !q.Decided
	}
	p.Lines = slices.DeleteFunc(slices.Clone(p.Lines), func(l Line) bool {
		return slices.ContainsFunc(l.asked, func(id string) bool { return open[id] })
	})
	return p
}

// Principals are those who get an entry, in order.
func (p Plan) Principals() []access.Principal {
	var all []access.Principal
	for _, l := range p.Lines {
		for _, e := range l.Entries {
			all = append(all, e.Principal)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Entry is what a principal gets in the end, and the line that it comes from.
func (p Plan) Entry(who access.Principal) (access.Entry, Line) {
	for _, l := range p.Lines {
		for _, e := range l.Entries {
			if e.Principal == who {
				return e, l
			}
		}
	}
	return access.Entry{}, Line{}
}

// Begin makes a principal's entry, or goes on with one that was begun and takes nothing from it: somebody may have
// given it more since. An entry that somebody else made is left alone: it was not there when the plan was made, and
// wins over the line.
func (p Plan) Begin(who access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		want, line := p.Entry(who)
		have, exists := s.Entry(who)
		if exists && !Marked(have) {
			return s, nil
		}
		for _, g := range line.replaced {
			want.Groups = append(slices.Clone(want.Groups), bridge(g))
		}
		return edit.Grant(want)(s)
	}
}

// Finish takes away the help that a principal's entry had while it was made.
func Finish(who access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		have, exists := s.Entry(who)
		if !exists || !Marked(have) {
			return s, nil
		}
		have.Groups = slices.DeleteFunc(slices.Clone(have.Groups), func(g string) bool { return strings.HasPrefix(g, access.HelpPrefix) })
		return s.Put(have), nil
	}
}

// Proof is one right of a migrated principal, and whether the entry that was read back gives it.
type Proof struct {
	Principal access.Principal
	Right     string // what the line gave
	By        string // what gives it now
	Holds     bool
}

// Prove compares what was read back with what the lines gave: every group, policy and name that was
// planned must be there, and every binding that had to follow.
func (p Plan) Prove(s access.Snapshot, bindings []access.Binding) []Proof {
	var all []Proof
	for _, l := range p.Lines {
		for _, want := range l.Entries {
			have, exists := s.Entry(want.Principal)
			all = append(all, prove(want, have, exists)...)
			for _, b := range l.follow {
				holds := slices.ContainsFunc(bindings, func(is access.Binding) bool { return is.Gives(b) })
				all = append(all, Proof{want.Principal, "RBAC by the new name: " + b.Role.Name, b.String(), holds && exists})
			}
		}
	}
	return all
}

func prove(want, have access.Entry, exists bool) []Proof {
	if have.Administers() && !Marked(have) { // not by this plan: EKS makes one for the cluster's creator (eks-access.md §5)
		return []Proof{{want.Principal, "all that the line gave", "its own entry: policy cluster-admin on the whole cluster", true}}
	}
	all := []Proof{{want.Principal, "is let in", "entry of type " + string(want.Kind), exists && have.Kind == want.Kind}}
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

// covers tells whether every name of a scope is in another too.
func covers(have, want access.Scope) bool {
	return slices.Equal(have.With(want).Namespaces, have.Namespaces)
}

// Removable are the lines that nobody needs once the principals in done have their entries: the lines that
// migrated or were covered, and those in their shadow, which would count again without them.
func (p Plan) Removable(done func(access.Principal) bool) []access.Mapping {
	return p.withShadows(func(l Line) bool {
		return l.Outcome != Stays && !slices.ContainsFunc(l.Entries, func(e access.Entry) bool { return !done(e.Principal) })
	})
}

// Dead are the lines that migrate to nothing and shall go too, as was decided: of principals that are gone, of accounts.
func (p Plan) Dead() []access.Mapping {
	return p.withShadows(func(l Line) bool { return l.Outcome == Stays })
}

func (p Plan) withShadows(chosen func(Line) bool) []access.Mapping {
	gone := map[string]bool{}
	var lines []access.Mapping
	for _, l := range p.Lines {
		if l.Removable && chosen(l) {
			gone[strings.ToLower(l.ARN)] = true
		}
	}
	for _, l := range p.Lines {
		if l.State != access.Dropped && gone[strings.ToLower(l.ARN)] {
			lines = append(lines, l.Mapping)
		}
	}
	return lines
}
