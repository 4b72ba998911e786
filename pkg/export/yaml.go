package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// object is an object of a file in YAML.
type object = map[string]any

// document is one value in YAML, each line indented, after its remarks.
func document(v any, indent string, remarks []string) string {
	text, err := manifest.YAML(v)
	if err != nil { // it holds only texts and maps of them
		return indent + "# " + visible(err.Error()) + "\n"
	}
	lines := append(remarks, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")...)
	for i, line := range lines {
		if line != "" {
			lines[i] = indent + line
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// put sets the fields that are not empty.
func put(o object, fields map[string]any) object {
	for key, value := range fields {
		switch v := value.(type) {
		case string:
			if v != "" {
				o[key] = v
			}
		case []string:
			if len(v) > 0 {
				o[key] = v
			}
		case map[string]string:
			if len(v) > 0 {
				o[key] = v
			}
		case []any:
			if len(v) > 0 {
				o[key] = v
			}
		}
	}
	return o
}

// policiesOf are the access policies of an entry, with the names that a form has for their fields.
func policiesOf(e Entry, policyARN, accessScope, kind, namespaces string) (all []any) {
	for _, g := range e.Grants {
		all = append(all, object{policyARN: g.Policy.ARN(e.Principal.Partition()), accessScope: scopeOf(g, kind, namespaces)})
	}
	return all
}

func scopeOf(g access.Grant, kind, namespaces string) object {
	if g.Scope.WholeCluster() {
		return object{kind: "cluster"}
	}
	return object{kind: "namespace", namespaces: g.Scope.Namespaces}
}
