package kubeapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// selfSubjectRulesReview lists what RBAC allows. Access policies are not in it, as on EKS (eks-access.md §8), which
// says that the list is incomplete.
func selfSubjectRulesReview(v *visit, body []byte) (object, error) {
	var in struct {
		Spec struct {
			Namespace string `json:"namespace"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, failure(http.StatusBadRequest, "BadRequest", "the object provided is not a SelfSubjectRulesReview")
	}
	if in.Spec.Namespace == "" {
		return nil, failure(http.StatusBadRequest, "BadRequest", "no namespace on request")
	}
	resources, paths := []policy.Rule{}, []policy.Rule{}
	for _, r := range v.user.rules(in.Spec.Namespace) {
		if len(r.NonResourceURLs) > 0 {
			paths = append(paths, r)
		} else {
			resources = append(resources, r)
		}
	}
	return object{
		"apiVersion": authz + "/v1", "kind": "SelfSubjectRulesReview", "metadata": object{}, "spec": object{},
		"status": object{"resourceRules": resources, "nonResourceRules": paths, "incomplete": true, "evaluationError": "webhook authorizer does not support user rule resolution"},
	}, nil
}

// rules are those of the roles that RBAC binds to the user and the user's groups in a namespace.
func (u User) rules(namespace string) []policy.Rule {
	var all []policy.Rule
	known := slices.Concat(roles(), u.roles)
	for _, b := range u.Bindings {
		if !b.gives(u, namespace) {
			continue
		}
		for _, r := range known {
			if r.name == b.Role && (r.namespace == "") == (b.Kind == "ClusterRole") {
				all = append(all, r.rules...)
			}
		}
	}
	return all
}
