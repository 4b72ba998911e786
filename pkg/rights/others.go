package rights

import (
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// The groups of all users, which no entry lists.
const (
	authenticated   = "system:authenticated"
	unauthenticated = "system:unauthenticated"
	masters         = "system:masters"
)

// others are the subjects of bindings that no entry and no mapping is: everybody, service accounts, and users and groups of
// other ways to authenticate.
func (b bindings) others(known []Identity) (all []Identity) {
	via := map[string]bool{}
	for _, id := range known {
		for _, r := range id.Rights {
			via[r.Via] = true
		}
	}
	rights := map[string][]access.Right{}
	for _, one := range b.all {
		for _, s := range subjects(one) {
			if !via[s] {
				rights[s] = append(rights[s], one.Right(s))
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(rights)) {
		all = append(all, Identity{Class: classOf(s), Name: s, Rights: rights[s]})
	}
	return all
}

// subjects are named as access.Right.Via names them.
func subjects(b access.Binding) (all []string) {
	for _, g := range b.Groups {
		all = append(all, "group "+g)
	}
	for _, u := range b.Users {
		all = append(all, "user "+u)
	}
	return append(all, b.Accounts...)
}

func classOf(subject string) Class {
	switch {
	case subject == "group "+authenticated, subject == "group "+unauthenticated, subject == "user system:anonymous":
		return Everybody
	case strings.HasPrefix(subject, "system:serviceaccount:"), strings.HasPrefix(subject, "group system:serviceaccounts"):
		return Workload
	}
	return Subject
}

// BuiltIn reports whether an identity belongs to Kubernetes or EKS: their components, and what every cluster binds.
func (id Identity) BuiltIn() bool {
	_, name, _ := strings.Cut(id.Name, " ")
	return id.Class == Service || id.Class == Subject && (strings.HasPrefix(name, "system:") || strings.HasPrefix(name, "eks:"))
}

// Background reports whether an identity is one that few ask about: a service account, or a component of Kubernetes or EKS.
func (id Identity) Background() bool { return id.Class == Workload || id.BuiltIn() }

// Shown leaves out the rows to hide, and counts them.
//
//go:noinline
func Shown[Row any](rows []Row, hide func(Row) bool) (shown []Row, hidden int) {
	for _, r := range rows {
		if hide(r) {
			hidden++
		} else {
			shown = append(shown, r)
		}
	}
	return shown, hidden
}
