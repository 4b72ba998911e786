package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// allRisks accepts what the tests mean to do.
const allRisks = "--accept-risk=lose-own-access,last-administrator,remove-nodes,leave-mappings,overwrite-later-change"

func command(args ...string) (string, int) {
	var out strings.Builder
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now}
	code := Run(context.Background(), env, append([]string{"kubectl-access"}, args...))
	return out.String(), code
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, code := command(args...)
	if code != 0 {
		t.Fatalf("%v: exit %d\n%s", args, code, out)
	}
	return out
}

func linked(t *testing.T) *connection {
	t.Helper()
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now}
	New(env, "kubectl access") // binds the flags
	c, err := env.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is everything about a cluster that an undo has to restore, byte for byte.
func world(t *testing.T) map[string]string {
	t.Helper()
	s, err := linked(t).sides().Snapshot(t.Context(), access.Want{All: true, AWSAuth: true})
	if err != nil || s.AWSAuth.Err != nil || len(s.Unread) > 0 {
		t.Fatal(err, s.AWSAuth.Err, s.Unread)
	}
	all := map[string]string{"aws-auth": "none"}
	if s.AWSAuth.Exists() {
		all["aws-auth"] = fmt.Sprintf("%q", s.AWSAuth.Data)
	}
	for _, e := range s.Entries {
		all[string(e.Principal)] = fmt.Sprintf("%s %s %q %v %q", e.Kind, e.Username, e.Groups, e.Grants, e.Tags)
	}
	return all
}

// rewrite changes entries and aws-auth in one change, as a migration does.
func rewrite(t *testing.T, data map[string]string, edits map[access.Principal]access.Edit) {
	t.Helper()
	c := linked(t)
	edits[access.Itself] = func(s access.Snapshot) (access.Snapshot, error) {
		m := understood(access.ConfigMap{Data: data, Version: s.AWSAuth.Version})
		s.AWSAuth = &m
		return s, nil
	}
	f := &changeFlags{dryRun: "none", yes: true}
	for _, r := range access.RiskNames {
		f.accepted = append(f.accepted, string(r))
	}
	ch := change{
		connection: c, flags: f, who: slices.Sorted(maps.Keys(edits)), mappings: true, takes: true, asks: true,
		edit: func(p access.Principal) access.Edit { return edits[p] },
	}
	if err := ch.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func arn(short string) access.Principal {
	return access.Principal("arn:aws:iam::111122223333:" + short)
}

func migrated() map[access.Principal]access.Edit {
	return map[access.Principal]access.Edit{
		arn("role/ops"):             edit.Grant(access.Entry{Principal: arn("role/ops"), Grants: []access.Grant{{Policy: access.ClusterAdmin}}, Username: "ops:{{SessionName}}"}),
		arn("user/contractors/bob"): edit.Grant(access.Entry{Principal: arn("user/contractors/bob"), Groups: []string{"developers"}, Tags: map[string]string{"a": "b"}}),
		arn("user/alice"):           edit.Revoke(arn("user/alice"), edit.Revocation{}),
	}
}

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
		"an expiry":             args("grant user/alice --policy view -A --for 8h"),
		"entries gone":          args("revoke role/team/dev role/ci/deployer user/alice"),
		"nodes gone":            args("revoke role/demo-node role/demo-windows-node role/demo-fargate-pods role/demo-hybrid-node role/demo-auto-node"),
		"oneself gone":          args("revoke me"),
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
	sandboxtest.Start(t, sandbox.Options{Latency: 3 * time.Millisecond})
	before := world(t)
	random := rand.New(rand.NewPCG(5, 5))
	killed := 0
	for range 20 {
		must(t, "grant", "role/newcomer", "role/team/dev", "role/ci/deployer", "--policy", "view,edit", "-n", "qa", "--group", "g", "--tag", "a=b")
		rewrite(t, map[string]string{"mapUsers": "[]\n"}, migrated())
		for range 2 {
			first := exec.Command(program, "undo", "--yes", allRisks)
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(time.Duration(random.IntN(120))*time.Millisecond, func() { _ = first.Process.Kill() })
			if first.Wait() != nil {
				killed++
			}
			kill.Stop()
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
	must(t, "grant", "role/newcomer", "role/ops", "role/team/dev", "--policy", "view,edit", "-n", "qa", "--group", "g", "--tag", "a=b")
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

// TestAnAWSAuthThatMovesMeanwhileIsReadAgain: what somebody writes between the plan and the write is
// kept, and stands in the record as what was there before.
func TestAnAWSAuthThatMovesMeanwhileIsReadAgain(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := linked(t)
	before := c.sides().awsAuth(t.Context())
	moved := false
	ch := change{
		connection: c, flags: &changeFlags{dryRun: "none", yes: true}, who: []access.Principal{access.Itself}, mappings: true, asks: true,
		edit: func(access.Principal) access.Edit {
			return func(s access.Snapshot) (access.Snapshot, error) {
				if !moved {
					moved = true
					theirs := access.ConfigMap{Data: maps.Clone(before.Data)}
					theirs.Data["theirs"] = "kept\r\n"
					if err := c.sides().Do(t.Context(), access.WriteAWSAuth{Before: before, After: theirs}); err != nil {
						t.Error(err)
					}
				}
				m := access.ConfigMap{Data: maps.Clone(s.AWSAuth.Data), Version: s.AWSAuth.Version}
				m.Data["ours"] = "new"
				m = understood(m)
				s.AWSAuth = &m
				return s, nil
			}
		},
	}
	if err := ch.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := maps.Clone(before.Data)
	want["theirs"], want["ours"] = "kept\r\n", "new"
	if diff := cmp.Diff(want, c.sides().awsAuth(t.Context()).Data); diff != "" {
		t.Error(diff)
	}
	delete(want, "ours")
	if diff := cmp.Diff(want, ch.record.AWSAuth.Before); diff != "" {
		t.Errorf("the record:\n%s", diff)
	}
	must(t, "undo", "--yes")
	if diff := cmp.Diff(want, c.sides().awsAuth(t.Context()).Data); diff != "" {
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
	for range 8 {
		sandboxtest.Start(t, sandbox.Options{Latency: 2 * time.Millisecond})
		args := []string{"mode", "API_AND_CONFIG_MAP", "--context=arn:aws:eks:us-west-2:111122223333:cluster/legacy", "--yes", "--accept-risk=one-way-mode"}
		first := exec.Command(program, args...)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.IntN(200))*time.Millisecond, func() { _ = first.Process.Kill() })
		_ = first.Wait() // killed or done, both will do
		kill.Stop()
		out := must(t, args...)
		if again := must(t, args...); again != "cluster/legacy unchanged\n" {
			t.Errorf("%s, and again: %s", out, again)
		}
	}
}
