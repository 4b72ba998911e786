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
		if k.group != group {
			continue
		}
		t := k.builtin()
		o := object{
			"name": k.resource, "singularName": strings.ToLower(k.name), "namespaced": k.namespaced, "kind": k.name, "verbs": k.verbs(),
			"shortNames": t.Short, "categories": k.categories(),
		}
		list = append(list, o)
		for _, sub := range t.Subresources {
			list = append(list, object{"name": k.resource + "/" + sub, "singularName": "", "namespaced": k.namespaced, "kind": k.name, "verbs": []string{"get"}})
		}
	}
	return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(group+"/v1", "/"), "resources": list}
}

// builtin is what Kubernetes says about the type.
func (k kind) builtin() rights.Type {
	all := rights.Builtin()
	i := slices.IndexFunc(all, func(t rights.Type) bool { return t.Group == k.group && t.Name == k.resource })
	if i < 0 {
		return rights.Type{}
	}
	return all[i]
}

// categories are those of kubectl get all.
func (k kind) categories() []string {
	if slices.Contains([]string{"pods", "services", "deployments"}, k.resource) {
		return []string{"all"}
	}
	return nil
}

func (k kind) verbs() []string {
	verbs := []string{"get", "list", "watch"}
	if k.review != nil {
		verbs = []string{"create"}
	}
	if k.writer != nil {
		verbs = append(verbs, writes...)
	}
	return verbs
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
			if k.group != group {
				continue
			}
			t, scope, subs := k.builtin(), "Cluster", []object{}
			if k.namespaced {
				scope = "Namespaced"
			}
			kindOf := object{"group": k.group, "version": "v1", "kind": k.name}
			for _, sub := range t.Subresources {
				subs = append(subs, object{"subresource": sub, "responseKind": kindOf, "verbs": []string{"get"}})
			}
			resources = append(resources, object{
				"resource": k.resource, "responseKind": kindOf, "scope": scope, "singularResource": strings.ToLower(k.name), "verbs": k.verbs(),
				"shortNames": t.Short, "categories": k.categories(), "subresources": subs,
			})
		}
		metadata := object{"creationTimestamp": nil}
		if group != "" {
			metadata["name"] = group
		}
		items = append(items, object{"metadata": metadata, "versions": []object{{"version": "v1", "resources": resources, "freshness": "Current"}}})
	}
	return object{"kind": aggregatedKind, "apiVersion": aggregatedGroup + "/v2", "metadata": object{}, "items": items}
}
