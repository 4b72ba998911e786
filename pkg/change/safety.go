package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// judge names what a plan may break. The notes say what about that could not be checked.
func (r *Run) judge(ctx context.Context, plan access.Plan, before access.Snapshot) (risks []access.Risk, notes []access.Note) {
	risks = r.Cluster.OtherAccount(before.Cluster)
	judged, notes, err := r.withAdministrators(ctx, plan, before)
	if err != nil {
		notes = append(notes, access.Notes(access.NoteNotChecked, "", fmt.Sprintf("not checked: whether another principal is cluster administrator (%v)", err))...)
	}
	for _, judged.Caller = range r.callers(ctx, plan, before) {
		for _, risk := range plan.Risks(judged) {
			if !slices.Contains(risks, risk) {
				risks = append(risks, risk)
			}
		}
	}
	if r.Risks != nil {
		risks = append(risks, r.Risks(before)...)
	}
	return risks, notes
}

// callers must not lose their own access by a change: who makes it and, where a flag takes another login for AWS, who the
// kubeconfig's login is.
func (r *Run) callers(ctx context.Context, plan access.Plan, before access.Snapshot) []access.Principal {
	all := []access.Principal{before.Caller}
	if !slices.ContainsFunc(plan.Changes, access.Change.Takes) {
		return all
	}
	for _, p := range r.Cluster.Logins(ctx) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// withAdministrators is the snapshot with what it takes to know who stays administrator, without those whose role or user is
// known to be gone: everybody's entry, where no entry that was read makes one. Others may be by RBAC, and who is by a mapping
// may have an entry that overrides it. Where that cannot be read, those who would stay do not count.
func (r *Run) withAdministrators(ctx context.Context, plan access.Plan, before access.Snapshot) (access.Snapshot, []access.Note, error) {
	if !plan.TakesAdministrator(before) {
		return before, nil, nil
	}
	judged, notes := r.living(ctx, plan, before)
	after := plan.Apply(judged)
	if slices.ContainsFunc(after.Administrators(), after.HasEntry) {
		return judged, notes, nil
	}
	all, notes, err := r.fresh(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Lives: access.RivalLives})
	if err != nil {
		before.Deleted = append(slices.Clone(before.Deleted), after.Administrators()...) // an entry may override their mappings
		return before, nil, err
	}
	if before.AWSAuth != nil && before.AWSAuth.Err != nil {
		all.AWSAuth = before.AWSAuth // a second read does not change that the plan was made without it
	}
	for _, u := range all.Unread {
		if _, changes := plan.Change(u.Principal); !changes {
			all.Deleted, err = append(slices.Clone(all.Deleted), u.Principal), u.Err // its entry may override an administrator's mapping
		}
	}
	judged, more := r.living(ctx, plan, all)
	if len(plan.Apply(judged).Administrators()) > 0 {
		err = nil
	}
	return judged, append(notes, more...), err
}

// living marks the administrators who would stay and whose role or user is known to be gone: nobody can use their access.
func (r *Run) living(ctx context.Context, plan access.Plan, before access.Snapshot) (access.Snapshot, []access.Note) {
	stay := plan.Apply(before).Administrators()
	ids, lives := r.look(ctx, before, stay)
	var doubtful []string
	for i, p := range stay {
		_, has := before.Entry(p)
		switch {
		case has && lives[i] == access.Gone, ids[i].Missing,
			p.Kind() == "user" && ids[i].Principal != "" && !strings.EqualFold(string(ids[i].Principal), string(p)): // a user's path counts (eks-access.md §6.2)
			before.Deleted = append(slices.Clone(before.Deleted), p)
		case has && lives[i] == access.Recreated:
			before.Dead = append(slices.Clone(before.Dead), p)
		case has && lives[i] == access.LifeUnknown, ids[i].Doubt != "":
			doubtful = append(doubtful, p.Short(plan.Cluster.Account()))
		}
	}
	if len(doubtful) > 0 && len(doubtful) == len(plan.Apply(before).Administrators()) {
		return before, access.Notes(access.NoteNotChecked, "", fmt.Sprintf("not checked: whether the remaining cluster administrators still exist in IAM: %s", strings.Join(doubtful, ", ")))
	}
	return before, nil
}

// look asks IAM about principals side by side: of an entry what became of its principal, else who is called so.
func (r *Run) look(ctx context.Context, s access.Snapshot, who []access.Principal) ([]access.Identity, []access.Life) {
	ids, lives := make([]access.Identity, len(who)), make([]access.Life, len(who))
	var g errgroup.Group
	g.SetLimit(16)
	for i, p := range who {
		g.Go(func() error {
			e, ok := s.Entry(p)
			if !ok {
				ids[i] = r.Cluster.LookUp(ctx, access.Normal(string(p)))
				return nil
			}
			life, _ := r.Cluster.Lives(ctx, []access.Entry{e}) // what IAM does not answer is an answer too
			lives[i] = life[0]
			return nil
		})
	}
	_ = g.Wait()
	return ids, lives
}

// EKS has no compare-and-swap, so two machines may change one cluster at the same time from the same reads. What follows
// looks again after writes that matter. It does not see a write that comes later than the last look.

var (
	errNobodyLeft  = errors.New("no cluster administrator would be left, another change removed the others at the same time; it was restored")
	errNotRestored = errors.New("no cluster administrator is left, another change removed the others at the same time, and it could not be restored")
)

// keeper is the cluster that keeps its last administrator: after a step that takes one away it looks who is left.
type keeper struct {
	access.Cluster
	r      *Run
	plan   access.Plan
	looks  chan struct{} // one look at a time
	unsure error         // why it is not known who is left
}

// keeping is the cluster with a keeper, where there is something to keep.
func (r *Run) keeping(plan access.Plan) *keeper {
	if slices.Contains(r.Accept, access.LastAdministrator) {
		plan = access.Plan{}
	}
	return &keeper{Cluster: r.Cluster, r: r, plan: plan, looks: make(chan struct{}, 1)}
}

// Do carries out a step, and gives back what it took where nobody is left. That is not for an interrupt to stop.
func (k *keeper) Do(ctx context.Context, step access.Step) error {
	err := k.Cluster.Do(ctx, step)
	if !access.MayBeDone(err) || !k.plan.MayTakeAdministrator(step) {
		return err
	}
	k.looks <- struct{}{}
	defer func() { <-k.looks }()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	left, unsure := k.left(ctx, step.Principal())
	if k.unsure = cmp.Or(unsure, k.unsure); left || unsure != nil {
		return err
	}
	if err := k.restore(ctx, step); err != nil {
		// not to be tried again, whatever the cause: what the step took is gone, and would pass for done
		return fmt.Errorf("%w: %s; run %s", errNotRestored, err.Error(),
			k.r.Command("grant", string(step.Principal()), "--policy", access.ClusterAdmin.Short(), "-A"))
	}
	return errNobodyLeft
}

// left reports whether the cluster has an administrator other than those in the plan. EKS may still show a deleted one: where it
// shows only one, it is read again a moment later. A read that fails is repeated: nobody may be left.
func (k *keeper) left(ctx context.Context, p access.Principal) (bool, error) {
	for n, again := 1, true; ; n++ {
		others, err := k.others(ctx, p)
		switch {
		case err != nil && (n == looks || errors.Is(err, access.ErrForbidden)):
			return false, err
		case err != nil:
			err = k.r.Pause(ctx, n)
		case len(others) != 1 || !again:
			return len(others) > 0, nil
		default:
			again, err = false, access.Pause(ctx, 2*k.r.LastLook)
		}
		if err != nil {
			return false, err
		}
	}
}

// others are the administrators that EKS shows besides those in the plan.
func (k *keeper) others(ctx context.Context, p access.Principal) ([]access.Principal, error) {
	now, err := k.Snapshot(ctx, k.r.want([]access.Principal{p}))
	if err != nil {
		return nil, err
	}
	for _, c := range k.plan.Changes { // the plan is judged as it was: who is gone by it was there
		if c.Before != nil {
			now = now.Put(*c.Before)
		}
	}
	now, _, err = k.r.withAdministrators(ctx, k.plan, now)
	return k.plan.Apply(now).Administrators(), err
}

// restore gives back what a step took, and waits until EKS surely shows that: for the record nothing was done, so the next
// change of this machine cannot know that it may be shown a state in between.
func (k *keeper) restore(ctx context.Context, step access.Step) error {
	const times = 6
	if w, ok := step.(access.WriteAWSAuth); ok {
		return k.restoreAWSAuth(ctx, w)
	}
	for _, s := range access.Restore(step) {
		for n := 1; ; n++ {
			err := k.Cluster.Do(ctx, s)
			if err == nil || errors.Is(err, access.ErrExists) {
				break
			}
			if n == times || errors.Is(err, access.ErrForbidden) || k.r.Pause(ctx, n) != nil {
				return err
			}
		}
	}
	for n := 1; n < looks && k.r.Pause(ctx, n) == nil; n++ {
	}
	return nil
}

// restoreAWSAuth writes what was before, unless somebody else has written since.
func (k *keeper) restoreAWSAuth(ctx context.Context, w access.WriteAWSAuth) error {
	s, err := k.Snapshot(ctx, access.Want{AWSAuth: true})
	if err != nil {
		return err
	}
	if s.AWSAuth.Err != nil || !s.AWSAuth.Same(w.After) {
		return cmp.Or(s.AWSAuth.Err, error(access.ErrChanged))
	}
	return k.Cluster.Do(ctx, access.WriteAWSAuth{Before: *s.AWSAuth, After: w.Before})
}

// lastLook reads again, a moment later, what steps have replaced, and reports what another machine has overwritten in the meantime.
// A state from before or between this machine's changes is what EKS may still show.
func (r *Run) lastLook(ctx context.Context, done []access.Step) (results []access.Result) {
	replaced := slices.DeleteFunc(slices.Clone(done), func(s access.Step) bool { return !replaces(s) })
	if len(replaced) == 0 || access.Pause(ctx, r.LastLook) != nil {
		return nil
	}
	var who []access.Principal
	for _, s := range replaced {
		who = append(who, s.Principal())
	}
	slices.Sort(who)
	now, err := r.Cluster.Snapshot(ctx, access.Want{Principals: slices.Compact(who)})
	if err != nil {
		return nil // that the writes were done is known
	}
	recent := journal.RecentChanges(r.records(), now.Cluster.ARN, r.record.ID, r.Now())
	for _, s := range replaced {
		p, part := s.Principal(), access.PartOf(s)
		var is map[access.Part]string
		e, exists := now.Entry(p)
		if exists {
			is = access.PartsOf(&e)
		} else if slices.ContainsFunc(now.Unread, func(u access.Unread) bool { return u.Principal == p }) {
			continue
		}
		known := func(part access.Part) bool {
			return recent.Knows(p, part, is[part]) || slices.ContainsFunc(r.plans, func(plan access.Plan) bool {
				ch, ok := plan.Change(p)
				return ok && (access.PartsOf(ch.Before)[part] == is[part] || access.PartsOf(ch.After)[part] == is[part])
			})
		}
		switch {
		case !exists && !known(access.PartEntry):
			results = append(results, access.Result{Step: s, Err: fmt.Errorf("%w: another change deleted it", access.ErrChanged)})
		case exists && !known(part) && !access.Kept(s, e):
			results = append(results, access.Result{Step: s, Err: fmt.Errorf("%w: another change overwrote this, now it is: %s", access.ErrChanged, cmp.Or(is[part], "none"))})
		}
	}
	return results
}

// replaces reports whether a step sets what somebody else may set at the same time: not on the plan's own new entry.
func replaces(s access.Step) bool {
	switch s := s.(type) {
	case access.UpdateEntry, access.Disassociate:
		return true
	case access.Associate:
		return !s.New
	}
	return false
}
