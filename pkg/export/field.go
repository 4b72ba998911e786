package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// source is something about an entry that forms write.
type source int

const (
	none source = iota
	cluster
	region
	principal
	kind
	unusualKind // "" for STANDARD
	username    // "" where EKS would derive it
	anyUsername
	groups
	tags
	tagList // of a key and a value
	policies

	// of one policy
	policyARN
	accessScope
	scopeKind
	namespaces

	// names in other tools
	objectName
	importID  // of the entry, or of one policy on it
	reference // of an association to its entry

	// what a form may not be able to say
	foreignTags // tags of other tools, which the tool would remove
	ownTags     // those of them that are this program's
	otherOwner
	writtenTags
	hyperpod
	dynamic
)

// field is the name that a form has for something.
type field struct {
	name string
	from source
}

// expression is text that is not quoted.
type expression string

// view is an entry, and one of its policies, as a form sees it.
type view struct {
	*Export
	*Entry
	grant *access.Grant
	scope [4]string // the names that the form has for the fields of a policy: policyARN, accessScope, type, namespaces
}

// object is an object of a file in YAML or JSON.
type object = map[string]any

// object has the fields that are not empty.
func (v *view) object(fields []field) object {
	o := object{}
	for _, f := range fields {
		if value := v.value(f.from); !empty(value) {
			o[f.name] = value
		}
	}
	return o
}

func empty(value any) bool {
	switch value := value.(type) {
	case string:
		return value == ""
	case []string:
		return len(value) == 0
	case []any:
		return len(value) == 0
	case map[string]string:
		return len(value) == 0
	}
	return false
}

// value is a text, a list or a map.
func (v *view) value(from source) any {
	e := v.Of
	switch from {
	case groups:
		return e.Groups
	case tags:
		return e.Tags
	case tagList:
		var all []any
		for _, key := range keys(e.Tags) {
			all = append(all, map[string]string{"Key": key, "Value": e.Tags[key]})
		}
		return all
	case policies:
		var all []any
		for i := range e.Grants {
			of := *v
			of.grant = &e.Grants[i]
			all = append(all, of.object([]field{{v.scope[0], policyARN}, {v.scope[1], accessScope}}))
		}
		return all
	case accessScope:
		return v.object([]field{{v.scope[2], scopeKind}, {v.scope[3], namespaces}})
	case namespaces:
		return v.grant.Scope.Namespaces
	case reference:
		return expression("aws_eks_access_entry." + v.label() + ".principal_arn")
	default:
		return v.text(from)
	}
}

// text is a value that is a text.
func (v *view) text(from source) string {
	e := v.Of
	switch from {
	case cluster:
		return v.Cluster.Name
	case region:
		return v.Cluster.Region()
	case principal:
		return string(e.Principal)
	case kind:
		return string(e.Kind)
	case unusualKind:
		if e.Kind != access.Standard {
			return string(e.Kind)
		}
	case username:
		if e.Username != access.DefaultUsername(e.Principal) {
			return e.Username
		}
	case anyUsername:
		return e.Username
	case policyARN:
		return v.grant.Policy.ARN(e.Principal.Partition())
	case scopeKind:
		if v.grant.Scope.WholeCluster() {
			return manifest.ScopeCluster
		}
		return manifest.ScopeNamespace
	default:
		return v.named(from)
	}
	return ""
}

// named is a name in another tool, or what a form may not be able to say.
func (v *view) named(from source) string {
	switch from {
	case objectName:
		return v.suffixed(v.Name, "-")
	case importID:
		if v.grant == nil {
			return v.Cluster.Name + ":" + v.text(principal)
		}
		return v.Cluster.Name + "#" + v.text(principal) + "#" + v.text(policyARN)
	case foreignTags:
		return listed(v.Tools, func(key string) bool { return !ofAWS(key) })
	case ownTags:
		return listed(v.Tools, func(key string) bool { return strings.HasPrefix(key, ownPrefix) })
	case otherOwner:
		return v.Owner
	case writtenTags:
		all := keys(v.Of.Tags)
		for i, key := range all {
			all[i] = key + "=" + v.Of.Tags[key]
		}
		return strings.Join(all, ", ")
	case hyperpod:
		if v.Of.Kind == access.Hyperpod {
			return v.text(principal) + ", type " + v.text(kind)
		}
	case dynamic:
		all := append([]string{v.text(username), v.named(writtenTags)}, v.Of.Groups...)
		return listed(all, func(s string) bool { return strings.Contains(s, "{{resolve:") })
	default:
	}
	return ""
}

// listed are the texts to keep, separated by commas.
func listed(all []string, keep func(string) bool) (text string) {
	for _, s := range all {
		if keep(s) {
			text += ", " + s
		}
	}
	return strings.TrimPrefix(text, ", ")
}

// suffixed is a name of the entry, or of one policy on it.
func (v *view) suffixed(name, separator string) string {
	if v.grant == nil {
		return name
	}
	return name + separator + policyWord(v.grant.Policy)
}
