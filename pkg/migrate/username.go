package migrate

import (
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// username gives the entry the mapping's username, or asks for one where EKS would refuse it.
func (p *planner) username(l *Mapping, e *access.Entry) bool {
	name := access.Expand(l.Username, e.Principal)
	switch {
	case strings.TrimSpace(name) == "":
		l.differs(DiffUsername, "the mapping has no username; the entry's is %s", access.DefaultUsername(e.Principal))
		return true
	case access.CheckUsername(name) != nil, strings.Contains(name, "{{AccessKeyID}}"), strings.Contains(name, "{{EC2PrivateDNSName}}"):
		return p.refusedUsername(l, e, name)
	case name != l.Username:
		l.differs(DiffUsername, "the username is written as %s", name)
	}
	e.Username = name
	return true
}

// refusedUsername asks for a username where an entry cannot have the mapping's.
func (p *planner) refusedUsername(l *Mapping, e *access.Entry, name string) bool {
	known := p.known(name)
	q := Question{
		ID: "username/" + l.ARN, Text: fmt.Sprintf("an entry cannot have username %s%s. Which username should it have?", name, boundBy(known, p.NoRBAC)),
		Options: []Option{
			{Answer: standard, Means: "the default of EKS: " + access.DefaultUsername(e.Principal)},
			{named, "another one, with a colon before {{SessionName}}: name:team:{{SessionName}}", "username, such as team:{{SessionName}}:"},
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
		return l.stay("an entry cannot have username %s%s; decide which it should have: %s", name, boundBy(known, p.NoRBAC), q.ID)
	case choice == named && (access.CheckUsername(value) != nil || strings.Contains(value, "{{AccessKeyID}}") || strings.Contains(value, "{{EC2PrivateDNSName}}")):
		p.refuse(q, named+value, "an entry cannot have it either")
		return l.stay("decision %s is not possible", q.ID)
	case choice == named:
		e.Username = access.Expand(value, e.Principal)
	}
	called := e.Username
	if called == "" {
		called = access.DefaultUsername(e.Principal)
	}
	l.differs(DiffUsername, "username %s, which an entry cannot have, becomes %s", name, called)
	if strings.Contains(name, "{{SessionNameRaw}}") && !strings.Contains(called, "{{SessionNameRaw}}") {
		l.differs(DiffGained, "sessions whose names differ only in @ and - now have one name, and the RBAC rights of each other")
	}
	if !l.Masters() {
		l.follow = append(l.follow, p.followers(l, known, name, called)...)
		p.shared(l, called, l.follow)
	}
	return true
}

// known are the bindings that refer to the username, or to what it may become.
func (p *planner) known(name string) []access.Binding {
	return access.Where(p.Bindings, func(b *access.Binding) bool { return len(access.Matching(name, b.Users)) > 0 })
}

// followers are bindings for the same people under their new names. A user without a new name of its own loses the rights
// of the old one.
func (p *planner) followers(l *Mapping, known []access.Binding, from, to string) []access.Binding {
	var all []access.Binding
	for _, b := range known {
		var users []string
		for _, user := range access.Matching(from, b.Users) {
			if called := carry(user, from, to); called != "" {
				users = append(users, called)
			} else {
				l.Differences = append(l.Differences, Difference{Code: DiffLost, Text: "lost: " + b.Role.Kind + " " + b.Role.Name + " (user " + user + "), by " + b.String(), Binding: b.String()})
			}
		}
		if len(users) > 0 {
			all = append(all, p.named(access.Binding{Namespace: b.Namespace, Name: suffixed(b.Name, to), Role: b.Role, Users: users}))
		}
	}
	return all
}
