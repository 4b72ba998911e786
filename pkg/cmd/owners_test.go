package cmd

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// What the command line says before a change, the full screen says beside the same plan: warnings and risks.
func TestOwnersAreToldOnTheCommandLineAndOnTheScreen(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	const prod = "arn:aws:eks:us-west-2:111122223333:cluster/prod"
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now}
	if err := New(env, "kubectl access").PersistentFlags().Parse([]string{"--context=" + prod}); err != nil {
		t.Fatal(err)
	}
	screen, err := env.seen(prod, prod).open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	event := []access.Grant{{Policy: "AmazonEKSEventPolicy", Scope: access.Scope{Namespaces: []string{"dev"}}}}
	for _, test := range []struct {
		line, who string
		edit      access.Edit
		warning   string
		risk      access.RiskName
	}{
		{"revoke role/joiner", "role/joiner", edit.Revoke(arn("role/joiner"), edit.Revocation{}), "role/joiner is or was managed by ACK", ""},
		{"revoke role/argocd", "role/argocd", edit.Revoke(arn("role/argocd"), edit.Revocation{}), "is kept for EKS capability Argo CD", access.BreakCapability},
		{"grant role/ops --policy event -n dev", "role/ops", edit.Grant(access.Entry{Principal: arn("role/ops"), Grants: event}), "policy event is for AWS services", ""},
	} {
		p, err := screen.Propose(t.Context(), tui.Request{
			Who: []access.Principal{arn(test.who)}, Edit: func(access.Principal) access.Edit { return test.edit }, Takes: strings.HasPrefix(test.line, "revoke"),
		})
		if err != nil {
			t.Fatal(err)
		}
		line, _ := command(append(strings.Fields(test.line), "--dry-run=client", "--context="+prod)...)
		says := func(w string) bool { return strings.Contains(w, test.warning) }
		if !slices.ContainsFunc(p.Warnings, says) || !says(line) {
			t.Errorf("%s: the screen warns of %q, the command line says\n%s", test.line, p.Warnings, line)
		}
		risk := slices.ContainsFunc(p.Risks, func(r access.Risk) bool { return r.Name == test.risk })
		if want := test.risk != ""; risk != want || strings.Contains(line, "accept-risk="+string(access.BreakCapability)) != want {
			t.Errorf("%s: the screen's risks are %v, the command line says\n%s", test.line, p.Risks, line)
		}
	}
}
