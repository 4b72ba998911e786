package manifest

import (
	"encoding/json"
	"fmt"
	"io"
)

// Read reads the entries of a file: YAML with one or more documents, or JSON; each document an
// AccessEntry, an AccessEntryList or a List of them. What it does not know it refuses, so that
// nothing which was written gets lost; but status and metadata are others' and passed over.
func Read(r io.Reader) ([]AccessEntry, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	docs, err := documents(b)
	if err != nil {
		return nil, err
	}
	var all []AccessEntry
	for i, doc := range docs {
		if doc == nil { // nothing between two ---
			continue
		}
		entries, err := entriesOf(doc, "", "")
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		all = append(all, entries...)
	}
	return all, nil
}

// entriesOf reads a document, or an item of a list whose type need not be written again.
func entriesOf(doc any, apiVersion, kind string) ([]AccessEntry, error) {
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("is no object but %s", nounOf(doc))
	}
	if s, ok := object["apiVersion"].(string); ok {
		apiVersion = s
	}
	if s, ok := object["kind"].(string); ok {
		kind = s
	}
	switch {
	case kind == Kind+"List" && apiVersion == APIVersion:
		return itemsOf(object, APIVersion, Kind)
	case kind == "List" && apiVersion == "v1":
		return itemsOf(object, "", "")
	}
	if err := checkType(apiVersion, kind); err != nil {
		return nil, err
	}
	e, err := decode(object, apiVersion)
	if err != nil {
		return nil, err
	}
	return []AccessEntry{e}, nil
}

func itemsOf(list map[string]any, apiVersion, kind string) ([]AccessEntry, error) {
	if err := listShape()("", list); err != nil {
		return nil, err
	}
	items, _ := list["items"].([]any)
	var all []AccessEntry
	for i, item := range items {
		entries, err := entriesOf(item, apiVersion, kind)
		if err != nil {
			return nil, fmt.Errorf("items[%d]: %w", i, err)
		}
		all = append(all, entries...)
	}
	return all, nil
}

// decode reads one object whose shape it has checked.
func decode(object map[string]any, apiVersion string) (AccessEntry, error) {
	e := AccessEntry{APIVersion: apiVersion, Kind: Kind}
	if meta, ok := object["metadata"].(map[string]any); ok {
		e.Metadata.Name, _ = meta["name"].(string)
	}
	if err := entryShape()("", object); err != nil {
		if e.Metadata.Name != "" {
			err = fmt.Errorf("%s: %w", e.Metadata.Name, err)
		}
		return AccessEntry{}, err
	}
	b, err := json.Marshal(object["spec"])
	if err != nil {
		return AccessEntry{}, err
	}
	return e, json.Unmarshal(b, &e.Spec)
}
