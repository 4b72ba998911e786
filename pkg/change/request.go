// Package change takes a request to the cluster. It reads the current state, plans, judges the risks, records the state before,
// carries out the plan and verifies it. It prints nothing: the caller shows the proposal, asks for confirmation where needed, and
// prints the results.
//
//	Request ─► Engine.Start ─► Run.Propose ─► Proposal{Before, After, Plan, Risks, Notes}
//	                               │ shown, and agreed to
//	                               ▼
//	           Run.Again (is it still the same?) ─► Run.Apply ─► results ─► Run.Settle
package change

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Cluster is what a change works on.
type Cluster interface {
	access.Cluster
	Directory
	Context
}

// Directory is what IAM says of principals.
type Directory interface {
	// Lives is what became of the principals of entries. The error says why something is not known.
	Lives(context.Context, []access.Entry) ([]access.Life, error)
	LookUp(context.Context, access.Principal) access.Identity
}

// Context is what the kubeconfig and the login have to do with the cluster.
type Context interface {
	// Right is an error where this may be another cluster than the one that is meant.
	Right(access.Info) error
	// OtherAccount is the risk of a cluster that is not in the account or region that the context names.
	OtherAccount(access.Info) []access.Risk
	// Logins are who else than the snapshot's caller must not lose access by a change.
	Logins(context.Context) []access.Principal
	// Acts reports whether the cluster acts on what the caller's entry should be; access.ErrNoServer where it cannot be asked.
	Acts(ctx context.Context, want *access.Entry) (bool, error)
}

// Request is one edit for each of some principals. access.Itself among them is the cluster's mode and aws-auth.
type Request struct {
	Kind journal.Kind
	Who  []access.Principal
	Edit func(access.Principal) access.Edit

	Prepare func(context.Context) error                    // what the edit needs from AWS, asked while the entries are read
	Check   func(context.Context, access.Snapshot) Checked // looks at what was read before the plan is made
	Risks   func(access.Snapshot) []access.Risk            // beside those of every plan
	Ready   func(context.Context) ([]access.Note, error)   // what must be there before the first step
	Expect  func(*Proposal, bool) error                    // refuses another proposal than this one; true: a part of it may be done
	Plan    string                                         // the digest of the saved plan that it carries out
	Reword  func(access.Result) access.Result              // says of a failure what it means here
	Accept  []access.RiskName                              // risks that were accepted by name
	Told    []string                                       // the command line that asks for the same, for the record
	Undoes  string                                         // the ID of the change that this one undoes
	Batch   string                                         // the ID that the changes of several clusters have in common

	Takes      bool // the edit may take rights away: risks need to know every administrator
	Mappings   bool // the edit may end mappings: risks need to know every entry
	Whole      bool // it removes all access of its principals, from every source
	Names      bool // its notes need the namespaces that there are
	Asks       bool // it changes more than it names, so the plan is shown and needs a yes
	DryRun     bool // nothing will be sent: other changes are not kept waiting
	Incomplete bool // something that was asked for is not in the request
}

// Checked is what a look at the snapshot says before the plan is made.
type Checked struct {
	Notes      []access.Note
	Leave      []access.Principal // principals that the plan leaves out
	Incomplete bool               // something that was asked for will not be done
}

// Proposal is a change of which nothing was sent yet.
type Proposal struct {
	Who           []access.Principal // the principals of the plan
	Before, After access.Snapshot
	Plan          access.Plan
	Risks         []access.Risk // all of them, accepted or not
	Notes         []access.Note
	Incomplete    bool // something that was asked for is not in the plan

	leftOut []journal.Step
}

// Asks reports whether the proposal needs a yes: it changes more than was named, or aws-auth.
func (p Proposal) Asks(r Request) bool { return (r.Asks || p.Plan.AWSAuth != nil) && !p.Plan.Empty() }

// Touches reports whether the plan does anything to a principal's entry or mappings, or to the cluster itself.
func (p Proposal) Touches(who access.Principal) bool {
	if who == access.Itself {
		return p.Plan.Mode != nil || p.Plan.AWSAuth != nil
	}
	_, ok := p.Plan.Change(who)
	return ok || p.Plan.Unmaps(who)
}

// Refused is a Refusal where a risk was not accepted, else nil.
func (p Proposal) Refused(accepted []access.RiskName) error {
	left := slices.DeleteFunc(slices.Clone(p.Risks), func(r access.Risk) bool { return slices.Contains(accepted, r.Name) })
	if len(left) == 0 {
		return nil
	}
	return Refusal{Risks: left}
}

// Refusal is the error of a change whose risks were not accepted by name. It wraps access.ErrRefused.
type Refusal struct {
	Risks []access.Risk
	In    string // what --accept-risk takes in front of a name, where there are several clusters
}

func (r Refusal) Error() string {
	lines := []string{"refused, nothing was changed:"}
	for _, risk := range r.Risks {
		lines = append(lines, fmt.Sprintf("  %s: %s\n    to continue anyway, add --accept-risk=%s", risk.Name, risk.Why, r.In+string(risk.Name)))
	}
	return strings.Join(lines, "\n")
}

// Unwrap is access.ErrRefused.
func (Refusal) Unwrap() error { return access.ErrRefused }

// Engine carries out changes of one cluster.
type Engine struct {
	Cluster      Cluster
	Region, Name string // of the cluster
	Now          func() time.Time
	LastLook     time.Duration                    // how long after a write that replaced something it is read once more
	Command      func(words ...string) string     // makes command lines of this program, for people
	Waiting      func(what string)                // called before waiting for more than a second, with a sentence; nil: not needed
	Dir          func() (string, error)           // of the records
	Pause        func(context.Context, int) error // waits before the nth look, counted from 1
}

// Start begins a request and keeps other changes of this machine off the cluster until Release: EKS has no compare-and-swap.
// Errors: journal.ErrBusy.
func (e *Engine) Start(ctx context.Context, r Request) (*Run, error) {
	run := e.Run(r)
	return run, run.hold(ctx)
}

// Run is a request of which nothing has begun; Again keeps other changes off.
func (e *Engine) Run(r Request) *Run {
	return &Run{
		Engine: e, Request: r, failed: map[access.Principal]bool{},
		replanned: map[access.Principal]*access.Entry{},
	}
}

// lockPatience is how long a change waits for others of this machine, of which each may wait for EKS to show the one before.
const lockPatience = 2 * time.Minute

// hold keeps other changes of this machine off the cluster, from before the read that a plan is made of until its last
// write.
func (r *Run) hold(ctx context.Context) error {
	if r.unlock != nil || r.DryRun {
		return nil
	}
	dir, err := r.Dir()
	if err != nil {
		return nil //nolint:nilerr // the record of the change needs the folder too, and its error is shown
	}
	ctx, stop := context.WithTimeout(ctx, lockPatience)
	defer stop()
	r.unlock, err = journal.Lock(ctx, dir, r.Region+"-"+r.Name, func() {
		if r.Waiting != nil {
			r.Waiting("Waiting for another change of this cluster from this machine…")
		}
	})
	if err != nil {
		return fmt.Errorf("cluster %s: %w", r.Name, err)
	}
	return nil
}

// Idle waits for the end of another change of this machine that is in progress. Its record is not complete before.
func (e *Engine) Idle(ctx context.Context) error {
	run := e.Run(Request{})
	defer run.Release()
	return run.hold(ctx)
}

// Release allows other changes of this machine, as while a question waits for its answer.
//
//go:noinline
func (r *Run) Release() {
	if r.unlock != nil {
		r.unlock()
		r.unlock = nil
	}
}

// Grant is the request that grants what an entry holds, which may not be complete before the request is prepared. With keep a
// new entry carries what the principal's mapping gives, too.
func Grant(who []access.Principal, want *access.Entry, keep bool) Request {
	return Request{
		Kind: journal.Grant, Who: who, Names: true,
		Edit: func(p access.Principal) access.Edit {
			e := *want
			e.Principal = p
			if keep {
				return edit.Keep(e)
			}
			return edit.Grant(e)
		},
		Check: func(_ context.Context, before access.Snapshot) Checked {
			notes := access.Notes(access.NoteTypo, "", before.Typos(*want)...)
			if at := want.Tags[access.ExpiresTag]; at != "" {
				notes = append(notes, access.Notes(access.NoteExpiry, "", fmt.Sprintf("--for only adds an expiry tag (%s); access is not removed automatically", at))...)
			}
			return Checked{Notes: notes}
		},
	}
}

// editOf is the edit for a principal. A new entry overrides the mappings of its principal before it has its policies, so an
// edit that keeps what these give finds nothing to keep in an entry that was made and not completed: that one is completed as
// it was planned, be it made by this change or by one that was given in the same words and did not come to its end.
func (r *Run) editOf(s access.Snapshot, p access.Principal) access.Edit {
	have, exists := s.Entry(p)
	if !exists || have.Node() {
		return r.Edit(p)
	}
	if made := r.made(p); made != nil {
		return edit.Grant(*made)
	}
	mapped := s.AWSAuth != nil && (s.AWSAuth.Err != nil || slices.ContainsFunc(s.AWSAuth.Mappings, func(m access.Mapping) bool { return m.Names(p) }))
	if mapped && len(have.Grants) == 0 {
		if begun := r.begunBefore(s, p); begun != nil {
			return edit.Each(edit.Grant(*begun), r.Edit(p))
		}
	}
	return r.Edit(p)
}

// made is the entry that this change made for a principal, or may have made; nil for none.
func (r *Run) made(p access.Principal) *access.Entry {
	if r.ground == nil || !r.ground.sent(journal.Sent{Principal: p, Part: access.PartEntry}) {
		return nil
	}
	for _, plan := range slices.Backward(r.plans) {
		if ch, ok := plan.Change(p); ok && ch.Before == nil {
			return ch.After
		}
	}
	return nil
}

// begunBefore is the entry that the last recorded change of a principal made and did not complete, where it was asked for in the
// same words.
func (r *Run) begunBefore(s access.Snapshot, p access.Principal) *access.Entry {
	for _, record := range r.past() {
		changes, err := record.Changes()
		i := slices.IndexFunc(changes, func(c access.Change) bool { return c.Principal() == p })
		if err != nil || i < 0 || record.ID == r.record.ID || record.Cluster.ARN != s.Cluster.ARN || !record.Did(p, access.PartEntry) {
			continue
		}
		if changes[i].Before == nil && record.State() != journal.Done && r.Told != nil && slices.Equal(record.Args, r.Told) {
			return changes[i].After
		}
		return nil
	}
	return nil
}

// past are the records of this machine when they were first asked for, the newest first.
func (r *Run) past() []journal.Record {
	if r.before == nil {
		r.before = &journal.Journal{}
		if dir, err := r.Dir(); err == nil {
			*r.before, _ = journal.Read(dir) // what cannot be read was not asked for in these words
		}
	}
	return r.before.Records
}

// Foresee plans and judges a request on what is known already, and reads nothing for the plan.
func (e *Engine) Foresee(ctx context.Context, request Request, before access.Snapshot) (p Proposal, err error) {
	r := e.Run(request)
	p = Proposal{Who: r.Who, Before: before}
	if p.Plan, p.After, err = r.plan(before, r.Who); err == nil {
		p.Risks, p.Notes = r.judge(ctx, p.Plan, before)
	}
	return p, err
}
