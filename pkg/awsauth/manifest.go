package awsauth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// What a file may be instead of a manifest of aws-auth; access.ErrNotFound when it is of something else.
var (
	ErrNotYAML = errors.New("not valid YAML")
	ErrNotText = errors.New("the API server would refuse it")
)

// ParseManifest reads a file that holds the ConfigMap, in YAML or JSON: the first document that
// is aws-auth, or that lists it. What the API server would refuse is an error: ErrNotYAML or ErrNotText.
func ParseManifest(b []byte) (Map, error) {
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(b), 4096)
	for n := 1; ; n++ {
		var doc any
		err := docs.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return Map{}, fmt.Errorf("ConfigMap aws-auth: %w in the file", access.ErrNotFound)
		}
		if err != nil {
			return Map{}, fmt.Errorf("document %d is %w: %s", n, ErrNotYAML, oneLine(err))
		}
		if cm := find(doc); cm != nil {
			return parseConfigMap(cm)
		}
	}
}

// find is the ConfigMap aws-auth in a document, or nil.
func find(doc any) map[string]any {
	object, _ := doc.(map[string]any)
	if isAWSAuth(object) {
		return object
	}
	items, _ := object["items"].([]any)
	for _, item := range items {
		if object, _ := item.(map[string]any); isAWSAuth(object) {
			return object
		}
	}
	return nil
}

func isAWSAuth(object map[string]any) bool {
	meta, _ := object["metadata"].(map[string]any)
	namespace, named := meta["namespace"]
	return object["kind"] == "ConfigMap" && meta["name"] == "aws-auth" && (!named || namespace == "kube-system")
}

func parseConfigMap(cm map[string]any) (Map, error) {
	raw, ok := cm["data"].(map[string]any)
	if !ok && cm["data"] != nil {
		return Map{}, fmt.Errorf("data of aws-auth is no map; %w", ErrNotText)
	}
	data := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		text, ok := raw[key].(string)
		if !ok && raw[key] != nil {
			return Map{}, fmt.Errorf("data.%s of aws-auth is no text; %w; write `%s: |` and the list below it", key, ErrNotText, key)
		}
		data[key] = text
	}
	return Parse(data), nil
}
