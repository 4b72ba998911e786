package kubeapi

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"strings"
)

// patched is the old object as a patch leaves it. For the kinds that can be written a strategic merge is a merge: it
// replaces the lists that people write in them, rules and subjects.
func (v *visit) patched(old object, body []byte) (o object, err error) {
	kind, _, _ := mime.ParseMediaType(v.Header.Get("Content-Type"))
	switch kind {
	case "application/merge-patch+json", "application/strategic-merge-patch+json":
		var patch object
		if err := json.Unmarshal(body, &patch); err != nil {
			return nil, v.refuse(http.StatusBadRequest, "BadRequest", "error decoding patch: %v", err)
		}
		o, _ = merge(old, patch).(object)
	case "application/json-patch+json":
		var operations []patchOperation
		if err := json.Unmarshal(body, &operations); err != nil {
			return nil, v.refuse(http.StatusBadRequest, "BadRequest", "error decoding patch: %v", err)
		}
		if o, err = v.operate(old, operations); err != nil {
			return nil, err
		}
	default:
		return nil, v.refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types include: "+
			"application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json")
	}
	return o, nil
}

// merge is RFC 7386: null deletes, objects are merged, everything else replaces.
func merge(value, patch any) any {
	changes, ok := patch.(object)
	if !ok {
		return patch
	}
	o := maps.Clone(texts(value))
	if o == nil {
		o = object{}
	}
	for k, change := range changes {
		switch {
		case strings.HasPrefix(k, "$"): // directives of a strategic merge are about lists
		case change == nil:
			delete(o, k)
		default:
			o[k] = merge(o[k], change)
		}
	}
	return o
}

// patchOperation is one of RFC 6902.
type patchOperation struct {
	Op, Path string
	Value    any
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~") //nolint:gochecknoglobals // a table that never changes

// operate follows paths through objects only; a ConfigMap has nothing else worth patching.
func (v *visit) operate(old object, operations []patchOperation) (object, error) {
	o := clone(old)
	for _, op := range operations {
		words := strings.Split(strings.TrimPrefix(op.Path, "/"), "/")
		at := o
		for _, word := range words[:len(words)-1] {
			next, ok := at[unescape.Replace(word)].(object)
			if !ok {
				return nil, v.invalidPatch("doc is missing path: " + op.Path)
			}
			at = next
		}
		last := unescape.Replace(words[len(words)-1])
		is, has := at[last]
		switch {
		case op.Op == "add", op.Op == "replace" && has:
			at[last] = op.Value
		case op.Op == "remove" && has:
			delete(at, last)
		case op.Op == "test" && reflect.DeepEqual(is, op.Value):
		case op.Op == "test":
			return nil, v.invalidPatch("testing value " + op.Path + " failed")
		default:
			return nil, v.invalidPatch(op.Op + " operation does not apply: doc is missing key: " + op.Path)
		}
	}
	return o, nil
}

//go:noinline
func (v *visit) invalidPatch(why string) *status {
	return v.refuse(http.StatusUnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request: %s", why)
}

// clone copies the objects in an object.
func clone(o object) object {
	o = maps.Clone(o)
	for k, value := range o {
		if inner, ok := value.(object); ok {
			o[k] = clone(inner)
		}
	}
	return o
}
