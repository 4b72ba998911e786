package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// foreign is a context that names another account than the one that its cluster is in.
const foreign = "arn:aws:eks:us-west-2:444455556666:cluster/demo"

func useForeign(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "named.yaml")
	err := os.WriteFile(file, []byte(`apiVersion: v1
kind: Config
contexts: [{name: '`+foreign+`', context: {cluster: '`+own+`', user: '`+own+`'}}]
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", os.Getenv("KUBECONFIG")+string(os.PathListSeparator)+file)
}

const own = "arn:aws:eks:us-west-2:111122223333:cluster/demo"

// TestTheScreenAsksForTheRiskOfAnotherAccount: with the plan, as it does for other risks, and sends nothing without it.
func TestTheScreenAsksForTheRiskOfAnotherAccount(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	useForeign(t)
	c := linked(t, "--context", foreign)
	s := &shown{env: c.env, c: c.Cluster}
	ops := access.Principal("arn:aws:iam::111122223333:role/joiner")
	p, err := s.propose(t.Context(), tui.Request{Who: []access.Principal{ops}, Grant: &access.Entry{Groups: []string{"viewers"}}})
	if err != nil || len(p.Risks) != 1 || p.Risks[0].Name != access.OtherAccount {
		t.Fatalf("%+v, %v", p.Risks, err)
	}
	for range p.Apply(t.Context(), nil) {
	}
	if s, err := c.Snapshot(t.Context(), access.Want{Principals: []access.Principal{ops}}); err != nil || len(s.Entries) > 0 {
		t.Fatalf("not accepted, and there is %+v, %v", s.Entries, err)
	}
	for r, err := range p.Apply(t.Context(), []access.RiskName{access.OtherAccount}) {
		if err != nil || r.Err != nil {
			t.Error(err, r.Err)
		}
	}
	if s, err := c.Snapshot(t.Context(), access.Want{Principals: []access.Principal{ops}}); err != nil || len(s.Entries) != 1 {
		t.Errorf("accepted, and there is %+v, %v", s.Entries, err)
	}
}

// TestTheScreenShowsAPlanAgainThatChanged: another change since the plan was shown makes Apply answer with a new proposal,
// which sends what it shows.
func TestTheScreenShowsAPlanAgainThatChanged(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := linked(t)
	s := &shown{env: c.env, c: c.Cluster}
	deployer := access.Principal("arn:aws:iam::111122223333:role/ci/deployer")
	groups := func() []string {
		t.Helper()
		s, err := c.Snapshot(t.Context(), access.Want{Principals: []access.Principal{deployer}})
		if err != nil || len(s.Entries) != 1 {
			t.Fatalf("%+v, %v", s.Entries, err)
		}
		return s.Entries[0].Groups
	}
	request := tui.Request{Who: []access.Principal{deployer}, Grant: &access.Entry{Groups: []string{"early"}}}
	p, err := s.propose(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.run(t, change.Grant(request.Who, &access.Entry{Groups: []string{"late"}}, false)); err != nil {
		t.Fatal(err)
	}
	var changed tui.Changed
	for r, err := range p.Apply(t.Context(), nil) {
		if !errors.As(err, &changed) || !errors.Is(err, access.ErrChanged) {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	if got := groups(); !slices.Equal(got, []string{"late"}) || changed.Plan.Same(p.Plan) {
		t.Fatalf("groups %v, plan %+v", got, changed.Plan)
	}
	for range changed.Apply(t.Context(), nil) {
		break // left after the check, before anything is sent
	}
	if got := groups(); !slices.Equal(got, []string{"late"}) {
		t.Errorf("sent %v", got)
	}
	for r, err := range changed.Apply(t.Context(), nil) {
		if err != nil || r.Err != nil {
			t.Error(err, r.Err)
		}
	}
	if got := groups(); !slices.Equal(got, []string{"early", "late"}) {
		t.Errorf("groups %v", got)
	}
}
