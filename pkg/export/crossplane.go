package export

import "strings"

// Facts: the examples and external names of provider-upjet-aws (AccessEntry and AccessPolicyAssociation, v1beta1), and
// Crossplane's documentation of managementPolicies.

func crossplaneNext(Export) []string {
	return []string{
		"Next: kubectl apply this file where Crossplane runs with the EKS provider of Upbound or crossplane-contrib. The external",
		"names make it take over what exists; without Delete in managementPolicies, deleting an object does not delete its entry.",
		"For a first look without changes set managementPolicies to [Observe]. For namespaced objects (Crossplane 2) write",
		"eks.aws.m.upbound.io for eks.aws.upbound.io, and a namespace. Crossplane puts its own tags on the entries.",
	}
}

func crossplane(x Export, remarks func(Entry) []string) string {
	var b strings.Builder
	add := func(kind, name, id string, fields object, remarks []string) {
		b.WriteString("---\n" + document(object{
			"apiVersion": "eks.aws.upbound.io/v1beta1",
			"kind":       kind,
			"metadata":   object{"name": name, "annotations": object{"crossplane.io/external-name": id}},
			"spec": object{
				"managementPolicies": []string{"Observe", "Create", "Update", "LateInitialize"},
				"forProvider":        fields,
			},
		}, "", remarks))
	}
	for _, e := range x.Entries {
		common := func() object {
			return object{"region": x.Cluster.Region(), "clusterName": x.Cluster.Name, "principalArn": e.Principal}
		}
		add("AccessEntry", e.Name, x.importID(e), put(common(), map[string]any{
			"type": e.kind(), "userName": e.username(), "kubernetesGroups": e.Groups, "tags": e.Tags,
		}), remarks(e))
		for _, g := range e.Grants {
			fields := common()
			fields["policyArn"] = g.Policy.ARN(e.Principal.Partition())
			fields["accessScope"] = scopeOf(g, "type", "namespaces")
			add("AccessPolicyAssociation", e.Name+"-"+policyWord(g.Policy), x.associationID(e, g.Policy), fields, nil)
		}
	}
	return b.String()
}
