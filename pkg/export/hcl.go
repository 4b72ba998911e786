package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// hcl writes Terraform's language as terraform fmt does. The library for it would add more than a megabyte to the program.
type hcl struct {
	strings.Builder
	depth int
}

// line writes a line, indented by the blocks around it.
func (w *hcl) line(text string) {
	if text != "" {
		text = strings.Repeat("  ", w.depth) + text
	}
	w.WriteString(text + "\n")
}

// open begins a block or an object, close ends it.
func (w *hcl) open(text string) {
	w.line(text + " {")
	w.depth++
}

func (w *hcl) close() {
	w.depth--
	w.line("}")
}

// attribute is a name and an expression; one without an expression is not written.
type attribute struct{ name, value string }

// attributes writes a line for each attribute, with the values below each other.
func (w *hcl) attributes(all ...attribute) {
	all = slices.DeleteFunc(all, func(a attribute) bool { return a.value == "" })
	width := 0
	for _, a := range all {
		width = max(width, utf8.RuneCountInString(a.name))
	}
	for _, a := range all {
		w.line(a.name + strings.Repeat(" ", width-utf8.RuneCountInString(a.name)) + " = " + a.value)
	}
}

// tags writes a map of tags, if there are any.
func (w *hcl) tags(tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	w.open("tags =")
	var all []attribute
	for _, key := range keys(tags) {
		all = append(all, attribute{hclText(key), hclText(tags[key])})
	}
	w.attributes(all...)
	w.close()
}

// hclText quotes a text, so that nothing in it is a template. Characters that are not visible are escaped.
func hclText(s string) string {
	var b strings.Builder
	runes := []rune(strings.ToValidUTF8(s, "\ufffd"))
	for i, r := range runes {
		opens := i+1 < len(runes) && runes[i+1] == '{'
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case (r == '$' || r == '%') && opens && i > 0 && runes[i-1] == r: // of $${ only the last two would be one
			fmt.Fprintf(&b, `\u%04x`, r)
		case (r == '$' || r == '%') && opens:
			b.WriteString(string(r) + string(r))
		case r > 0xffff && access.Hidden(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case access.Hidden(r) && r != '\ufffd':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// hclTexts is a list of texts, "" for none.
func hclTexts(all []string) string {
	if len(all) == 0 {
		return ""
	}
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = hclText(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// hclOptional is a text, "" for an empty one.
func hclOptional(s string) string {
	if s == "" {
		return ""
	}
	return hclText(s)
}

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
