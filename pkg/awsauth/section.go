package awsauth

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// ignored reports the keys that the authenticator does not read. It compares them exactly.
func (r *reader) ignored(data map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if rank(key) < len(sections) {
			continue
		}
		r.keys[key] = KeyIgnored
		if meant := meantKey(key); meant != "" {
			r.defect(key, 0, "the key %q is ignored because keys are case-sensitive; rename it to %s", key, meant)
		} else {
			r.defect(key, 0, "the key %q is ignored; only mapRoles, mapUsers and mapAccounts are read", key)
		}
	}
}

func meantKey(key string) string {
	for _, kind := range sections {
		if strings.EqualFold(kind.Section(), key) {
			return kind.Section()
		}
	}
	return ""
}

func (r *reader) section(kind access.MappingKind, text string) {
	key := kind.Section()
	r.keys[key] = KeyOK
	switch {
	case blank(text):
		r.keys[key] = KeyEmpty
		return
	case kind == access.MappedAccount:
		r.accounts(key, text)
	default:
		r.list(kind, text)
	}
	if r.keys[key] != KeyInvalid {
		r.oddities(key, text)
	}
}

// blank reports whether the authenticator accepts the text as an empty section.
func blank(text string) bool {
	return slices.Contains([]string{"", "``", `""`, "''"}, strings.TrimSpace(text))
}

// list reads mapRoles or mapUsers. The authenticator decodes the whole list at once; item by item has the same result,
// because a wrong type affects only its own field.
func (r *reader) list(kind access.MappingKind, text string) {
	key := kind.Section()
	items, err := split(text)
	if err != nil {
		r.invalid(key, err)
		return
	}
	if len(items) == 0 {
		r.keys[key] = KeyNothing
	}
	for i, raw := range items {
		if !r.item(access.Mapping{Kind: kind, Item: i + 1}, raw) {
			r.keys[key] = KeyPartial
		}
	}
}

func split(text string) ([]json.RawMessage, error) {
	b, err := yaml.ToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	var items []json.RawMessage
	return items, json.Unmarshal(b, &items)
}

// invalid reports a section that is not read.
func (r *reader) invalid(key string, err error) {
	r.keys[key] = KeyInvalid
	text := key + " is not valid YAML, so all of it is ignored: " + strings.Replace(oneLine(err), "line ", "near line ", 1)
	switch {
	case errors.As(err, new(*json.UnmarshalTypeError)), errors.As(err, new(*goyaml.TypeError)):
		text = key + " is not a list, so all of it is ignored; begin each item with a dash"
	case strings.Contains(err.Error(), "invalid map key"):
		text = key + " is not valid YAML, so all of it is ignored; put quotes around a value that begins with {{"
	}
	r.defects = append(r.defects, Defect{Key: key, Line: lineOf(err.Error()), Text: text})
}

// oddities reports what the authenticator ignores without an error: a second document, and a key that appears twice in
// one item.
func (r *reader) oddities(key, text string) {
	d := goyaml.NewDecoder(strings.NewReader(text))
	d.SetStrict(true)
	var doc any
	for _, e := range each(d.Decode(&doc)) {
		if strings.Contains(e.Error(), "already set in map") {
			r.defects = append(r.defects, Defect{Key: key, Line: lineOf(e.Error()), Text: "a key appears twice and the last one is used; delete the other: " + oneLine(e)})
		}
	}
	if err := d.Decode(&doc); !errors.Is(err, io.EOF) {
		r.defect(key, 0, "only the part before the line --- is read; put everything into one list")
	}
}

// lineOf is the line in an error of the YAML parser, which may be off by one.
func lineOf(text string) int {
	_, rest, _ := strings.Cut(text, "line ")
	digits, _, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// oneLine is a parser's error without its prefixes, line breaks and control characters.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
