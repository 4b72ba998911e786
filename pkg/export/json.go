package export

import (
	"encoding/json"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Facts: Pulumi's documentation of pulumi import --file, and its registry's pages of the two resources.
const pulumiNext = `Next: run pulumi import --file FILE in a stack whose aws provider uses this account and region. Pulumi writes the program,
and protects the entries from deletion.`

func pulumi(w *writer) {
	var all []any
	w.each(func(v *view) {
		o := v.object([]field{{"name", objectName}, {"id", importID}})
		if o["type"] = "aws:eks/accessEntry:AccessEntry"; v.grant != nil {
			o["type"] = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
		}
		all = append(all, o)
	})
	w.WriteString(indented(object{"resources": all}))
}

// indented is a value in JSON.
func indented(v any) string {
	text, _ := json.MarshalIndent(v, "", "  ") // it holds only texts, lists and maps of them
	return string(text) + "\n"
}

var eksFields = []field{
	{"clusterName", cluster}, {"principalArn", principal}, {ofKind, kind}, {"username", anyUsername}, {"kubernetesGroups", groups}, {"tags", tags},
}

// EKS is the form that kubesplaining reads: the answers of EKS to DescribeCluster, and for each entry to DescribeAccessEntry
// and ListAssociatedAccessPolicies.
func EKS(entries []*access.Entry, c *access.Info) string {
	all := []any{}
	for _, e := range entries {
		v := &view{Export: &Export{Cluster: c}, Entry: &Entry{Of: e}, scope: [4]string{"policyArn", ofScope, ofKind, ofNamespace}}
		o := v.object([]field{{"associatedAccessPolicies", policies}})
		o["accessEntry"] = v.object(eksFields)
		all = append(all, o)
	}
	return indented(object{"cluster": object{"name": c.Name, "arn": c.ARN, "accessConfig": object{"authenticationMode": c.Mode}}, "accessEntries": all})
}
