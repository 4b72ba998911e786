package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// judge names what a plan may break. The notes say what about that could not be checked.
func (r *Run) judge(ctx context.Context, plan access.Plan, before access.Snapshot) (risks []access.Risk, notes []access.Note) {
	risks = r.Cluster.OtherAccount(before.Cluster)
	judged, notes := r.withAdministrators(ctx, plan, before)
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
// may have an entry that overrides it.
func (r *Run) withAdministrators(ctx context.Context, plan access.Plan, before access.Snapshot) (access.Snapshot, []access.Note) {
	if !plan.TakesAdministrator(before) {
		return before, nil
	}
	judged, notes := r.living(ctx, plan, before)
	after := plan.Apply(judged)
	if slices.ContainsFunc(after.Administrators(), after.HasEntry) {
		return judged, notes
	}
	all, err := r.Cluster.Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Lives: access.RivalLives})
	if err != nil {
		before.Deleted = append(slices.Clone(before.Deleted), after.Administrators()...) // an entry may override their mappings
		return before, nil
	}
	return r.living(ctx, plan, all)
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
