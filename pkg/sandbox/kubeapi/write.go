package kubeapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// writes are the verbs that change an object.
var writes = []string{"create", "update", "patch", "delete"}

// writer is how a kind's objects are checked and stored. Both functions get the new object, nil for a deletion.
type writer struct {
	check func(v *visit, old, o object) error
	store func(v *visit, o object)
}

// write creates, replaces, patches or deletes an object as an API server does.
func (v *visit) write(k kind, body []byte) (int, object, error) {
	if v.Verb == "create" {
		return v.create(k, body)
	}
	old := v.present(k)
	switch {
	case old == nil:
		return 0, nil, v.notFound()
	case v.Verb == "delete":
		return v.remove(k, old, body)
	case v.Verb == "patch":
		o, err := v.patched(old, body)
		if err != nil {
			return 0, nil, err
		}
		return v.replace(k, old, o)
	}
	o, err := v.decode(k, body)
	if err != nil {
		return 0, nil, err
	}
	return v.replace(k, old, o)
}

func (v *visit) create(k kind, body []byte) (int, object, error) {
	o, err := v.decode(k, body)
	if err != nil {
		return 0, nil, err
	}
	if v.Name, _ = meta(o)["name"].(string); v.Name == "" {
		return 0, nil, v.invalid(k.name, "metadata.name", "Required value: name is required")
	}
	if namespace, _ := meta(o)["namespace"].(string); namespace != "" && namespace != v.Namespace {
		return 0, nil, v.refuse(http.StatusBadRequest, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request")
	}
	if v.present(k) != nil {
		return 0, nil, v.refuse(http.StatusConflict, "AlreadyExists", "%s %q already exists", v.qualified(), v.Name)
	}
	o, err = v.keep(k, nil, o)
	return http.StatusCreated, o, err
}

// present is the object that the visit is about, nil when there is none.
func (v *visit) present(k kind) object {
	for _, o := range v.objects(k) {
		if meta(o)["name"] == v.Name {
			return o
		}
	}
	return nil
}

// replace checks the new object against the stored one.
func (v *visit) replace(k kind, old, o object) (int, object, error) {
	m := meta(o)
	if name, _ := m["name"].(string); name != v.Name {
		return 0, nil, v.refuse(http.StatusBadRequest, "BadRequest", "the name of the object (%s) does not match the name on the URL (%s)", name, v.Name)
	}
	for _, field := range []string{"resourceVersion", "uid"} {
		if is := m[field]; is != nil && is != "" && is != meta(old)[field] {
			return 0, nil, v.conflict("the object has been modified; please apply your changes to the latest version and try again")
		}
	}
	o, err := v.keep(k, old, o)
	return http.StatusOK, o, err
}

// remove deletes if the preconditions hold.
func (v *visit) remove(k kind, old object, body []byte) (int, object, error) {
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
	if err := k.writer.check(v, old, nil); err != nil {
		return 0, nil, err
	}
	if len(options.DryRun) == 0 && !v.tries() {
		k.writer.store(v, nil)
		v.server.Written++
		v.server.Deleted = v.server.version()
	}
	return http.StatusOK, object{
		"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Success",
		"details": object{"name": v.Name, "group": v.Group, "kind": v.Resource, "uid": meta(old)["uid"]},
	}, nil
}

// keep stores o, except for what only the server decides: identity and version.
func (v *visit) keep(k kind, old, o object) (object, error) {
	if unknown := unknownField(messages()[k.name], o, ""); unknown != "" && v.URL.Query().Get("fieldValidation") == "Strict" {
		return nil, v.refuse(http.StatusBadRequest, "BadRequest", "%s in version %q cannot be handled as a %s: strict decoding error: unknown field %q",
			k.name, "v1", k.name, unknown)
	}
	own := meta(old)
	if old == nil {
		own = metadata(v.server, v.Namespace, v.Name)
		own["uid"] = awsapi.UUID(v.server.Name, v.Resource, v.Namespace, v.Name, strconv.Itoa(v.server.Written))
		own["creationTimestamp"] = v.at.Format("2006-01-02T15:04:05Z07:00")
	}
	m := maps.Clone(meta(o))
	for _, field := range []string{"name", "namespace", "uid", "creationTimestamp", "resourceVersion"} {
		if m[field] = own[field]; m[field] == nil {
			delete(m, field)
		}
	}
	o = maps.Clone(o)
	o["apiVersion"], o["kind"], o["metadata"] = k.apiVersion(), k.name, m
	if err := k.writer.check(v, old, o); err != nil {
		return nil, err
	}
	if v.tries() || old != nil && sameJSON(old, o) {
		return o, nil
	}
	v.server.Written++
	m["resourceVersion"] = strconv.Itoa(v.server.version())
	k.writer.store(v, o)
	return o, nil
}

// tries reports whether the request is a dry run.
func (v *visit) tries() bool { return v.URL.Query().Get("dryRun") != "" }

func (v *visit) decode(k kind, body []byte) (object, error) {
	var o object
	if err := json.Unmarshal(body, &o); err != nil || o == nil {
		return nil, v.refuse(http.StatusBadRequest, "BadRequest", "the object provided is unrecognized (must be of type %s): %v", k.name, err)
	}
	return o, nil
}

// unknownField is the path of a member that the kind does not have, or "". Metadata have more members than the sandbox
// reads.
func unknownField(known message, o object, path string) string {
	fields := map[string]field{"apiVersion": {}, "kind": {}}
	if path != "" {
		fields = map[string]field{}
	}
	for _, f := range known {
		fields[f.name] = f
	}
	for name, value := range o {
		f, ok := fields[name]
		if !ok {
			return path + name
		}
		list, _ := value.([]any)
		if inner, is := value.(object); is {
			list = []any{inner}
		}
		for i, item := range list {
			at := path + name
			if f.form == many {
				at += "[" + strconv.Itoa(i) + "]"
			}
			if inner, is := item.(object); is && f.of != nil && name != "metadata" {
				if unknown := unknownField(f.of, inner, at+"."); unknown != "" {
					return unknown
				}
			}
		}
	}
	return ""
}

func meta(o object) object { return texts(o["metadata"]) }

// texts is a member as an object; empty if it is not one.
func texts(value any) object {
	o, _ := value.(object)
	return o
}

// convert reads an object into a struct.
func convert(o object, into any) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func sameJSON(a, b object) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(x) == string(y)
}
