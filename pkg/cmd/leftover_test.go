package cmd

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// killer is the sandbox's log: it kills a program at a request, before the answer goes out.
type killer struct {
	mu      sync.Mutex
	at      string
	process *os.Process
}

func (k *killer) Write(line []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process != nil && strings.Contains(string(line), k.at) {
		_ = k.process.Kill()
		k.process = nil
	}
	return len(line), nil
}

// runs starts the program, which is killed at that request.
func (k *killer) runs(t *testing.T, at string, args ...string) {
	t.Helper()
	program, err := exec.LookPath("kubectl-access")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, args...)
	k.mu.Lock()
	err = c.Start()
	k.at, k.process = at, c.Process
	k.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if c.Wait() == nil {
		t.Fatalf("%v was not killed at %s", args, at)
	}
}

// temporary is a group of earlier versions, and the name of its binding to cluster-admin.
const temporary = access.HelpPrefix + "system:masters"

// leftover is what an earlier version left that was killed before role/ops had its policy.
func leftover(t *testing.T, flags ...string) {
	t.Helper()
	admin := access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}
	if _, err := linked(t, flags...).Bind(t.Context(), []access.Binding{{Name: temporary, Role: admin, Groups: []string{temporary}}}); err != nil {
		t.Fatal(err)
	}
	must(t, append([]string{"grant", "role/ops", "--username", "ops", "--group", temporary, allRisks}, flags...)...)
}

// TestAMigrationRemovesWhatAnEarlierVersionLeft, after it has completed the entry. Undo of the earlier one removes it too.
func TestAMigrationRemovesWhatAnEarlierVersionLeft(t *testing.T) {
	for _, line := range []string{"migrate --yes", "undo --yes " + allRisks} {
		sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters")})
		leftover(t)
		out := must(t, strings.Fields(line)...)
		if !strings.Contains(out, "ClusterRoleBinding "+temporary+" deleted\n") || bound(t, "cluster-admin")[temporary] != "" {
			t.Errorf("%s: %v\n%s", line, bound(t, "cluster-admin"), out)
		}
		want := map[string]string{"migrate --yes": "STANDARD ops [] [cluster-admin on the whole cluster] map[]"}[line]
		if is := world(t)[string(arn("role/ops"))]; is != want {
			t.Errorf("%s: %s\n%s", line, is, out)
		}
	}
}

// TestWhatAnEarlierVersionLeftStaysWhileItIsInUse, and is removed where a cluster does not read aws-auth any more, too.
func TestWhatAnEarlierVersionLeftStaysWhileItIsInUse(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	const prod = "--context=arn:aws:eks:us-west-2:111122223333:cluster/prod"
	leftover(t, prod)
	if out := must(t, "migrate", prod); !strings.Contains(out, "their groups are in use: accessentry/role/ops") {
		t.Error(out)
	}
	must(t, "revoke", "role/ops", prod)
	if out := must(t, "migrate", prod, "--dry-run"); strings.Contains(out, "deleted") {
		t.Error(out)
	}
	if out := must(t, "migrate", prod); !strings.Contains(out, "ClusterRoleBinding "+temporary+" deleted\n") {
		t.Error(out)
	}
}

// TestWhatCannotBeDeletedIsTold, with the command that deletes it.
func TestWhatCannotBeDeletedIsTold(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters")})
	must(t, "grant", "role/entry-manager", "--policy", "admin-view", "-A")
	leftover(t)
	sandboxtest.Become(t, "no-pass-role")
	out, code := command("undo", "--yes", allRisks, "--context", "arn:aws:eks:us-west-2:111122223333:cluster/demo")
	for _, want := range []string{
		"accessentry/role/ops deleted\n", "error: ClusterRoleBinding " + temporary + " was not deleted: ", "access denied",
		"\n  to delete it: kubectl delete clusterrolebinding " + temporary + " --context arn:aws:eks:us-west-2:111122223333:cluster/demo\n",
	} {
		if code != exitFailed || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, out)
		}
	}
}

// TestAKilledMigrationIsCompletedOrUndone: between its entry and its policy.
func TestAKilledMigrationIsCompletedOrUndone(t *testing.T) {
	for _, line := range []string{"migrate --yes", "undo --yes " + allRisks} {
		k := &killer{}
		sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters"), Log: k})
		k.runs(t, " CreateAccessEntry", "migrate", "--yes")
		out := must(t, strings.Fields(line)...)
		want := map[string]string{"migrate --yes": "STANDARD ops [] [cluster-admin on the whole cluster] map[]"}[line]
		if is := world(t)[string(arn("role/ops"))]; is != want {
			t.Errorf("%s: %s\n%s", line, is, out)
		}
	}
}
