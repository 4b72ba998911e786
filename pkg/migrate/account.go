package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// account plans a line of mapAccounts, which lets in everybody of an account by name and without a
// group. An entry is for one principal; nobody can tell here who they all are, so the line itself is
// taken away only where that was decided.
func (p *planner) account(l *Line) {
	seen := p.seen(l.ARN)
	q := Question{
		ID: "account/" + l.ARN, Text: "everybody of account " + l.ARN + " is let in, by name and without groups; who shall have an entry?" + known(seen),
		Options: []Option{
			leaveIt(),
			{arns, "these roles and users: arns:ARN,ARN", "which ARNs, separated by commas?"},
			{Answer: drop, Means: "nobody: with --remove-mappings the line is removed, and whoever has no entry loses access"},
		}, Default: leave,
	}
	choice, value := p.ask(q)
	switch choice {
	case leave:
		l.stay("there is no entry for a whole account; name those who need one: %s", q.ID)
		return
	case drop:
		l.Removable = true
		l.stay("it was decided to drop it; --remove-mappings removes it")
		l.differs(DiffDropped, "with --remove-mappings whoever of account %s has no entry or mapping of their own loses access", l.ARN)
		return
	}
	l.differs(DiffAccount, "there is no entry for a whole account: only the principals that are named get one")
	for _, arn := range strings.Split(value, ",") {
		e := access.Entry{Principal: access.Principal(strings.TrimSpace(arn)), Kind: access.Standard}
		ref, err := access.ParsePrincipal(string(e.Principal))
		switch {
		case err != nil || ref.Lookup != access.LookupNone || e.Principal.Account() != l.ARN:
			p.refuse(q, arns+value, fmt.Sprintf("%s is not the full ARN of a role or user of account %s", arn, l.ARN))
			l.stay("the decision %s cannot be obeyed", q.ID)
			return
		}
		if have, exists := p.entry(e.Principal); exists && !Marked(have) || !p.once(&Line{}, e) {
			continue // it has its own
		}
		e.Username = canonical(e.Principal)
		l.After = append(l.After, p.byRBAC(p.Bindings, e.Username, nil)...)
		l.Entries = append(l.Entries, e.Canonical())
	}
	l.Before = l.After // the name stays, and with it what RBAC gives to it
	if len(l.Entries) == 0 {
		l.Outcome, l.Why = Covered, "those who were named have entries; the line goes on to let in everybody of the account"
	}
}

// canonical is the name that the authenticator gives to somebody of a mapped account (eks-access.md §6.2).
func canonical(p access.Principal) string {
	if p.Kind() == "user" {
		return string(p)
	}
	return "arn:" + p.Partition() + ":iam::" + p.Account() + ":role/" + p.Name()
}

// seen are those of an account whom RBAC names by the username that mapAccounts gives them.
func (p *planner) seen(account string) []string {
	var found []string
	for _, b := range p.Bindings {
		for _, user := range b.Users {
			if q := access.Principal(user); q.Account() == account && (q.Kind() == "role" || q.Kind() == "user") {
				found = append(found, user)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func known(seen []string) string {
	if len(seen) == 0 {
		return ""
	}
	return " RBAC knows " + strings.Join(seen, ", ")
}
