package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is JSON in the making.
type object = map[string]any

// kind is one resource that a cluster serves. Reviews can only be created; what has no writer can only be read.
type kind struct {
	group, resource, name string
	namespaced            bool
	list                  func(*cluster) []object
	review                func(*visit, []byte) (object, error)
	writer                *writer
}

const (
	rbacGroup = "rbac.authorization.k8s.io"
	authn     = "authentication.k8s.io"
	authz     = "authorization.k8s.io"
)

var kinds = []kind{
	{"", "namespaces", "Namespace", false, namespaceObjects, nil, nil},
	{"", "configmaps", "ConfigMap", true, configMapObjects, nil, &writer{checkConfigMap, storeConfigMap}},
	{"", "events", "Event", true, none, nil, nil},
	{"", "nodes", "Node", false, none, nil, nil},
	{"", "pods", "Pod", true, none, nil, nil},
	{"", "secrets", "Secret", true, none, nil, nil},
	{"", "serviceaccounts", "ServiceAccount", true, none, nil, nil},
	{"", "services", "Service", true, none, nil, nil},
	{"apps", "deployments", "Deployment", true, none, nil, nil},
	{rbacGroup, "clusterroles", "ClusterRole", false, clusterScoped(roleObjects), nil, &writer{checkRole, storeRole}},
	{rbacGroup, "clusterrolebindings", "ClusterRoleBinding", false, clusterScoped(bindingObjects), nil, &writer{checkBinding, storeBinding}},
	{rbacGroup, "roles", "Role", true, inNamespaces(roleObjects), nil, &writer{checkRole, storeRole}},
	{rbacGroup, "rolebindings", "RoleBinding", true, inNamespaces(bindingObjects), nil, &writer{checkBinding, storeBinding}},
	{authn, "selfsubjectreviews", "SelfSubjectReview", false, nil, selfSubjectReview, nil},
	{authz, "selfsubjectaccessreviews", "SelfSubjectAccessReview", false, nil, selfSubjectAccessReview, nil},
	{authz, "selfsubjectrulesreviews", "SelfSubjectRulesReview", false, nil, selfSubjectRulesReview, nil},
}

// groups are the API groups beside the one without a name.
var groups = []string{"apps", authn, authz, rbacGroup}

// none is what a cluster without nodes has of most kinds.
func none(*cluster) []object { return nil }

func (k kind) apiVersion() string { return strings.TrimPrefix(k.group+"/v1", "/") }

// misplaced tells of a path that is in no namespace and should be, or the other way round. Lists may be of all.
func (k kind) misplaced(v *visit) bool {
	if k.namespaced {
		return v.namespace == "" && v.verb != "list" && v.verb != "watch"
	}
	return v.namespace != "" && k.resource != "namespaces"
}

// answer serves what the user may have: discovery, a review, a list or one object.
func (v *visit) answer(body []byte) (int, any, error) {
	if v.path != "" {
		answer, err := v.discovery()
		return http.StatusOK, answer, err
	}
	body, err := v.inJSON(body)
	if err != nil {
		return 0, nil, err
	}
	for _, k := range kinds {
		if k.group != v.group || k.resource != v.resource || v.subresource != "" || !strings.Contains(v.URL.Path, "/v1/") || k.misplaced(v) {
			continue
		}
		switch {
		case k.review != nil && v.verb == "create":
			answer, err := k.review(v, body)
			return http.StatusCreated, answer, err
		case k.list != nil && (v.verb == "get" || v.verb == "list"):
			answer, err := v.read(k)
			return http.StatusOK, answer, err
		case k.list != nil && v.verb == "watch":
			events, err := v.watch(k)
			return http.StatusOK, events, err
		case k.writer != nil && slices.Contains(writes, v.verb):
			return v.write(k, body)
		}
		return 0, nil, failure(http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource")
	}
	v.name = "" // it is the resource that there is not
	return 0, nil, v.notFound()
}

// objects are those of a kind, in the visit's namespace if it has one.
func (v *visit) objects(k kind) (found []object) {
	for _, o := range k.list(v.cluster) {
		if k.namespaced && v.namespace != "" && meta(o)["namespace"] != v.namespace {
			continue
		}
		o["apiVersion"], o["kind"] = k.apiVersion(), k.name
		found = append(found, o)
	}
	return found
}

func (v *visit) read(k kind) (object, error) {
	if v.verb == "get" {
		if o := v.present(k); o != nil {
			return o, nil
		}
		return nil, v.notFound()
	}
	match, err := v.selector(k)
	if err != nil {
		return nil, err
	}
	found := []object{}
	for _, o := range v.objects(k) {
		if match(o) {
			found = append(found, o)
		}
	}
	return object{
		"apiVersion": k.apiVersion(), "kind": k.name + "List", "items": found,
		"metadata": object{"resourceVersion": strconv.Itoa(v.cluster.version())},
	}, nil
}

// metadata is the same at every request, so that a second look finds nothing changed.
func metadata(cl *cluster, namespace, name string) object {
	m := object{
		"name": name, "uid": uuid(cl.Name, namespace, name), "resourceVersion": "1",
		"creationTimestamp": cl.Created.Format(time.RFC3339),
	}
	if namespace != "" {
		m["namespace"] = namespace
	}
	return m
}

func namespaceObjects(cl *cluster) (list []object) {
	for _, name := range seedNamespaces {
		m := metadata(cl, "", name)
		m["labels"] = object{"kubernetes.io/metadata.name": name}
		list = append(list, object{"metadata": m, "spec": object{"finalizers": []string{"kubernetes"}}, "status": object{"phase": "Active"}})
	}
	return list
}

func clusterScoped(all func(*cluster) []object) func(*cluster) []object {
	return func(cl *cluster) []object { return only(all(cl), false) }
}

func inNamespaces(all func(*cluster) []object) func(*cluster) []object {
	return func(cl *cluster) []object { return only(all(cl), true) }
}

func only(all []object, namespaced bool) (list []object) {
	for _, o := range all {
		if _, has := o["metadata"].(object)["namespace"]; has == namespaced {
			list = append(list, o)
		}
	}
	return list
}

func selfSubjectReview(v *visit, _ []byte) (object, error) {
	return object{
		"apiVersion": authn + "/v1", "kind": "SelfSubjectReview", "metadata": object{"creationTimestamp": v.at.Format(time.RFC3339)},
		"status": object{"userInfo": v.user},
	}, nil
}

func selfSubjectAccessReview(v *visit, body []byte) (object, error) {
	var in review
	var echo struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := errors.Join(json.Unmarshal(body, &in), json.Unmarshal(body, &echo)); err != nil {
		return nil, failure(http.StatusBadRequest, "BadRequest", "the object provided is no SelfSubjectAccessReview")
	}
	return object{
		"apiVersion": authz + "/v1", "kind": "SelfSubjectAccessReview", "metadata": object{}, "spec": echo.Spec,
		"status": object{"allowed": v.user.allowed(in.attributes())},
	}, nil
}

// discovery answers what clients ask before they ask for anything else.
func (v *visit) discovery() (any, error) {
	path := "/" + strings.Trim(v.path, "/")
	switch path {
	case "/healthz", "/livez", "/readyz":
		return "ok", nil
	case "/version":
		major, minor, _ := strings.Cut(kubernetesVersion, ".")
		return object{"major": major, "minor": minor, "gitVersion": "v" + kubernetesVersion + ".1-eks-5a3fcc6", "platform": "linux/amd64"}, nil
	case "/api":
		return object{"kind": "APIVersions", "versions": []string{"v1"}, "serverAddressByClientCIDRs": []object{}}, nil
	case "/apis":
		all := []object{}
		for _, group := range groups {
			all = append(all, apiGroup(group))
		}
		return object{"kind": "APIGroupList", "apiVersion": "v1", "groups": all}, nil
	case "/api/v1":
		return resourceList(""), nil
	}
	for _, group := range groups {
		switch path {
		case "/apis/" + group:
			return apiGroup(group), nil
		case "/apis/" + group + "/v1":
			return resourceList(group), nil
		}
	}
	if answer, ok := openAPI(path); ok {
		return answer, nil
	}
	return nil, v.notFound()
}

func apiGroup(name string) object {
	version := object{"groupVersion": name + "/v1", "version": "v1"}
	return object{"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": []object{version}, "preferredVersion": version}
}

func resourceList(group string) object {
	shortNames := map[string][]string{
		"namespaces": {"ns"}, "configmaps": {"cm"}, "events": {"ev"}, "nodes": {"no"}, "pods": {"po"}, "serviceaccounts": {"sa"}, "services": {"svc"},
		"deployments": {"deploy"},
	}
	list := []object{}
	for _, k := range kinds {
		if k.group != group {
			continue
		}
		verbs := []string{"get", "list", "watch"}
		if k.review != nil {
			verbs = []string{"create"}
		}
		if k.writer != nil {
			verbs = append(verbs, writes...)
		}
		o := object{
			"name": k.resource, "singularName": strings.ToLower(k.name), "namespaced": k.namespaced, "kind": k.name,
			"verbs": verbs, "shortNames": slices.Clone(shortNames[k.resource]),
		}
		if slices.Contains([]string{"pods", "services", "deployments"}, k.resource) {
			o["categories"] = []string{"all"}
		}
		list = append(list, o)
	}
	return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(group+"/v1", "/"), "resources": list}
}
