package tui

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// World is everything from outside. Its functions may take long and are called side by side.
type World struct {
	In  io.Reader
	Out io.Writer
	Now func() time.Time
	// Contexts are the kubeconfig's contexts that mean an EKS cluster.
	Contexts []Context
	// Current is the name of the context to begin with.
	Current string
	// Open finds the cluster of a context.
	Open func(ctx context.Context, name string) (*Cluster, error)
	// Hint says of an error what to do next, "" when nothing is known to help.
	Hint func(error) string
}

// Context is one context of the kubeconfig and the cluster that it means.
type Context struct{ Name, Cluster, Region, Account string }

// Cluster is one EKS cluster with all that can be asked about it.
type Cluster struct {
	// Command is what the user types to get at this cluster, such as kubectl access --context X.
	Command []string
	// Login, where it is set, may ask the user something; it runs before anything else, with the terminal to itself.
	Login func() error

	// Read tells piece by piece who is in: these principals, or with none everybody.
	Read func(context.Context, []access.Principal) iter.Seq2[Piece, error]
	// Principals are those whom IAM knows, page by page.
	Principals func(context.Context, Family) iter.Seq2[[]access.Principal, error]
	// Policies are the access policies of the region.
	Policies func(context.Context) ([]policy.Policy, error)
	// Namespaces are the cluster's own.
	Namespaces func(context.Context) ([]string, error)
	// Groups are the Kubernetes groups that RBAC bindings name, and what each gives.
	Groups func(context.Context) (map[string][]string, error)
	// Resolve completes a principal that was written by hand. The second result doubts it in a sentence.
	Resolve func(context.Context, string) (access.Principal, string, error)
	// Hints say what about an entry may surprise.
	Hints func(context.Context, access.Entry, access.Info) []string
	// Propose plans a change. Nothing is sent before Proposal.Apply.
	Propose func(context.Context, Request) (Proposal, error)
}

// Piece is a part of what was asked for. Fields that are zero tell nothing.
type Piece struct {
	access.Snapshot
	Mappings []access.Mapping
	Blind    bool     // aws-auth counts, and could not be read
	Total    int      // how many entries are known of so far
	Warnings []string // sentences
}

// Family is a kind of principals that IAM lists.
type Family int

// The families, each a tab.
const (
	Roles Family = iota
	Users
	PermissionSets
)

func (f Family) String() string { return [...]string{"roles", "users", "permission sets"}[f] }

// Request is what somebody wants to be changed: one of Grant and Revoke for each principal.
type Request struct {
	Who       []access.Principal
	Grant     *access.Entry // without its principal
	Revoke    *edit.Revocation
	EntryOnly bool     // of a whole revocation: the aws-auth mappings of the principals stay
	Command   []string // the command line that asks for the same
}

// Proposal is a plan that waits for a yes.
type Proposal struct {
	Plan     access.Plan
	Risks    []access.Risk
	Warnings []string // sentences about what is not as it seems
	// Apply carries the plan out, in spite of the risks named.
	Apply func(ctx context.Context, accepted []access.RiskName) iter.Seq2[access.Result, error]
}
