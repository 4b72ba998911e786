package migrate

import (
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Facts are what is known about a cluster. What is not known is left out, and the plan is careful there.
type Facts struct {
	Cluster    access.Info                // without a name: no cluster was asked
	Mappings   []access.Mapping           // all of aws-auth
	Entries    []access.Entry             // all access entries
	Stale      []access.Principal         // whose role or user was recreated, so that its entry no longer works
	Identities map[string]access.Identity // what IAM knows about the ARNs of the mappings, as they are written
	Policies   []access.Policy            // all access policies
	Bindings   []access.Binding           // all of RBAC
	NoRBAC     string                     // why Bindings is not known, "" when it is
	EKSNodes   map[access.Principal]any   // roles of managed node groups and Fargate profiles
	NoNodes    string                     // why EKSNodes is not known, "" when it is

	// Begun are the entries that an interrupted migration of this machine created, as it wanted to leave them.
	Begun map[access.Principal]access.Entry

	Program shell.Program // makes the commands in the plan
}

// Choices are what people decided.
type Choices struct {
	Answers   map[string]string // by Question.ID
	Unmatched []string          // ARNs of mappings that never match and are to be migrated; All for each of them
	ApplyRBAC bool              // create the RBAC bindings that the entries need
}

// All chooses every mapping that never matches.
const All = "all"

// entry is the one of a principal, whatever path or case it is written with.
//
//go:noinline
func (f Facts) entry(p access.Principal) (access.Entry, bool) {
	for _, e := range f.Entries {
		if p.Is(e.Principal) {
			return e, true
		}
	}
	return access.Entry{}, false
}

func (f Facts) stale(e access.Entry) bool { return slices.ContainsFunc(f.Stale, e.Principal.Is) }
