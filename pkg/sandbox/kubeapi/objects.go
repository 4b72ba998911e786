package kubeapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// object is JSON in the making.
type object = map[string]any

// kind is one resource that a cluster serves. Reviews can only be created; what has no writer can only be read.
type kind struct {
	group, resource, name string
	namespaced            bool
	list                  func(*Server) []object
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
	{authz, "subjectaccessreviews", "SubjectAccessReview", false, nil, subjectAccessReview, nil},
	{authz, "selfsubjectrulesreviews", "SelfSubjectRulesReview", false, nil, selfSubjectRulesReview, nil},
}

// groups are the API groups besides the one without a name.
var groups = []string{"apps", authn, authz, rbacGroup}

// none is what a cluster without nodes has of most kinds.
func none(*Server) []object { return nil }

func (k kind) apiVersion() string { return strings.TrimPrefix(k.group+"/v1", "/") }

// misplaced reports whether a path lacks a namespace, or has one that it should not have. Lists may cover all namespaces.
func (k kind) misplaced(v *visit) bool {
	if k.namespaced {
		return v.Namespace == "" && v.Verb != "list" && v.Verb != "watch"
	}
	return v.Namespace != "" && k.resource != "namespaces"
}

// answer serves what the user may have: discovery, a review, a list or one object.
func (v *visit) answer(body []byte) (Answer, error) {
	if v.Path != "" {
		found, err := v.discovery()
		return Answer{Code: http.StatusOK, body: found}, err
	}
	body, err := v.inJSON(body)
	if err != nil {
		return Answer{}, err
	}
	for _, k := range kinds {
		if k.group != v.Group || k.resource != v.Resource || v.Subresource != "" || !strings.Contains(v.URL.Path, "/v1/") || k.misplaced(v) {
			continue
		}
		answer := Answer{Code: http.StatusOK}
		switch {
		case k.review != nil && v.Verb == "create":
			answer.Code = http.StatusCreated
			answer.body, err = k.review(v, body)
		case k.list != nil && (v.Verb == "get" || v.Verb == "list"):
			answer.body, err = v.read(k)
		case k.list != nil && v.Verb == "watch":
			answer.watch, err = v.watch(k)
		case k.writer != nil && slices.Contains(writes, v.Verb):
			answer.Code, answer.body, err = v.write(k, body)
		default:
			err = failure(http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource")
		}
		return answer, err
	}
	v.Name = "" // it is the resource that there is not
	return Answer{}, v.notFound()
}

// objects are those of a kind, in the visit's namespace if it has one.
func (v *visit) objects(k kind) (found []object) {
	for _, o := range k.list(v.server) {
		if k.namespaced && v.Namespace != "" && meta(o)["namespace"] != v.Namespace {
			continue
		}
		o["apiVersion"], o["kind"] = k.apiVersion(), k.name
		found = append(found, o)
	}
	return found
}

func (v *visit) read(k kind) (object, error) {
	if v.Verb == "get" {
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
		"metadata": object{"resourceVersion": strconv.Itoa(v.server.version())},
	}, nil
}

// metadata is the same at every request, so that a second look finds nothing changed.
func metadata(s *Server, namespace, name string) object {
	m := object{
		"name": name, "uid": awsapi.UUID(s.Name, namespace, name), "resourceVersion": "1",
		"creationTimestamp": s.Created.Format(time.RFC3339),
	}
	if namespace != "" {
		m["namespace"] = namespace
	}
	return m
}

func namespaceObjects(s *Server) (list []object) {
	for _, name := range namespaces {
		m := metadata(s, "", name)
		m["labels"] = object{"kubernetes.io/metadata.name": name}
		list = append(list, object{"metadata": m, "spec": object{"finalizers": []string{"kubernetes"}}, "status": object{"phase": "Active"}})
	}
	return list
}

func clusterScoped(all func(*Server) []object) func(*Server) []object {
	return func(s *Server) []object { return only(all(s), false) }
}

func inNamespaces(all func(*Server) []object) func(*Server) []object {
	return func(s *Server) []object { return only(all(s), true) }
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
	return accessReview(v, "SelfSubjectAccessReview", body)
}

// subjectAccessReview is about somebody else, of whom only RBAC knows: without the ID of the principal no access policy counts.
func subjectAccessReview(v *visit, body []byte) (object, error) {
	return accessReview(v, "SubjectAccessReview", body)
}

func accessReview(v *visit, kind string, body []byte) (object, error) {
	var in review
	var echo struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := errors.Join(json.Unmarshal(body, &in), json.Unmarshal(body, &echo)); err != nil {
		return nil, failure(http.StatusBadRequest, "BadRequest", "the object provided is not a "+kind)
	}
	who := v.user
	if kind == "SubjectAccessReview" {
		who = User{Name: in.Spec.User, Groups: in.Spec.Groups, Bindings: who.Bindings, roles: who.roles}
	}
	return object{
		"apiVersion": authz + "/v1", "kind": kind, "metadata": object{}, "spec": echo.Spec,
		"status": object{"allowed": who.Allowed(in.attributes())},
	}, nil
}

// discovery answers the requests that clients send before any other.
func (v *visit) discovery() (any, error) {
	path := "/" + strings.Trim(v.Path, "/")
	switch path {
	case "/healthz", "/livez", "/readyz":
		return "ok", nil
	case "/version":
		major, minor, _ := strings.Cut(awsapi.KubernetesVersion, ".")
		return object{"major": major, "minor": minor, "gitVersion": "v" + awsapi.KubernetesVersion + ".1-eks-5a3fcc6", "platform": "linux/amd64"}, nil
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
