package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// granting is the answers to the questions of a grant so far.
type granting struct {
	flow
	v *view
	Choice
	username  string
	lasts     time.Duration
	scopeOnly bool // the policies were typed before
}

// startGrant asks for all that a grant needs; the principals are known where the cursor was on one.
func (m *model) startGrant(v *view, who []access.Principal) tea.Cmd {
	g := &granting{v: v, Choice: Choice{Who: who}}
	g.flow = flow{m: m, done: func() tea.Cmd { return m.propose(v, g.request()) }}
	if len(who) == 0 {
		g.steps = append(g.steps, g.whoStep())
	}
	g.steps = append(g.steps, g.policyStep(), g.scopeStep(), g.optionStep())
	return g.from(0)
}

// request is the edit, and the command line that asks for the same.
func (g *granting) request() Request {
	want := access.Entry{Username: g.username, Groups: g.Groups}
	for _, p := range g.Policies {
		want.Grants = append(want.Grants, access.Grant{Policy: p, Scope: access.Scope{Namespaces: g.Namespaces}})
	}
	if g.lasts > 0 {
		want.Tags = map[string]string{access.ExpiresTag: g.m.world.Now().Add(g.lasts).UTC().Format(time.RFC3339)}
	}
	return Request{Who: g.Who, Grant: &want, Command: g.command()}
}

func (g *granting) command() []string {
	args := []string{"grant"}
	for _, p := range g.Who {
		args = append(args, p.Short(g.v.account()))
	}
	var policies []string
	for _, p := range g.Policies {
		policies = append(policies, p.Short())
	}
	args = option(args, "--policy", policies)
	args = option(args, "-n", g.Namespaces)
	if len(g.Policies) > 0 && len(g.Namespaces) == 0 {
		args = append(args, "-A")
	}
	args = option(args, "--group", g.Groups)
	if g.username != "" {
		args = append(args, "--username", g.username)
	}
	if g.lasts > 0 {
		args = append(args, "--for", g.lasts.String())
	}
	return g.v.cluster.Program.Words(args...)
}

//go:noinline
func option(args []string, name string, values []string) []string {
	if len(values) == 0 {
		return args
	}
	return append(args, name, strings.Join(values, ","))
}

// optionStep asks for what is optional.
func (g *granting) optionStep() step {
	m := g.m
	s := &screen{name: func() string { return "Grant · " + g.summary() + " · options" }}
	s.form = newForm(m.styles,
		field{label: "groups", empty: "none", hint: g.groupHint},
		field{label: "username", empty: "derived from the ARN by EKS", hint: func() string { return "Kubernetes username" }},
		field{label: "expires in", empty: "never", hint: func() string {
			return "such as 8h or 30m: only adds an expiry tag; access is not removed automatically"
		}},
	)
	s.intro = func() string { return "All fields are optional. Press Enter to continue." }
	s.actions = []*action{
		on("enter", "⏎", "review changes", func() tea.Cmd { return g.takeOptions(s.form) }),
		on("tab down", "tab", "next field", func() tea.Cmd { return s.move(1) }),
		on("shift+tab up", "⇧tab", "previous field", func() tea.Cmd { return s.move(-1) }).hidden(),
		on("esc", "esc", "back", m.back),
	}
	return step{screen: s, begin: func() tea.Cmd { return need(m, &g.v.groups, g.v.cluster.Groups, func() {}) }}
}

func (g *granting) takeOptions(f *form) tea.Cmd {
	g.Groups = words(f.value(0))
	g.username, g.lasts = f.value(1), 0
	if text := f.value(2); text != "" {
		d, err := access.ParseSpan(text)
		if err != nil || d <= 0 {
			g.m.fail(fmt.Sprintf("invalid duration %q: use 30m, 8h or 2w", text))
			return nil
		}
		g.lasts = d
	}
	if len(g.Policies) == 0 && len(g.Groups) == 0 {
		g.m.fail("specify a group, or go back and select a policy")
		return nil
	}
	return g.next()
}

// summary is what was answered so far, for the title.
func (g *granting) summary() string {
	var parts []string
	switch len(g.Who) {
	case 0:
	case 1:
		parts = append(parts, g.Who[0].Short(g.v.account()))
	default:
		parts = append(parts, fmt.Sprintf("%d principals", len(g.Who)))
	}
	for _, p := range g.Policies {
		parts = append(parts, p.Short())
	}
	if len(g.Namespaces) > 0 {
		parts = append(parts, "in "+strings.Join(g.Namespaces, ","))
	}
	return strings.Join(parts, " ")
}
