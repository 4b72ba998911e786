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
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// errNothing says that a command has nothing to do in one of several clusters.
var errNothing = errors.New("nothing to do")

// planned is a change of one of several clusters.
type planned struct {
	*part
	v view
	p change.Proposal
}

// changeAll plans in every cluster, shows the plans together, asks once, and carries them out side by side. A cluster that fails does
// not stop the others; a risk that was not accepted stops all.
func (env *Env) changeAll(ctx context.Context, f *changeFlags, all []*part, ask asking) error {
	if f.planOut != "" {
		return errors.New("--plan-out is for one cluster: each has a plan of its own")
	}
	env.changing = env.changing || f.dryRun != "client"
	batch := "all-" + env.Now().UTC().Format("20060102T150405.000")
	plans := planAll(ctx, f, all, batch, ask)
	defer func() {
		for _, p := range plans {
			p.v.run.Release()
			env.sent.Store(env.sent.Load() || p.v.run.Begun())
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.dryRun == "client" {
		for _, p := range plans {
			p.err = cmp.Or(p.v.show(p.p, p.refused() == nil), p.refused())
		}
		sheets, _, failed := env.outcome(all)
		return cmp.Or(f.output.Join(env.IO.Out, sheets, nil, true), failed)
	}
	_, _, failed := env.outcome(all)
	for _, p := range all { // that was said
		p.warnings, p.lines, p.errs = nil, nil, nil
	}
	asked, err := env.agreeAll(ctx, plans)
	if err != nil {
		return err
	}
	together := make([]*part, len(plans))
	var running sync.WaitGroup
	for i, p := range plans {
		together[i] = p.part
		running.Go(func() { p.err = p.carryOut(ctx, asked) })
	}
	running.Wait()
	sheets, _, undone := env.outcome(together)
	for _, p := range plans {
		if p.v.run.Begun() && p.v.run.Undoes == "" {
			env.undoable, env.program.Flags = []string{batch}, append(env.program.Flags, "--contexts", p.Name)
		}
	}
	return cmp.Or(f.output.Join(env.IO.Out, sheets, nil, true), failed, undone)
}

// planAll plans in every cluster. What fails is the error of its part.
func planAll(ctx context.Context, f *changeFlags, all []*part, batch string, ask asking) []*planned {
	plans := make([]*planned, len(all))
	var mu sync.Mutex // a cluster that was left behind may still answer
	each(ctx, all, clusterPatience, func(ctx context.Context, own *Env) error {
		c, request, err := ask(ctx, own)
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return err
		}
		here := *f
		here.risks = f.risksIn(own.part)
		request.Batch = batch
		run, err := own.engine(c).Start(ctx, here.request(own, request))
		if err != nil {
			return err
		}
		p, err := run.Propose(ctx)
		own.notes(p.Notes)
		if err = cmp.Or(err, ctx.Err()); err != nil {
			run.Release()
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		plans[slices.Index(all, own.part)] = &planned{own.part, view{env: own, f: f, run: run}, p}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	return slices.DeleteFunc(slices.Clone(plans), func(p *planned) bool { return p == nil || p.err != nil })
}

// risksIn are the accepted risks of one of several clusters: CLUSTER:NAME.
func (f *changeFlags) risksIn(p *part) (names []string) {
	for _, risk := range f.risks {
		at := strings.LastIndexByte(risk, ':')
		if at > 0 && (risk[:at] == p.Name || risk[:at] == p.Target.Context) {
			names = append(names, risk[at+1:])
		}
	}
	return names
}

// refused is a change.Refusal that says for which cluster a risk has to be accepted.
func (p *planned) refused() error {
	err := p.p.Refused(p.v.run.Accept)
	var r change.Refusal
	if errors.As(err, &r) {
		r.In = p.Name + ":"
		return r
	}
	return err
}

// agreeAll shows all plans and asks for the risks of each, and then once for all. asked says that time has gone by.
func (env *Env) agreeAll(ctx context.Context, plans []*planned) (asked bool, err error) {
	var refused together
	changes := false
	for _, p := range plans {
		changes = changes || !p.p.Plan.Empty()
		if err := p.refused(); err != nil {
			refused.add(err.Error(), p.part, err)
		}
	}
	yes := len(plans) > 0 && plans[0].v.f.yes
	if !changes || yes && refused == nil {
		return false, nil
	}
	for _, p := range plans {
		if !p.p.Plan.Empty() {
			env.say(env.IO.ErrOut, "== "+printer.Clean(p.Name)+"\n")
			view{env: env}.plan(env.IO.ErrOut, p.p)
		}
	}
	if refused != nil && (yes || !env.asksRisks()) {
		refused.print(env)
		return false, fmt.Errorf("%w%w", errFailed, access.ErrRefused)
	}
	for _, p := range plans {
		p.v.run.Release()
	}
	for _, p := range plans {
		if err := p.refused(); err != nil {
			env.say(env.IO.ErrOut, "In "+printer.Clean(p.Name)+":\n")
			names, err := env.askRisks(ctx, err, p.p.Plan.Cluster.Name)
			if err != nil {
				return false, err
			}
			p.v.run.Accept = append(p.v.run.Accept, names...)
		}
	}
	return true, view{env: env, run: &change.Run{}}.confirm(ctx)
}

// carryOut carries out one of the plans. Where somebody was asked, the cluster may have changed meanwhile: then nothing is sent.
func (p *planned) carryOut(ctx context.Context, asked bool) (err error) {
	if asked && !p.p.Plan.Empty() {
		now, same, err := p.v.run.Again(ctx, p.p)
		if err == nil && !same {
			err = fmt.Errorf("%w in the meantime; nothing was sent", access.ErrChanged)
		}
		if err = cmp.Or(err, now.Refused(p.v.run.Accept)); err != nil {
			return err
		}
		p.p = now
	}
	err = p.v.carryOut(ctx, p.p)
	p.env.failures()
	return err
}
