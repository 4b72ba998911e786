package awsauth

import (
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// shadow marks the lines that lose against another of the same ARN. The authenticator keeps one
// line for each rolearn, ignoring case, and one for each userarn and account as it is written:
// the last. It asks mapRoles before mapUsers.
func (r *reader) shadow() {
	winners := map[string]line{}
	for i := len(r.lines) - 1; i >= 0; i-- {
		l := &r.lines[i]
		if l.State == access.Dropped {
			continue
		}
		if winner, lost := winners[l.slot()]; lost {
			r.lose(l, fmt.Sprintf("a later line of %s%s is of the same %s and wins; delete this one", l.key, place(winner), l.noun()))
			continue
		}
		winners[l.slot()] = *l
	}
	for i := range r.lines {
		l := &r.lines[i]
		role := line{Mapping: access.Mapping{Kind: access.MappedRole, ARN: l.ARN}}
		if winner, lost := winners[role.slot()]; lost && l.Kind == access.MappedUser && l.State == access.InForce {
			r.lose(l, fmt.Sprintf("mapRoles has a line of the same ARN%s and is asked first; delete one of them", place(winner)))
		}
	}
}

// lose marks a line as shadowed, whatever else there is to say about it.
func (r *reader) lose(l *line, why string) {
	l.State, l.Reason = access.Shadowed, why
	r.defect(l.key, l.item, "%s", why)
}

// slot is where the authenticator keeps the line; the last line of a slot stays there.
func (l line) slot() string {
	if l.Kind == access.MappedRole {
		return string(l.Kind) + " " + strings.ToLower(l.ARN)
	}
	return string(l.Kind) + " " + l.ARN
}

func (l line) noun() string {
	if l.Kind == access.MappedAccount {
		return "account"
	}
	return "ARN"
}

func place(l line) string {
	if l.item == 0 {
		return ""
	}
	return fmt.Sprintf(" (item %d)", l.item)
}

// chance tells of users that differ in case only: the authenticator keeps them apart and then
// takes the first that matches out of a map without order.
func (r *reader) chance() {
	same := map[string]int{}
	for _, l := range r.lines {
		if l.Kind == access.MappedUser && l.State == access.InForce {
			same[strings.ToLower(l.ARN)]++
		}
	}
	for _, l := range r.lines {
		if l.Kind == access.MappedUser && l.State == access.InForce && same[strings.ToLower(l.ARN)] > 1 {
			r.defect(l.key, l.item, "another line has the same userarn in other letter case, and which of them counts is left to chance; delete one")
		}
	}
}
