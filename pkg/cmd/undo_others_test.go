package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
