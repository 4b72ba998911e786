package eks_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

func TestProvidersAndArgoCDAreReadByTheirOwnOperations(t *testing.T) {
	c, box := open(t, sandbox.Options{}, "legacy", "default")
	if names, err := c.Providers(t.Context()); err != nil || !slices.Equal(names, []string{"corporate"}) {
		t.Errorf("%q, %v", names, err)
	}
	if all, err := c.ArgoCD(t.Context()); err != nil || all != nil {
		t.Errorf("%v, %v", all, err)
	}
	c.Name = "prod"
	all, err := c.ArgoCD(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "argocd" || all[0].Role != "arn:aws:iam::111122223333:role/argocd" || len(all[0].Members) != 2 ||
		all[0].Members[0] != (access.ArgoMember{Role: "ADMIN", Kind: "SSO_GROUP", ID: "38414300-1041-708a-01af-5422d6091e34"}) {
		t.Errorf("%+v, %v", all, err)
	}
	for _, operation := range []string{"eks.ListIdentityProviderConfigs", "eks.ListCapabilities", "eks.DescribeCapability"} {
		if box.Calls()[operation] == 0 {
			t.Errorf("%s was not called", operation)
		}
	}
	if box.Calls()["eks.ListClusters"] != 0 {
		t.Error("eks.ListClusters was called")
	}
}

func TestErrorsOfTheseOperationsAreThoseOfEKS(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "nothing", "default")
	if _, err := c.Providers(t.Context()); !errors.Is(err, access.ErrNoCluster) {
		t.Errorf("a cluster that does not exist: %v", err)
	}
	c, _ = open(t, sandbox.Options{}, "prod", "bob") // may only describe clusters
	if _, err := c.ArgoCD(t.Context()); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
}
