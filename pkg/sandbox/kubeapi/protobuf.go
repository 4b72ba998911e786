package kubeapi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
)

const (
	jsonType = "application/json"

	// protobufType is what client-go, and kubectl since 1.32, sends the kinds in that it was built with. It does
	// not try JSON where that is refused: it falls back from CBOR alone.
	protobufType = "application/vnd.kubernetes.protobuf"
)

// protobufMagic begins such a body; the rest is runtime.Unknown, an envelope.
const protobufMagic = "k8s\x00"

// message says how the fields of a protobuf message are named in JSON, by number. Others are skipped.
type message map[uint64]field

// field is a text, a bool, many texts, a map of texts or of bytes, one message or many.
type field struct {
	name string
	form form
	of   message
}

type form int

const (
	one form = iota
	many
	textMap
	byteMap
	truth
)

// messages are the kinds that a cluster accepts as a body, by name (k8s.io/api, each group's generated.proto).
func messages() map[string]message {
	metadata := field{name: "metadata", of: message{ // what a writer may say of it: apimachinery, pkg/apis/meta/v1
		1: {name: "name"}, 2: {name: "generateName"}, 3: {name: "namespace"}, 5: {name: "uid"}, 6: {name: "resourceVersion"},
		11: {name: "labels", form: textMap}, 12: {name: "annotations", form: textMap}, 14: {name: "finalizers", form: many},
	}}
	binding := message{
		1: metadata,
		2: {name: "subjects", form: many, of: message{1: {name: "kind"}, 2: {name: "apiGroup"}, 3: {name: "name"}, 4: {name: "namespace"}}},
		3: {name: "roleRef", of: message{1: {name: "apiGroup"}, 2: {name: "kind"}, 3: {name: "name"}}},
	}
	role := message{
		1: metadata,
		2: {name: "rules", form: many, of: message{
			1: {name: "verbs", form: many}, 2: {name: "apiGroups", form: many}, 3: {name: "resources", form: many},
			4: {name: "resourceNames", form: many}, 5: {name: "nonResourceURLs", form: many},
		}},
	}
	clusterRole := maps.Clone(role)
	clusterRole[3] = field{name: "aggregationRule", of: message{1: {name: "clusterRoleSelectors", form: many, of: message{
		1: {name: "matchLabels", form: textMap},
		2: {name: "matchExpressions", form: many, of: message{1: {name: "key"}, 2: {name: "operator"}, 3: {name: "values", form: many}}},
	}}}}
	return map[string]message{
		"ConfigMap":   {1: metadata, 2: {name: "data", form: textMap}, 3: {name: "binaryData", form: byteMap}, 4: {name: "immutable", form: truth}},
		"RoleBinding": binding, "ClusterRoleBinding": binding, "Role": role, "ClusterRole": clusterRole,
		"SelfSubjectReview":      {},
		"SelfSubjectRulesReview": {2: {name: "spec", of: message{1: {name: "namespace"}}}},
		"SelfSubjectAccessReview": {2: {name: "spec", of: message{
			1: {name: "resourceAttributes", of: message{
				1: {name: "namespace"}, 2: {name: "verb"}, 3: {name: "group"}, 4: {name: "version"}, 5: {name: "resource"},
				6: {name: "subresource"}, 7: {name: "name"},
			}},
			2: {name: "nonResourceAttributes", of: message{1: {name: "path"}, 2: {name: "verb"}}},
		}}},
		"DeleteOptions": {
			2: {name: "preconditions", of: message{1: {name: "uid"}, 2: {name: "resourceVersion"}}}, 5: {name: "dryRun", form: many},
		},
	}
}

// inJSON is a body as JSON, whichever of two forms it came in. Patches have forms of their own.
func (v *visit) inJSON(body []byte) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(v.Header.Get("Content-Type"))
	switch {
	case err != nil || len(body) == 0 || v.Verb == "patch" || kind == jsonType:
		return body, nil
	case kind != protobufType:
		return nil, v.refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			"the body of the request was in an unknown format - accepted media types include: %s, %s", jsonType, protobufType)
	}
	o, err := decodeProtobuf(body)
	if err != nil {
		return nil, v.refuse(http.StatusBadRequest, "BadRequest", "the object provided is unrecognized: %v", err)
	}
	return json.Marshal(o)
}

func decodeProtobuf(body []byte) (object, error) {
	wire, ok := bytes.CutPrefix(body, []byte(protobufMagic))
	if !ok {
		return nil, errors.New("it does not begin as protobuf does")
	}
	envelope := message{1: {name: "typeMeta", of: message{1: {name: "apiVersion"}, 2: {name: "kind"}}}, 2: {name: "raw"}}
	outer, err := envelope.decode(wire)
	if err != nil {
		return nil, err
	}
	meta := texts(outer["typeMeta"])
	kind, _ := meta["kind"].(string)
	fields, ok := messages()[kind]
	if !ok {
		return nil, errors.New("no object of kind " + kind + " is taken here")
	}
	raw, _ := outer["raw"].(string)
	o, err := fields.decode([]byte(raw))
	if err != nil {
		return nil, err
	}
	o["apiVersion"], o["kind"] = meta["apiVersion"], kind
	return o, nil
}

var errWire = errors.New("a protobuf message ends too early, or has a field of an unknown form")

// decode makes an object of a message. An empty text is none, as in the JSON of these kinds.
func (m message) decode(wire []byte) (object, error) {
	o := object{}
	for len(wire) > 0 {
		key, n := binary.Uvarint(wire)
		if n <= 0 {
			return nil, errWire
		}
		number, n2 := binary.Uvarint(wire[n:])
		if n2 <= 0 {
			return nil, errWire
		}
		wire = wire[n+n2:]
		f, known := m[key>>3]
		switch wireType := key & 7; {
		case wireType == 0 && known:
			o[f.name] = number != 0
		case wireType == 0:
		case wireType != 2 || number > uint64(len(wire)):
			return nil, errWire
		default:
			if known {
				if err := f.put(o, wire[:number]); err != nil {
					return nil, err
				}
			}
			wire = wire[number:]
		}
	}
	return o, nil
}

// put adds what a field holds to the object.
func (f field) put(o object, value []byte) error {
	switch {
	case f.form == textMap || f.form == byteMap:
		return f.putPair(o, value)
	case f.of != nil:
		inner, err := f.of.decode(value)
		if err != nil {
			return err
		}
		f.add(o, inner)
	case len(value) > 0 || f.form == many: // the group without a name is one of a list
		f.add(o, string(value))
	}
	return nil
}

func (f field) add(o object, value any) {
	if f.form == many {
		list, _ := o[f.name].([]any)
		value = append(list, value)
	}
	o[f.name] = value
}

// putPair adds to a map, which on the wire is a list of pairs.
func (f field) putPair(o object, pair []byte) error {
	p, err := message{1: {name: "key"}, 2: {name: "value"}}.decode(pair)
	if err != nil {
		return err
	}
	key, _ := p["key"].(string)
	value, _ := p["value"].(string)
	all, ok := o[f.name].(object)
	if !ok {
		all = object{}
		o[f.name] = all
	}
	if all[key] = value; f.form == byteMap {
		all[key] = []byte(value)
	}
	return nil
}
