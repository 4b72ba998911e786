package access

import (
	"path"
	"slices"
	"strings"
)

// RightKind says what a Right is.
type RightKind int

// The kinds of rights. Where RBAC could not be read, a group or a username may give anything, so it is a right by itself.
const (
	Connect    RightKind = iota // being authenticated at all
	Administer                  // everything in the whole cluster: cluster-admin or system:masters
	ByPolicy                    // an access policy
	ByRole                      // a Role or ClusterRole that RBAC binds
	ByGroup                     // a group whose bindings are not known
	ByUsername                  // a username whose bindings are not known
	JoinNodes                   // to be a node
)

// Right is one thing that a principal may do in a cluster, and by which source.
type Right struct {
	Kind  RightKind
	Name  string // the policy, "ClusterRole view", the group or the username
	Where string // a namespace, or a pattern of them; "": the whole cluster
	By    Source
	Via   string // the group or user that RBAC binds
	// Binding is the RoleBinding or ClusterRoleBinding that gives it; "": it does not come from RBAC.
	Binding string

	session string // the only session that has it; "": all
}

// Source is where a right comes from: an entry, or one mapping of aws-auth.
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

// covers reports whether whoever has r can do all that o allows. Policies and roles of different names are not
// compared: only their rules could tell, and what is not proven counts as different.
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

// Administrates reports whether the rights make somebody, and not only one session, administrator of the cluster.
func Administrates(rights []Right) bool {
	return slices.ContainsFunc(rights, func(r Right) bool { return r.Kind == Administer && r.session == "" })
}

// beyond are the rights that none of the others covers.
func beyond(rights, others []Right) []Right {
	return slices.DeleteFunc(slices.Clone(rights), func(r Right) bool {
		return slices.ContainsFunc(others, func(o Right) bool { return o.covers(r) })
	})
}

// bySource are the rights by mappings, or those by an entry.
func bySource(rights []Right, mapping bool) []Right {
	return slices.DeleteFunc(slices.Clone(rights), func(r Right) bool { return (r.By.Mapping != "") != mapping })
}

// joinRights names what counts: of an administrator nothing else, and being authenticated only where there is no more.
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
