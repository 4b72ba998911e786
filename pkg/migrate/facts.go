package migrate

import (
	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Facts are what is known of a cluster. What is not known is left out, and the plan is careful there.
type Facts struct {
	Cluster    access.Info              // without a name: no cluster was asked
	Mappings   []access.Mapping         // all lines of aws-auth
	Entries    []access.Entry           // those there are
	Stale      []access.Principal       // whose entry is bound to a former role or user of that name, and does nothing
	Identities map[string]Identity      // what IAM says of the ARNs of the lines, as they are written
	Policies   []access.Policy          // the access policies there are
	Bindings   []access.Binding         // all of RBAC
	NoRBAC     string                   // why Bindings is not known, "" when it is
	EKSNodes   map[access.Principal]any // roles of managed node groups and Fargate profiles
	NoNodes    string                   // why EKSNodes is not known, "" when it is
}

// Identity is what IAM says of a role or user.
type Identity = access.Identity

// Choices are what people decided.
type Choices struct {
	Answers   map[string]string // by Question.ID
	Unmatched []string          // ARNs of lines that never matched and shall let in now; All for each of them
	ApplyRBAC bool              // bindings that must follow are made before the entries
}

// All chooses every line that never matched.
const All = "all"

// entry is the one of a principal, whatever path or case it is written with.
func (f Facts) entry(p access.Principal) (access.Entry, bool) {
	for _, e := range f.Entries {
		if p.Is(e.Principal) {
			return e, true
		}
	}
	return access.Entry{}, false
}
