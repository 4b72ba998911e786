package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Document is one AccessEntry of a file.
type Document struct {
	File    string
	Line    int
	Cluster string // "": not written
	Region  string // of the cluster, as ACK's annotation has it; "": not written
	Desired access.Desired

	at map[string]node // where the fields of spec are
}

// Fails is an error about a field of the spec, or about the whole object where that is not written.
func (d Document) Fails(field string, err error) error {
	line := d.Line
	if n, ok := d.at[field]; ok {
		line = n.Line
	}
	return fmt.Errorf("%s:%d: %w", d.File, line, err)
}

// RegionAnnotation tells ACK where the cluster is.
const RegionAnnotation = "services.k8s.aws/region"

// Read reads the entries of a file: YAML with one or more documents, or JSON; each document an AccessEntry or a list. Objects of
// other kinds are counted. Whatever is not understood is an error, so that nothing that was written is lost; but status and
// metadata belong to others. Errors name the file and the line.
func Read(file string, r io.Reader) (all []Document, others int, err error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", file, err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all, others, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: not valid YAML: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		top := node{file: file}.child(doc.Content[0], "")
		if top.ShortTag() == "!!null" { // nothing between two ---
			continue
		}
		some, skipped, err := read(top, true)
		if err != nil {
			return nil, 0, err
		}
		all, others = append(all, some...), others+skipped
	}
}

// read reads an object, or the objects of a list.
func read(n node, lists bool) (all []Document, others int, err error) {
	top, err := n.fields("*")
	if err != nil {
		return nil, 0, err
	}
	var apiVersion, kind string
	for name, into := range map[string]*string{"apiVersion": &apiVersion, "kind": &kind} {
		field, ok := top[name]
		if !ok {
			return nil, 0, n.fails("has no %s", name)
		}
		if *into, err = field.text(); err != nil {
			return nil, 0, err
		}
	}
	_, isList := top["items"]
	group, _, _ := strings.Cut(apiVersion, "/")
	ours, _, _ := strings.Cut(APIVersion, "/")
	switch {
	case isList && strings.HasSuffix(kind, "List"):
		if !lists {
			return nil, 0, n.fails("a list in a list is not supported")
		}
		return readList(top["items"])
	case kind != Kind || group != ours:
		return nil, 1, nil
	case apiVersion != APIVersion:
		return nil, 0, top["apiVersion"].fails("%q is not supported; use %s", apiVersion, APIVersion)
	}
	d, err := document(n)
	return []Document{d}, 0, err
}

func readList(n node) (all []Document, others int, err error) {
	items, err := n.list()
	for _, item := range items {
		some, skipped, err := read(item, false)
		if err != nil {
			return nil, 0, err
		}
		all, others = append(all, some...), others+skipped
	}
	return all, others, err
}

// document reads an AccessEntry.
func document(n node) (d Document, err error) {
	d = Document{File: n.file, Line: n.Line}
	top, err := n.fields("apiVersion", "kind", "metadata", "spec", "status")
	if err != nil {
		return d, err
	}
	if meta, ok := top["metadata"]; ok {
		d.Region = meta.annotation(RegionAnnotation)
	}
	spec, ok := top["spec"]
	if !ok {
		return d, n.fails("has no spec")
	}
	d.at, err = spec.fields("clusterName", "clusterRef", "principalARN", "type", "username", "kubernetesGroups", "accessPolicies", "tags")
	if err != nil {
		return d, err
	}
	if _, ok := d.at["principalARN"]; !ok {
		return d, spec.fails("has no principalARN")
	}
	for _, f := range fieldsOfSpec {
		if value, ok := d.at[f.name]; ok {
			if err := f.read(&d, value); err != nil {
				return d, err
			}
		}
	}
	return d, nil
}

// fieldsOfSpec read the fields of spec, the principal first.
var fieldsOfSpec = []struct {
	name string
	read func(*Document, node) error
}{
	{"clusterRef", func(_ *Document, n node) error {
		return n.fails("names a Kubernetes object; write clusterName with the name of the EKS cluster")
	}},
	{"clusterName", func(d *Document, n node) (err error) { d.Cluster, err = n.text(); return err }},
	{"principalARN", readPrincipal},
	{"type", readKind},
	{"username", func(d *Document, n node) (err error) {
		d.Desired.Written.Username = true
		d.Desired.Username, err = n.text()
		return err
	}},
	{"kubernetesGroups", func(d *Document, n node) (err error) {
		d.Desired.Written.Groups = true
		d.Desired.Groups, err = n.texts()
		return err
	}},
	{"accessPolicies", readPolicies},
	{"tags", readTags},
}

func readPrincipal(d *Document, n node) error {
	text, err := n.text()
	if err != nil {
		return err
	}
	p := access.Principal(text)
	whole := strings.HasPrefix(text, "arn:"+p.Partition()+":iam::") && p.Partition() != "" && p.Account() != "" && p.Name() != ""
	if kind := p.Kind(); !whole || kind != "role" && kind != "user" || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || access.Hidden(r) }) {
		return n.fails("%q is not the ARN of a role or user; write arn:aws:iam::ACCOUNT:role/NAME", text)
	}
	d.Desired.Principal = p
	return nil
}

func readKind(d *Document, n node) error {
	text, err := n.text()
	if err != nil {
		return err
	}
	if !slices.Contains(access.Kinds, access.Kind(text)) {
		names := make([]string, len(access.Kinds))
		for i, k := range access.Kinds {
			names[i] = string(k)
		}
		return n.fails("invalid type %q%s; the types are %s", text, access.DidYouMean(text, names), strings.Join(names, ", "))
	}
	d.Desired.Kind, d.Desired.Written.Kind = access.Kind(text), true
	return nil
}

func readPolicies(d *Document, n node) error {
	d.Desired.Written.Grants = true
	items, err := n.list()
	for _, item := range items {
		fields, err := item.fields("policyARN", "accessScope")
		if err != nil {
			return err
		}
		g, err := readGrant(item, fields, d.Desired.Principal)
		if err != nil {
			return err
		}
		if _, twice := d.Desired.Grant(g.Policy); twice {
			return item.fails("%s appears twice; an entry has each policy once, with one scope", g.Policy)
		}
		d.Desired.Grants = append(d.Desired.Grants, g)
	}
	return err
}

func readGrant(n node, fields map[string]node, who access.Principal) (g access.Grant, err error) {
	for _, name := range []string{"policyARN", "accessScope"} {
		if _, ok := fields[name]; !ok {
			return g, n.fails("has no %s", name)
		}
	}
	arn, err := fields["policyARN"].text()
	if err != nil {
		return g, err
	}
	if g.Policy = access.PolicyOf(arn); arn != g.Policy.ARN(who.Partition()) || g.Policy == "" {
		return g, fields["policyARN"].fails("%q is not the ARN of an access policy in partition %s; write one such as %s", arn, who.Partition(), access.ClusterAdmin.ARN(who.Partition()))
	}
	g.Scope, err = readScope(fields["accessScope"])
	return g, err
}

// readScope never guesses: a scope without namespaces must have type cluster.
func readScope(n node) (s access.Scope, err error) {
	fields, err := n.fields("type", "namespaces")
	if err != nil {
		return s, err
	}
	kind, ok := fields["type"]
	if !ok {
		return s, n.fails("has no type; write cluster or namespace")
	}
	text, err := kind.text()
	if err != nil {
		return s, err
	}
	names, named := fields["namespaces"]
	if named {
		if s.Namespaces, err = names.texts(); err != nil {
			return s, err
		}
	}
	switch {
	case text != ScopeCluster && text != ScopeNamespace:
		return s, kind.fails("%q must be cluster or namespace", text)
	case text == ScopeCluster && len(s.Namespaces) > 0:
		return s, names.fails("a scope of type cluster has no namespaces")
	case text == ScopeNamespace && len(s.Namespaces) == 0:
		return s, n.fails("a scope of type namespace needs namespaces")
	}
	return s, nil
}

func readTags(d *Document, n node) error {
	d.Desired.Written.Tags, d.Desired.Tags = true, map[string]string{}
	fields, err := n.fields("*")
	for key, value := range fields {
		if err != nil {
			break
		}
		if value.Kind == yaml.ScalarNode && value.Value == "" && value.ShortTag() == "!!str" { // a tag may be empty
			d.Desired.Tags[key] = ""
			continue
		}
		d.Desired.Tags[key], err = value.text()
	}
	return err
}
