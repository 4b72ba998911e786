package kubeapi

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"time"
)

const (
	authNamespace = "kube-system"
	authName      = "aws-auth"
)

// configMapObjects is aws-auth, the only ConfigMap that a cluster keeps.
func configMapObjects(s *Server) []object {
	if s.AWSAuth == nil {
		return nil
	}
	o := maps.Clone(s.Frame)
	if o == nil {
		m := metadata(s, authNamespace, authName)
		m["managedFields"] = written("kubectl-edit", s.Created.AddDate(0, 0, 1))
		o = object{"metadata": m}
	}
	if len(s.AWSAuth) > 0 {
		data := object{}
		for k, v := range s.AWSAuth {
			data[k] = v
		}
		o["data"] = data
	}
	return []object{o}
}

// checkConfigMap accepts only aws-auth, and only text as data.
func checkConfigMap(v *visit, _, o object) error {
	if o != nil && (v.Namespace != authNamespace || v.Name != authName) {
		return v.refuse(http.StatusForbidden, "Forbidden", "configmaps %q is forbidden: this cluster keeps no ConfigMap but %s in %s", v.Name, authName, authNamespace)
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

// written is what an object says about its last writer.
func written(manager string, at time.Time) []any {
	return []any{object{"manager": manager, "operation": "Update", "apiVersion": "v1", "time": at.UTC().Format(time.RFC3339), "fieldsType": "FieldsV1", "fieldsV1": object{"f:data": object{}}}}
}

func storeConfigMap(v *visit, o object) {
	if o == nil {
		v.server.AWSAuth, v.server.Frame = nil, nil
		return
	}
	data := map[string]string{}
	for k, value := range texts(o["data"]) {
		data[k], _ = value.(string)
	}
	frame := maps.Clone(o)
	delete(frame, "data")
	if m, ok := frame["metadata"].(object); ok {
		manager, _, _ := strings.Cut(cmp.Or(v.URL.Query().Get("fieldManager"), v.UserAgent()), "/")
		m = maps.Clone(m)
		m["managedFields"], frame["metadata"] = written(manager, v.server.Now()), m
	}
	v.server.AWSAuth, v.server.Frame = data, frame
}
