package eks

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func entryOf(e *types.AccessEntry) access.Entry {
	return access.Entry{
		Principal: access.Principal(aws.ToString(e.PrincipalArn)), Kind: access.Kind(aws.ToString(e.Type)),
		Username: aws.ToString(e.Username), Groups: e.KubernetesGroups, Tags: e.Tags, ARN: aws.ToString(e.AccessEntryArn),
		Created: aws.ToTime(e.CreatedAt), Modified: aws.ToTime(e.ModifiedAt),
	}
}

// grantOf refuses an unknown scope: without namespaces it would count as the whole cluster.
func grantOf(a types.AssociatedAccessPolicy) (access.Grant, error) {
	g := access.Grant{Policy: access.PolicyOf(aws.ToString(a.PolicyArn))}
	if a.AccessScope == nil {
		return g, fmt.Errorf("EKS returned no scope for %s", g.Policy)
	}
	switch a.AccessScope.Type {
	case types.AccessScopeTypeCluster:
		return g, nil
	case types.AccessScopeTypeNamespace:
		g.Scope.Namespaces = a.AccessScope.Namespaces
		if !g.Scope.WholeCluster() {
			return g, nil
		}
	}
	return g, fmt.Errorf("EKS returned an unknown scope for %s: %q", g.Policy, a.AccessScope.Type)
}
