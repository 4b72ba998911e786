package journal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// Record is one change of one cluster: the state before, the planned state after and, once it ended, what was done.
type Record struct {
	ID       string           `json:"id"` // the file's name without .json; sorts by time
	Time     time.Time        `json:"time"`
	Cluster  Cluster          `json:"cluster"`
	Caller   access.Principal `json:"caller"`
	Kind     Kind             `json:"kind,omitempty"`   // empty in old records
	Args     []string         `json:"args"`             // the command line, for people
	Undoes   string           `json:"undoes,omitempty"` // ID of the change that this one undoes
	Plan     string           `json:"plan,omitempty"`   // digest of the saved plan that it carries out
	Batch    string           `json:"batch,omitempty"`  // ID that it has in common with changes of other clusters
	Mode     *Mode            `json:"mode,omitempty"`
	AWSAuth  *AWSAuth         `json:"awsAuth,omitempty"`
	Entries  []Entry          `json:"entries,omitempty"`
	Sent     []Sent           `json:"sent"`              // null in old records
	LastSent time.Time        `json:"lastSent,omitzero"` // when the last of them was sent
	Calls    []Call           `json:"calls,omitempty"`   // missing in old records
	Finished time.Time        `json:"finished,omitzero"` // zero: in progress, or killed
	Steps    []Step           `json:"steps,omitempty"`
}

// Kind is the kind of a change.
type Kind string

// The kinds of changes.
const (
	Grant   Kind = "grant"
	Revoke  Kind = "revoke"
	SetMode Kind = "mode"
	Migrate Kind = "migrate"
	Undo    Kind = "undo"
	Apply   Kind = "apply"
)

// Migrated reports whether the change was a migration. A record without a kind is one if it set the groups of a migration,
// or by its command, and not by other words of its command line.
func (r Record) Migrated() bool {
	if r.Kind != "" {
		return r.Kind == Migrate
	}
	marked := slices.ContainsFunc(r.Entries, func(e Entry) bool {
		return e.After != nil && slices.ContainsFunc(e.After.Spec.KubernetesGroups, func(g string) bool { return strings.HasPrefix(g, access.HelpPrefix) })
	})
	return marked || len(r.Args) > 1 && r.Args[1] == "migrate"
}

// Cluster is the cluster as it was before the change.
type Cluster struct {
	Name string      `json:"name"`
	ARN  string      `json:"arn"`
	Mode access.Mode `json:"mode"`
}

// Mode is the authentication mode before and after.
type Mode struct {
	Before access.Mode `json:"before"`
	After  access.Mode `json:"after"`
}

// AWSAuth is the data of the ConfigMap before and after, byte for byte; null where there is none.
type AWSAuth struct {
	Before map[string]string `json:"before"`
	After  map[string]string `json:"after"`
}

// Entry is one access entry before and after, in its written form; null where there is none.
type Entry struct {
	Before *manifest.AccessEntry `json:"before"`
	After  *manifest.AccessEntry `json:"after"`
}

// Sent is a part that was sent to EKS, or to the cluster where it has no principal. The last one of an unfinished change may
// not have been carried out.
type Sent struct {
	Principal access.Principal `json:"principal,omitempty"`
	Part      access.Part      `json:"part"`
}

// Call is a call that changes something, whatever came of it. CloudTrail and the support of AWS know it by its ID.
type Call struct {
	Principal access.Principal `json:"principal,omitempty"`
	Part      access.Part      `json:"part"`
	Request   string           `json:"request"`
}

// Step is the result of one step.
type Step struct {
	Principal access.Principal `json:"principal,omitempty"` // empty: the cluster
	What      string           `json:"what"`
	Error     string           `json:"error,omitempty"`
	InPlace   bool             `json:"inPlace,omitempty"` // it was already done
}

// Of is the record of a plan before it is carried out.
func Of(plan access.Plan, at time.Time, caller access.Principal, args []string) Record {
	c := plan.Cluster
	r := Record{Time: at.UTC(), Cluster: Cluster{Name: c.Name, ARN: c.ARN, Mode: c.Mode}, Caller: caller, Args: args, Sent: []Sent{}}
	if m := plan.Mode; m != nil {
		r.Mode = &Mode{Before: m.From, After: m.To}
	}
	if m := plan.AWSAuth; m != nil {
		r.AWSAuth = &AWSAuth{Before: m.Before.Data, After: m.After.Data}
	}
	for _, change := range plan.Changes {
		r.Entries = append(r.Entries, Entry{Before: written(change.Before, c), After: written(change.After, c)})
	}
	return r
}

// Sending adds what is about to be sent at a time; once, if it is sent again.
func (r *Record) Sending(s Sent, at time.Time) {
	if r.LastSent = at.UTC(); !slices.Contains(r.Sent, s) {
		r.Sent = append(r.Sent, s)
	}
}

// Rebase records a new plan for some principals, access.Itself among them, and keeps the others. It is for principals that
// had changed before anything was sent for them.
func (r *Record) Rebase(plan access.Plan, who []access.Principal) {
	r.Entries = slices.DeleteFunc(r.Entries, func(e Entry) bool { return slices.Contains(who, e.principal()) })
	for _, change := range plan.Changes {
		if slices.Contains(who, change.Principal()) {
			r.Entries = append(r.Entries, Entry{Before: written(change.Before, plan.Cluster), After: written(change.After, plan.Cluster)})
		}
	}
	if slices.Contains(who, access.Itself) {
		fresh := Of(plan, r.Time, r.Caller, r.Args)
		r.Mode, r.AWSAuth = fresh.Mode, fresh.AWSAuth
	}
}

func (e Entry) principal() access.Principal {
	if e.After != nil {
		return access.Principal(e.After.Spec.PrincipalARN)
	}
	return access.Principal(e.Before.Spec.PrincipalARN)
}

//go:noinline
func written(e *access.Entry, cluster access.Info) *manifest.AccessEntry {
	if e == nil {
		return nil
	}
	form := manifest.Of(*e, cluster)
	return &form
}

// Changes are the recorded changes of entries, as they were planned.
func (r Record) Changes() ([]access.Change, error) {
	var all []access.Change
	for _, e := range r.Entries {
		before, err := read(e.Before)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", r.ID, err)
		}
		after, err := read(e.After)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", r.ID, err)
		}
		if before != nil || after != nil {
			all = append(all, access.Change{Before: before, After: after})
		}
	}
	return all, nil
}

// Did reports whether that part was sent, or may have been.
//
//go:noinline
func (r Record) Did(p access.Principal, part access.Part) bool {
	return r.Sent == nil || slices.Contains(r.Sent, Sent{p, part})
}

// Done are the recorded changes of entries, without parts that were never sent and so need no undo.
func (r Record) Done() ([]access.Change, error) {
	planned, err := r.Changes()
	if err != nil || r.Sent == nil {
		return planned, err
	}
	var all []access.Change
	for _, c := range planned {
		parts := map[access.Part]bool{}
		for _, s := range r.Sent {
			parts[s.Part] = parts[s.Part] || s.Principal == c.Principal()
		}
		if done, ok := c.Only(parts); ok {
			all = append(all, done)
		}
	}
	return all, nil
}

//go:noinline
func read(form *manifest.AccessEntry) (*access.Entry, error) {
	if form == nil {
		return nil, nil
	}
	e, err := form.Entry()
	return &e, err
}

// Add adds the result of a step.
func (r *Record) Add(result access.Result) {
	s := Step{Principal: result.Step.Principal(), What: result.Step.String(), InPlace: result.InPlace}
	if result.Err != nil {
		s.Error = result.Err.Error()
	}
	r.Steps = append(r.Steps, s)
}

// State is the result of a change.
type State string

// An interrupted change is in progress or was killed.
const (
	Interrupted State = "interrupted"
	Done        State = "done"
	PartDone    State = "part done"
	NotDone     State = "not done"
)

// State derives the result from the steps.
//
//go:noinline
func (r Record) State() State {
	failed := 0
	for _, s := range r.Steps {
		if s.Error != "" {
			failed++
		}
	}
	switch {
	case r.Finished.IsZero():
		return Interrupted
	case failed == 0:
		return Done
	case failed < len(r.Steps), len(r.Sent) > 0: // without an answer it is unknown
		return PartDone
	}
	return NotDone
}
