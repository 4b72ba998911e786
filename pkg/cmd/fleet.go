package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/fleet"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// members are the selected clusters.
func (env *Env) members(f *fleetFlags) ([]fleet.Member, error) {
	if err := env.only(false); err != nil {
		return nil, err
	}
	targets, others, err := env.flags.Contexts()
	if err != nil {
		return nil, err
	}
	chosen, err := fleet.Choose(targets, others, f.contexts)
	if err != nil {
		return nil, err
	}
	if n := chosen.Others; n > 0 {
		env.warn("%s skipped: not of an EKS cluster", access.Count(n, "context was", "contexts were"))
	}
	if len(chosen.Members) == 0 {
		return nil, errors.New("no context of an EKS cluster is selected")
	}
	return chosen.Members, nil
}

// part is what a command has and says about one of several clusters.
type part struct {
	fleet.Member
	env   *Env
	sheet *printer.Sheet
	begun time.Time // the same for all: of one window, CloudTrail is read once
	err   error

	mu       sync.Mutex
	warnings []string
	lines    []string
	errs     []error
}

func (p *part) warn(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.warnings = append(p.warnings, text)
}

func (p *part) tell(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errs = append(p.errs, err)
}

// said reports whether there is any answer.
func (p *part) said() bool { return !p.sheet.Empty() || len(p.lines) > 0 }

// Write keeps what else is said.
func (p *part) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if line := strings.TrimSpace(string(text)); line != "" {
		p.lines = append(p.lines, line)
	}
	return len(text), nil
}

// parts are the selected clusters, each with what a command may touch.
func (env *Env) parts(ctx context.Context, f *fleetFlags) (all []*part, err error) {
	logins := cluster.NewLogins()
	if f.inAWS() {
		if err := env.only(f.every || len(f.contexts) > 0); err != nil {
			return nil, err
		}
		if len(f.accounts) > 0 && f.orgRole == "" {
			return nil, errors.New("--accounts requires --org-role")
		}
		all, err = env.find(ctx, f, logins)
	} else {
		var members []fleet.Member
		members, err = env.members(f)
		all = env.partsOf(members, logins)
	}
	if err == nil && f.fits != nil {
		err = f.fits(all)
	}
	return all, err
}

// only refuses flags that select one cluster, and with contexts those of contexts.
func (env *Env) only(contexts bool) error {
	for _, name := range []string{"context", "cluster", "user", "eks-cluster", "region"} {
		if env.persist.Changed(name) {
			return fmt.Errorf("--%s selects one cluster, and cannot be used together with the flags that select several", name)
		}
	}
	if contexts {
		return errors.New("clusters are selected by contexts, or by --regions, --profiles and --org-role, not by both")
	}
	return nil
}

// asOf is now; for several clusters, when the command began.
func (env *Env) asOf() time.Time {
	if env.part != nil {
		return env.part.begun
	}
	return env.Now()
}

func (env *Env) partsOf(members []fleet.Member, logins *cluster.Logins) []*part {
	all, begun := make([]*part, len(members)), env.Now()
	for i, m := range members {
		words := append(env.typedFlags("kubeconfig", "as", "as-group", "request-timeout", "require-match", "no-native-token", "profile", "role-arn"), m.Flags...)
		all[i] = env.partOf(m, env.with(words), logins)
		all[i].begun = begun
		if m.Target.Context == "" {
			all[i].env.fixed = &members[i].Target
		}
	}
	return all
}

// partOf is one of the clusters, with its own flags.
func (env *Env) partOf(m fleet.Member, own *Env, logins *cluster.Logins) *part {
	p := &part{Member: m, env: own, sheet: &printer.Sheet{Context: m.Name, Flags: m.Flags}, begun: env.Now()}
	own.IO.In, own.IO.Out, own.IO.ErrOut, own.part, own.logins = env.IO.In, p.sheet, p, p, logins
	own.Patience, own.typed = env.Patience, env.typed
	return p
}

// each works on all clusters at the same time.
func each(ctx context.Context, all []*part, patience time.Duration, do func(context.Context, *Env) error) {
	unsearched := make([]error, len(all))
	for i, p := range all {
		unsearched[i] = p.err
	}
	errs := fleet.Each(ctx, len(all), patience, func(ctx context.Context, i int, heard func()) error {
		p := all[i]
		if unsearched[i] != nil {
			return unsearched[i]
		}
		p.env.hears = func(s access.Snapshot) {
			heard()
			if s.Cluster.ARN != "" {
				p.sheet.About(s.Cluster)
			}
		}
		err := do(ctx, p.env)
		p.env.failures()
		return err
	})
	for i, err := range errs {
		all[i].err = err
	}
}

// over runs a command for the one cluster of the context, or for each of several at the same time, and prints what came.
func (env *Env) over(ctx context.Context, f *fleetFlags, format printer.Format, entries bool, do func(context.Context, *Env) error) error {
	if !f.several() {
		return do(ctx, env)
	}
	all, err := env.parts(ctx, f)
	if err != nil {
		return err
	}
	each(ctx, all, f.patience, do)
	interrupted := ctx.Err()
	if interrupted != nil && !slices.ContainsFunc(all, func(p *part) bool { return !fleet.Left(p.err) && p.said() }) {
		return interrupted
	}
	sheets, unread, failed := env.outcome(all)
	if failed == nil && format.People() && !slices.ContainsFunc(all, (*part).said) {
		env.say(env.IO.ErrOut, fmt.Sprintf("Nothing found in %s.\n", access.Count(len(sheets), "cluster", "clusters")))
	}
	return cmp.Or(format.Join(env.IO.Out, sheets, unread, entries), interrupted, failed)
}

// completeContexts offers the contexts of EKS clusters.
func (env *Env) completeContexts(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	targets, _, _ := env.flags.Contexts() // none where the kubeconfig cannot be read
	var names []cobra.Completion
	for _, t := range targets {
		names = append(names, t.Short)
	}
	return matching(names, typed), cobra.ShellCompDirectiveNoFileComp
}

// completeFleet completes the flags that select several clusters.
func (env *Env) completeFleet(flag string) (cobra.CompletionFunc, bool) {
	switch flag {
	case "contexts", "from", "to":
		return env.completeContexts, true
	case "profiles":
		return completeProfiles, true
	case "regions":
		return cobra.FixedCompletions([]cobra.Completion{"all"}, cobra.ShellCompDirectiveNoFileComp), true
	}
	return nil, false
}
