package rights

import (
	"fmt"
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
	checked = a
	checked.Rows, checked.Unknown = slices.Clone(a.Rows), slices.Clone(a.Unknown)
	for _, s := range said {
		about := func(r Row) bool { return r.Identity.Principal == s.Principal }
		i, unknown := slices.IndexFunc(checked.Rows, about), slices.IndexFunc(checked.Unknown, about)
		can := i >= 0 && checked.Rows[i].Can()
		switch {
		case s.Yes && can:
			checked.Rows[i].Note = "confirmed by the cluster"
		case s.Yes && unknown >= 0:
			row := checked.Unknown[unknown]
			row.Note = "says the cluster"
			checked.Rows = append(checked.Rows, row)
			checked.Unknown = slices.Delete(checked.Unknown, unknown, unknown+1)
		case s.Self && !s.Yes && unknown >= 0:
			checked.Unknown = slices.Delete(checked.Unknown, unknown, unknown+1)
		case s.Yes && i < 0 && !slices.ContainsFunc(a.Rows, s.includes):
			contradictions = append(contradictions, fmt.Sprintf("%s can, says the cluster, but nothing that was read gives it that right", s.Principal))
		case !s.Yes && can && (s.Self || slices.ContainsFunc(checked.Rows[i].Chains, func(c Chain) bool { return c.Right.Binding != "" })):
			contradictions = append(contradictions, fmt.Sprintf("%s cannot, says the cluster, although %s should give it that right", s.Principal, Through(checked.Rows[i].Chains[0].Right)))
		}
	}
	return checked, contradictions
}

// includes reports whether a row is about everybody, or may be about the caller, who may have created the cluster.
func (s Said) includes(r Row) bool {
	return r.Can() && (r.Identity.Name == "group "+authenticated || r.Identity.Class == Hidden && s.Self)
}
