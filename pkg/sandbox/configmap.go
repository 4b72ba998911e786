package sandbox

import (
	"maps"
	"net/http"
)

const (
	authNamespace = "kube-system"
	authName      = "aws-auth"
)

// configMapObjects is aws-auth, the only ConfigMap that a cluster keeps.
func configMapObjects(cl *cluster) []object {
	if cl.AWSAuth == nil {
		return nil
	}
	o := maps.Clone(cl.Frame)
	if o == nil {
		o = object{"metadata": metadata(cl, authNamespace, authName)}
	}
	if len(cl.AWSAuth) > 0 {
		data := object{}
		for k, v := range cl.AWSAuth {
			data[k] = v
		}
		o["data"] = data
	}
	return []object{o}
}

// checkConfigMap lets in aws-auth alone, and data that are texts.
func checkConfigMap(v *visit, _, o object) error {
	if o != nil && (v.namespace != authNamespace || v.name != authName) {
		return v.refuse(http.StatusForbidden, "Forbidden", "configmaps %q is forbidden: this cluster keeps no ConfigMap but %s in %s", v.name, authName, authNamespace)
	}
	for _, value := range texts(o["data"]) {
		if _, ok := value.(string); !ok {
			return v.refuse(http.StatusBadRequest, "BadRequest",
				"ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal %s into Go struct field ConfigMap.data of type string", jsonNoun(value))
		}
	}
	return nil
}

func jsonNoun(value any) string {
	switch value.(type) {
	case float64:
		return "number"
	case bool:
		return "bool"
	case []any:
		return "array"
	}
	return "object"
}

func storeConfigMap(v *visit, o object) {
	if o == nil {
		v.cluster.AWSAuth, v.cluster.Frame = nil, nil
		return
	}
	data := map[string]string{}
	for k, value := range texts(o["data"]) {
		data[k], _ = value.(string)
	}
	frame := maps.Clone(o)
	delete(frame, "data")
	v.cluster.AWSAuth, v.cluster.Frame = data, frame
}
