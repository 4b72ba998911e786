package kubeapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

// Binding binds a role to users and groups: in its namespace, or without one everywhere.
type Binding struct {
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"` // of the role
	Role      string   `json:"role"`
	Users     []string `json:"users,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Object    object   `json:"object,omitempty"` // as it was written
}

// NewObjects are those of a new cluster; without data it has no aws-auth.
func NewObjects(awsAuth map[string]string) *Objects {
	return &Objects{AWSAuth: maps.Clone(awsAuth), Bindings: NewBindings()}
}

// NewBindings are those of a new cluster; the first three are Kubernetes' own.
func NewBindings() []Binding {
	return []Binding{
		{Name: "cluster-admin", Kind: "ClusterRole", Role: "cluster-admin", Groups: []string{"system:masters"}},
		{Name: "system:basic-user", Kind: "ClusterRole", Role: "system:basic-user", Groups: []string{"system:authenticated"}},
		{Name: "system:discovery", Kind: "ClusterRole", Role: "system:discovery", Groups: []string{"system:authenticated"}},
		{Name: "viewers", Kind: "ClusterRole", Role: "view", Groups: []string{"viewers"}},
		{Name: "operators", Kind: "ClusterRole", Role: "view", Groups: []string{"system:operators"}}, // a name that entries cannot have
		{Namespace: "dev", Name: "developers", Kind: "Role", Role: "developer", Groups: []string{"developers"}},
		{Namespace: "staging", Name: "developers", Kind: "ClusterRole", Role: "view", Groups: []string{"developers"}},
	}
}

// gives reports whether the binding holds for a user in a namespace.
func (b Binding) gives(u User, namespace string) bool {
	return (b.Namespace == "" || b.Namespace == namespace) &&
		(slices.Contains(b.Users, u.Name) || slices.ContainsFunc(b.Groups, func(g string) bool { return slices.Contains(u.Groups, g) }))
}

func bindingObjects(s *Server) (list []object) {
	for _, b := range s.Bindings {
		if b.Object != nil {
			list = append(list, maps.Clone(b.Object))
			continue
		}
		subjects := []object{}
		for _, user := range b.Users {
			subjects = append(subjects, object{"apiGroup": rbacGroup, "kind": "User", "name": user})
		}
		for _, group := range b.Groups {
			subjects = append(subjects, object{"apiGroup": rbacGroup, "kind": "Group", "name": group})
		}
		list = append(list, object{
			"metadata": metadata(s, b.Namespace, b.Name), "roleRef": object{"apiGroup": rbacGroup, "kind": b.Kind, "name": b.Role}, "subjects": subjects,
		})
	}
	return list
}

// checkBinding refuses to change the role of a binding, and to grant more than the user has.
func checkBinding(v *visit, old, o object) error {
	if o == nil {
		return nil
	}
	ref, is := texts(o["roleRef"]), texts(texts(old)["roleRef"])
	if old != nil && (ref["kind"] != is["kind"] || ref["name"] != is["name"]) {
		return v.invalid(o["kind"], "roleRef", "Invalid value: cannot change roleRef")
	}
	b, err := v.bindingOf(o)
	if err != nil {
		return err
	}
	return v.mayBind(b)
}

func storeBinding(v *visit, o object) {
	all := slices.Clone(v.server.Bindings)
	at := slices.IndexFunc(all, func(b Binding) bool { return b.Namespace == v.Namespace && b.Name == v.Name })
	b, _ := v.bindingOf(o)
	switch {
	case o == nil:
		all = slices.Delete(all, at, at+1)
	case at < 0:
		all = append(all, b)
	default:
		all[at] = b
	}
	v.server.Bindings = all
}

// bindingOf reads a binding that was sent. A service account is bound under its username.
func (v *visit) bindingOf(o object) (Binding, error) {
	var in struct {
		RoleRef  struct{ Kind, Name string }
		Subjects []struct{ Kind, Name, Namespace string }
	}
	if err := convert(o, &in); err != nil || o != nil && (in.RoleRef.Name == "" || in.RoleRef.Kind == "") {
		return Binding{}, v.refuse(http.StatusBadRequest, "BadRequest", "the object provided is not a binding with a name and a roleRef")
	}
	b := Binding{Namespace: v.Namespace, Name: v.Name, Kind: in.RoleRef.Kind, Role: in.RoleRef.Name, Object: o}
	for _, s := range in.Subjects {
		switch s.Kind {
		case "User":
			b.Users = append(b.Users, s.Name)
		case "Group":
			b.Groups = append(b.Groups, s.Name)
		case "ServiceAccount":
			b.Users = append(b.Users, serviceAccountPrefix+cmp.Or(s.Namespace, v.Namespace)+":"+s.Name)
		}
	}
	return b, nil
}

// namespaces are in every cluster, by name.
var namespaces = []string{"default", "dev", "dev-blue", "kube-system", "prod", "staging"}
