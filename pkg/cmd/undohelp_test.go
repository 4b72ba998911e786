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

const (
	help      = "kubectl-access:migrating:system:masters"
	atBinding = " POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
	atPolicy  = " AssociateAccessPolicy"
)

// TestUndoOfAKilledMigrationLeavesNoWayToClusterAdmin: by a binding that is left, whoever may set an entry's groups would be one.
func TestUndoOfAKilledMigrationLeavesNoWayToClusterAdmin(t *testing.T) {
	for name, at := range map[string]string{"when the binding is made": atBinding, "when the entry is made": atPolicy} {
		t.Run(name, func(t *testing.T) {
			k := &killer{}
			sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters"), Log: k})
			before := world(t)
			k.runs(t, at, "migrate", "--yes")
			if bound(t, "cluster-admin")[help] == "" {
				t.Fatal("no binding is left, the test shows nothing")
			}
			out := must(t, "undo", "--dry-run", allRisks)
			if !strings.Contains(out, "goes too, once no entry is in its groups: ClusterRoleBinding "+help+"\n") || bound(t, "cluster-admin")[help] == "" {
				t.Errorf("the dry run:\n%s", out)
			}
			out = must(t, "undo", "--yes", allRisks)
			if !strings.Contains(out, "ClusterRoleBinding "+help+" deleted\n") || bound(t, "cluster-admin")[help] != "" {
				t.Errorf("%v\n%s", bound(t, "cluster-admin"), out)
			}
			if is := world(t); is[string(arn("role/ops"))] != "" || len(is) != len(before) {
				t.Errorf("%v", is)
			}
		})
	}
}

// TestWhatHelpsAMigrationStaysWhileItIsNeeded, and goes with the undo of the last entry that needs it.
func TestWhatHelpsAMigrationStaysWhileItIsNeeded(t *testing.T) {
	k := &killer{}
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters"), Log: k})
	k.runs(t, atPolicy, "migrate", "--yes")
	migration := strings.TrimSpace(must(t, "undo", "--list", "-o", "name"))
	must(t, "grant", "role/newcomer", "--group", help)
	out := must(t, "undo", migration, "--yes", allRisks)
	if !strings.Contains(out, "not finished by a migration yet: accessentry/role/newcomer; so what helps it stays: ClusterRoleBinding "+help) || bound(t, "cluster-admin")[help] == "" {
		t.Errorf("%v\n%s", bound(t, "cluster-admin"), out)
	}
	must(t, "revoke", "role/newcomer")
	if out = must(t, "undo", migration, "--yes"); bound(t, "cluster-admin")[help] != "" {
		t.Error(out)
	}
}

// TestWhatCannotBeDeletedIsTold, with the command that deletes it.
func TestWhatCannotBeDeletedIsTold(t *testing.T) {
	k := &killer{}
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters"), Log: k})
	must(t, "grant", "role/entry-manager", "--policy", "admin-view", "-A")
	k.runs(t, atPolicy, "migrate", "--yes")
	sandboxtest.Become(t, "no-pass-role")
	out, code := command("undo", "--yes", allRisks, "--context", "arn:aws:eks:us-west-2:111122223333:cluster/demo")
	for _, want := range []string{
		"accessentry/role/ops deleted\n", "error: ClusterRoleBinding " + help + " is left: ", "access denied",
		"\n  to delete it: kubectl delete clusterrolebinding " + help + " --context arn:aws:eks:us-west-2:111122223333:cluster/demo\n",
	} {
		if code != exitFailed || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, out)
		}
	}
	sandboxtest.Become(t, "default")
	if out := must(t, "undo", "--yes"); !strings.Contains(out, "ClusterRoleBinding "+help+" deleted\n") { // it was left to do
		t.Error(out)
	}
}

// TestWhereRBACIsNotReadUndoSaysSo, and what to look for.
func TestWhereRBACIsNotReadUndoSaysSo(t *testing.T) {
	k := &killer{}
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters"), Log: k})
	must(t, "grant", "role/entry-manager", "--policy", "view", "-A")
	k.runs(t, atPolicy, "migrate", "--yes")
	sandboxtest.Become(t, "no-pass-role")
	out := must(t, "undo", "--yes", allRisks)
	if !strings.Contains(out, "Warning: whether the migration left bindings that helped it is not known: list ") || !strings.Contains(out, "rolebindings: access denied") || !strings.Contains(out, "kubectl get clusterrolebindings,rolebindings") {
		t.Error(out)
	}
}

// TestAMigrationThatCannotBeginIsNoChange: there is nothing to take back, and nothing is left of it.
func TestAMigrationThatCannotBeginIsNoChange(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters")})
	must(t, "grant", "role/entry-manager", "--policy", "admin-view", "-A")
	sandboxtest.Become(t, "no-pass-role")
	if out, code := command("migrate", "--yes"); code != exitRefused || !strings.Contains(out, "no entry was made") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out := must(t, "undo", "--list"); !strings.Contains(out, "not done") {
		t.Error(out)
	}
	if out, _ := command("undo", "--dry-run"); !strings.Contains(out, "- role/entry-manager  (the whole entry)\n") {
		t.Errorf("the change before it is not the next to be taken back:\n%s", out)
	}
}

// TestAMigrationOfAClusterWithoutAWSAuthTidiesUp after one that was killed, unless an entry needs the help.
func TestAMigrationOfAClusterWithoutAWSAuthTidiesUp(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	const prod = "--context=arn:aws:eks:us-west-2:111122223333:cluster/prod"
	client, err := linked(t, prod).kube(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}
	if err := client.Bind(t.Context(), access.Binding{Name: help, Role: admin, Groups: []string{help}}); err != nil {
		t.Fatal(err)
	}
	must(t, "grant", "role/ops", "--group", help, prod)
	if out := must(t, "migrate", prod); !strings.Contains(out, "not finished by a migration yet: accessentry/role/ops") {
		t.Error(out)
	}
	must(t, "revoke", "role/ops", prod)
	if out := must(t, "migrate", prod, "--dry-run"); strings.Contains(out, "deleted") {
		t.Error(out)
	}
	if out := must(t, "migrate", prod); !strings.Contains(out, "ClusterRoleBinding "+help+" deleted\n") {
		t.Error(out)
	}
}
