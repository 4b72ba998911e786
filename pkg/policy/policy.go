// Package policy contains the EKS access policies: what each is for, and the Kubernetes rules it grants. EKS has no API for
// the rules, so they are embedded.
package policy

import (
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

// All returns every policy, those for people first, sorted by name.
func All() []Policy {
	all := slices.Clone(parse())
	access.Sort(all, func(a, b Policy) int {
		if a.Audience != b.Audience {
			return -strings.Compare(a.Audience, b.Audience)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

// Find returns the policy of that AWS name.
func Find(name string) (Policy, bool) {
	i := slices.IndexFunc(parse(), func(p Policy) bool { return p.Name == name })
	if i < 0 {
		return Policy{}, false
	}
	return parse()[i], true
}
