package tui

import (
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// arrived shows the plan.
func (p *planning) arrived(proposal Proposal, err error) tea.Cmd {
	p.err, p.opens = err, p.m.world.Now().Add(p.m.pause)
	if err == nil {
		p.proposal = &proposal
	}
	return p.wait()
}

// question asks for the names of the risks, where there are any.
func (p *planning) question() {
	if p.form == nil && len(p.open()) > 0 {
		p.form = newForm(p.m.styles, field{label: "accept"})
	}
}

// early reports whether a key was typed before anybody can have seen the plan: while it is read, for a moment after it
// appeared, and as long as the typing continues. Escape and the control keys always count.
func (p *planning) early(k tea.KeyPressMsg) bool {
	now := p.m.world.Now()
	switch {
	case k.Code == tea.KeyEscape || k.Mod.Contains(tea.ModCtrl) || p.state > checking:
		return false
	case p.reading():
		return true
	case !now.Before(p.opens):
		p.question()
		return false
	}
	p.opens = now.Add(p.m.pause)
	return true
}

// reading reports whether a plan is being read: the first one, or again to see whether it has changed.
func (p *planning) reading() bool { return p.state == checking || p.proposal == nil && p.err == nil }

// busy is why not even a no counts now; only Escape does.
func (p *planning) busy() string {
	if p.reading() {
		return "the plan is not ready"
	}
	return p.busySending()
}

// wait draws the screen again when keys count.
func (p *planning) wait() tea.Cmd {
	return tea.Tick(p.opens.Sub(p.m.world.Now()), func(time.Time) tea.Msg { return ready{p} })
}

// ready is the end of that moment, unless somebody was still typing.
type ready struct{ *planning }

func (r ready) arrive(m *model) tea.Cmd {
	if m.world.Now().Before(r.opens) {
		return r.wait()
	}
	r.question()
	return m.turn()
}

// notYet is why the plan cannot be carried out now.
func (p *planning) notYet() string {
	switch {
	case p.state > checking:
		return "the changes were applied"
	case p.reading():
		return "the plan is not ready"
	case p.err != nil:
		return "there is no plan"
	case p.proposal.Plan.Empty():
		return "there is nothing to change"
	case len(p.open()) > 0:
		return "the risks are not accepted"
	case p.m.world.Now().Before(p.opens):
		return "the plan has only just appeared"
	}
	return ""
}

// notByLetter is why y is not enough: no letter deletes a whole entry, unless it undoes the change that created it.
func (p *planning) notByLetter() string {
	if why := p.notYet(); why != "" || p.request.Undo || !p.proposal.Plan.DeletesEntry() {
		return why
	}
	return "this deletes a whole access entry: select Yes with →, then press ⏎"
}

// choose moves to a button. At the last one it stays: pressing the same key again never leads from No to Yes.
func (p *planning) choose(yes bool) func() tea.Cmd {
	return func() tea.Cmd { p.yes = yes; return nil }
}

// enter confirms the selected button, No at first; with risks it takes the name that was typed.
func (p *planning) enter() tea.Cmd {
	switch {
	case p.form != nil:
		return p.accept()
	case p.yes && p.notYet() == "":
		return p.agree()
	}
	return p.leave()
}

// agree applies the plan. Only a plan that somebody has seen is applied: one that changed meanwhile is shown again, with its
// risks.
func (p *planning) agree() tea.Cmd {
	p.state, p.offset, p.note = checking, 0, ""
	return stream(p.m, &p.slot, p.proposal.Apply(p.m.ctx, p.accepted), p.took, p.finish)
}

// took takes what Apply yields: first whether the plan still holds, then the results.
func (p *planning) took(r access.Result, err error) tea.Cmd {
	var changed Changed
	switch {
	case errors.As(err, &changed):
		p.state, p.accepted, p.yes, p.note = waiting, nil, false, "the cluster has changed in the meantime; review the changes again"
		return p.arrived(changed.Proposal, nil)
	case err != nil && p.state == checking:
		p.state, p.err = waiting, err
	case err != nil:
		p.err = err
	case r.Step == nil:
		p.state, p.m.leaving = sending, p.stay
		p.v.reading.forget() // what is read now would be from before the change; it is read again after it
	default:
		p.results = append(p.results, r)
	}
	return nil
}

// buttons are below the plan; No is selected at first.
func (p *planning) buttons() string {
	if p.notYet() != "" {
		return ""
	}
	s := p.m.styles
	no, yes := s.cursor.Render("[ No ]"), s.muted.Render("  Yes  ")
	if p.yes {
		no, yes = s.muted.Render("  No  "), s.cursor.Render("[ Yes ]")
	}
	return "Apply these changes?  " + no + "  " + yes
}
