package change

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// written is one write, for those who look back.
type written struct {
	by    *program
	step  access.Step
	at    time.Time
	takes bool // an administrator
}

// owed is what a new entry gets after it was made.
type owed struct {
	command string
	entry   access.Entry
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.writes)
}

// wrote holds the laws of one write.
func (w *world) wrote(x accesstest.Write) {
	w.mu.Lock()
	p := w.programs[x.By]
	were, truly := x.Before.Administrators(), x.After.Administrators()
	are := truly
	if _, creates := x.Step.(access.CreateEntry); creates {
		x.After = whole(x)
		are = x.After.Administrators()
	}
	if s, ok := x.Step.(access.CreateEntry); ok {
		w.owed[s.Principal()] = owed{p.command.name, s.Entry}
	} else if o := w.owed[x.Step.Principal()]; o.command != p.command.name || x.Step.Takes() {
		delete(w.owed, x.Step.Principal())
	}
	w.writes = append(w.writes, written{by: p, step: x.Step, at: time.Now(), takes: len(truly) < len(were)})
	if x.Unseen {
		w.excused++
	}
	w.mu.Unlock()
	w.tell("    %s: %s %s (unseen: %v)", x.By.Name, x.Step.Principal(), x.Step, x.Unseen)
	if !x.Unseen {
		p.named(x)
		p.keepsOwn(x)
	}
	if len(were) > 0 && len(are) == 0 && !p.raced() {
		w.broke("%s: %s of %s: nobody administers the cluster any more", x.By.Name, x.Step, x.Step.Principal())
	}
	p.recorded(x.Step)
	p.agreedTo(x.Step)
}

// agreedTo holds that a plan that was made again has no risk that nobody accepted. Who is left of the administrators only the
// outcome tells.
func (p *program) agreedTo(step access.Step) {
	if len(p.run.plans) < 2 {
		return
	}
	p.mu.Lock()
	risks := p.run.plans[len(p.run.plans)-1].Risks(p.basis)
	p.mu.Unlock()
	for _, r := range risks {
		if r.Name != access.LastAdministrator && !slices.Contains(p.command.accept, r.Name) {
			p.broke("%s: %s of %s: nobody accepted %s: %s", p.Name, step, step.Principal(), r.Name, r.Why)
		}
	}
}

// whole is what is true after a write, with the policies that a new entry gets a moment later.
func whole(x accesstest.Write) access.Snapshot {
	s, creates := x.Step.(access.CreateEntry)
	if !creates {
		return x.After
	}
	e, _ := x.After.Entry(s.Principal())
	e.Grants = s.Entry.Grants
	return x.After.Put(e)
}

// named holds that nobody gains or loses access that no plan named.
func (p *program) named(x accesstest.Write) {
	if s, ok := x.Step.(access.Associate); ok && s.New && p.planned(s) {
		return
	}
	for _, e := range access.Diff(x.Before, x.After).Effects {
		for _, r := range e.Lost {
			if !p.names(e.Principal, r, false) {
				p.broke("%s: %s of %s: %s loses %s, which no plan named", p.Name, x.Step, x.Step.Principal(), e.Principal, r)
			}
		}
		for _, r := range e.Gained {
			if !p.names(e.Principal, r, true) {
				p.broke("%s: %s of %s: %s gains %s, which no plan named", p.Name, x.Step, x.Step.Principal(), e.Principal, r)
			}
		}
	}
}

// names reports whether a plan that was agreed to, or made anew, names a right. What a plan takes may be given back.
func (p *program) names(who access.Principal, r access.Right, gained bool) bool {
	for _, plan := range p.run.plans {
		e := plan.Effect(who)
		all := e.Lost
		if gained {
			all = slices.Concat(e.Lost, e.Gained)
		}
		if slices.ContainsFunc(all, func(n access.Right) bool {
			return n.Kind == access.Administer || n.Kind == r.Kind && n.Name == r.Name && (n.Where == r.Where || n.Where == "")
		}) {
			return true
		}
	}
	return false
}

// planned reports whether a policy is one of an entry that a plan makes, or that is made again.
func (p *program) planned(s access.Associate) bool {
	return slices.ContainsFunc(p.run.plans, func(plan access.Plan) bool {
		ch, ok := plan.Change(s.To)
		return ok && slices.ContainsFunc([]*access.Entry{ch.Before, ch.After}, func(e *access.Entry) bool {
			if e == nil {
				return false
			}
			g, has := e.Grant(s.Grant.Policy)
			return has && slices.Equal(g.Scope.Namespaces, s.Grant.Scope.Namespaces)
		})
	})
}

// keepsOwn holds that nobody stops to be administrator by their own program without having accepted it.
func (p *program) keepsOwn(x accesstest.Write) {
	if !slices.Contains(p.command.accept, access.LoseOwnAccess) && access.Administrates(x.Before.Access(p.caller)) && !access.Administrates(x.After.Access(p.caller)) {
		p.broke("%s: %s: %s is not administrator any more and did not accept that", p.Name, x.Step, p.caller)
	}
}

// raced reports whether another machine took an administrator when this program could not know.
func (p *program) raced() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := p.Planned().Add(-p.account.Lag)
	return slices.ContainsFunc(p.writes, func(o written) bool { return o.takes && o.by.machine != p.machine && o.at.After(since) })
}

// recorded holds that what is sent stands in the record before.
func (p *program) recorded(step access.Step) {
	data, err := os.ReadFile(filepath.Join(p.machine.dir, p.run.record.ID+".json"))
	if err != nil {
		p.broke("%s: %s: no record: %v", p.Name, step, err)
		return
	}
	var r journal.Record
	all := json.NewDecoder(strings.NewReader(string(data)))
	_ = all.Decode(&r)
	for more := (journal.Sent{}); all.Decode(&more) == nil; more = (journal.Sent{}) {
		r.Sent = append(r.Sent, more)
	}
	part, who := access.PartOf(step), step.Principal()
	changes, _ := r.Changes()
	about := slices.ContainsFunc(changes, func(c access.Change) bool { return c.Principal() == who }) ||
		part == access.PartMode && r.Mode != nil || part == access.PartAWSAuth && r.AWSAuth != nil
	if a, ok := step.(access.Associate); ok && a.New && slices.ContainsFunc(changes, func(c access.Change) bool { return c.Principal() == who && c.After == nil }) {
		part = access.PartEntry // a deleted entry is given back, as its record says
	}
	if !about || !slices.Contains(r.Sent, journal.Sent{Principal: who, Part: part}) {
		p.broke("%s: %s of %s is not in record %s", p.Name, step, who, r.ID)
	}
}

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
	case r.Err != nil && !access.MayBeDone(r.Err) && !errors.Is(r.Err, errNobodyLeft) && !errors.Is(r.Err, errNotRestored) && p.sent(r.Step):
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
			if _, has := e.Grant(g.Policy); any && o.command == p.command.name && err == nil && !has && !p.since(who) {
				p.broke("%s: said that all was done, and %s does not have %s, for which its entry was made", p.Name, who, g)
			}
		}
	}
	if len(truth.Administrators()) == 0 && p.kept && !p.since(everybody...) {
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
	if truth := w.account.Truth(); len(truth.Administrators()) == 0 {
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
				more, w.tangled = false, true // what a kill left between an entry and its policy was completed by another change
			case code != done:
				w.broke("%s: undo ends with %d", prog.Name, code)
			}
			return code
		}})
	}
	if w.tangled {
		return
	}
	truth := w.account.Truth()
	truth.Cluster.Mode = w.initial.Cluster.Mode
	for _, s := range access.Diff(truth, w.initial).Steps() {
		w.broke("all is undone, and this is missing: %s of %s", s, s.Principal())
	}
}
