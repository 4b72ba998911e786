package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"
)

// documents splits a file into its documents: maps, lists, texts, numbers and nil. A key that
// stands twice is an error, since one of the two would be lost.
func documents(b []byte) ([]any, error) {
	if trimmed := bytes.TrimSpace(b); len(trimmed) > 0 && trimmed[0] == '{' {
		if raws, err := splitJSON(trimmed); err == nil {
			return readJSON(raws)
		}
	}
	return readYAML(b) // YAML may begin with { as well
}

func readYAML(b []byte) ([]any, error) {
	decoder := goyaml.NewDecoder(bytes.NewReader(b))
	decoder.SetStrict(true) // refuses keys that stand twice
	var docs []any
	for n := 1; ; n++ {
		var doc any
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err == nil {
			doc, err = textKeys(doc)
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: not valid YAML: %s", n, oneLine(err))
		}
		docs = append(docs, doc)
	}
}

// textKeys turns the parser's maps, whose keys may be anything, into maps with keys of text.
func textKeys(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case []any:
		for i := range v {
			if v[i], err = textKeys(v[i]); err != nil {
				return nil, err
			}
		}
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, element := range v {
			name, ok := key.(string)
			if !ok {
				return nil, fmt.Errorf("the key %v is no text; put it in quotes", key)
			}
			if m[name], err = textKeys(element); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	return value, nil
}

func splitJSON(b []byte) ([]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(b))
	var raws []json.RawMessage
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return raws, nil
		}
		if err != nil {
			return nil, err
		}
		raws = append(raws, raw)
	}
}

func readJSON(raws []json.RawMessage) ([]any, error) {
	var docs []any
	for i, raw := range raws {
		doc, err := value(json.NewDecoder(bytes.NewReader(raw)))
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// value reads the next JSON value as encoding/json would, but for keys that stand twice.
func value(d *json.Decoder) (any, error) {
	token, err := d.Token()
	switch {
	case err != nil:
		return nil, err
	case token == json.Delim('{'):
		return objectOf(d)
	case token == json.Delim('['):
		list := []any{}
		for d.More() {
			element, err := value(d)
			if err != nil {
				return nil, err
			}
			list = append(list, element)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}

func objectOf(d *json.Decoder) (any, error) {
	m := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("the key %q stands twice in one object", name)
		}
		if m[name], err = value(d); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return m, err
}

// oneLine is a parser's error without its line breaks and prefixes.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "unmarshal errors: ")
}

// YAML writes a value in the field order of its JSON form sorted by name, as kubectl does. Characters that a terminal
// would obey are escaped.
func YAML(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return nil, err
	}
	text, err := goyaml.Marshal(plain)
	if err != nil || !bytes.ContainsFunc(text, hostile) {
		return text, err
	}
	return escape(plain, text)
}
