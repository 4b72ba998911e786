package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// account plans a mapping of mapAccounts, which gives everyone in an account access by name and without groups. An entry is
// for one principal, and who they all are is not known, so the mapping itself is removed only where that was decided.
func (p *planner) account(l *Mapping) {
	seen := p.seen(l.ARN)
	q := Question{
		ID: "account/" + l.ARN, Text: "everyone in account " + l.ARN + " has access without groups. Who should get an entry?" + known(seen),
		Options: []Option{
			leaveIt(),
			{arns, "create entries for these roles and users (arns:ARN,ARN); the mapping stays for everyone else until the answer is drop", "ARNs, separated by commas:"},
			{Answer: drop, Means: "no one: --remove-mappings removes the mapping, and everyone without an entry loses access"},
		}, Default: leave,
	}
	choice, value := p.ask(q)
	switch choice {
	case leave:
		l.stay("an entry cannot be for a whole account: name the roles and users that need one (%s)", q.ID)
		return
	case drop:
		l.Removable = true
		l.stay("to be dropped, as decided: --remove-mappings removes it")
		l.differs(DiffDropped, "with --remove-mappings, everyone in account %s without an entry or a mapping of their own loses access", l.ARN)
		return
	}
	l.differs(DiffAccount, "an entry cannot be for a whole account: only the named principals get one")
	var before []access.Right
	for _, arn := range strings.Split(value, ",") {
		e := access.Entry{Principal: access.Principal(strings.TrimSpace(arn)), Kind: access.Standard}
		ref, err := access.ParsePrincipal(string(e.Principal))
		switch {
		case err != nil || ref.Lookup != access.LookupNone || e.Principal.Account() != l.ARN:
			p.refuse(q, arns+value, fmt.Sprintf("%s is not the full ARN of a role or user of account %s", arn, l.ARN))
			l.stay("decision %s is not possible", q.ID)
			return
		}
		if _, exists := p.entry(e.Principal); exists || !p.once(&Mapping{}, e) {
			continue // it has one
		}
		e.Username = canonical(e.Principal)
		p.rights(l, e)
		before = append(before, l.After...)
		l.Entries = append(l.Entries, e.Canonical())
	}
	l.Before, l.After = before, before // the name stays, and with it what RBAC gives to it
	if len(l.Entries) == 0 {
		l.Outcome, l.Why = Covered, "the named principals have entries; the mapping remains active for everyone else in the account"
	}
}

// canonical is the username that the authenticator gives someone in a mapped account (eks-access.md §6.2).
func canonical(p access.Principal) string {
	if p.Kind() == "user" {
		return string(p)
	}
	return "arn:" + p.Partition() + ":iam::" + p.Account() + ":role/" + p.Name()
}

// seen are those of an account that RBAC bindings name by the username that mapAccounts gives them.
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
	return " RBAC bindings name " + strings.Join(seen, ", ")
}
