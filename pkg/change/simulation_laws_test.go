package change

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// since reports whether others have written about somebody since the request began, or another machine so shortly before that
// no read needs to show it.
func (p *program) since(who ...access.Principal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.writes, func(o written) bool {
		known := p.began
		if o.by.machine != p.machine {
			known = known.Add(-2 * p.account.Lag) // once for its write, and once for one of this machine on top of that
		}
		return o.by != p && !o.at.Before(known) && (o.step.Principal() == access.Itself || slices.Contains(who, o.step.Principal()))
	})
}

// said holds that what a result says is so.
func (p *program) said(r access.Result) {
	who := r.Step.Principal()
	p.tell("%s: %s %s: %v %v", p.Name, who, r.Step, r.Err, r.InPlace)
	switch {
	case r.Err == nil && !isSo(r.Step, p.account.Truth()) && !p.since(who) && (!p.unsure[who] || !p.wasSo(r.Step)):
		p.broke("%s: said that %s was %s, and it is not so", p.Name, who, r.Step)
	case errors.Is(r.Err, access.ErrChanged) && !access.MayBeDone(r.Err) && !p.since(who) && len(p.account.Lately(2*p.account.Lag)) == 0:
		p.broke("%s: said of %s (%s) that somebody had changed it, and nobody had: %v", p.Name, who, r.Step, r.Err)
	case errors.Is(r.Err, access.ErrChanged):
		p.mu.Lock()
		p.told++
		p.mu.Unlock()
	case r.Err != nil && !access.MayBeDone(r.Err) && !errors.Is(r.Err, errNobodyLeft) && !errors.Is(r.Err, errNotRestored) && p.sent(r.Step) && !p.since(who):
		p.broke("%s: said that %s of %s was not done, and did it: %v", p.Name, r.Step, who, r.Err)
	}
}

// wasSo reports whether a step's end was so a while ago: after a lost answer nobody can tell that from what it does.
func (p *program) wasSo(step access.Step) bool {
	return slices.ContainsFunc(p.account.Lately(2*p.account.Lag+time.Second), func(s access.Snapshot) bool { return isSo(step, s) })
}

func (p *program) sent(step access.Step) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.writes[p.start:], func(o written) bool {
		return o.by == p && o.step.Principal() == step.Principal() && o.step.String() == step.String()
	})
}

// isSo reports whether a step's end is reached.
func isSo(step access.Step, s access.Snapshot) bool {
	e, exists := s.Entry(step.Principal())
	parts := access.PartsOf(nil)
	if exists {
		parts = access.PartsOf(&e)
	}
	part := parts[access.PartOf(step)]
	switch step := step.(type) {
	case access.SetMode:
		return s.Cluster.Mode == step.To || step.To == access.ModeBoth && s.Cluster.Mode == access.ModeAPI
	case access.WriteAWSAuth:
		return s.AWSAuth.Same(step.After)
	case access.CreateEntry:
		return exists && e.Kind == step.Entry.Kind
	case access.DeleteEntry:
		return !exists
	case access.Associate:
		return part == step.Grant.String()
	case access.Disassociate:
		return part == ""
	case access.UpdateEntry:
		return part == access.PartsOf(&step.After)[access.PartIdentity]
	}
	return true
}

// finished holds that a program that ends well leaves nothing to do, and an administrator.
func (p *program) finished(shown Proposal, err error) {
	truth := p.account.Truth()
	if err == nil {
		plan, _, wrong := p.run.plan(truth, shown.Who)
		if (wrong != nil || !plan.Empty()) && !p.since(shown.Who...) {
			p.broke("%s: said that all was done, and this is left to do: %v %v", p.Name, plan.Steps(), wrong)
		}
	}
	for _, who := range shown.Who {
		p.mu.Lock()
		o, any := p.owed[who]
		p.mu.Unlock()
		e, _ := truth.Entry(who)
		for _, g := range o.entry.Grants {
			if _, has := e.Grant(g.Policy); any && o.command == p.asked() && err == nil && !has && !p.since(who) {
				p.broke("%s: said that all was done, and %s does not have %s, for which its entry was made", p.Name, who, g)
			}
		}
	}
	if !p.administered() && p.kept && !p.since(everybody...) {
		p.broke("%s: ends with %v, and nobody administers the cluster", p.Name, err)
	}
}

// wroteNothing holds that what was refused was not begun.
func (p *program) wroteNothing(err error) {
	p.mu.Lock()
	mine := slices.ContainsFunc(p.writes[p.start:], func(o written) bool { return o.by == p })
	p.mu.Unlock()
	if mine {
		p.broke("%s: refused, and wrote something: %v", p.Name, err)
	}
}

// converge holds that without trouble each command comes to its end, and has nothing to do the second time.
func (w *world) converge(ctx context.Context) {
	for _, p := range w.people {
		for _, c := range p.commands {
			if c.once {
				continue
			}
			p.pause(3 * time.Minute)
			time.Sleep(3 * w.account.Lag) // what EKS does not show yet is trouble too
			if code := p.does(ctx, c); code == failed {
				w.broke("%s: %s ends with %d without any trouble", p.name, c.name, code)
			}
			if before := w.count(); w.r.IntN(4) == 0 {
				if p.does(ctx, c); w.count() != before {
					w.broke("%s: %s has something to do the second time", p.name, c.name)
				}
			}
		}
	}
	if !w.administered() {
		w.broke("at last nobody administers the cluster")
	}
}

// undoAll holds that undoing everything, the last first, brings back what was.
func (w *world) undoAll(ctx context.Context) {
	p := w.people[0]
	for more := true; more && w.broken == ""; p.pause(3 * time.Minute) {
		p.does(ctx, command{name: "undo", accept: accepted, do: func(ctx context.Context, prog *program) (code int) {
			code, more = prog.undoLast(ctx)
			var refusal Refusal
			switch {
			case errors.As(prog.ended, &refusal) && slices.ContainsFunc(refusal.Risks, func(r access.Risk) bool { return r.Name == access.LastAdministrator }):
				more = false
				w.tangled.Store(true) // what a kill left between an entry and its policy was completed by another change
			case code != done:
				w.broke("%s: undo ends with %d", prog.Name, code)
			}
			return code
		}})
	}
	if w.tangled.Load() {
		return
	}
	truth := w.account.Truth()
	truth.Cluster.Mode = w.initial.Cluster.Mode
	for _, s := range access.Diff(truth, w.initial).Steps() {
		w.broke("all is undone, and this is missing: %s of %s", s, s.Principal())
	}
}
