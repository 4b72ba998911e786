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

// ignored tells of the keys that the authenticator does not look at. It compares keys exactly.
func (r *reader) ignored(data map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if rank(key) < len(sections) {
			continue
		}
		r.keys[key] = KeyIgnored
		if meant := meantKey(key); meant != "" {
			r.defect(key, 0, "the key %q is not read, since upper and lower case count; rename it to %s", key, meant)
		} else {
			r.defect(key, 0, "the key %q is not read; only mapRoles, mapUsers and mapAccounts are", key)
		}
	}
}

func meantKey(key string) string {
	for _, s := range sections {
		if strings.EqualFold(s.key, key) {
			return s.key
		}
	}
	return ""
}

func (r *reader) section(key string, kind access.MappingKind, text string) {
	r.keys[key] = KeyOK
	switch {
	case blank(text):
		r.keys[key] = KeyEmpty
		return
	case kind == access.MappedAccount:
		r.accounts(key, text)
	default:
		r.list(key, kind, text)
	}
	if r.keys[key] != KeyInvalid {
		r.oddities(key, text)
	}
}

// blank is what the authenticator takes for an empty section without a word.
func blank(text string) bool {
	return slices.Contains([]string{"", "``", `""`, "''"}, strings.TrimSpace(text))
}

// list reads mapRoles or mapUsers. The authenticator decodes the list in one go; item by item
// comes to the same, since a wrong type spoils only its own field.
func (r *reader) list(key string, kind access.MappingKind, text string) {
	items, err := split(text)
	if err != nil {
		r.invalid(key, err)
		return
	}
	if len(items) == 0 {
		r.keys[key] = KeyNothing
	}
	for i, raw := range items {
		if !r.item(line{key: key, item: i + 1, Mapping: access.Mapping{Kind: kind}}, raw) {
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

// invalid tells of a section of which nothing is read.
func (r *reader) invalid(key string, err error) {
	r.keys[key] = KeyInvalid
	text := key + " is not valid YAML, so nothing of it is read: " + strings.Replace(oneLine(err), "line ", "near line ", 1)
	switch {
	case errors.As(err, new(*json.UnmarshalTypeError)), errors.As(err, new(*goyaml.TypeError)):
		text = key + " is not a list, so nothing of it is read; begin each item with a dash"
	case strings.Contains(err.Error(), "invalid map key"):
		text = key + " is not valid YAML, so nothing of it is read; put quotes around a value that begins with {{"
	}
	r.defects = append(r.defects, Defect{Key: key, Line: lineOf(err.Error()), Text: text})
}

// oddities tells of what the authenticator passes over without an error: a second document,
// and the same key twice in one item.
func (r *reader) oddities(key, text string) {
	d := goyaml.NewDecoder(strings.NewReader(text))
	d.SetStrict(true)
	var doc any
	for _, e := range each(d.Decode(&doc)) {
		if strings.Contains(e.Error(), "already set in map") {
			r.defects = append(r.defects, Defect{Key: key, Line: lineOf(e.Error()), Text: "a key stands twice and the last one counts; delete the other: " + oneLine(e)})
		}
	}
	if err := d.Decode(&doc); !errors.Is(err, io.EOF) {
		r.defect(key, 0, "only what stands before the line --- is read; put everything into one list")
	}
}

// lineOf finds the line in an error of the YAML parser, which may be one off.
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
