package kubeapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/rights"
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

// own are the kinds with objects, reviews or a writer, and what clients ask for most.
var own = []kind{
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

// kinds are all that a cluster serves: its own, and the other types of Kubernetes, of which it has no objects.
var kinds = sync.OnceValue(func() []kind { //nolint:gochecknoglobals // a table that never changes, made when it is first needed
	all := own
	for _, t := range rights.Builtin() {
		known := slices.ContainsFunc(own, func(k kind) bool { return k.group == t.Group && k.resource == t.Name })
		if !known && !t.Virtual() && t.Group != authn && t.Group != authz {
			all = append(all, kind{t.Group, t.Name, t.Kind, t.Namespaced, none, nil, nil})
		}
	}
	return all
})

// groups are the API groups besides the one without a name.
func groups() (all []string) {
	for _, k := range kinds() {
		if k.group != "" && !slices.Contains(all, k.group) {
			all = append(all, k.group)
		}
	}
	slices.Sort(all)
	return all
}

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
	for _, k := range kinds() {
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
	found, metadata, err := v.page(found)
	return object{"apiVersion": k.apiVersion(), "kind": k.name + "List", "items": found, "metadata": metadata}, err
}

// page is the part of a list that limit and continue ask for. A list that was written in between has expired.
func (v *visit) page(all []object) ([]object, object, error) {
	version, from := strconv.Itoa(v.server.version()), 0
	metadata := object{"resourceVersion": version}
	if next := v.URL.Query().Get("continue"); next != "" {
		begun, offset, _ := strings.Cut(next, ".")
		n, err := strconv.Atoi(offset)
		switch {
		case err != nil || n < 0 || n > len(all):
			return nil, nil, failure(http.StatusBadRequest, "BadRequest", "continue key is not valid")
		case begun != version:
			return nil, nil, failure(http.StatusGone, "Expired", "The provided continue parameter is too old to display a consistent list result.")
		}
		from = n
	}
	limit, err := strconv.Atoi(v.URL.Query().Get("limit"))
	if rest := len(all) - from - limit; err == nil && limit > 0 && rest > 0 {
		metadata["continue"], metadata["remainingItemCount"] = version+"."+strconv.Itoa(from+limit), rest
		return all[from : from+limit], metadata, nil
	}
	return all[from:], metadata, nil
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

// subjectAccessReview is about somebody else. Only RBAC decides it: without the ID of the principal no access policy counts.
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
