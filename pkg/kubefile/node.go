package kubefile

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping is a map of keys and values, which are strings or nodes; empty strings are left out.
func mapping(pairs ...any) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i < len(pairs); i += 2 {
		value, ok := pairs[i+1].(*yaml.Node)
		if text, isText := pairs[i+1].(string); isText {
			value, ok = scalar(text), text != ""
		}
		if ok {
			m.Content = append(m.Content, scalar(pairs[i].(string)), value)
		}
	}
	return m
}

func sequence(texts []string) *yaml.Node {
	s := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, t := range texts {
		s.Content = append(s.Content, scalar(t))
	}
	return s
}

// scalar is text that every YAML reader reads as text. The library quotes what it would read as something else, such as
// yes and 12:30, but older readers know more: = and <<.
func scalar(text string) *yaml.Node {
	n := &yaml.Node{}
	_ = n.Encode(text) // a string never fails
	n.Tag = "!!str"
	if text == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", rune(text[0])) || strings.Contains(text, "\n") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// get is the value of a key, nil if there is none.
//
//go:noinline
func get(m *yaml.Node, key string) *yaml.Node {
	m = resolve(m)
	for i := 0; m != nil && m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// resolve is the node of an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func nameOf(item *yaml.Node) string {
	if n := resolve(get(item, "name")); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

func isNull(n *yaml.Node) bool { return n != nil && n.ShortTag() == "!!null" }

// same reports whether two nodes are equal, whatever their style and the order of keys.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil || a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || a.Value != b.Value || len(a.Content) != len(b.Content) {
		return a == b
	}
	if a.Kind != yaml.MappingNode {
		for i := range a.Content {
			if !same(a.Content[i], b.Content[i]) {
				return false
			}
		}
		return true
	}
	for i := 0; i+1 < len(a.Content); i += 2 {
		j := counterpart(a, b, i)
		if j < 0 || !same(a.Content[i], b.Content[j]) || !same(a.Content[i+1], b.Content[j+1]) {
			return false
		}
	}
	return true
}

// counterpart is the index in b of the key at index i of a, mostly the same.
func counterpart(a, b *yaml.Node, i int) int {
	if b.Content[i].Value == a.Content[i].Value {
		return i
	}
	for j := 0; j+1 < len(b.Content); j += 2 {
		if b.Content[j].Value == a.Content[i].Value {
			return j
		}
	}
	return -1
}

// render writes a node as kubectl and the AWS CLI do: indented by two, lists not at all.
func render(n *yaml.Node) string {
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	e.CompactSeqIndent()
	_ = e.Encode(n) // a Builder never fails
	_ = e.Close()
	return b.String()
}

// quoteAll gives nodes the style of JSON, for files in JSON.
func quoteAll(n *yaml.Node) {
	n.Style = yaml.FlowStyle
	if n.Kind == yaml.ScalarNode {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, c := range n.Content {
		quoteAll(c)
	}
}
