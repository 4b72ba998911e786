package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Facts: eksctl's schema of ClusterConfig, accessConfig.accessEntries.

func eksctlNext(Export) []string {
	return []string{
		"Next: copy accessConfig into the configuration of a NEW cluster, for eksctl create cluster -f. eksctl does not take over",
		"entries that exist: for this cluster use another form, such as cloudformation, terraform or ack.",
	}
}

var eksctlTags = lack{"eksctl has no tags for access entries", func(e Entry) string {
	var all []string
	for _, key := range keys(e.Tags) {
		all = append(all, key+"="+e.Tags[key])
	}
	return strings.Join(all, ", ")
}}

var eksctlKinds = lack{"eksctl does not have entries of this type", func(e Entry) string {
	if e.Kind == access.Hyperpod {
		return string(e.Principal) + ", type " + string(e.Kind)
	}
	return ""
}}

func eksctl(x Export, remarks func(Entry) []string) string {
	var b strings.Builder
	b.WriteString("apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\n")
	b.WriteString(document(object{"metadata": object{"name": x.Cluster.Name, "region": x.Cluster.Region()}}, "", nil))
	b.WriteString("accessConfig:\n  accessEntries:\n")
	for _, e := range x.Entries {
		if e.Kind == access.Hyperpod {
			b.WriteString("  " + strings.Join(remarks(e), "\n  ") + "\n")
			continue
		}
		entry := put(object{"principalARN": e.Principal, "type": e.Kind}, map[string]any{
			"kubernetesUsername": e.username(), "kubernetesGroups": e.Groups,
			"accessPolicies": policiesOf(e, "policyARN", "accessScope", "type", "namespaces"),
		})
		b.WriteString(document([]any{entry}, "  ", remarks(e)))
	}
	return b.String()
}
