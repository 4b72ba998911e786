package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
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
// appeared, and as long as the typing goes on from there. Escape and the control keys always count.
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

// reading reports whether a plan is on its way: the first, or the one that tells whether the first still holds.
func (p *planning) reading() bool { return p.state == checking || p.proposal == nil && p.err == nil }

// busy says why not even a no counts now; only Escape does.
func (p *planning) busy() string {
	if p.reading() {
		return "the plan is not there yet"
	}
	return p.busySending()
}

// wait draws the screen again when keys count.
func (p *planning) wait() tea.Cmd {
	return tea.Tick(p.opens.Sub(p.m.world.Now()), func(time.Time) tea.Msg { return ready{p} })
}

// ready says that the moment is over, unless somebody was still typing.
type ready struct{ *planning }

func (r ready) arrive(m *model) tea.Cmd {
	if m.world.Now().Before(r.opens) {
		return r.wait()
	}
	r.question()
	return m.turn()
}

// notYet says why the plan cannot be carried out now.
func (p *planning) notYet() string {
	switch {
	case p.state > checking:
		return "it is sent already"
	case p.reading():
		return "the plan is not there yet"
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

// notByLetter says why y is not enough: no letter deletes a whole entry.
func (p *planning) notByLetter() string {
	if why := p.notYet(); why != "" || !p.proposal.Plan.DeletesEntry() {
		return why
	}
	return "this deletes a whole access entry: choose Yes with →, then press ⏎"
}

// choose moves to a button. At the last one it stays: nobody gets from no to yes by going on.
func (p *planning) choose(yes bool) func() tea.Cmd {
	return func() tea.Cmd { p.yes = yes; return nil }
}

// enter does what is chosen, which is no at first; with risks it takes the name that was typed.
func (p *planning) enter() tea.Cmd {
	switch {
	case p.form != nil:
		return p.accept()
	case p.yes && p.notYet() == "":
		return p.agree()
	}
	return p.leave()
}

// agree looks at the cluster again before anything is sent, as the commands do: only a plan that somebody has seen is
// carried out. Another one is shown in its turn, with its risks.
func (p *planning) agree() tea.Cmd {
	p.state = checking
	return p.read(func(now Proposal, err error) tea.Cmd {
		shown := p.proposal
		p.state, p.proposal = waiting, &now
		if err == nil && now.Plan.Same(shown.Plan) && len(p.open()) == 0 {
			return p.apply()
		}
		p.note, p.accepted, p.yes, p.offset = "the cluster has changed; review the plan again", nil, false, 0
		return p.arrived(now, err)
	})
}

// buttons are below the plan; no is chosen at first.
func (p *planning) buttons(int) string {
	if p.notYet() != "" {
		return ""
	}
	no, yes := "[ No ]", "  Yes  "
	if p.yes {
		no, yes = "  No  ", "[ Yes ]"
	}
	s := p.m.styles
	if p.yes {
		return "Apply these changes?  " + s.muted.Render(no) + "  " + s.cursor.Render(yes)
	}
	return "Apply these changes?  " + s.cursor.Render(no) + "  " + s.muted.Render(yes)
}
