package access

import (
	"path"
	"slices"
	"strings"
)

// RightKind is the kind of a Right.
type RightKind int

// The kinds of rights. If RBAC could not be read, a group or username may give anything, so it counts as a right itself.
const (
	Connect    RightKind = iota // being authenticated
	Administer                  // everything in the whole cluster: cluster-admin or system:masters
	ByPolicy                    // an access policy
	ByRole                      // a Role or ClusterRole
	ByGroup                     // a group with unknown bindings
	ByUsername                  // a username with unknown bindings
	JoinNodes                   // being a node
)

// Right is one thing that a principal may do in a cluster, and its source.
type Right struct {
	Kind  RightKind
	Name  string // the policy, "ClusterRole view", the group or the username
	Where string // a namespace or a pattern; "": the whole cluster
	By    Source
	Via   string // the group or user that RBAC binds
	// Binding is the RoleBinding or ClusterRoleBinding that gives it; "": it does not come from RBAC.
	Binding string

	session string // the only session that has it; "": all
}

// Source is the source of a right: an entry or a mapping.
type Source struct{ Mapping string } // mapRoles[0]; "": the access entry

func (s Source) String() string {
	if s.Mapping == "" {
		return "access entry"
	}
	return "aws-auth " + s.Mapping
}

// String reads "view in namespace dev", "ClusterRole view in namespace dev (group developers)" or "cluster administrator".
func (r Right) String() string {
	text := map[RightKind]string{
		Connect: "access to the cluster", Administer: "cluster administrator", JoinNodes: "access as a node",
		ByGroup: "group " + r.Name, ByUsername: "username " + r.Name,
	}[r.Kind]
	if text == "" {
		scope, name := Scope{}, r.Name
		if r.Where != "" {
			scope.Namespaces = []string{r.Where}
		}
		if r.Kind == ByPolicy {
			name = Policy(name).Short()
		}
		text = within(name, scope)
	}
	if r.Via != "" {
		text += " (" + r.Via + ")"
	}
	return text
}

// covers reports whether r allows everything that o allows. Policies and roles of different names count as different; their
// rules are not compared.
func (r Right) covers(o Right) bool {
	if r.session != "" && r.session != o.session {
		return false
	}
	switch {
	case r.Kind == Administer:
		return o.Kind != JoinNodes
	case r.Kind != o.Kind || r.Name != o.Name:
		return false
	}
	within, err := path.Match(r.Where, o.Where)
	return r.Where == "" || r.Where == o.Where || o.Where != "" && within && err == nil
}

// Administrates reports whether the rights make a principal, and not only one session, a cluster administrator.
//
//go:noinline
func Administrates(rights []Right) bool {
	return slices.ContainsFunc(rights, func(r Right) bool { return r.Kind == Administer && r.session == "" })
}

// beyond are the rights that none of the others covers.
func beyond(rights, others []Right) []Right {
	return Where(rights, func(r *Right) bool {
		return !slices.ContainsFunc(others, func(o Right) bool { return o.covers(*r) })
	})
}

// bySource are the rights through mappings, or those through an entry.
func bySource(rights []Right, mapping bool) []Right {
	return Where(rights, func(r *Right) bool { return (r.By.Mapping != "") == mapping })
}

// joinRights names the rights: for an administrator only that, and being authenticated only if there are no others.
func joinRights(rights []Right) string {
	if i := slices.IndexFunc(rights, func(r Right) bool { return r.Kind == Administer }); i >= 0 {
		rights = rights[i : i+1]
	}
	var all []string
	for _, r := range rights {
		if text := r.String(); (r.Kind != Connect || len(rights) == 1) && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}

// Session is the only session of a role that has the right; "": every one.
func (r Right) Session() string { return r.session }
