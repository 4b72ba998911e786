package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/fleet"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// searched is one login in one region, and the clusters that it has there.
type searched struct {
	kubeconfig.Target
	names []string
	err   error
}

// find finds clusters in AWS, by regions, profiles and accounts. What could not be searched is a part with an error.
func (env *Env) find(ctx context.Context, f *fleetFlags, logins *cluster.Logins) ([]*part, error) {
	at, failed, err := env.searchers(ctx, f, logins)
	if err != nil {
		return nil, err
	}
	regions := slices.Clone(f.regions)
	if slices.Contains(regions, "all") {
		if len(at) == 0 {
			return failed, nil
		}
		if regions, err = logins.Regions(ctx, env.searching(at[0])); err != nil {
			return nil, fmt.Errorf("which regions are enabled: %w", err)
		}
	}
	var all []*searched
	for _, t := range at {
		for _, region := range regions {
			here := t
			here.Region = region
			all = append(all, &searched{Target: here})
		}
		if len(regions) == 0 {
			all = append(all, &searched{Target: t})
		}
	}
	var running sync.WaitGroup
	for _, s := range all {
		running.Go(func() {
			ctx, stop := context.WithTimeout(ctx, f.patience)
			defer stop()
			s.names, s.err = logins.Clusters(ctx, env.searching(s.Target))
			if s.err != nil && ctx.Err() != nil {
				s.err = fleet.ErrSilent
			}
		})
	}
	running.Wait()
	found, off := membersOf(all)
	places := map[string]bool{} // several logins may search the same
	for _, s := range all {
		places[s.Account+" "+s.Region] = true
	}
	env.say(env.IO.ErrOut, fmt.Sprintf("%s searched%s.\n", access.Count(len(places), "region was", "regions of accounts were"), off))
	return append(env.partsOf(found, logins), append(failed, unsearched(env, all)...)...), nil
}

// searching is what a login needs to be asked.
func (env *Env) searching(t kubeconfig.Target) cluster.Settings { return env.settings(t) }

// membersOf are the clusters that were found, each once, with names that tell them apart.
func membersOf(all []*searched) (members []fleet.Member, off string) {
	count := map[string]int{}
	disabled := map[string]bool{}
	for _, s := range all {
		if errors.Is(s.err, login.ErrInvalid) {
			disabled[s.Region] = true
		}
		for _, name := range s.names {
			t := s.Target
			t.Name, t.From = name, map[string]string{"name": kubeconfig.FromFlag, "region": kubeconfig.FromFlag}
			if slices.ContainsFunc(members, func(m fleet.Member) bool { return fleet.Same(m.Target, t) }) {
				continue
			}
			flags := []string{"--eks-cluster", name, "--region", t.Region}
			if t.Profile != "" {
				flags = append(flags, "--profile", t.Profile)
			}
			if t.RoleARN != "" {
				flags = append(flags, "--role-arn", t.RoleARN)
			}
			members = append(members, fleet.Member{Flags: flags, Target: t})
			count[name]++
			count[name+"."+t.Region]++
		}
	}
	for i := range members {
		m := &members[i]
		m.Name = m.Target.Name
		for _, more := range []string{m.Target.Region, m.Target.Account} {
			if count[m.Name] > 1 {
				m.Name += "." + more
			}
		}
	}
	if len(disabled) > 0 {
		off = "; " + access.Count(len(disabled), "is not enabled", "are not enabled")
	}
	return members, off
}

// unsearched are the regions that could not be searched.
func unsearched(env *Env, all []*searched) (failed []*part) {
	works := map[string]bool{} // a login that works somewhere is valid: a region that does not know it is not enabled
	for _, s := range all {
		works[s.Account] = works[s.Account] || s.err == nil
	}
	for _, s := range all {
		if s.err == nil || errors.Is(s.err, login.ErrInvalid) && works[s.Account] {
			continue
		}
		failed = append(failed, env.lost(s.Region+" of account "+cmp.Or(s.Account, "unknown"), s.Target, s.err))
	}
	return failed
}

// lost is a part that could not be searched.
func (env *Env) lost(name string, t kubeconfig.Target, err error) *part {
	return &part{Member: fleet.Member{Name: name, Target: t}, env: env, sheet: &printer.Sheet{Context: name}, err: err}
}

// searchers are the logins to search with: of the profiles, or of the accounts of the organization, or that of the AWS settings.
func (env *Env) searchers(ctx context.Context, f *fleetFlags, logins *cluster.Logins) (all []kubeconfig.Target, failed []*part, err error) {
	base := kubeconfig.Target{Profile: env.override.profile, RoleARN: env.override.role.value, From: map[string]string{}}
	candidates := []kubeconfig.Target{base}
	if len(f.profiles) > 0 {
		candidates = nil
		for _, name := range (login.Settings{}).ProfileNames() {
			if picked(f.profiles, name) {
				candidates = append(candidates, kubeconfig.Target{Profile: name, From: map[string]string{}})
			}
		}
		first := func(t kubeconfig.Target) int { // a cluster is read with the login that was named first
			return slices.IndexFunc(f.profiles, func(p string) bool { return fleet.Matches(p, t.Profile) })
		}
		slices.SortStableFunc(candidates, func(a, b kubeconfig.Target) int { return first(a) - first(b) })
		if len(candidates) == 0 {
			return nil, nil, fmt.Errorf("no profile matches %s", strings.Join(f.profiles, ", "))
		}
	}
	if f.orgRole != "" {
		if candidates, err = env.roles(ctx, f, logins, candidates[0]); err != nil {
			return nil, nil, err
		}
	}
	errs := make([]error, len(candidates))
	var running sync.WaitGroup
	for i := range candidates {
		t := &candidates[i]
		running.Go(func() {
			ctx, stop := context.WithTimeout(ctx, f.patience)
			defer stop()
			me, region, err := logins.Caller(ctx, env.searching(*t))
			errs[i] = err
			t.Account, t.Region, t.Partition = cmp.Or(me.Account(), t.Account), cmp.Or(t.Region, region), me.Partition()
		})
	}
	running.Wait()
	for i, t := range candidates {
		if errs[i] != nil {
			failed = append(failed, env.lost(cmp.Or(t.Account, t.Profile, "this login"), t, errs[i]))
			continue
		}
		all = append(all, t)
	}
	return all, failed, nil
}

// sessionOf is a session's name that says whose it is, as STS allows it.
func sessionOf(who access.Principal) string {
	name := "kubectl-access-" + who.Name()
	return name[:min(len(name), 64)]
}

// picked reports whether patterns select a name.
func picked(patterns []string, name string) bool {
	in := false
	for _, p := range patterns {
		if rest, out := strings.CutPrefix(p, "!"); out && fleet.Matches(rest, name) {
			return false
		} else if !out && fleet.Matches(p, name) {
			in = true
		}
	}
	return in
}

// roles are the logins of the accounts of the organization: a role in each but the caller's own.
func (env *Env) roles(ctx context.Context, f *fleetFlags, logins *cluster.Logins, base kubeconfig.Target) (all []kubeconfig.Target, err error) {
	me, region, err := logins.Caller(ctx, env.searching(base))
	if err != nil {
		return nil, err
	}
	accounts := f.accounts
	if len(accounts) == 0 {
		if accounts, err = logins.Accounts(ctx, env.searching(base)); errors.Is(err, access.ErrForbidden) {
			return nil, fmt.Errorf("only the management account and delegated ones may list the accounts of an organization; name them with --accounts: %w", err)
		}
		if err != nil {
			return nil, fmt.Errorf("list the accounts of the organization; or name them with --accounts: %w", err)
		}
	}
	for _, id := range accounts {
		t := base
		t.Account, t.Region, t.From = id, region, map[string]string{}
		if id != me.Account() {
			t.RoleARN = "arn:" + me.Partition() + ":iam::" + id + ":role/" + f.orgRole
			t.Exec.SessionName = sessionOf(me) // CloudTrail shows it
		}
		all = append(all, t)
	}
	return all, nil
}
