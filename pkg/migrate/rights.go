package migrate

import (
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// rights are what the principal may do by the mapping and by the entry, and every right that is lost or gained. Where RBAC
// is not known, nothing of it is compared.
func (p *planner) rights(l *Mapping, e access.Entry) {
	rbac := func(more ...access.Binding) *access.RBAC {
		return &access.RBAC{Bindings: slices.Concat(p.Bindings, more)}
	}
	before := access.Snapshot{Cluster: access.Info{Mode: access.ModeBoth}, AWSAuth: &access.ConfigMap{Mappings: []access.Mapping{l.Mapping}}, RBAC: rbac()}
	after := access.Snapshot{Cluster: before.Cluster, RBAC: rbac(p.absent(l.follow)...)}.Put(e)
	l.Before, l.After = beyondConnect(before.Access(e.Principal)), beyondConnect(after.Access(e.Principal))
	effect := access.Diff(before, after).Effect(e.Principal)
	for _, r := range beyondConnect(effect.Lost) {
		l.Differences = append(l.Differences, Difference{Code: DiffLost, Text: "lost: " + Describe(r), Binding: r.Binding})
	}
	for _, r := range beyondConnect(effect.Gained) {
		l.Differences = append(l.Differences, Difference{Code: DiffGained, Text: "new: " + Describe(r), Binding: r.Binding})
	}
}

// beyondConnect leaves out that somebody is authenticated at all: everybody with a mapping or an entry is.
func beyondConnect(rights []access.Right) []access.Right {
	return access.Where(rights, func(r *access.Right) bool { return r.Kind != access.Connect && r.Kind != access.JoinNodes })
}

// Describe is a right and the RBAC binding that gives it.
func Describe(r access.Right) string {
	if r.Binding == "" {
		return r.String()
	}
	return r.String() + ", by " + r.Binding
}
