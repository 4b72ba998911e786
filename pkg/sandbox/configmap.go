package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

const (
	authNamespace = "kube-system"
	authName      = "aws-auth"
)

// writes are the verbs that change an object.
var writes = []string{"create", "update", "patch", "delete"}

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

// writeConfigMap creates, replaces, patches or deletes aws-auth as an API server does.
func writeConfigMap(v *visit, body []byte) (int, object, error) {
	old := v.present()
	switch {
	case v.verb == "create":
		o, err := v.decode(body)
		if err != nil {
			return 0, nil, err
		}
		if v.name, _ = meta(o)["name"].(string); v.namespace != authNamespace || v.name != authName {
			return 0, nil, v.refuse(http.StatusForbidden, "Forbidden", "configmaps %q is forbidden: this cluster keeps no ConfigMap but %s in %s", v.name, authName, authNamespace)
		}
		if old != nil {
			return 0, nil, v.refuse(http.StatusConflict, "AlreadyExists", "configmaps %q already exists", v.name)
		}
		return http.StatusCreated, v.keep(nil, o), nil
	case old == nil:
		return 0, nil, v.notFound()
	case v.verb == "delete":
		return v.remove(old, body)
	case v.verb == "patch":
		o, err := v.patched(old, body)
		if err != nil {
			return 0, nil, err
		}
		return v.replace(old, o)
	}
	o, err := v.decode(body)
	if err != nil {
		return 0, nil, err
	}
	return v.replace(old, o)
}

// present is the object that the visit is about, nil when there is none.
func (v *visit) present() object {
	if v.namespace != authNamespace || v.verb != "create" && v.name != authName {
		return nil
	}
	for _, o := range configMapObjects(v.cluster) {
		o["apiVersion"], o["kind"] = "v1", "ConfigMap"
		return o
	}
	return nil
}

// replace checks the object that shall be there against the one that is.
func (v *visit) replace(old, o object) (int, object, error) {
	m := meta(o)
	if name, _ := m["name"].(string); name != v.name {
		return 0, nil, v.refuse(http.StatusBadRequest, "BadRequest", "the name of the object (%s) does not match the name on the URL (%s)", name, v.name)
	}
	for _, field := range []string{"resourceVersion", "uid"} {
		if is := m[field]; is != nil && is != "" && is != meta(old)[field] {
			return 0, nil, v.conflict("the object has been modified; please apply your changes to the latest version and try again")
		}
	}
	return http.StatusOK, v.keep(old, o), nil
}

// remove deletes, where the preconditions hold.
func (v *visit) remove(old object, body []byte) (int, object, error) {
	var options struct {
		Preconditions struct{ UID, ResourceVersion *string }
		DryRun        []string
	}
	if len(body) > 0 && json.Unmarshal(body, &options) != nil {
		return 0, nil, v.refuse(http.StatusBadRequest, "BadRequest", "the options of a delete are JSON")
	}
	p := options.Preconditions
	if is := meta(old)["uid"]; p.UID != nil && *p.UID != is {
		return 0, nil, v.conflict(fmt.Sprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", *p.UID, is))
	}
	if is := meta(old)["resourceVersion"]; p.ResourceVersion != nil && *p.ResourceVersion != is {
		return 0, nil, v.conflict(fmt.Sprintf("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *p.ResourceVersion, is))
	}
	if len(options.DryRun) == 0 && !v.tries() {
		v.cluster.AWSAuth, v.cluster.Frame = nil, nil
		v.cluster.Written++
	}
	return http.StatusOK, object{
		"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Success",
		"details": object{"name": v.name, "kind": "configmaps", "uid": meta(old)["uid"]},
	}, nil
}

// keep makes o the cluster's aws-auth, but for what the server alone decides: identity and version.
func (v *visit) keep(old, o object) object {
	own := meta(old)
	if old == nil {
		own = metadata(v.cluster, authNamespace, authName)
		own["uid"] = uuid(v.cluster.Name, authName, strconv.Itoa(v.cluster.Written))
		own["creationTimestamp"] = v.at.Format("2006-01-02T15:04:05Z07:00")
	}
	m := maps.Clone(meta(o))
	for _, field := range []string{"name", "namespace", "uid", "creationTimestamp", "resourceVersion"} {
		m[field] = own[field]
	}
	o = maps.Clone(o)
	o["apiVersion"], o["kind"], o["metadata"] = "v1", "ConfigMap", m
	if v.tries() || old != nil && sameJSON(old, o) {
		return o
	}
	v.cluster.Written++
	m["resourceVersion"] = strconv.Itoa(v.cluster.Written + 1)
	data := map[string]string{}
	for k, value := range texts(o["data"]) {
		data[k], _ = value.(string)
	}
	frame := maps.Clone(o)
	delete(frame, "data")
	v.cluster.AWSAuth, v.cluster.Frame = data, frame
	return o
}

// tries tells of a request that shall change nothing.
func (v *visit) tries() bool { return v.URL.Query().Get("dryRun") != "" }

// decode reads a ConfigMap, whose data are texts.
func (v *visit) decode(body []byte) (object, error) {
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, v.refuse(http.StatusBadRequest, "BadRequest", "the object provided is unrecognized (must be of type ConfigMap): %v", err)
	}
	return o, v.checkTexts(o)
}

func (v *visit) checkTexts(o object) error {
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

func meta(o object) object { return texts(o["metadata"]) }

// texts is a member that is an object; an empty one where it is not.
func texts(value any) object {
	o, _ := value.(object)
	return o
}

func sameJSON(a, b object) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(x) == string(y)
}

func (v *visit) conflict(why string) *status {
	return v.refuse(http.StatusConflict, "Conflict", "Operation cannot be fulfilled on configmaps %q: %s", v.name, why)
}

func (v *visit) refuse(code int, reason, format string, args ...any) *status {
	s := failure(code, reason, fmt.Sprintf(format, args...))
	s.Details = &statusDetails{Name: v.name, Kind: v.resource}
	return s
}
