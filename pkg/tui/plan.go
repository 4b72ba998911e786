package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// planning is a change from its proposal to its results.
type planning struct {
	*screen
	m        *model
	v        *view
	request  Request
	slot     slot
	proposal *Proposal
	err      error
	opens    time.Time // keys count from here on: what was typed before was meant for something else
	note     string    // what to know about the plan before anything else
	yes      bool
	accepted []access.RiskName
	state    state
	results  []access.Result
	warned   bool // leaving was tried once
}

type state int

const (
	waiting  state = iota
	checking       // the cluster is read again, nothing is sent yet
	sending
	ended
)

// propose shows what a request would change, and asks.
func (m *model) propose(v *view, r Request) tea.Cmd {
	p := &planning{m: m, v: v, request: r}
	p.screen = &screen{name: p.title, text: p.show, foot: p.buttons}
	p.actions = append([]*action{
		on("y", "y", "yes", p.agree).unless(p.notByLetter),
		on("n", "n", "no", p.leave).unless(p.busy),
		on("left shift+tab", "←", "no", p.choose(false)).unless(p.notYet).hidden(),
		on("right tab", "←→", "select", p.choose(true)).unless(p.notYet),
		on("enter", "⏎", "confirm", p.enter).unless(p.busy),
		on("c", "c", "copy the command line", p.copy).unless(p.busy),
		on("esc q", "esc", "back", p.leave).unless(p.busySending),
	}, p.moves()...)
	p.deaf = p.early
	_ = m.push(p.screen)
	return ask(m, &p.slot, func(ctx context.Context) (Proposal, error) { return v.cluster.Propose(ctx, r) }, p.arrived)
}

func (p *planning) title() string {
	return [...]string{"Review changes", "Review changes", "Applying changes", "Result"}[p.state]
}

// open are the risks that nobody accepted.
func (p *planning) open() []access.Risk {
	if p.proposal == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.proposal.Risks), func(r access.Risk) bool { return slices.Contains(p.accepted, r.Name) })
}

func (p *planning) busySending() string {
	if p.state == sending {
		return "the change is being applied"
	}
	return ""
}

// undoes is why the result offers no undo.
func (p *planning) undoes() string {
	switch {
	case p.request.Undo:
		return "this was an undo"
	case p.request.Mode != "":
		return "a change of the mode is irreversible"
	}
	return ""
}

func (p *planning) accept() tea.Cmd {
	typed := access.RiskName(p.form.value(0))
	i := slices.IndexFunc(p.open(), func(r access.Risk) bool { return r.Name == typed })
	if i < 0 {
		p.m.fail("type the name of the risk to accept it: " + string(p.open()[0].Name) + "; esc goes back")
		return nil
	}
	p.accepted = append(p.accepted, typed)
	p.form.fields[0].Reset()
	if len(p.open()) == 0 {
		p.form = nil
	}
	return nil
}

// leave goes back to the questions, or after the end to the entries.
func (p *planning) leave() tea.Cmd {
	p.slot.forget()
	if p.state != ended {
		return p.m.back()
	}
	p.m.stack = p.m.stack[:1]
	return nil
}

func (p *planning) copy() tea.Cmd {
	p.m.say("copied the command line")
	return p.m.clip(p.command())
}

func (p *planning) command() string {
	args := slices.Clone(p.request.Command)
	if p.proposal != nil && p.proposal.Command != nil {
		args = slices.Clone(p.proposal.Command)
	}
	for _, r := range p.accepted {
		args = append(args, "--accept-risk="+string(r))
	}
	return shell.Line(args)
}

// finish shows the result, unless nothing was sent. What was said meanwhile no longer matters.
func (p *planning) finish() tea.Cmd {
	if p.state == waiting {
		return nil
	}
	p.state, p.m.leaving, p.finished = ended, nil, true
	p.m.say("")
	p.actions = append([]*action{
		on("enter esc q", "⏎", "back to list", p.leave),
		on("u", "u", "undo", func() tea.Cmd { p.leave(); return p.m.undo(p.v, "") }).acts().unless(p.undoes),
		on("c", "c", "copy the command line", p.copy),
		on("/", "/", "filter", p.v.entries.search).hidden(),
	}, p.moves()...)
	return p.remember()
}

// stay asks once before the program is left while a change is applied.
func (p *planning) stay() string {
	if p.warned {
		return ""
	}
	p.warned = true
	return "still applying; press again to quit. Running the command again completes the change."
}

// show is the text: the plan as --dry-run prints it, or the results.
func (p *planning) show(width int) string {
	var b strings.Builder
	account := p.v.account()
	switch {
	case p.err != nil:
		p.problem(&b, p.err)
	case p.proposal == nil:
		b.WriteString("working out what would change…\n")
	case p.state <= checking:
		p.plan(&b, account)
	}
	for _, r := range p.results {
		line := "✓ " + printer.Result(r, account)
		style := p.m.styles.good
		if r.Err != nil {
			line, style = "✗ "+printer.Result(r, account), p.m.styles.danger
		}
		b.WriteString(paint(style, wrap(line, width)) + "\n")
		p.hint(&b, r.Err)
	}
	b.WriteString(p.progress())
	if p.proposal != nil && p.state != sending {
		b.WriteString("\nThe same from the command line:\n" + wrap("  "+printer.Clean(p.command()), width) + "\n")
	}
	return strings.TrimRight(wrap(b.String(), width), "\n")
}

func (p *planning) progress() string {
	if p.proposal == nil {
		return ""
	}
	all := len(p.proposal.Plan.Steps())
	failed := slices.ContainsFunc(p.results, func(r access.Result) bool { return r.Err != nil })
	switch {
	case p.state == checking:
		return "\n" + p.m.spin.View() + " checking that the cluster has not changed…\n"
	case p.state == sending:
		return fmt.Sprintf("%s %d of %d calls\n", p.m.spin.View(), len(p.results), all)
	case p.state == ended && (failed || p.err != nil):
		return "\nSome changes failed. Run the same again to complete them.\n"
	case p.state == ended:
		return "\nDone.\n"
	}
	return ""
}

func (p *planning) problem(b *strings.Builder, err error) {
	b.WriteString(paint(p.m.styles.danger, "✗ "+printer.CleanLines(err.Error())) + "\n")
	p.hint(b, err)
}

func (p *planning) hint(b *strings.Builder, err error) {
	if err == nil {
		return
	}
	if h := p.m.world.Hint(p.v.context.Name, err); h != "" {
		b.WriteString("  " + printer.Clean(h) + "\n")
	}
}

// paint styles each line alone, so that a line that is cut ends its style.
func paint(style lipgloss.Style, text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = style.Render(lines[i])
	}
	return strings.Join(lines, "\n")
}

// plan is what --dry-run prints, and the risks by their names.
func (p *planning) plan(b *strings.Builder, account string) {
	if p.note != "" {
		b.WriteString(paint(p.m.styles.warn, "! "+p.note) + "\n\n")
	}
	if p.proposal.Plan.Empty() {
		for _, who := range p.request.Who {
			fmt.Fprintf(b, "accessentry/%s unchanged\n", printer.Clean(who.Short(account)))
		}
		b.WriteString("Nothing to change.\n")
		return
	}
	printer.Plan(b, p.proposal.Plan, p.m.styles)
	for _, w := range p.proposal.Warnings {
		b.WriteString("\n" + paint(p.m.styles.warn, "! "+printer.Clean(w)) + "\n")
	}
	for _, r := range p.proposal.Risks {
		state := "type " + string(r.Name) + " to accept it"
		if slices.Contains(p.accepted, r.Name) {
			state = "accepted"
		}
		b.WriteString("\n" + p.m.styles.warn.Render("! risk "+string(r.Name)) + "\n  " + printer.Clean(r.Why) + "\n  " + state + "\n")
	}
}
