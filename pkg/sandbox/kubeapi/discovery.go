package kubeapi

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// Aggregated discovery: all types in one answer (Kubernetes 1.26 and later; v2 since 1.30).
const (
	aggregatedGroup = "apidiscovery.k8s.io"
	aggregatedKind  = "APIGroupDiscoveryList"
	aggregatedType  = "application/json;g=" + aggregatedGroup + ";v=v2;as=" + aggregatedKind
)

// discovery answers the requests that clients send before any other.
func (v *visit) discovery() (any, error) {
	path := "/" + strings.Trim(v.Path, "/")
	whole := strings.Contains(v.Header.Get("Accept"), aggregatedType)
	switch path {
	case "/healthz", "/livez", "/readyz":
		return "ok", nil
	case "/version":
		major, minor, _ := strings.Cut(awsapi.KubernetesVersion, ".")
		return object{"major": major, "minor": minor, "gitVersion": "v" + awsapi.KubernetesVersion + ".1-eks-5a3fcc6", "platform": "linux/amd64"}, nil
	case "/api", "/apis":
		if whole {
			return aggregated(path == "/apis"), nil
		}
	}
	switch path {
	case "/api":
		return object{"kind": "APIVersions", "versions": []string{"v1"}, "serverAddressByClientCIDRs": []object{}}, nil
	case "/apis":
		all := []object{}
		for _, group := range groups() {
			all = append(all, apiGroup(group))
		}
		return object{"kind": "APIGroupList", "apiVersion": "v1", "groups": all}, nil
	case "/api/v1":
		return resourceList(""), nil
	}
	for _, group := range groups() {
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

// resourceList is the discovery of one group for clients that do not ask for all at once.
func resourceList(group string) object {
	list := []object{}
	for _, k := range kinds() {
		if k.group == group {
			o, subs := k.discovered()
			list = append(append(list, o), subs...)
		}
	}
	return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(group+"/v1", "/"), "resources": list}
}

// discovered is a type and its subresources in both forms of discovery.
func (k kind) discovered() (o object, subs []object) {
	all, scope := rights.Builtin(), "Cluster"
	i := slices.IndexFunc(all, func(t rights.Type) bool { return t.Group == k.group && t.Name == k.resource })
	if i < 0 {
		i, all = 0, make([]rights.Type, 1)
	}
	if k.namespaced {
		scope = "Namespaced"
	}
	verbs := []string{"get", "list", "watch"}
	if k.review != nil {
		verbs = []string{"create"}
	}
	if k.writer != nil {
		verbs = append(verbs, writes...)
	}
	what := object{"group": k.group, "version": "v1", "kind": k.name}
	for _, sub := range all[i].Subresources {
		subs = append(subs, object{"name": k.resource + "/" + sub, "subresource": sub, "namespaced": k.namespaced, "kind": k.name, "responseKind": what, "verbs": verbs[:1]})
	}
	o = object{
		"name": k.resource, "resource": k.resource, "singularName": strings.ToLower(k.name), "singularResource": strings.ToLower(k.name),
		"namespaced": k.namespaced, "scope": scope, "kind": k.name, "responseKind": what, "verbs": verbs, "shortNames": all[i].Short,
	}
	if slices.Contains([]string{"pods", "services", "deployments"}, k.resource) {
		o["categories"] = []string{"all"}
	}
	return o, subs
}

// aggregated is the discovery of the core group, or of all others, in one answer.
func aggregated(others bool) object {
	of := []string{""}
	if others {
		of = groups()
	}
	items := []object{}
	for _, group := range of {
		resources := []object{}
		for _, k := range kinds() {
			if k.group == group {
				o, subs := k.discovered()
				o["subresources"] = subs
				resources = append(resources, o)
			}
		}
		items = append(items, object{"metadata": object{"name": group}, "versions": []object{{"version": "v1", "resources": resources}}})
	}
	return object{"kind": aggregatedKind, "apiVersion": aggregatedGroup + "/v2", "metadata": object{}, "items": items}
}
