package awsauth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Remove removes mappings from the data of aws-auth and leaves every other byte as it is: other mappings, comments,
// blank lines, unknown keys. A mapping that is missing or was changed is ignored. It is an error where a section is
// written in a form that does not allow this.
func Remove(data map[string]string, gone []access.Mapping) (map[string]string, error) {
	after := maps.Clone(data)
	before := Parse(data)
	for _, kind := range sections {
		key := kind.Section()
		var items []int
		var stay []access.Mapping
		for _, m := range before.Mappings {
			switch {
			case m.Kind != kind:
			case slices.ContainsFunc(gone, func(g access.Mapping) bool { return same(g, m) }):
				items = append(items, m.Item)
			default:
				stay = append(stay, m)
			}
		}
		if len(items) == 0 {
			continue
		}
		text := without(data[key], items)
		left := Parse(map[string]string{key: text}).Mappings
		if !slices.EqualFunc(left, stay, same) {
			return nil, fmt.Errorf("cannot remove single mappings from %s as it is written; delete them by hand", key)
		}
		after[key] = text
	}
	return after, nil
}

//go:noinline
func same(a, b access.Mapping) bool {
	return a.Kind == b.Kind && a.ARN == b.ARN && a.Username == b.Username && slices.Equal(a.Groups, b.Groups)
}

// without is a list without some of its items, counted from 1.
func without(text string, items []int) string {
	start := len(text) - len(strings.TrimLeft(text, " \t\r\n"))
	if strings.HasPrefix(text[start:], "[") {
		return withoutFlow(text, start, items)
	}
	lines := strings.SplitAfter(text, "\n")
	var b strings.Builder
	item, from := 0, -1
	indent := -1
	for i, l := range lines {
		if begins(l, &indent) {
			item, from = item+1, i
		}
		if from < 0 || !slices.Contains(items, item) || i > end(lines, from, indent) {
			b.WriteString(l)
		}
	}
	if strings.TrimSpace(b.String()) == "" {
		return "[]\n"
	}
	return b.String()
}

// begins reports whether a line begins an item of the list. The first item sets the indent of all.
func begins(l string, indent *int) bool {
	body := strings.TrimLeft(l, " ")
	if body != "-" && !strings.HasPrefix(body, "- ") && !strings.HasPrefix(body, "-\n") && !strings.HasPrefix(body, "-\r") && !strings.HasPrefix(body, "-\t") {
		return false
	}
	if *indent < 0 {
		*indent = len(l) - len(body)
	}
	return *indent == len(l)-len(body)
}

// end is the last line of the item that begins at from; comments and blank lines after it do not belong to it.
func end(lines []string, from, indent int) int {
	last := from
	for i := from + 1; i < len(lines); i++ {
		body := strings.TrimSpace(lines[i])
		if begins(lines[i], &indent) || strings.HasPrefix(lines[i], "---") || strings.HasPrefix(lines[i], "...") {
			break
		}
		if body != "" && !strings.HasPrefix(body, "#") {
			last = i
		}
	}
	return last
}

// withoutFlow works on a list in brackets, such as JSON.
func withoutFlow(text string, open int, items []int) string {
	var spans []string
	depth, from, closed := 0, open+1, len(text)
	for i := open; i < len(text) && closed == len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'':
			i = skipQuoted(text, i)
		case '#':
			if strings.ContainsRune(" \t\n", rune(text[i-1])) {
				i += strings.IndexByte(text[i:]+"\n", '\n')
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				spans, closed = append(spans, text[from:i]), i
			}
		case ',':
			if depth == 1 {
				spans, from = append(spans, text[from:i]), i+1
			}
		}
	}
	var stay []string
	for i, s := range spans {
		if !slices.Contains(items, i+1) {
			stay = append(stay, s)
		}
	}
	return text[:open+1] + strings.Join(stay, ",") + text[closed:]
}

// skipQuoted is where the quoted text that begins at i ends.
func skipQuoted(text string, i int) int {
	if before := strings.TrimRight(text[:i], " \t\r\n"); !strings.ContainsAny(before[len(before)-1:], "[{,:") {
		return i // an apostrophe within a word
	}
	quote := text[i]
	for i++; i < len(text); i++ {
		if text[i] == '\\' && quote == '"' {
			i++
		} else if text[i] == quote {
			return i
		}
	}
	return i
}
