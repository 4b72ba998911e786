package rights

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// User is a principal as the cluster knows it, to ask the cluster about.
type User struct {
	Principal access.Principal
	Self      bool // the caller: a review of oneself counts all rights
	Username  string
	Groups    []string
}

// Said is what the cluster says about a subject.
type Said struct {
	User
	Yes bool
}

// Users are the people to ask the cluster about, the caller among them. A session has some name where the username depends on it.
func (x *Index) Users(caller access.Principal) (all []User) {
	for _, id := range x.Identities {
		if id.Class != People || id.Principal == "" || len(id.Rights) == 0 {
			continue
		}
		s := User{Principal: id.Principal, Self: caller != "" && caller.Is(id.Principal)}
		s.Username, s.Groups = names(x.Snapshot, id.Principal)
		s.Username = strings.NewReplacer("{{", "", "}}", "").Replace(s.Username)
		s.Groups = append(slices.Clone(s.Groups), authenticated)
		if slices.ContainsFunc(id.Rights, func(r access.Right) bool { return r.Kind == access.Administer && r.By.Mapping != "" && r.Binding == "" }) {
			s.Groups = append(s.Groups, masters)
		}
		all = append(all, s)
	}
	if caller != "" && !slices.ContainsFunc(all, func(s User) bool { return s.Self }) {
		all = append(all, User{Principal: caller, Self: true})
	}
	return all
}

// Check compares the answer with what the cluster says. A yes of the cluster proves that somebody can. A no proves only that the
// caller cannot, and that RBAC gives nothing to others: reviews of others may leave out access policies (rights.md §6).
func (a Answer) Check(said []Said) (checked Answer, contradictions []string) {
	about := map[access.Principal]Said{}
	for _, s := range said {
		about[s.Principal] = s
	}
	checked = a
	checked.Rows, checked.Unknown = nil, nil
	for _, r := range a.Rows {
		s, asked := about[r.Identity.Principal]
		switch delete(about, r.Identity.Principal); {
		case !r.Can(), r.byGet(a.Question):
		case !asked:
			r.Note = cmp.Or(r.Note, "not asked")
		case s.Yes:
			r.Note = "confirmed by the cluster"
		case s.Self || r.byRBAC():
			contradictions = append(contradictions, string(s.Principal)+" cannot, says the cluster, although "+Through(r.Chains[0].Right)+" should give it that right")
		default:
			r.Note = cmp.Or(r.Note, "not checkable: access policy")
		}
		checked.Rows = append(checked.Rows, r)
	}
	for _, r := range a.Unknown {
		s := about[r.Identity.Principal]
		switch delete(about, r.Identity.Principal); {
		case s.Yes:
			r.Note = "says the cluster"
			checked.Rows = append(checked.Rows, r)
		case !s.Self:
			checked.Unknown = append(checked.Unknown, r)
		}
	}
	for _, s := range said {
		if _, left := about[s.Principal]; left && s.Yes && !slices.ContainsFunc(a.Rows, s.includes) {
			contradictions = append(contradictions, string(s.Principal)+" can, says the cluster, but nothing that was read gives it that right")
		}
	}
	return checked, contradictions
}

// byRBAC reports whether RBAC alone gives the right.
func (r Row) byRBAC() bool {
	return slices.ContainsFunc(r.Chains, func(c Chain) bool { return c.Right.Binding != "" })
}

// includes reports whether a row is about everybody, or may be about the caller, who may have created the cluster.
func (s Said) includes(r Row) bool {
	return r.Can() && (r.Identity.Name == "group "+authenticated || r.Identity.Class == Hidden && s.Self)
}
