package awsapi

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// PolicyPrefix is the ARN of an access policy without its name.
const PolicyPrefix = "arn:aws:eks::aws:cluster-access-policy/"

const policyARN pattern = `^arn:[^:]+:eks::aws:cluster-access-policy/.+$`

// findPolicy returns the access policy of an ARN, or the service's refusal of it.
func findPolicy(arn string) (policy.Policy, error) {
	if !policyARN.expression().MatchString(arn) {
		return policy.Policy{}, invalidParameter("The policyArn parameter format is not valid")
	}
	name, ours := strings.CutPrefix(arn, PolicyPrefix)
	p, ok := policy.Find(name)
	if !ok || !ours {
		return policy.Policy{}, notFound("The specified policyArn could not be found. You can view your available access policies with 'list-access-policies'")
	}
	return p, nil
}

// policy is the index of a policy among the entry's associations, or -1.
//
//go:noinline
func (e *Entry) policy(arn string) int {
	return slices.IndexFunc(e.Policies, func(p Association) bool { return p.PolicyARN == arn })
}

func checkScope(scope AccessScope) error {
	switch {
	case scope.Type != "cluster" && scope.Type != "namespace":
		return invalidParameter("The accessScope type must be one of [cluster, namespace]") // UNVERIFIED (eks-access.md §3.2): the text
	case scope.Type == "namespace" && len(scope.Namespaces) == 0:
		return invalidParameter("At least 1 namespace must be provided if the type is set as namespace")
	case scope.Type == "cluster" && len(scope.Namespaces) > 0:
		return invalidParameter("accessScope should not include namespaces if the type is not set as namespace")
	}
	return nil
}

// associateAccessPolicy replaces the scope of a policy that is there already.
func (a *Account) associateAccessPolicy(c *Call) (any, error) {
	var in struct {
		PolicyARN   string      `json:"policyArn"`
		AccessScope AccessScope `json:"accessScope"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkClusterName("clusterName parameter", c.PathValue("name")); err != nil {
		return nil, err
	}
	p, err := findPolicy(in.PolicyARN)
	if err != nil {
		return nil, err
	}
	if err := checkScope(in.AccessScope); err != nil {
		return nil, err
	}
	cl, was, err := a.associable(c, p)
	if err != nil {
		return nil, err
	}
	in.AccessScope.Namespaces = notNil(in.AccessScope.Namespaces)
	grant := Association{PolicyARN: in.PolicyARN, AccessScope: in.AccessScope, AssociatedAt: epoch{c.At}, ModifiedAt: epoch{c.At}}
	e := *was
	e.Policies = slices.Clone(e.Policies)
	if i := e.policy(in.PolicyARN); i >= 0 {
		grant.AssociatedAt = e.Policies[i].AssociatedAt
		e.Policies[i] = grant
	} else {
		e.Policies = append(e.Policies, grant)
	}
	a.put(cl, e.PrincipalARN, &e, c.At)
	return map[string]any{"clusterName": cl.Name, "principalArn": e.PrincipalARN, "associatedAccessPolicy": grant}, nil
}

// associable finds the entry to associate with. An entry that readers do not see yet is "not found"
// here too, which callers of the real service have to ride out.
func (a *Account) associable(c *Call, p policy.Policy) (*Cluster, *Entry, error) {
	cl, e, err := a.writeEntry(c)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case cl.Entries[e.PrincipalARN].seen(c.At.Add(-a.Propagation)) == nil:
		err = notFound(entryNotFound)
	case e.Type != "STANDARD" && e.Type != "EC2":
		// UNVERIFIED (eks-access.md §4.4): FARGATE_LINUX, HYBRID_LINUX and HYPERPOD_LINUX.
		err = invalidParameter(`This operation can only be performed on Access Entries with a type of "STANDARD".`)
	case p.ServiceLinkedRoleOnly:
		// UNVERIFIED (eks-access.md §4.5): the text.
		err = invalidParameter("The specified policyArn can only be associated with a Service Linked Role")
	}
	return cl, e, err
}

func (a *Account) disassociateAccessPolicy(c *Call) (any, error) {
	cl, was, err := a.writeEntry(c)
	if err != nil {
		return nil, err
	}
	i := was.policy(c.PathValue("policyArn"))
	if i < 0 {
		// UNVERIFIED (eks-access.md §3.2): class and text.
		return nil, notFound("The specified policyArn is not associated with the access entry.")
	}
	e := *was
	e.Policies = slices.Delete(slices.Clone(e.Policies), i, i+1)
	a.put(cl, e.PrincipalARN, &e, c.At)
	return struct{}{}, nil
}

func (a *Account) listAssociatedAccessPolicies(c *Call) (any, error) {
	cl, e, err := a.readEntry(c)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, p := range e.Policies {
		all[p.PolicyARN] = p
	}
	answer, err := c.page("associatedAccessPolicies", all)
	if err != nil {
		return nil, err
	}
	answer["clusterName"], answer["principalArn"] = cl.Name, e.PrincipalARN
	return answer, nil
}

func (a *Account) listAccessPolicies(c *Call) (any, error) {
	all := map[string]any{}
	for _, p := range policy.All() {
		all[p.Name] = map[string]string{"name": p.Name, "arn": PolicyPrefix + p.Name}
	}
	return c.page("accessPolicies", all)
}
