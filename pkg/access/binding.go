package access

import "slices"

// Binding is an RBAC RoleBinding, or without a namespace a ClusterRoleBinding, with its subjects.
type Binding struct {
	Namespace, Name string
	Role            RoleRef
	Users, Groups   []string
	Accounts        []string // service accounts, by their usernames system:serviceaccount:NAMESPACE:NAME
}

// RBAC is all bindings of a cluster, or why they could not be read, and the same of its roles, if they were requested.
type RBAC struct {
	Bindings []Binding
	Err      error
	Roles    []Role
	RolesErr error
}

// Role is a Role, or without a namespace a ClusterRole.
type Role struct {
	Namespace, Name string
	Rules           []Rule
}

// Rule is one rule of a Role, a ClusterRole or an access policy, with the meaning of an RBAC PolicyRule.
type Rule struct {
	APIGroups       []string `json:"apiGroups,omitempty"` // "" is the core group
	Resources       []string `json:"resources,omitempty"`
	ResourceNames   []string `json:"resourceNames,omitempty"`
	NonResourceURLs []string `json:"nonResourceURLs,omitempty"`
	Verbs           []string `json:"verbs"`
	// Restricted describes a row of a policy that AWS limits to objects that it does not name; it grants nothing in general.
	Restricted string `json:"restricted,omitempty"`
}

// RoleRef is the Role or ClusterRole of a binding.
type RoleRef struct{ Kind, Name string }

// Kind is RoleBinding or ClusterRoleBinding.
func (b Binding) Kind() string {
	if b.Namespace == "" {
		return "ClusterRoleBinding"
	}
	return "RoleBinding"
}

// String reads "RoleBinding dev/readers" or "ClusterRoleBinding viewers".
//
//go:noinline
func (b Binding) String() string {
	if b.Namespace == "" {
		return b.Kind() + " " + b.Name
	}
	return b.Kind() + " " + b.Namespace + "/" + b.Name
}

// Gives reports whether the binding grants at least what another does, to at least the same subjects.
func (b Binding) Gives(o Binding) bool {
	return b.Namespace == o.Namespace && b.Role == o.Role && contains(b.Users, o.Users) && contains(b.Groups, o.Groups)
}

//go:noinline
func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
