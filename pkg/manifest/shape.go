package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shape checks a value that stands at a path. Encoding/json is not enough: it takes keys in any
// letter case, and its errors do not name the element of a list.
type shape func(path string, value any) error

func entryShape() shape {
	scope := object(fields{"type": text, "namespaces": list(text)})
	policy := object(fields{"policyARN": text, "accessScope": scope})
	spec := object(fields{
		"clusterName":      text,
		"principalARN":     text,
		"type":             text,
		"username":         text,
		"kubernetesGroups": list(text),
		"accessPolicies":   list(policy),
		"tags":             texts,
	})
	return object(fields{
		"apiVersion": text, "kind": text, "spec": spec,
		"metadata": object(fields{"name": text, "*": anything}), "status": anything,
	})
}

func listShape() shape {
	return object(fields{"apiVersion": text, "kind": text, "metadata": anything, "items": list(anything)})
}

func anything(string, any) error { return nil }

func text(path string, value any) error {
	switch value.(type) {
	case string, nil:
		return nil
	}
	return fmt.Errorf("%s: is %s and must be text; put it in quotes", path, nounOf(value))
}

func texts(path string, value any) error {
	m, ok := value.(map[string]any)
	if !ok && value != nil {
		return fmt.Errorf("%s: is %s and must be a map", path, nounOf(value))
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := text(join(path, key), m[key]); err != nil {
			return err
		}
	}
	return nil
}

func list(element shape) shape {
	return func(path string, value any) error {
		elements, ok := value.([]any)
		if !ok && value != nil {
			return fmt.Errorf("%s: is %s and must be a list", path, nounOf(value))
		}
		for i, e := range elements {
			if err := element(fmt.Sprintf("%s[%d]", path, i), e); err != nil {
				return err
			}
		}
		return nil
	}
}

// fields are the keys that an object may have; * stands for all that are not named.
type fields map[string]shape

func object(known fields) shape {
	return func(path string, value any) error {
		m, ok := value.(map[string]any)
		if !ok && value != nil {
			return fmt.Errorf("%s: is %s and must be a map", path, nounOf(value))
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			check := known[key]
			if check == nil {
				check = known["*"]
			}
			if check == nil {
				return fmt.Errorf("%s: there is no such field%s", join(path, key), known.meant(key))
			}
			if err := check(join(path, key), m[key]); err != nil {
				return err
			}
		}
		return nil
	}
}

// meant names the field that was probably meant.
func (f fields) meant(key string) string {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if strings.EqualFold(name, key) || strings.EqualFold(name, key+"s") || strings.EqualFold(name+"s", key) {
			return "; did you mean " + name + "?"
		}
	}
	return ""
}

// join quotes keys that would not show what they are.
func join(path, key string) string {
	if key == "" || strings.ContainsFunc(key, unprintable) {
		key = fmt.Sprintf("%q", key)
	}
	return strings.TrimPrefix(path+"."+key, ".")
}

func nounOf(value any) string {
	switch value.(type) {
	case nil:
		return "nothing"
	case string:
		return "a text"
	case bool:
		return "a truth value"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "a number"
}
