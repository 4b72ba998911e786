package tui

import (
	"cmp"
	"context"
	"io"
	"iter"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// World is everything from outside. Its functions may take long and are called side by side.
type World struct {
	In  io.Reader
	Out io.Writer
	Now func() time.Time
	// Plain asks in lines, for screen readers.
	Plain bool
	// Contexts are the kubeconfig's contexts that mean an EKS cluster.
	Contexts []Context
	// Current is the name of the context to begin with.
	Current string
	// Open finds the cluster of a context.
	Open func(ctx context.Context, name string) (*Cluster, error)
	// Survey reads each cluster of the contexts once, all at the same time. It yields each when it has answered, and the error of one
	// that cannot be read.
	Survey func(ctx context.Context) iter.Seq2[Overview, error]
	// Hint is what to do next about an error in a context, "" when nothing is known to help.
	Hint func(at string, err error) string
}

// Context is one context of the kubeconfig and the cluster that it means. First is the name of the first context of that cluster.
type Context struct{ Name, Cluster, Region, Account, First string }

// Overview is one of several clusters in short.
type Overview struct {
	Context         string // by which it was read
	Info            access.Info
	Entries, Admins int
	Partly          bool     // some of it could not be read, so that there may be more administrators
	Notes           []string // sentences
}

// Cluster is one EKS cluster.
type Cluster struct {
	// Program makes the commands for this cluster.
	Program shell.Program
	// Login, if set, may ask the user something; it runs before anything else, with the terminal to itself.
	Login func() error

	// Read reads the access of these principals, or with none of all, piece by piece.
	Read func(context.Context, []access.Principal) iter.Seq2[Piece, error]
	// Principals are those that IAM lists, page by page.
	Principals func(context.Context, Family) iter.Seq2[[]access.Principal, error]
	// Policies are the access policies of the region.
	Policies func(context.Context) ([]policy.Policy, error)
	// Namespaces are the cluster's own.
	Namespaces func(context.Context) ([]string, error)
	// Groups are the Kubernetes groups that RBAC bindings refer to, and what each gives.
	Groups func(context.Context) (map[string][]string, error)
	// Resolve completes a principal that was typed. The second result is a sentence about what could not be checked.
	Resolve func(context.Context, string) (access.Principal, string, error)
	// Hints are what about an entry may surprise.
	Hints func(context.Context, access.Entry, access.Info) []string
	// Changes are the recorded changes of the cluster, the newest first.
	Changes func(context.Context) ([]printer.ChangeRow, error)
	// History is what is on record about the access of a principal, as text.
	History func(context.Context, access.Principal) (string, error)
	// Me is who the caller is, and the report of whoami.
	Me func(context.Context) (Me, error)
	// Explain says what a principal can do in the cluster, and why.
	Explain func(context.Context, access.Principal) (string, error)
	// WhoCan says who can do something, a verb and a type or URL, in a namespace, in all namespaces, or anywhere.
	WhoCan func(ctx context.Context, words []string, namespace string, everywhere bool) (string, error)
	// Run runs a command of this program for this cluster, with the terminal to itself.
	Run func(words ...string) error
	// Propose plans a change. Nothing is sent before Proposal.Apply.
	Propose func(context.Context, Request) (Proposal, error)
}

// Me is the caller, "" where AWS did not say, and the report of whoami.
type Me struct {
	Who    access.Principal
	Report string
}

// Piece is a part of what was asked for. A zero field says nothing.
type Piece struct {
	access.Snapshot
	Mappings []access.Mapping
	Blind    bool     // aws-auth counts, and could not be read
	Total    int      // how many entries are known of so far
	Warnings []string // sentences
}

// Join adds the next piece.
func (p *Piece) Join(next Piece) {
	if next.Cluster.Name != "" {
		p.Cluster = next.Cluster
	}
	p.Caller, p.RBAC = cmp.Or(next.Caller, p.Caller), cmp.Or(next.RBAC, p.RBAC)
	p.Entries, p.Unread = append(p.Entries, next.Entries...), append(p.Unread, next.Unread...)
	p.Dead, p.Doubtful, p.Deleted = append(p.Dead, next.Dead...), append(p.Doubtful, next.Doubtful...), append(p.Deleted, next.Deleted...)
	p.Mappings, p.Warnings = append(p.Mappings, next.Mappings...), append(p.Warnings, next.Warnings...)
	p.Total, p.Blind = max(p.Total, next.Total), p.Blind || next.Blind
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

// Request is what somebody wants to be changed: one of Grant and Revoke for each principal, an undo, or the mode.
type Request struct {
	Who       []access.Principal
	Grant     *access.Entry // without its principal
	Revoke    *edit.Revocation
	EntryOnly bool // of a whole revocation: the aws-auth mappings of the principals stay
	Undo      bool
	ID        string      // of the change to undo, "": the last one
	Mode      access.Mode // the next one
	Command   []string    // the command line that asks for the same
}

// Proposal is a plan that waits for a yes.
type Proposal struct {
	Plan     access.Plan
	Risks    []access.Risk
	Warnings []string // sentences about what to know first
	Command  []string // the command line, where it is more exact than that of the request; nil: it is not
	// Apply reads the cluster again and applies the plan, in spite of the accepted risks. If the plan is still the one that was
	// shown it yields an empty result before it sends anything, then the results; otherwise it yields the error Changed.
	Apply func(ctx context.Context, accepted []access.RiskName) iter.Seq2[access.Result, error]
}

// Changed is the error of a plan that changed since it was shown. Nothing was sent.
type Changed struct{ Proposal }

func (Changed) Error() string { return access.ErrChanged.Error() }

// Unwrap is access.ErrChanged.
func (Changed) Unwrap() error { return access.ErrChanged }
