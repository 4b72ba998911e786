package cmd

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// TestCommandLineAndScreenTellTheSame: the same edit has the same plan, the same risks and the same notes.
func TestCommandLineAndScreenTellTheSame(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	const cluster = "arn:aws:eks:us-west-2:111122223333:cluster/"
	in := func(policy access.Policy, namespaces ...string) []access.Grant {
		return []access.Grant{{Policy: policy, Scope: access.Scope{Namespaces: namespaces}}}
	}
	const view, event = access.Policy("AmazonEKSViewPolicy"), access.Policy("AmazonEKSEventPolicy")
	for _, c := range []struct {
		cluster, line string
		request       tui.Request
		risk          access.RiskName
		note          string
	}{
		{"demo", "grant role/newcomer --policy view -n devv --group viewerz", tui.Request{Grant: &access.Entry{Grants: in(view, "devv"), Groups: []string{"viewerz"}}}, "", "namespace devv does not exist (did you mean dev?)"},
		{"demo", "grant role/ops --policy view -n dev", tui.Request{Grant: &access.Entry{Grants: in(view, "dev")}}, access.OverrideMapping, ""},
		{"demo", "grant role/platform-admin --group viewers", tui.Request{Grant: &access.Entry{Groups: []string{"viewers"}}}, "", ""},
		{"demo", "revoke role/platform-admin", tui.Request{Revoke: &edit.Revocation{}}, access.LoseOwnAccess, ""},
		{"demo", "revoke role/ops", tui.Request{Revoke: &edit.Revocation{}}, "", ""},
		{"demo", "revoke role/team/dev --entry-only", tui.Request{Revoke: &edit.Revocation{}, EntryOnly: true}, "", ""},
		{"demo", "revoke role/demo-node", tui.Request{Revoke: &edit.Revocation{}}, access.RemoveNodes, ""},
		{"demo", "revoke role/team/dev --policy edit", tui.Request{Revoke: &edit.Revocation{Grants: []access.Grant{{Policy: "AmazonEKSEditPolicy"}}}}, "", "role/team/dev does not have edit"},
		{"prod", "revoke role/joiner", tui.Request{Revoke: &edit.Revocation{}}, "", "role/joiner is or was managed by ACK"},
		{"prod", "revoke role/argocd", tui.Request{Revoke: &edit.Revocation{}}, access.BreakCapability, "is kept for EKS capability Argo CD"},
		{"prod", "grant role/ops --policy event -n dev", tui.Request{Grant: &access.Entry{Grants: in(event, "dev")}}, "", "policy event is for AWS services"},
	} {
		t.Run(c.line, func(t *testing.T) {
			at := cluster + c.cluster
			out, told, risks := dryRun(t, append(strings.Fields(c.line), "--dry-run=client", "--context="+at)...)
			env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now, Patience: time.Minute, TrailPace: time.Nanosecond}
			if err := New(env, "kubectl access").PersistentFlags().Parse([]string{"--context=" + at}); err != nil {
				t.Fatal(err)
			}
			screen, err := env.screenCluster(t.Context(), at, at, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.request.Who = []access.Principal{arn(strings.Fields(c.line)[1])}
			p, err := screen.Propose(t.Context(), c.request)
			if err != nil {
				t.Fatal(err)
			}
			var plan bytes.Buffer
			if !p.Plan.Empty() {
				printer.Plan(&plan, p.Plan, printer.Color(false))
			}
			if diff := cmp.Diff(plan.String(), out); diff != "" {
				t.Errorf("screen (-), command line (+):\n%s", diff)
			}
			var names []string
			for _, r := range p.Risks {
				names = append(names, string(r.Name)+": "+r.Why)
			}
			if diff := cmp.Diff(names, risks); diff != "" {
				t.Errorf("risks, screen (-), command line (+):\n%s", diff)
			}
			if diff := cmp.Diff(p.Warnings, told); diff != "" {
				t.Errorf("notes, screen (-), command line (+):\n%s", diff)
			}
			has := func(all []string, text string) bool {
				return text == "" || slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, text) })
			}
			if !has(names, string(c.risk)) || c.risk == "" && len(names) > 0 || !has(told, c.note) {
				t.Errorf("risks %q, notes %q", names, told)
			}
		})
	}
}

// dryRun is the plan, the warnings and the risks that a command line tells.
func dryRun(t *testing.T, args ...string) (plan string, notes, risks []string) {
	t.Helper()
	var out, errOut bytes.Buffer
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Now: time.Now, Patience: time.Minute, TrailPace: time.Nanosecond}
	Run(t.Context(), env, append([]string{"kubectl-access"}, args...))
	for line := range strings.Lines(errOut.String()) {
		line = strings.TrimSuffix(line, "\n")
		if note, ok := strings.CutPrefix(line, "Warning: "); ok {
			notes = append(notes, note)
		} else if risk, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(risk, " ") {
			risks = append(risks, risk)
		}
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasSuffix(line, "(dry run)\n") {
			plan += line
		}
	}
	return plan, notes, risks
}
