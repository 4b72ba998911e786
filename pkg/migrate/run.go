package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// RBAC creates and deletes bindings.
type RBAC interface {
	// Bind creates the bindings that are not there yet and returns those.
	Bind(context.Context, []access.Binding) ([]access.Binding, error)
	// Unbind deletes bindings. Each error is that of the binding in its place.
	Unbind(context.Context, []access.Binding) []error
}

// Run is a migration on its way.
type Run struct {
	Facts  Facts
	Plan   Plan
	Engine *change.Engine
	RBAC   RBAC
	// Carry shows a change, asks where it has to and carries it out. It reports whether something of it could not be done.
	Carry     func(context.Context, change.Request) (partial bool, err error)
	Timeout   time.Duration // how long to wait for EKS to show what was done
	Remove    bool          // mappings that are not needed any more are removed
	ApplyRBAC bool          // bindings for new names are created

	Choices  Choices
	Answered bool // some of the choices were made on the terminal

	Notes   []access.Note // what came up in a stage
	Proofs  []Proof
	Partial bool // something could not be done

	verified []access.Principal
}

// Stage is one part of a migration. Each leaves a cluster in which a second run completes the rest.
type Stage func(context.Context) error

// Stages are the parts of a migration, in their order.
func (r *Run) Stages() []Stage {
	return []Stage{
		r.create, // the mode that reads entries, the backup, RBAC for new names, the entries
		r.verify, // each principal has what its mapping gave
		r.remove, // mappings that nobody needs any more
		r.Tidy,   // what an interrupted migration of an earlier version left
	}
}

func (r *Run) create(ctx context.Context) error {
	request, ok := r.Request()
	if !ok {
		return nil
	}
	return r.carry(ctx, request)
}

// Request is the change of the mode and the entries; false where no entry is created.
func (r *Run) Request() (change.Request, bool) {
	who := slices.Concat(r.Plan.Principals(), r.Plan.Orphans)
	if len(who) == 0 {
		return change.Request{}, false
	}
	if r.Facts.Cluster.Mode == access.ModeConfigMap {
		who = append([]access.Principal{access.Itself}, who...)
	}
	return change.Request{
		Kind: journal.Migrate, Who: who, Asks: true, Ready: r.ready,
		Accept: []access.RiskName{access.OverrideMapping}, // each difference is in the report
		Edit: func(p access.Principal) access.Edit {
			if p != access.Itself {
				return r.Plan.Create(p)
			}
			return func(s access.Snapshot) (access.Snapshot, error) {
				if s.Cluster.Mode.ReadsEntries() { // another change was faster
					return s, nil
				}
				return edit.SetMode(access.ModeBoth)(s)
			}
		},
	}, true
}

//go:noinline
func (r *Run) carry(ctx context.Context, request change.Request) error {
	partial, err := r.Carry(ctx, request)
	r.Partial = r.Partial || partial
	return err
}

// ready is what must be there before the first entry: the backup, and the bindings for new names.
func (r *Run) ready(ctx context.Context) ([]access.Note, error) {
	s, err := r.Engine.Cluster.Snapshot(ctx, access.Want{All: true, AWSAuth: true})
	if err == nil {
		err = s.AWSAuth.Err
	}
	if err != nil {
		return nil, err
	}
	dir, err := r.Engine.Dir()
	if err != nil {
		return nil, err
	}
	file, err := journal.Backup(dir, s, r.Engine.Now())
	if err != nil {
		return nil, err
	}
	notes := access.Notes(access.NoteDone, "", "backup of aws-auth and all entries: "+file)
	if !r.ApplyRBAC || len(r.Plan.Follow) == 0 {
		return notes, nil
	}
	made, err := r.RBAC.Bind(ctx, r.Plan.Follow)
	for _, b := range made {
		notes = append(notes, access.Notes(access.NoteDone, b.Name, b.String()+" created")...)
	}
	return notes, err
}

// verify reads every migrated principal back, and waits for what EKS does not show yet.
func (r *Run) verify(ctx context.Context) error {
	who := r.Plan.Principals()
	if len(who) == 0 {
		return nil
	}
	waiting, stop := context.WithTimeout(ctx, r.Timeout)
	defer stop()
	for n := 1; ; n++ {
		s, err := r.Engine.Cluster.Snapshot(ctx, access.Want{Principals: who, RBAC: true})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		denied := slices.ContainsFunc(s.Unread, func(u access.Unread) bool { return errors.Is(u.Err, access.ErrForbidden) })
		r.Proofs = r.Plan.Prove(s, s.RBAC.Bindings)
		r.verified = slices.DeleteFunc(slices.Clone(who), func(p access.Principal) bool {
			return slices.ContainsFunc(r.Proofs, func(q Proof) bool { return q.Principal == p && !q.Holds })
		})
		if r.Partial || denied || len(r.verified) == len(who) || r.Engine.Pause(waiting, n) != nil { // no waiting changes what is denied
			if denied {
				r.Notes = append(r.Notes, s.Failures()...)
			}
			break
		}
	}
	r.Partial = r.Partial || len(r.verified) < len(who)
	return nil
}

// remove removes the mappings that are not needed any more from aws-auth.
func (r *Run) remove(ctx context.Context) error {
	if !r.Remove {
		return nil
	}
	verified := func(p access.Principal) bool { return slices.Contains(r.verified, p) }
	if err := r.removeMappings(ctx, r.Plan.Removable(verified)); err != nil {
		return err
	}
	// That nobody can use the mappings of deleted principals is what IAM says.
	return r.removeMappings(ctx, r.Plan.Dead(), access.LeaveMappings, access.RemoveNodes)
}

func (r *Run) removeMappings(ctx context.Context, gone []access.Mapping, accept ...access.RiskName) error {
	if len(gone) == 0 {
		return nil
	}
	return r.carry(ctx, change.Request{
		Kind: journal.Migrate, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true, Asks: true, Accept: accept,
		Edit: func(access.Principal) access.Edit {
			return awsauth.RemoveMappings(func([]access.Mapping) []access.Mapping { return gone })
		},
	})
}

// Tidy deletes the RBAC bindings that an interrupted migration of an earlier version left, unless an entry is in a group
// that they are for.
func (r *Run) Tidy(ctx context.Context) error {
	now, notes, err := r.Engine.Fresh(ctx, change.Request{Who: []access.Principal{access.Itself}, Mappings: true})
	r.Notes = append(r.Notes, notes...)
	if err != nil {
		return err
	}
	if now.RBAC.Err != nil {
		r.note(access.NoteNotChecked, "not checked: RBAC bindings of an interrupted migration (%v); their names begin with %s", now.RBAC.Err, access.HelpPrefix)
		return nil
	}
	left := Leftover(now.RBAC.Bindings)
	var used []string
	for _, e := range now.Entries {
		if Marked(e) {
			used = append(used, "accessentry/"+e.Principal.Short(now.Cluster.Account()))
		}
	}
	for _, u := range now.Unread { // it may be in one
		used = append(used, "accessentry/"+u.Principal.Short(now.Cluster.Account()))
	}
	switch {
	case len(left) == 0:
		return nil
	case len(used) > 0:
		r.note(access.NoteMigration, "the temporary RBAC bindings of an interrupted migration stay, since their groups are in use: %s", strings.Join(used, ", "))
		return nil
	}
	for i, err := range r.RBAC.Unbind(ctx, left) {
		if err != nil {
			r.Partial = true
			r.Notes = append(r.Notes, access.Failure(left[i].Name, fmt.Errorf("%s was not deleted: %w\n  to delete it: %s", left[i], err, r.deletes(left[i]))))
			continue
		}
		r.note(access.NoteDone, "%s deleted", left[i])
	}
	return nil
}

// deletes is the command that deletes a binding of this cluster.
func (r *Run) deletes(b access.Binding) string {
	words := []string{"delete", strings.ToLower(b.Kind()), b.Name}
	if b.Namespace != "" {
		words = append(words, "--namespace", b.Namespace)
	}
	return r.Facts.Program.Kubernetes(words...)
}

func (r *Run) note(kind access.NoteKind, format string, args ...any) {
	r.Notes = append(r.Notes, access.Notes(kind, "", fmt.Sprintf(format, args...))...)
}

// Remaining is how many mappings remain active in aws-auth.
//
//go:noinline
func (r *Run) Remaining() (n int) {
	for _, m := range r.Plan.Mappings {
		removed := m.Removable && r.Remove
		if m.Outcome == Stays && !removed || m.Outcome != Nothing && m.Kind == access.MappedAccount && !removed {
			n++
		}
	}
	return n
}
