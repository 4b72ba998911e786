package kubeapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// ownRoles are the cluster's own, besides those that every cluster has.
func (s *Server) ownRoles() (own []role) {
	for _, o := range s.Roles {
		r, _ := roleOf(o) // it was read when it was stored
		own = append(own, r)
	}
	return own
}

func roleOf(o object) (role, error) {
	var in struct {
		Metadata struct{ Namespace, Name string }
		Rules    []policy.Rule
	}
	err := convert(o, &in)
	return role{in.Metadata.Namespace, in.Metadata.Name, in.Rules}, err
}

func roleObjects(s *Server) (list []object) {
	for _, r := range roles() {
		list = append(list, object{"metadata": metadata(s, r.namespace, r.name), "rules": r.rules})
	}
	for _, o := range s.Roles {
		list = append(list, maps.Clone(o))
	}
	return list
}

// checkRole refuses to change the roles that every cluster has, and to grant more than the user has.
func checkRole(v *visit, _, o object) error {
	if slices.ContainsFunc(roles(), func(r role) bool { return r.namespace == v.Namespace && r.name == v.Name }) {
		return v.refuse(http.StatusForbidden, "Forbidden", "%s %q is forbidden: the sandbox's built-in roles cannot be changed", v.qualified(), v.Name)
	}
	if o == nil {
		return nil
	}
	r, err := roleOf(o)
	if err != nil {
		return v.refuse(http.StatusBadRequest, "BadRequest", "the object provided is not a role: %v", err)
	}
	return v.mayGive("escalate", v.Resource, v.Name, r.rules)
}

func storeRole(v *visit, o object) {
	all := slices.Clone(v.server.Roles)
	at := slices.IndexFunc(all, func(o object) bool {
		r, _ := roleOf(o)
		return r.namespace == v.Namespace && r.name == v.Name
	})
	switch {
	case o == nil:
		all = slices.Delete(all, at, at+1)
	case at < 0:
		all = append(all, o)
	default:
		all[at] = o
	}
	v.server.Roles = all
}

// mayBind checks that the user may bind the role; one that does not exist needs the verb bind.
func (v *visit) mayBind(b Binding) error {
	r := role{name: b.Role}
	if b.Kind == "Role" {
		r.namespace = b.Namespace
	}
	all := slices.Concat(roles(), v.user.roles)
	at := slices.IndexFunc(all, func(o role) bool { return o.namespace == r.namespace && o.name == r.name })
	resource := strings.ToLower(b.Kind) + "s"
	if at < 0 {
		if v.user.Allowed(Attributes{Verb: "bind", Group: rbacGroup, Resource: resource, Namespace: v.Namespace, Name: b.Role}) {
			return nil
		}
		return failure(http.StatusNotFound, "NotFound", fmt.Sprintf("%s.%s %q not found", resource, rbacGroup, b.Role))
	}
	return v.mayGive("bind", resource, b.Role, all[at].rules)
}

// mayGive checks that a user grants only rights that RBAC grants them; others need a verb, bind or escalate. Access
// policies count for the verb only, because RBAC does not know them (rights.md §5).
func (v *visit) mayGive(verb, resource, name string, rules []policy.Rule) error {
	if slices.Contains(v.user.Groups, "system:masters") ||
		v.user.Allowed(Attributes{Verb: verb, Group: rbacGroup, Resource: resource, Namespace: v.Namespace, Name: name}) {
		return nil
	}
	held := v.user.rules(v.Namespace)
	var missing []string
	for _, r := range rules {
		if !heldBy(held, r) {
			missing = append(missing, fmt.Sprintf("{APIGroups:%q, Resources:%q, Verbs:%q}", r.APIGroups, r.Resources, r.Verbs))
		}
	}
	if missing == nil {
		return nil
	}
	return v.refuse(http.StatusForbidden, "Forbidden", "%s %q is forbidden: user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s",
		v.qualified(), v.Name, v.user.Name, v.user.Groups, strings.Join(missing, "\n"))
}

// heldBy reports whether every verb on every resource of a rule is in the rules that are held.
func heldBy(held []policy.Rule, r policy.Rule) bool {
	for _, verb := range r.Verbs {
		for _, path := range r.NonResourceURLs {
			if !anyRule(held, Attributes{Verb: verb, Path: path}) {
				return false
			}
		}
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				resource, subresource, _ := strings.Cut(resource, "/")
				for _, name := range orAny(r.ResourceNames) {
					if !anyRule(held, Attributes{verb, group, resource, subresource, "", name, ""}) {
						return false
					}
				}
			}
		}
	}
	return true
}

func orAny(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}
