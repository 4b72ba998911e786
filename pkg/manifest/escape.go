package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// hostile is what must not stand in a text as it is. A sign for what was no character is harmless.
func hostile(r rune) bool {
	return access.Hidden(r) && r != '\n' && r != '\t' && r != unicode.ReplacementChar
}

// escape writes a value whose plain text is hostile. The YAML library writes some characters as they are, in every style;
// so a word stands for each text that has such, until the rest is written.
func escape(plain any, text []byte) ([]byte, error) {
	w := words{mark: "escaped"}
	for bytes.Contains(text, []byte(w.mark)) {
		w.mark += "d"
	}
	text, err := goyaml.Marshal(w.replace(plain))
	return []byte(strings.NewReplacer(w.quoted...).Replace(string(text))), err
}

// words stand for texts.
type words struct {
	mark   string   // is in no text
	quoted []string // a word, the text in its place, a word …
}

// replace puts words in the place of the hostile texts of a value.
func (w *words) replace(value any) any {
	switch v := value.(type) {
	case string:
		return w.word(v)
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = w.replace(element)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, element := range v {
			m[w.word(key)] = w.replace(element)
		}
		return m
	}
	return value
}

func (w *words) word(text string) string {
	if !strings.ContainsFunc(text, hostile) {
		return text
	}
	word := fmt.Sprintf("%s-%d-", w.mark, len(w.quoted)/2) + strings.Repeat("-", len(text)) // a long key has a form of its own
	w.quoted = append(w.quoted, word, quote(text))
	return word
}

// quote is a text in double quotes, in which YAML knows escapes.
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
