package change

import (
	"encoding/json"
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
	command string // and what it undoes: undo means something else each time
	entry   access.Entry
}

// administered reports whether the cluster has an administrator.
func (w *world) administered() bool {
	w.account.Truth() // ends the update that is due
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.administrators) > 0
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
	were, truly := w.administrators, x.After.Administrators()
	w.administrators = truly
	are := truly
	if _, creates := x.Step.(access.CreateEntry); creates {
		x.After = whole(x)
		are = x.After.Administrators()
	}
	first, _ := p.run.plans[0].Change(x.Step.Principal())
	if s, ok := x.Step.(access.CreateEntry); ok && first.Before == nil { // else another machine has deleted it meanwhile, and the record is about that entry
		w.owed[s.Principal()] = owed{p.asked(), s.Entry}
	} else if o := w.owed[x.Step.Principal()]; o.command != p.asked() || x.Step.Takes() {
		delete(w.owed, x.Step.Principal())
	}
	_, mappings := x.Step.(access.WriteAWSAuth) // one that an entry overrode may have been the next administrator
	w.writes = append(w.writes, written{by: p, step: x.Step, at: time.Now(), takes: mappings || len(truly) < len(were)})
	if x.Unseen {
		w.excused++
	}
	w.mu.Unlock()
	w.tell("    %s: %s %s (unseen: %v)", x.By.Name, x.Step.Principal(), x.Step, x.Unseen)
	if !x.Unseen {
		p.named(x)
		p.keepsOwn(x)
	}
	if len(were) > 0 && len(are) == 0 && len(p.run.plans[len(p.run.plans)-1].Apply(x.After).Administrators()) == 0 && !p.raced() {
		w.broke("%s: %s of %s: nobody administers the cluster any more", x.By.Name, x.Step, x.Step.Principal())
	}
	p.recorded(x.Step)
	p.agreedTo(x.Step)
}

// asked is what the program was asked to do.
func (p *program) asked() string { return p.command.name + p.run.Undoes }

// agreedTo holds that a plan made a second time has no risk that nobody accepted. Who is left of the administrators only the
// outcome tells. It is judged at the plan's first write: after that, reads also look who is left.
func (p *program) agreedTo(step access.Step) {
	if len(p.run.plans) < 2 || len(p.run.plans) == p.judged {
		return
	}
	p.judged = len(p.run.plans)
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

// names reports whether a plan that was agreed to, or planned again, names a right. What a plan takes may be given back.
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

// planned reports whether a policy is one of an entry that a plan makes, or that is planned again.
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
