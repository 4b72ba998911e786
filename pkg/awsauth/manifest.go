package awsauth

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf16"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Why a file is not a manifest of aws-auth, beside access.ErrNotFound.
var (
	ErrNotYAML = errors.New("not valid YAML")
	ErrNotText = errors.New("the API server would refuse it")
)

// ParseManifest reads a file that holds the ConfigMap, in YAML or JSON: the last document that is aws-auth, or that
// lists it, because kubectl apply leaves the last one in the cluster. What the API server would refuse is an error:
// ErrNotYAML or ErrNotText. Where none is called aws-auth, one without a name or kind is read, with a remark.
func ParseManifest(b []byte) (Map, error) {
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(utf8(b)), 4096)
	var last, partial map[string]any
	for n := 1; ; n++ {
		var doc any
		err := docs.Decode(&doc)
		if err == nil {
			if cm := find(doc, isAWSAuth); cm != nil {
				last = cm
			} else if cm := find(doc, isPartial); cm != nil {
				partial = cm
			}
			continue
		}
		switch {
		case last != nil: // errors in later documents do not matter
			return parseConfigMap(last)
		case partial != nil:
			m, err := parseConfigMap(partial)
			m.Remarks = missing(partial)
			return m, err
		case errors.Is(err, io.EOF):
			return Map{}, fmt.Errorf("ConfigMap aws-auth: %w in the file", access.ErrNotFound)
		}
		return Map{}, fmt.Errorf("document %d is %w: %s", n, ErrNotYAML, oneLine(err))
	}
}

// utf8 also reads UTF-16, which PowerShell writes for `kubectl get … >FILE`.
func utf8(b []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, order.Uint16(b[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// find is the last object of a document, or of a list in it, that matches; nil where none does.
func find(doc any, is func(object map[string]any, kind any) bool) map[string]any {
	object, _ := doc.(map[string]any)
	if is(object, object["kind"]) {
		return object
	}
	items, _ := object["items"].([]any)
	var last map[string]any
	for _, item := range items {
		object, _ := item.(map[string]any)
		kind, own := object["kind"]
		if !own && doc.(map[string]any)["kind"] == "ConfigMapList" { // the API server omits the kind in such a list
			kind = "ConfigMap"
		}
		if is(object, kind) {
			last = object
		}
	}
	return last
}

func isAWSAuth(object map[string]any, kind any) bool {
	meta, _ := object["metadata"].(map[string]any)
	namespace, named := meta["namespace"]
	return kind == "ConfigMap" && meta["name"] == "aws-auth" && (!named || namespace == "kube-system")
}

// isPartial recognizes aws-auth by its data where the name or kind is missing; another name is another ConfigMap.
func isPartial(object map[string]any, kind any) bool {
	meta, _ := object["metadata"].(map[string]any)
	namespace, named := meta["namespace"]
	data, _ := object["data"].(map[string]any)
	for key := range data {
		if rank(key) < len(sections) {
			return (absent(kind) || kind == "ConfigMap") && (absent(meta["name"]) || meta["name"] == "aws-auth") && (!named || namespace == "kube-system")
		}
	}
	return false
}

func absent(value any) bool { return value == nil || value == "" }

// missing is what a manifest that was recognized by its data lacks.
func missing(object map[string]any) (remarks []string) {
	meta, _ := object["metadata"].(map[string]any)
	if absent(meta["name"]) {
		remarks = append(remarks, "the manifest has no metadata.name, so kubectl cannot apply it; it is read as aws-auth; add name: aws-auth and namespace: kube-system")
	}
	if absent(object["kind"]) {
		remarks = append(remarks, "the manifest has no kind, so kubectl cannot apply it; it is read as a ConfigMap; add kind: ConfigMap")
	}
	return remarks
}

func parseConfigMap(cm map[string]any) (Map, error) {
	raw, ok := cm["data"].(map[string]any)
	if !ok && cm["data"] != nil {
		return Map{}, fmt.Errorf("data of aws-auth is not a map; %w", ErrNotText)
	}
	data := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		text, ok := raw[key].(string)
		if !ok && raw[key] != nil {
			return Map{}, fmt.Errorf("data.%s of aws-auth is not a string; %w; write `%s: |` and the list below it", key, ErrNotText, key)
		}
		data[key] = text
	}
	return Parse(data), nil
}
