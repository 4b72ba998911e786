// Package policy contains the EKS access policies: what each is for, and the Kubernetes rules it grants. EKS has no API for
// the rules, so they are embedded.
package policy

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Policy is one EKS access policy as AWS documents it.
type Policy struct {
	Name                  string   `json:"name"` // AmazonEKSViewPolicy
	Purpose               string   `json:"purpose"`
	Audience              string   `json:"audience"` // human or aws-service
	ServiceLinkedRoleOnly bool     `json:"serviceLinkedRoleOnly,omitempty"`
	TypicalScope          string   `json:"typicalScope,omitempty"`
	UsedBy                string   `json:"usedBy,omitempty"`
	Note                  string   `json:"note,omitempty"`
	RulesForm             string   `json:"rulesForm"`           // table, prose or none
	Described             []string `json:"described,omitempty"` // where AWS publishes no rules
	Rules                 []Rule   `json:"rules,omitempty"`
}

// Rule is one row of a policy.
type Rule = access.Rule

//go:embed policies.json
var document []byte

var parse = sync.OnceValue(func() []Policy { //nolint:gochecknoglobals // a table that never changes, parsed on first use
	var d struct {
		Policies []Policy `json:"policies"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		panic("policy: embedded policies.json: " + err.Error())
	}
	return d.Policies
})

// All returns every policy, those for people first, then those for services and those for AWS only, each sorted by name.
func All() []Policy {
	all := slices.Clone(parse())
	access.Sort(all, func(a, b Policy) int {
		return cmp.Or(cmp.Compare(a.Rank(), b.Rank()), strings.Compare(a.Name, b.Name))
	})
	return all
}

// Rank is 0 of policies for people, 1 of those for services, 2 of those that only AWS can use.
func (p Policy) Rank() int {
	switch {
	case p.ServiceLinkedRoleOnly:
		return 2
	case p.ForPeople():
		return 0
	}
	return 1
}

// ForPeople reports whether AWS made the policy for people, and not for its services.
func (p Policy) ForPeople() bool { return p.Audience == "human" }

// Find returns the policy of that AWS name.
func Find(name string) (Policy, bool) {
	i := slices.IndexFunc(parse(), func(p Policy) bool { return p.Name == name })
	if i < 0 {
		return Policy{}, false
	}
	return parse()[i], true
}
