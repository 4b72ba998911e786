package kubefile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The keys of a kubeconfig that this package writes.
const (
	keyClusters = "clusters"
	keyContexts = "contexts"
	keyUsers    = "users"
	keyCurrent  = "current-context"
	keyCA       = "certificate-authority-data"
	keyCAFile   = "certificate-authority"
)

// empty is the content of a new kubeconfig.
const empty = `apiVersion: v1
clusters: []
contexts: []
current-context: ""
kind: Config
preferences: {}
users: []
`

// tree is a kubeconfig as YAML. Unknown parts stay as they are.
type tree struct {
	text  string // what it was read from
	doc   *yaml.Node
	root  *yaml.Node
	fresh map[*yaml.Node]bool // added since
}

// parse reads a kubeconfig; one without content becomes a new one.
func parse(text string) (*tree, error) {
	d := yaml.NewDecoder(strings.NewReader(text))
	var doc, more yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return parse(lines(text) + empty) // nothing, or nothing but comments
	}
	if err != nil {
		return nil, fmt.Errorf("not valid YAML: %w", err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("a kubeconfig must be a single YAML document")
	}
	root := doc.Content[0]
	if isNull(root) {
		return parse(empty)
	}
	return &tree{text: text, doc: &doc, root: root, fresh: map[*yaml.Node]bool{}}, check(root)
}

// lines is the text with a line break at its end.
func lines(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return text + "\n"
	}
	return text
}

// check is why a document is not a kubeconfig; nil: it is.
func check(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return errors.New("not a kubeconfig: not a map")
	}
	var seen []string
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i].Value, root.Content[i+1]
		if slices.Contains(seen, key) {
			return fmt.Errorf("%q appears twice", key)
		}
		seen = append(seen, key)
		if err := checkField(key, value); err != nil {
			return err
		}
	}
	return nil
}

func checkField(key string, value *yaml.Node) error {
	switch key {
	case keyCurrent:
		if value.Kind != yaml.ScalarNode {
			return fmt.Errorf("not a kubeconfig: %s is not a string", key)
		}
	case keyClusters, keyContexts, keyUsers:
		if value.Kind != yaml.SequenceNode && !isNull(value) {
			return fmt.Errorf("not a kubeconfig: %s is not a list", key)
		}
		for _, item := range value.Content {
			if resolve(item).Kind != yaml.MappingNode {
				return fmt.Errorf("not a kubeconfig: the item of %s in line %d is not a map", key, item.Line)
			}
		}
	}
	return nil
}

// has reports whether the list has an entry of that name.
func (t *tree) has(list, name string) bool {
	l := get(t.root, list)
	return l != nil && slices.ContainsFunc(l.Content, func(item *yaml.Node) bool { return nameOf(item) == name })
}

func (t *tree) current() string {
	if n := get(t.root, keyCurrent); n != nil && !isNull(n) {
		return n.Value
	}
	return ""
}

// put adds an entry to a list, or replaces the one of its name. It reports whether that changed anything.
func (t *tree) put(key string, entry *yaml.Node) bool {
	list := get(t.root, key)
	if list == nil || len(list.Content) == 0 {
		list = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		t.set(key, list)
	}
	t.fresh[entry] = true
	i := slices.IndexFunc(list.Content, func(item *yaml.Node) bool { return nameOf(item) == nameOf(entry) })
	switch {
	case i < 0:
		list.Content = append(list.Content, entry)
	case !same(resolve(list.Content[i]), entry):
		entry.Line = list.Content[i].Line
		list.Content[i] = entry
	default:
		return false
	}
	return true
}

// set gives a key a new value.
func (t *tree) set(key string, value *yaml.Node) {
	t.fresh[value] = true
	for i := 0; i+1 < len(t.root.Content); i += 2 {
		if t.root.Content[i].Value == key {
			t.root.Content[i+1] = value
			return
		}
	}
	name := scalar(key)
	t.fresh[name] = true
	t.root.Content = append(t.root.Content, name, value)
}

func (t *tree) add(e Entry) bool {
	cluster, user, context := t.put(keyClusters, e.clusterNode()), t.put(keyUsers, e.userNode()), t.put(keyContexts, e.contextNode())
	return cluster || user || context
}

// trust replaces the certificates of a cluster, and keeps the rest of it. It reports whether that changed anything.
func (t *tree) trust(cluster, ca string) bool {
	list := get(t.root, keyClusters)
	i := slices.IndexFunc(list.Content, func(item *yaml.Node) bool { return nameOf(item) == cluster })
	old := list.Content[i]
	item := *resolve(old)
	item.Line, item.Content = old.Line, slices.Clone(item.Content)
	for k := 0; k+1 < len(item.Content); k += 2 {
		if item.Content[k].Value == "cluster" {
			item.Content[k+1] = trusting(resolve(item.Content[k+1]), ca)
		}
	}
	if same(resolve(old), &item) {
		return false
	}
	list.Content[i] = &item
	t.fresh[&item] = true
	return true
}

// trusting is a cluster with these certificates, in the place of its own or of a file with them: kubectl refuses both.
func trusting(cluster *yaml.Node, ca string) *yaml.Node {
	next := *cluster
	next.Content = nil
	pairs := slices.Concat([]*yaml.Node{scalar(keyCA), scalar(ca)}, cluster.Content)
	if get(cluster, keyCA) != nil {
		pairs = pairs[2:]
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		switch key, value := pairs[i], pairs[i+1]; key.Value {
		case keyCAFile:
		case keyCA:
			next.Content = append(next.Content, key, scalar(ca))
		default:
			next.Content = append(next.Content, key, value)
		}
	}
	return &next
}

func (t *tree) choose(context string) bool {
	if t.current() == context {
		return false
	}
	t.set(keyCurrent, scalar(context))
	return true
}

// written is the file's new text: the old one if it is equal; else the old one with the new entries spliced in; else,
// where its form does not allow that, all of it rewritten.
func (t *tree) written() (string, error) {
	for _, write := range []func() string{func() string { return t.text }, t.spliced, t.whole} {
		text := write()
		if again, err := parse(text); err == nil && same(again.root, t.root) {
			return text, nil
		}
	}
	return "", errors.New("cannot add the new entries; does a YAML anchor refer to an entry that they replace?")
}

// whole rewrites everything: the same content and comments, in one style.
func (t *tree) whole() string {
	if t.root.Style&yaml.FlowStyle != 0 {
		for n := range t.fresh {
			quoteAll(n)
		}
	}
	return render(t.doc)
}
