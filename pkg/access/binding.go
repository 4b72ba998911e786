package access

import "slices"

// Binding is an RBAC RoleBinding, or without a namespace a ClusterRoleBinding, with the users and groups of its subjects.
type Binding struct {
	Namespace, Name string
	Role            RoleRef
	Users, Groups   []string
}

// RBAC is all bindings of a cluster, or why they could not be read.
type RBAC struct {
	Bindings []Binding
	Err      error
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

func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
