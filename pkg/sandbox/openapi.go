package sandbox

// openAPI is as much of a description of the API as kubectl asks for before it writes: that there are
// ConfigMaps, and that the server itself looks for unknown fields.
func openAPI(path string) (any, bool) {
	switch path {
	case "/openapi/v3":
		return object{"paths": object{"api/v1": object{"serverRelativeURL": "/openapi/v3/api/v1"}}}, true
	case "/openapi/v3/api/v1":
		return object{
			"openapi": "3.0.0", "info": object{"title": "Kubernetes", "version": "v" + kubernetesVersion},
			"paths":      object{"/api/v1/namespaces/{namespace}/configmaps/{name}": object{"patch": patchOfConfigMaps()}},
			"components": object{"schemas": object{"io.k8s.api.core.v1.ConfigMap": configMapSchema()}},
		}, true
	}
	return nil, false
}

func configMapKind() object { return object{"group": "", "version": "v1", "kind": "ConfigMap"} }

func patchOfConfigMaps() object {
	return object{
		"operationId": "patchCoreV1NamespacedConfigMap", "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": configMapKind(),
		"parameters": []object{{"name": "fieldValidation", "in": "query", "schema": object{"type": "string"}}},
		"responses":  object{"200": object{"description": "OK"}},
	}
}

func configMapSchema() object {
	text := object{"type": "string"}
	return object{
		"type": "object", "x-kubernetes-group-version-kind": []object{configMapKind()},
		"properties": object{
			"apiVersion": text, "kind": text, "metadata": object{"type": "object"}, "immutable": object{"type": "boolean"},
			"data":       object{"type": "object", "additionalProperties": text},
			"binaryData": object{"type": "object", "additionalProperties": text},
		},
	}
}
