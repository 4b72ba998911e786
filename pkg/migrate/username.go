package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// username gives the entry the line's name, or asks for one where EKS would refuse it.
func (p *planner) username(l *Line, e *access.Entry) bool {
	name := access.Expand(l.Username, e.Principal)
	switch {
	case strings.TrimSpace(name) == "":
		l.differs(DiffUsername, "the line has no username; with an entry it is %s", access.DefaultUsername(e.Principal))
		return true
	case access.CheckUsername(name) != nil, strings.Contains(name, "{{AccessKeyID}}"), strings.Contains(name, "{{EC2PrivateDNSName}}"):
		return p.refusedUsername(l, e, name)
	case name != l.Username:
		l.differs(DiffUsername, "the username is written out as %s", name)
	}
	e.Username = name
	return true
}

// refusedUsername asks for a name in the place of one that an entry cannot have.
func (p *planner) refusedUsername(l *Line, e *access.Entry, name string) bool {
	known := p.known(name)
	q := Question{
		ID: "username/" + l.ARN, Text: fmt.Sprintf("an entry cannot have the username %s%s; which shall it be?", name, boundBy(known, p.NoRBAC)),
		Options: []Option{
			{Answer: standard, Means: "the one that EKS makes: " + access.DefaultUsername(e.Principal)},
			{named, "another, in which a colon stands before {{SessionName}}: name:team:{{SessionName}}", "which username, such as team:{{SessionName}}?"},
			leaveIt(),
		},
		Default: leave,
	}
	if l.Masters() || len(known) == 0 && p.NoRBAC == "" {
		q.Default = standard
	}
	choice, value := p.ask(q)
	switch {
	case choice == leave:
		return l.stay("an entry cannot have the username %s%s; decide which it shall have: %s", name, boundBy(known, p.NoRBAC), q.ID)
	case choice == named && (access.CheckUsername(value) != nil || strings.Contains(value, "{{AccessKeyID}}") || strings.Contains(value, "{{EC2PrivateDNSName}}")):
		p.refuse(q, named+value, "an entry cannot have it either")
		return l.stay("the decision %s cannot be obeyed", q.ID)
	case choice == named:
		e.Username = access.Expand(value, e.Principal)
	}
	called := e.Username
	if called == "" {
		called = access.DefaultUsername(e.Principal)
	}
	l.differs(DiffUsername, "the username %s, which an entry cannot have, becomes %s", name, called)
	if strings.Contains(name, "{{SessionNameRaw}}") && !strings.Contains(called, "{{SessionNameRaw}}") {
		l.differs(DiffGained, "sessions whose names differ in @ and - only have one name now, and what RBAC gives to one of them")
	}
	if !l.Masters() {
		l.follow = append(l.follow, p.followers(l, known, name, called)...)
		p.shared(l, called, l.follow)
	}
	return true
}

// known are the bindings that know somebody by the name, or by what it may become.
func (p *planner) known(name string) []access.Binding {
	return slices.DeleteFunc(slices.Clone(p.Bindings), func(b access.Binding) bool { return len(access.Matching(name, b.Users)) == 0 })
}

// followers are the bindings that know the same people by their new names. Who cannot be told from
// others by the new name loses what the old one had.
func (p *planner) followers(l *Line, known []access.Binding, from, to string) []access.Binding {
	var all []access.Binding
	for _, b := range known {
		var users []string
		for _, user := range access.Matching(from, b.Users) {
			if called := carry(user, from, to); called != "" {
				users = append(users, called)
			} else {
				l.Differences = append(l.Differences, Difference{Code: DiffLost, Text: "lost: " + b.Role.Kind + " " + b.Role.Name + " of user " + user + " by " + b.String(), Binding: b.String()})
			}
		}
		if len(users) > 0 {
			all = append(all, p.named(access.Binding{Namespace: b.Namespace, Name: suffixed(b.Name, to), Role: b.Role, Users: users}))
		}
	}
	return all
}
