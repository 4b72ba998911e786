package export

import (
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// EKS is the form that kubesplaining reads: the answers of EKS to DescribeCluster, and for each entry to DescribeAccessEntry
// and ListAssociatedAccessPolicies.
func EKS(entries []access.Entry, c access.Info) string {
	all := []any{}
	for _, e := range entries {
		e = e.Canonical()
		policies := policiesOf(Entry{Entry: e}, "policyArn", "accessScope", "type", "namespaces")
		if policies == nil {
			policies = []any{}
		}
		entry := put(object{"clusterName": c.Name, "principalArn": e.Principal, "type": e.Kind, "kubernetesGroups": append([]string{}, e.Groups...)}, map[string]any{
			"accessEntryArn": e.ARN, "username": e.Username, "tags": e.Tags, "createdAt": written(e.Created), "modifiedAt": written(e.Modified),
		})
		all = append(all, object{"accessEntry": entry, "associatedAccessPolicies": policies})
	}
	return indented(object{
		"cluster":       object{"name": c.Name, "arn": c.ARN, "accessConfig": object{"authenticationMode": c.Mode}},
		"accessEntries": all,
	})
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
