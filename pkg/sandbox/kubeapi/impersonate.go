package kubeapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

const serviceAccountPrefix = "system:serviceaccount:"

// impersonate turns the request into one of the user in its headers, if the sender may impersonate that user and each
// group. The access policies do not apply then: they belong to the IAM principal of the token.
func (v *visit) impersonate() error {
	as, asked := v.impersonated()
	if as.Name == "" && len(asked) == 0 {
		return nil
	}
	if as.Name == "" {
		return failure(http.StatusInternalServerError, "InternalError", "Internal Server Error: requested groups, uid or extra without impersonating a user")
	}
	for _, at := range asked {
		if !v.user.Allowed(at) {
			return v.user.forbidden(at)
		}
	}
	v.user = as
	return nil
}

// impersonated reads the headers: the user, and the permissions that impersonating it needs.
func (v *visit) impersonated() (as User, asked []Attributes) {
	ask := func(group, resource, subresource, namespace, name string) {
		asked = append(asked, Attributes{Verb: "impersonate", Group: group, Resource: resource, Subresource: subresource, Namespace: namespace, Name: name})
	}
	as = User{Name: v.Header.Get("Impersonate-User"), UID: v.Header.Get("Impersonate-Uid"), Bindings: v.user.Bindings, roles: v.user.roles}
	account, isAccount := strings.CutPrefix(as.Name, serviceAccountPrefix)
	namespace, name, _ := strings.Cut(account, ":")
	if isAccount {
		ask("", "serviceaccounts", "", namespace, name)
	} else if as.Name != "" {
		ask("", "users", "", "", as.Name)
	}
	for _, group := range v.Header.Values("Impersonate-Group") {
		ask("", "groups", "", "", group)
		as.Groups = append(as.Groups, group)
	}
	for _, header := range slices.Sorted(maps.Keys(v.Header)) {
		if key, ok := strings.CutPrefix(header, "Impersonate-Extra-"); ok {
			for _, value := range v.Header[header] {
				ask(authn, "userextras", strings.ToLower(key), "", value)
			}
			if as.Extra == nil {
				as.Extra = map[string][]string{}
			}
			as.Extra[strings.ToLower(key)] = v.Header[header]
		}
	}
	if as.UID != "" {
		ask(authn, "uids", "", "", as.UID)
	}
	if isAccount && len(as.Groups) == 0 {
		as.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace}
	}
	everybody := "system:authenticated"
	if as.Name == "system:anonymous" {
		everybody = "system:unauthenticated"
	}
	if !slices.Contains(as.Groups, everybody) && !slices.Contains(as.Groups, "system:unauthenticated") {
		as.Groups = append(as.Groups, everybody)
	}
	return as, asked
}
