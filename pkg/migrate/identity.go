package migrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// identity finds the full ARN of the role or user that a mapping means.
func (p *planner) identity(l *Mapping, e *access.Entry) bool {
	written := access.Normal(l.ARN)
	switch l.Reading.Principal {
	case Root:
		return l.stay("it is not known whether an entry can be for the root user of an account; use a role or user instead")
	case ServiceLinked:
		return p.serviceLinked(l, written)
	case SessionARN, NoPrincipal:
		return l.stay("not the ARN of a role or user, so an entry is not possible")
	case ClassOK, NeedsLookup:
	}
	found, asked := p.Identities[l.ARN]
	have, exists := p.entry(written)
	switch {
	case found.Missing:
		return p.missing(l)
	case exists:
		e.Principal = have.Principal
		return true
	case found.Principal != "" && l.State == access.NeverMatches && written.Path() != "/" && found.Principal.Path() != written.Path():
		return l.stay("%s does not exist; the one of that name is %s", written, found.Principal)
	case found.Principal != "" && found.Doubt == "":
		e.Principal = found.Principal
		if found.Principal != written {
			l.differs(DiffPath, "the entry uses the full ARN: %s", found.Principal)
		}
		return true
	case l.Reading.Principal == NeedsLookup:
		return p.fullARN(l, e, found.Doubt)
	}
	e.Principal = written
	if asked {
		l.differs(DiffDoubt, "the ARN is used as written: %s", found.Doubt)
	} else {
		l.differs(DiffDoubt, "whether the %s exists and has a path (IAM was not asked)", written.Kind())
	}
	return true
}

// unmatched marks the mappings of users whose real ARN has another path: unlike a role's, a user's path is compared
// (eks-access.md §6.2), so they never match, which only IAM can tell.
func (f Facts) unmatched() []access.Mapping {
	mappings := slices.Clone(f.Mappings)
	for i, m := range mappings {
		is := f.Identities[m.ARN].Principal
		written := access.Normal(m.ARN)
		if m.State != access.InForce || written.Kind() != "user" || is == "" || strings.EqualFold(is.Path(), written.Path()) {
			continue
		}
		mappings[i].State = access.NeverMatches
		mappings[i].Reason = "the user of that name is " + string(is) + "; the path counts, so the mapping never matches"
	}
	return mappings
}

// missing is a principal that was deleted from IAM: no one can use the mapping, and EKS refuses an entry for it.
func (p *planner) missing(l *Mapping) bool {
	choice, _ := p.ask(Question{
		ID: "missing/" + l.ARN, Text: "the role or user does not exist, so no one can use the mapping and EKS refuses an entry for it. What should happen to the mapping?",
		Options: []Option{leaveIt(), {Answer: remove, Means: "remove it from aws-auth, with --remove-mappings"}}, Default: leave,
	})
	l.Removable = choice == remove
	return l.stay("the role or user does not exist: EKS refuses an entry for it, and no one can use the mapping")
}

// fullARN asks for the ARN of an Identity Center role whose path could not be looked up.
func (p *planner) fullARN(l *Mapping, e *access.Entry, doubt string) bool {
	q := Question{
		ID: "principal/" + l.ARN, Text: "an entry needs the full ARN of this Identity Center role, and its path could not be looked up. What is the ARN?",
		Options: []Option{{arns, "its ARN: arn:…:role/aws-reserved/sso.amazonaws.com/…/" + access.Principal(l.ARN).Name(), "ARN, with the path:"}, leaveIt()}, Default: leave,
	}
	_, value := p.ask(q)
	full := access.Principal(value)
	switch {
	case value == "":
		return l.stay("an entry needs the role's ARN with its path, which is not known (%s)", cmp.Or(doubt, "IAM was not asked"))
	case !full.Is(access.Normal(l.ARN)) || !strings.HasPrefix(full.Path(), "/aws-reserved/sso.amazonaws.com/"):
		p.refuse(q, arns+value, "not the ARN of this role with its path")
		return l.stay("decision %s is not possible", q.ID)
	}
	e.Principal = full
	l.differs(DiffPath, "the entry uses the full ARN: %s", full)
	return true
}
