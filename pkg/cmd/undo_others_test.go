package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// colleague runs a command with records of its own, as on another machine.
func colleague(t *testing.T, args ...string) {
	t.Helper()
	mine := os.Getenv("XDG_STATE_HOME")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	must(t, args...)
	t.Setenv("XDG_STATE_HOME", mine)
}

// lastRecord is the file of the newest record.
func lastRecord(t *testing.T) string {
	t.Helper()
	dir, err := journal.Dir()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%q, %v", files, err)
	}
	return files[len(files)-1]
}

// kill leaves of the newest record what is in the file of a run that was killed after it had begun these.
func kill(t *testing.T, begun ...journal.Sent) {
	t.Helper()
	file := lastRecord(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r journal.Record
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	r.Finished, r.Steps, r.Sent = time.Time{}, nil, []journal.Sent{}
	if data, err = json.Marshal(r); err != nil {
		t.Fatal(err)
	}
	lines := [][]byte{data}
	for _, s := range begun {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	lines = append(lines, []byte(`{"principal":"arn:aws:iam::11112`)) // and in the middle of a line
	if err := os.WriteFile(file, bytes.Join(lines, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestUndoTakesBackWhatTheKilledRunHadBegun: what was never sent is somebody else's.
func TestUndoTakesBackWhatTheKilledRunHadBegun(t *testing.T) {
	newcomer := arn("role/newcomer")
	view := access.PartOf(access.Associate{Grant: access.Grant{Policy: "AmazonEKSViewPolicy"}})
	for name, c := range map[string]struct {
		begun []journal.Sent
		says  string
		left  string
	}{
		"nothing":   {nil, "nothing of it was sent", "view:dev edit:qa"},
		"the entry": {[]journal.Sent{{Principal: newcomer, Part: access.PartEntry}}, "the entry stays", "view:dev edit:qa"},
		"and view":  {[]journal.Sent{{Principal: newcomer, Part: access.PartEntry}, {Principal: newcomer, Part: view}}, "revoked view in namespace dev", "edit:qa"},
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{})
			must(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev")
			kill(t, c.begun...)
			colleague(t, "grant", "role/newcomer", "--policy", "edit", "-n", "qa")
			out := must(t, "undo", "--yes")
			if !strings.Contains(out, c.says) {
				t.Errorf("no %q in:\n%s", c.says, out)
			}
			s, err := linked(t).Snapshot(t.Context(), access.Want{Principals: []access.Principal{newcomer}})
			if err != nil {
				t.Fatal(err)
			}
			e, _ := s.Entry(newcomer)
			var left []string
			for _, g := range e.Grants {
				left = append(left, g.Policy.Short()+":"+strings.Join(g.Scope.Namespaces, ","))
			}
			slices.Sort(left)
			want := strings.Fields(c.left)
			slices.Sort(want)
			if !slices.Equal(left, want) {
				t.Errorf("left is %q, want %q", left, want)
			}
		})
	}
}

// TestUndoTakesBackOnlyWhatWasDone: a policy that EKS refused to one of two is not taken from him when somebody else
// gave it to him later.
func TestUndoTakesBackOnlyWhatWasDone(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := linked(t)
	half := access.Entry{Principal: arn("role/newcomer"), Grants: []access.Grant{{Policy: "AmazonEKSViewPolicy"}, {Policy: "AmazonEKSComputePolicy"}}}
	_, err := c.run(t, change.Request{
		Who:  []access.Principal{half.Principal},
		Edit: func(access.Principal) access.Edit { return edit.Grant(half) },
	})
	if err == nil {
		t.Fatal("a policy for AWS alone was granted")
	}
	data, err := os.ReadFile(lastRecord(t))
	if err != nil || strings.Contains(string(data), `"part": "policy AmazonEKSComputePolicy"`) || !strings.Contains(string(data), `"part": "entry"`) {
		t.Errorf("%v\n%s", err, data)
	}
}

// TestUndoKeepsToItsAccount has a record of a cluster of the same name in another account, and a kubeconfig that names
// no account.
func TestUndoKeepsToItsAccount(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	rewrite(t, map[string]string{"mapRoles": "[]\n"}, map[access.Principal]access.Edit{})
	file := lastRecord(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.ReplaceAll(string(data), "eks:us-west-2:111122223333:", "eks:us-west-2:999988887777:")
	if err := os.WriteFile(file, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(box.Dir(), "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "kubeconfig")
	text := strings.ReplaceAll(string(config), "arn:aws:eks:us-west-2:111122223333:cluster/demo", "me@demo.us-west-2.eksctl.io")
	if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", own)
	before := world(t)
	if out := must(t, "undo", "--list", "-o", "name"); out != "" {
		t.Errorf("listed: %s", out)
	}
	if out := must(t, "undo", "--yes", allRisks); !strings.Contains(out, "Nothing to undo") {
		t.Error(out)
	}
	id := strings.TrimSuffix(filepath.Base(file), ".json")
	if out, code := command("undo", id, "--yes", allRisks); code != 1 || !strings.Contains(out, "no change of this cluster has the ID") {
		t.Errorf("exit %d: %s", code, out)
	}
	if after := world(t); after["aws-auth"] != before["aws-auth"] {
		t.Error(after["aws-auth"])
	}
}

// TestUndoOfAMigrationWhoseLinesAreGone would leave nobody a way in.
func TestUndoOfAMigrationWhoseLinesAreGone(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	must(t, "migrate", "--yes")
	colleague(t, "migrate", "--yes", "--remove-mappings")
	before := world(t)
	out, code := command("undo", "--yes")
	if code != 2 || !strings.Contains(out, "leave-mappings: their aws-auth mappings, from which these entries were created, are gone") || !strings.Contains(out, "role/ops") {
		t.Errorf("exit %d: %s", code, out)
	}
	if after := world(t); len(after) != len(before) {
		t.Errorf("%d entries of %d are left", len(after), len(before))
	}
}

// TestAYesIsToWhatWasShown: while somebody thinks about it, the cluster becomes another one.
func TestAYesIsToWhatWasShown(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	must(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev")
	newcomer := arn("role/newcomer")
	c := linked(t)
	run := c.env.engine(c.Cluster).Run(change.Request{
		Who: []access.Principal{newcomer}, Asks: true, Takes: true,
		Edit: func(access.Principal) access.Edit {
			return edit.Revoke(newcomer, edit.Revocation{Grants: []access.Grant{{Policy: "AmazonEKSViewPolicy"}}})
		},
	})
	shown, err := run.Propose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	colleague(t, "grant", "role/newcomer", "--policy", "view", "-n", "qa")
	var same []bool
	for range 2 {
		now, still, err := run.Again(t.Context(), shown)
		if err != nil {
			t.Fatal(err)
		}
		shown, same = now, append(same, still)
		run.Release()
	}
	if same[0] || !same[1] {
		t.Errorf("the plan was the same: %v", same)
	}
	if was := shown.Plan.Changes[0].Before.Grants[0].Scope.String(); was != "namespaces dev, qa" {
		t.Errorf("agreed to the end of a grant %s", was)
	}
}

// TestTheObjectThatIsPrintedIsTheOneInTheEnd: somebody adds a namespace between our plan and our write.
func TestTheObjectThatIsPrintedIsTheOneInTheEnd(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	must(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev")
	newcomer := arn("role/newcomer")
	c := linked(t)
	var out bytes.Buffer
	c.env.IO.Out = &out
	f := &changeFlags{dryRun: "none"}
	f.output.Name = "jsonpath={.spec.accessPolicies[0].accessScope.namespaces}"
	moved := false
	r := change.Request{Who: []access.Principal{newcomer}}
	r.Edit = func(access.Principal) access.Edit {
		return func(s access.Snapshot) (access.Snapshot, error) {
			if !moved {
				moved = true
				colleague(t, "grant", "role/newcomer", "--policy", "view", "-n", "qa")
			}
			more := access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"staging"}}}
			return edit.Grant(access.Entry{Principal: newcomer, Grants: []access.Grant{more}})(s)
		}
	}
	if _, err := c.env.run(t.Context(), c.Cluster, f, r); err != nil || out.String() != `["dev","qa","staging"]` {
		t.Errorf("%v, printed %s", err, &out)
	}
}

// TestAdministratorsWhomNobodyKnowsAreNamed: without the permission to ask IAM, who stays may be gone.
func TestAdministratorsWhomNobodyKnowsAreNamed(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	admin := arn("role/platform-admin")
	for profile, warns := range map[string]bool{"": false, "no-iam": true} {
		args := []string{"revoke", string(admin), "--dry-run=client", allRisks}
		if profile != "" {
			args = append(args, "--profile", profile)
		}
		out, code := command(args...)
		if code != 0 || strings.Contains(out, "not checked: whether the remaining cluster administrators still exist in IAM") != warns {
			t.Errorf("%s: exit %d\n%s", profile, code, out)
		}
	}
}
