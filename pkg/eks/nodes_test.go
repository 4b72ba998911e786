package eks_test

import (
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

func TestRolesOfNodesAreThoseOfGroupsAndProfiles(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "demo", "default")
	roles, err := c.NodeRoles(t.Context())
	for _, name := range []string{"demo-node", "demo-fargate-pods"} {
		if _, ok := roles[access.Principal("arn:aws:iam::111122223333:role/"+name)]; !ok || len(roles) != 2 {
			t.Errorf("%v, %v", roles, err)
		}
	}
}
