package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// YAML writes a value with the field names of its JSON form, sorted by name, as kubectl does. Control characters and
// invisible ones are escaped.
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

// hostile reports whether a character must be escaped.
func hostile(r rune) bool {
	return access.Hidden(r) && r != '\n' && r != '\t' && r != unicode.ReplacementChar
}

// escape writes a value whose plain text is hostile. The YAML library writes some characters as they are in every
// style, so each text that contains one is written as a placeholder first.
func escape(plain any, text []byte) ([]byte, error) {
	p := placeholders{mark: "escaped"}
	for bytes.Contains(text, []byte(p.mark)) {
		p.mark += "d"
	}
	text, err := goyaml.Marshal(p.replace(plain))
	return []byte(strings.NewReplacer(p.quoted...).Replace(string(text))), err
}

type placeholders struct {
	mark   string   // occurs in no text
	quoted []string // placeholder, text, placeholder, text …
}

func (p *placeholders) replace(value any) any {
	switch v := value.(type) {
	case string:
		return p.hold(v)
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = p.replace(element)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) { // the numbers of placeholders order the keys
			m[p.hold(key)] = p.replace(v[key])
		}
		return m
	}
	return value
}

func (p *placeholders) hold(text string) string {
	if !strings.ContainsFunc(text, hostile) {
		return text
	}
	name := fmt.Sprintf("%s-%d-", p.mark, len(p.quoted)/2) + strings.Repeat("-", len(text)) // as long: YAML writes long keys in another form
	p.quoted = append(p.quoted, name, quote(text))
	return name
}

// quote writes a text in double quotes, where YAML allows escapes.
func quote(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r > 0xffff && access.Hidden(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case access.Hidden(r) && r != unicode.ReplacementChar:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
