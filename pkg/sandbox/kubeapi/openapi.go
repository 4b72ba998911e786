package kubeapi

import (
	"cmp"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// openAPI is as much of the API's description as kubectl needs before it writes: the kinds that can be written,
// their fields, and that the server itself looks for unknown ones.
func openAPI(path string) (any, bool) {
	served := map[string]any{}
	for _, group := range append([]string{""}, groups()...) {
		version := "apis/" + group + "/v1"
		if group == "" {
			version = "api/v1"
		}
		document := openAPIOf(group, version)
		if document == nil {
			continue
		}
		if path == "/openapi/v3/"+version {
			return document, true
		}
		served[version] = object{"serverRelativeURL": "/openapi/v3/" + version}
	}
	return object{"paths": served}, path == "/openapi/v3"
}

func openAPIOf(group, version string) object {
	paths, schemas := object{}, object{}
	for _, k := range kinds() {
		if k.group != group || k.writer == nil {
			continue
		}
		id := object{"group": k.group, "version": "v1", "kind": k.name}
		at := "/" + version + "/" + k.resource + "/{name}"
		if k.namespaced {
			at = "/" + version + "/namespaces/{namespace}/" + k.resource + "/{name}"
		}
		paths[at] = object{"patch": object{
			"operationId": "patch" + k.name, "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": id,
			"parameters": []object{{"name": "fieldValidation", "in": "query", "schema": object{"type": "string"}}},
			"responses":  object{"200": object{"description": "OK"}},
		}}
		schema := schemaOf(messages()[k.name])
		schema["x-kubernetes-group-version-kind"] = []object{id}
		texts(schema["properties"])["apiVersion"], texts(schema["properties"])["kind"] = object{"type": "string"}, object{"type": "string"}
		schemas["io.k8s.api."+strings.TrimSuffix(cmp.Or(group, "core"), ".k8s.io")+".v1."+k.name] = schema
	}
	if len(paths) == 0 {
		return nil
	}
	return object{
		"openapi": "3.0.0", "info": object{"title": "Kubernetes", "version": "v" + awsapi.KubernetesVersion},
		"paths": paths, "components": object{"schemas": schemas},
	}
}

// schemaOf describes a message as far as it is known.
func schemaOf(m message) object {
	properties := object{}
	for _, f := range m {
		schema := object{"type": "string"}
		switch {
		case f.form == textMap, f.form == byteMap:
			schema = object{"type": "object", "additionalProperties": object{"type": "string"}}
		case f.form == truth:
			schema = object{"type": "boolean"}
		case f.of != nil:
			schema = schemaOf(f.of)
		}
		if f.form == many {
			schema = object{"type": "array", "items": schema}
		}
		properties[f.name] = schema
	}
	return object{"type": "object", "properties": properties}
}
