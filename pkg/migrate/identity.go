package migrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// identity finds the full ARN of the role or user that a line means.
func (p *planner) identity(l *Line, e *access.Entry) bool {
	written := access.Normal(l.ARN)
	switch l.Reading.Principal {
	case Root:
		return l.stay("whether an access entry takes the root of an account is not known; write a role or user instead")
	case ServiceLinked:
		return p.serviceLinked(l, written)
	case SessionARN, NoPrincipal:
		return l.stay("this is the ARN of no role or user, so there can be no entry for it")
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
		return l.stay("there is no %s; the one of that name is %s", written, found.Principal)
	case found.Principal != "" && found.Doubt == "":
		e.Principal = found.Principal
		if found.Principal != written {
			l.differs(DiffPath, "the entry names it in full: %s", found.Principal)
		}
		return true
	case l.Reading.Principal == NeedsLookup:
		return p.fullARN(l, e, found.Doubt)
	}
	e.Principal = written
	if asked {
		l.differs(DiffDoubt, "the ARN is used as it is written: %s", found.Doubt)
	} else {
		l.differs(DiffDoubt, "IAM was not asked whether the %s exists and has a path", written.Kind())
	}
	return true
}

// unmatched marks the lines of users whose true ARN has another path: unlike a role's, a user's path is
// compared (eks-access.md §6.2), so they match nobody, which only IAM can tell.
func (f Facts) unmatched() []access.Mapping {
	lines := slices.Clone(f.Mappings)
	for i, m := range lines {
		is := f.Identities[m.ARN].Principal
		written := access.Normal(m.ARN)
		if m.State != access.InForce || written.Kind() != "user" || is == "" || strings.EqualFold(is.Path(), written.Path()) {
			continue
		}
		lines[i].State = access.NeverMatches
		lines[i].Reason = "the user of that name is " + string(is) + ", and the path counts, so no caller matches the line"
	}
	return lines
}

// missing is a principal that IAM knows to be gone: nobody can use the line, and EKS takes no entry for it.
func (p *planner) missing(l *Line) bool {
	choice, _ := p.ask(Question{
		ID: "missing/" + l.ARN, Text: "IAM has no such role or user, so nobody uses the line and EKS takes no entry for it; what about the line?",
		Options: []Option{leaveIt(), {Answer: remove, Means: "take the line out of aws-auth, where --remove-mappings is given"}}, Default: leave,
	})
	l.Removable = choice == remove
	return l.stay("IAM has no such role or user: EKS takes no entry for it, and nobody can use the line")
}

// fullARN asks for the ARN of an Identity Center role whose path IAM does not tell here.
func (p *planner) fullARN(l *Line, e *access.Entry, doubt string) bool {
	q := Question{
		ID: "principal/" + l.ARN, Text: "an entry needs the full ARN of this Identity Center role, and IAM does not tell its path here; which is it?",
		Options: []Option{{arns, "its ARN: arn:…:role/aws-reserved/sso.amazonaws.com/…/" + access.Principal(l.ARN).Name(), "which ARN, with the path?"}, leaveIt()}, Default: leave,
	}
	_, value := p.ask(q)
	full := access.Principal(value)
	switch {
	case value == "":
		return l.stay("an entry needs the role's ARN with its path, which is not known: %s", cmp.Or(doubt, "IAM was not asked"))
	case !full.Is(access.Normal(l.ARN)) || !strings.HasPrefix(full.Path(), "/aws-reserved/sso.amazonaws.com/"):
		p.refuse(q, arns+value, "it is not the ARN of this role with its path")
		return l.stay("the decision %s cannot be obeyed", q.ID)
	}
	e.Principal = full
	l.differs(DiffPath, "the entry names it in full: %s", full)
	return true
}
