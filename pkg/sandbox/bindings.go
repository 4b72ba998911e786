package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// binding gives a role to users and groups: in its namespace, or without one everywhere.
type binding struct {
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"` // of the role
	Role      string   `json:"role"`
	Users     []string `json:"users,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Frame     object   `json:"frame,omitempty"` // the metadata of one that somebody made
}

// seedBindings are those of a new cluster.
var seedBindings = []binding{
	{Name: "cluster-admin", Kind: "ClusterRole", Role: "cluster-admin", Groups: []string{"system:masters"}},
	{Name: "system:basic-user", Kind: "ClusterRole", Role: "system:basic-user", Groups: []string{"system:authenticated"}},
	{Name: "system:discovery", Kind: "ClusterRole", Role: "system:discovery", Groups: []string{"system:authenticated"}},
	{Name: "viewers", Kind: "ClusterRole", Role: "view", Groups: []string{"viewers"}},
	{Name: "operators", Kind: "ClusterRole", Role: "view", Groups: []string{"system:operators"}}, // a name that entries cannot have
	{Namespace: "dev", Name: "developers", Kind: "Role", Role: "developer", Groups: []string{"developers"}},
	{Namespace: "staging", Name: "developers", Kind: "ClusterRole", Role: "view", Groups: []string{"developers"}},
}

// gives tells whether the binding holds for a user in a namespace.
func (b binding) gives(u user, namespace string) bool {
	return (b.Namespace == "" || b.Namespace == namespace) &&
		(slices.Contains(b.Users, u.Name) || slices.ContainsFunc(b.Groups, func(g string) bool { return slices.Contains(u.Groups, g) }))
}

func bindingObjects(cl *cluster) (list []object) {
	for _, b := range cl.Bindings {
		m := b.Frame
		if m == nil {
			m = metadata(cl, b.Namespace, b.Name)
		}
		subjects := []object{}
		for _, user := range b.Users {
			subjects = append(subjects, object{"apiGroup": rbacGroup, "kind": "User", "name": user})
		}
		for _, group := range b.Groups {
			subjects = append(subjects, object{"apiGroup": rbacGroup, "kind": "Group", "name": group})
		}
		list = append(list, object{
			"metadata": m, "roleRef": object{"apiGroup": rbacGroup, "kind": b.Kind, "name": b.Role}, "subjects": subjects,
		})
	}
	return list
}

// writeBinding creates or deletes a binding. Others than users and groups have no rights here.
func writeBinding(v *visit, body []byte) (int, object, error) {
	at := slices.IndexFunc(v.cluster.Bindings, func(b binding) bool { return b.Namespace == v.namespace && b.Name == v.name })
	switch {
	case v.verb == "create":
		return v.bind(body)
	case v.verb != "delete":
		return 0, nil, failure(http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource")
	case at < 0:
		return 0, nil, v.notFound()
	}
	v.cluster.Bindings = slices.Delete(slices.Clone(v.cluster.Bindings), at, at+1)
	v.cluster.Written++
	return http.StatusOK, object{"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Success"}, nil
}

func (v *visit) bind(body []byte) (int, object, error) {
	var in struct {
		Metadata struct{ Name, Namespace string }
		RoleRef  struct{ Kind, Name string }
		Subjects []struct{ Kind, Name string }
	}
	var o object
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &o) != nil || in.Metadata.Name == "" || in.RoleRef.Name == "" {
		return 0, nil, failure(http.StatusBadRequest, "BadRequest", "the object provided is no binding with a name and a roleRef")
	}
	v.name = in.Metadata.Name
	b := binding{Namespace: v.namespace, Name: v.name, Kind: in.RoleRef.Kind, Role: in.RoleRef.Name}
	for _, s := range in.Subjects {
		switch s.Kind {
		case "User":
			b.Users = append(b.Users, s.Name)
		case "Group":
			b.Groups = append(b.Groups, s.Name)
		}
	}
	if slices.ContainsFunc(v.cluster.Bindings, func(c binding) bool { return c.Namespace == b.Namespace && c.Name == b.Name }) {
		s := failure(http.StatusConflict, "AlreadyExists", fmt.Sprintf("%s.%s %q already exists", v.resource, v.group, v.name))
		s.Details = &statusDetails{Name: v.name, Group: v.group, Kind: v.resource}
		return 0, nil, s
	}
	b.Frame = metadata(v.cluster, b.Namespace, b.Name)
	b.Frame["creationTimestamp"] = v.at.Format(time.RFC3339)
	if !v.tries() {
		v.cluster.Bindings = append(slices.Clone(v.cluster.Bindings), b)
		v.cluster.Written++
	}
	o["metadata"] = b.Frame
	return http.StatusCreated, o, nil
}

// seedNamespaces are in every cluster, by name.
var seedNamespaces = []string{"default", "dev", "dev-blue", "kube-system", "prod", "staging"}
