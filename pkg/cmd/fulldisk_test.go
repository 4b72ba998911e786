package cmd_test

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// full is a file on a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestDataThatIsLostIsAFailure prints to a full disk: whoever keeps the output must not take half of it for all.
func TestDataThatIsLostIsAFailure(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if out, code := run("grant", "role/newcomer", "--policy", "view", "-n", "dev"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	for _, command := range []string{
		"list", "list -o wide", "list -o json", "list -o yaml", "list -o name", "list -o jsonpath={.items[*].metadata.name}",
		"describe role/team/dev", "whoami", "whoami -o json", "policies", "policies edit", "policies -o json", "cluster --offline",
		"cluster -o yaml", "mode", "mode -o json", "undo --list", "undo --list -o name", "undo --list -o json", "version", "version -o json",
		"migrate --dry-run=client", "migrate -o json --dry-run=client", "get-token --cluster-name demo", "completion bash",
		"grant role/newcomer --policy view -n dev -o json", "grant role/newcomer --policy edit -n dev --dry-run=client",
		"kubeconfig --name demo --dry-run",
	} {
		var errOut bytes.Buffer
		if code := runTo(full{}, &errOut, strings.Fields(command)); code != 1 || !strings.Contains(errOut.String(), syscall.ENOSPC.Error()) {
			t.Errorf("%s: exit %d, %s", command, code, &errOut)
		}
	}
}
