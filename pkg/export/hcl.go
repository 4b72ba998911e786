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

// open begins a block or an object.
func (w *hcl) open(text string) {
	w.line(text + " {")
	w.depth++
}

// close ends some of them.
func (w *hcl) close(n int) {
	for range n {
		w.depth--
		w.line("}")
	}
}

// fields writes a line for each field that is not empty.
func (w *hcl) fields(v *view, fields []field) {
	var all [][2]string
	for _, f := range fields {
		text := ""
		switch value := v.value(f.from).(type) {
		case expression:
			text = string(value)
		case string:
			text = hclText(value)
		case []string:
			for _, s := range value {
				text += ", " + hclText(s)
			}
			text = "[" + strings.TrimPrefix(text, ", ") + "]"
		}
		if text != `""` && text != "[]" {
			all = append(all, [2]string{f.name, text})
		}
	}
	w.lines(all)
}

// lines writes names and values, the values below each other.
func (w *hcl) lines(all [][2]string) {
	width := 0
	for _, a := range all {
		width = max(width, utf8.RuneCountInString(a[0]))
	}
	for _, a := range all {
		w.line(a[0] + strings.Repeat(" ", width-utf8.RuneCountInString(a[0])) + " = " + a[1])
	}
}

// tags writes the tags, if there are any.
func (w *hcl) tags(tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	w.open("tags =")
	var all [][2]string
	for _, key := range keys(tags) {
		all = append(all, [2]string{hclText(key), hclText(tags[key])})
	}
	w.lines(all)
	w.close(1)
}

// hclText quotes a text, so that nothing in it is a template. Characters that are not visible are escaped.
func hclText(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteString(string(r) + string(r))
		default:
			b.WriteString(visible(string(r)))
		}
	}
	return `"` + b.String() + `"`
}

// visible is a text in one line: what is not visible is escaped.
func visible(s string) string {
	if !strings.ContainsFunc(s, access.Hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !access.Hidden(r) || r == utf8.RuneError:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
