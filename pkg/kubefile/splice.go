package kubefile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// splice is new text for some lines of a file.
type splice struct {
	from, to int // line indexes; to is not included
	text     string
}

// spliced is the text with only the lines of fresh nodes replaced. It assumes the usual form, one entry per "- " at the
// beginning of a line; the caller must compare the result.
func (t *tree) spliced() string {
	old := strings.SplitAfter(lines(t.text), "\n")
	old = old[:len(old)-1]
	var all []splice
	for i := 0; i+1 < len(t.root.Content); i += 2 {
		key, value := t.root.Content[i], t.root.Content[i+1]
		end := len(old)
		if i+2 < len(t.root.Content) && t.root.Content[i+2].Line > 0 {
			end = t.root.Content[i+2].Line - 1
		}
		switch {
		case key.Line == 0:
			all = append(all, splice{len(old), len(old), render(mapping(key.Value, value))})
		case t.fresh[value]:
			all = append(all, splice{key.Line - 1, last(old, key.Line, end), render(mapping(key.Value, value))})
		case value.Kind == yaml.SequenceNode:
			all = append(all, t.items(old, value, end)...)
		}
	}
	for _, s := range slices.Backward(all) {
		if s.from > s.to || s.to > len(old) {
			return ""
		}
		old = slices.Replace(old, s.from, s.to, s.text)
	}
	return strings.Join(old, "")
}

// items are the splices for the fresh items of a list that ends before the line end.
func (t *tree) items(old []string, list *yaml.Node, end int) (all []splice) {
	indent := strings.Repeat(" ", max(list.Column-1, 0))
	stop := end
	for i, item := range list.Content {
		if item.Line > 0 {
			stop = end
			if i+1 < len(list.Content) && list.Content[i+1].Line > 0 {
				stop = list.Content[i+1].Line - 1
			}
			stop = last(old, item.Line, stop)
		}
		if !t.fresh[item] {
			continue
		}
		from := stop
		if item.Line > 0 {
			from = item.Line - 1
		}
		own := *item
		own.HeadComment, own.FootComment = "", "" // their lines stay
		text := render(&yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{&own}})
		all = append(all, splice{from, stop, indent + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+indent) + "\n"})
	}
	return all
}

// last moves end back to from at most, so that blank lines and comments before it stay with what follows.
func last(old []string, from, end int) int {
	for end > from {
		line := strings.TrimSpace(old[end-1])
		if line != "" && line[0] != '#' && line != "..." {
			break
		}
		end--
	}
	return end
}
