package cmd

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestUndoRestoresEverythingExactly: the state before each kind of change comes back; taking that
// back leads to the state after it, and so on.
func TestUndoRestoresEverythingExactly(t *testing.T) {
	args := func(line string) func(*testing.T) {
		return func(t *testing.T) { t.Helper(); must(t, append(strings.Fields(line), allRisks)...) }
	}
	for name, do := range map[string]func(*testing.T){
		"a new entry":           args("grant role/newcomer role/ops --policy view -n dev,qa --policy edit --group g,h --username u:x --tag a=b,c="),
		"a new entry for nodes": args("grant role/newcomer --type EC2_LINUX --tag a=b"),
		"more for an entry":     args("grant role/team/dev --policy view,edit -n qa,dev-* --group more --tag team=x,new=y --username dev:{{SessionName}}"),
		"the whole cluster":     args("grant role/team/dev --policy view -A"),
		"an expiry":             args("grant role/newcomer --policy view -A --for 8h"),
		"entries gone":          args("revoke role/team/dev role/ci/deployer user/alice --yes"),
		"nodes gone":            args("revoke role/demo-node role/demo-windows-node role/demo-fargate-pods role/demo-hybrid-node role/demo-auto-node --yes"),
		"oneself gone":          args("revoke me --entry-only"),
		"a policy gone":         args("revoke role/ci/deployer --policy edit"),
		"a namespace gone":      args("revoke role/ci/deployer --policy edit -n staging"),
		"a group gone":          args("revoke role/team/dev --group developers"),
		"a migration": func(t *testing.T) {
			t.Helper()
			rewrite(t, map[string]string{"mapRoles": "- keep:  this\r\n# and this"}, migrated())
		},
		"aws-auth emptied": func(t *testing.T) { t.Helper(); rewrite(t, map[string]string{}, map[access.Principal]access.Edit{}) },
		"aws-auth gone":    func(t *testing.T) { t.Helper(); rewrite(t, nil, migrated()) },
		"a key that nobody reads": func(t *testing.T) {
			t.Helper()
			rewrite(t, map[string]string{"maproles": "", "x": "\t\n\n<&>\u2028"}, migrated())
		},
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{})
			before := world(t)
			do(t)
			after := world(t)
			if cmp.Equal(before, after) {
				t.Fatal("nothing was changed")
			}
			must(t, "undo", "--yes", allRisks)
			if diff := cmp.Diff(before, world(t)); diff != "" {
				t.Fatalf("taken back:\n%s", diff)
			}
			for i, want := range []map[string]string{after, before} {
				last, _, _ := strings.Cut(must(t, "undo", "--list", "-o", "name"), "\n")
				must(t, "undo", last, "--yes", allRisks)
				if diff := cmp.Diff(want, world(t)); diff != "" {
					t.Fatalf("an undo taken back, %d:\n%s", i, diff)
				}
			}
		})
	}
}

// TestAnUndoThatIsKilledGoesOn: killed at any moment, a second run ends where the first would have.
func TestAnUndoThatIsKilledGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program many times")
	}
	program, err := exec.LookPath("kubectl-access")
	if err != nil {
		t.Fatal(err)
	}
	wire := &sandboxtest.Tripwire{}
	sandboxtest.Start(t, sandbox.Options{Log: wire})
	before := world(t)
	random := rand.New(rand.NewPCG(5, 5))
	killed := 0
	for range 12 {
		must(t, "grant", "role/newcomer", "role/team/dev", "role/ci/deployer", "--policy", "view,edit", "-n", "qa", "--group", "g", "--tag", "a=b", allRisks)
		rewrite(t, map[string]string{"mapUsers": "[]\n"}, migrated())
		for range 2 {
			first := exec.Command(program, "undo", "--yes", allRisks)
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			wire.Set(1+random.IntN(60), func() { _ = first.Process.Kill() })
			if first.Wait() != nil {
				killed++
			}
			wire.Set(0, nil)
		}
		for n := 0; !cmp.Equal(before, world(t)); n++ {
			if n == 2 { // two changes are to be taken back
				t.Fatal(cmp.Diff(before, world(t)))
			}
			must(t, "undo", "--yes", allRisks)
		}
		for strings.Contains(must(t, "undo", "--yes", allRisks), "unchanged") { // so that the next round begins anew
		}
		if diff := cmp.Diff(before, world(t)); diff != "" {
			t.Fatal(diff)
		}
	}
	t.Logf("%d runs were killed", killed)
	if killed < 5 {
		t.Error("hardly any run was killed, the test shows nothing")
	}
}

// TestAnUndoAmongFaultsEndsRight: calls fail and answers get lost, and it ends right all the same.
func TestAnUndoAmongFaultsEndsRight(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{FaultRate: 0.15, Seed: 9})
	t.Setenv("AWS_MAX_ATTEMPTS", "20")
	before := world(t)
	must(t, "grant", "role/newcomer", "role/ops", "role/team/dev", "--policy", "view,edit", "-n", "qa", "--group", "g", "--tag", "a=b", allRisks)
	t.Setenv("AWS_MAX_ATTEMPTS", "4") // so that some calls do fail
	for n := 1; ; n++ {
		out, code := command("undo", "--yes", allRisks)
		if code == 0 {
			break
		}
		if n == 4 {
			t.Fatal(out)
		}
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "20")
	if diff := cmp.Diff(before, world(t)); diff != "" {
		t.Error(diff)
	}
}

// TestAModeStepThatIsKilledGoesOn: the update runs on at EKS; a second run joins it.
func TestAModeStepThatIsKilledGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program many times")
	}
	program, err := exec.LookPath("kubectl-access")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(6, 6))
	for range 5 {
		wire := &sandboxtest.Tripwire{}
		sandboxtest.Start(t, sandbox.Options{Log: wire})
		args := []string{"mode", "API_AND_CONFIG_MAP", "--context=arn:aws:eks:us-west-2:111122223333:cluster/legacy", "--yes", "--accept-risk=one-way-mode"}
		first := exec.Command(program, args...)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		wire.Set(1+random.IntN(12), func() { _ = first.Process.Kill() })
		_ = first.Wait() // killed or done, both will do
		wire.Set(0, nil)
		out := must(t, args...)
		if again := must(t, args...); again != "cluster/legacy unchanged\n" {
			t.Errorf("%s, and again: %s", out, again)
		}
	}
}

// TestUndoOfAMigrationLeavesTheMode: the step of the mode stays, and is said to; the rest is taken back.
func TestUndoOfAMigrationLeavesTheMode(t *testing.T) {
	const legacy = "--context=arn:aws:eks:us-west-2:111122223333:cluster/legacy"
	sandboxtest.Start(t, sandbox.Options{})
	c := linked(t, legacy)
	was := c.AWSAuth(t.Context())
	ops := arn("role/ops")
	r := change.Request{Who: []access.Principal{access.Itself, ops}, Mappings: true, Takes: true, Asks: true, Accept: []access.RiskName{access.OneWayMode}}
	r.Edit = func(p access.Principal) access.Edit {
		if p == access.Itself {
			return edit.SetMode(access.ModeBoth)
		}
		return edit.Grant(access.Entry{Principal: ops, Grants: []access.Grant{{Policy: access.ClusterAdmin}}})
	}
	if _, err := c.run(t, r); err != nil {
		t.Fatal(err)
	}
	out := must(t, "undo", legacy, "--yes", allRisks)
	if !strings.Contains(out, "Warning: the change of the mode from CONFIG_MAP to API_AND_CONFIG_MAP cannot be undone") ||
		!strings.Contains(out, "accessentry/role/ops deleted") || strings.Contains(out, "waiting") {
		t.Error(out)
	}
	s, err := c.Snapshot(t.Context(), access.Want{All: true, AWSAuth: true})
	if err != nil || s.Cluster.Mode != access.ModeBoth || len(s.Entries) != 1 || s.Entries[0].Principal != arn("role/platform-admin") || !s.AWSAuth.Same(was) {
		t.Errorf("%+v, %v", s, err)
	}
}
