package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// node is a value of a file. JSON is YAML too.
type node struct {
	*yaml.Node
	file, path string // the field, as spec.accessPolicies[0].policyARN
}

// fails is an error about the value. It names the file, the line and the field.
func (n node) fails(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if n.path != "" {
		text = n.path + ": " + text
	}
	return fmt.Errorf("%s:%d: %s", n.file, n.Line, text)
}

// child is a value inside of this one. Aliases stand for what they name.
func (n node) child(of *yaml.Node, path string) node {
	for of.Kind == yaml.AliasNode {
		of = of.Alias
	}
	return node{of, n.file, strings.TrimPrefix(n.path+path, ".")}
}

// fields are the values of an object. Other keys than the known ones are an error; "*" allows all.
func (n node) fields(known ...string) (map[string]node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, n.fails("is %s and must be an object", n.noun())
	}
	all := map[string]node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		value := n.child(n.Content[i+1], "."+key.Value)
		at := node{key, n.file, value.path}
		switch _, twice := all[key.Value]; {
		case key.ShortTag() == "!!merge":
			return nil, at.fails("merge keys are not supported; write the fields")
		case twice:
			return nil, at.fails("appears twice")
		case !slices.Contains(known, key.Value) && !slices.Contains(known, "*"):
			return nil, at.fails("unknown field%s", access.DidYouMean(key.Value, known))
		}
		all[key.Value] = value
	}
	return all, nil
}

// list are the values of a list.
func (n node) list() ([]node, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, n.fails("is %s and must be a list; write [] for none", n.noun())
	}
	all := make([]node, len(n.Content))
	for i, c := range n.Content {
		all[i] = n.child(c, fmt.Sprintf("[%d]", i))
	}
	return all, nil
}

// truths are booleans in YAML 1.1, which kubectl reads.
var truths = []string{"y", "n", "yes", "no", "on", "off"}

// text is a text that is not empty. For kubectl too a date is text.
func (n node) text() (string, error) {
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch {
	case n.Kind != yaml.ScalarNode, n.ShortTag() == "!!null":
		return "", n.fails("is %s and must be text", n.noun())
	case n.ShortTag() != "!!str" && n.ShortTag() != "!!timestamp", plain && slices.Contains(truths, strings.ToLower(n.Value)):
		return "", n.fails("is %s and must be text; put it in quotes", n.noun())
	case strings.TrimSpace(n.Value) == "":
		return "", n.fails("is empty")
	}
	return n.Value, nil
}

func (n node) texts() (all []string, err error) {
	items, err := n.list()
	all = make([]string, len(items))
	for i, item := range items {
		if err == nil {
			all[i], err = item.text()
		}
	}
	return all, err
}

// noun is what a value is.
func (n node) noun() string {
	if n.Kind == yaml.MappingNode {
		return "an object"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "null"
	case "!!int", "!!float":
		return "a number"
	case "!!str", "!!timestamp":
		if slices.Contains(truths, strings.ToLower(n.Value)) {
			return "a boolean"
		}
		return "text"
	}
	return "a boolean"
}

// annotation is an annotation of metadata, if it is there: other metadata may have any form.
func (n node) annotation(name string) string {
	for _, key := range []string{"annotations", name} {
		fields, err := n.fields("*")
		next, ok := fields[key]
		if err != nil || !ok {
			return ""
		}
		n = next
	}
	return n.Value
}
