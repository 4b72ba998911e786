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

// closed is a pipe whose reader has left.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestAReaderMayLeave as head does: what only reads is done then, without a word, and a change says what it lost.
func TestAReaderMayLeave(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, row := range []struct {
		command string
		code    int
		said    string
	}{
		{"list", 0, ""},
		{"list -o json", 0, ""},
		{"list -o jsonpath={.items[*].metadata.name}", 0, ""},
		{"describe role/team/dev", 0, ""},
		{"policies", 0, ""},
		{"completion bash", 0, ""},
		{"mode", 0, ""},
		{"mode -o json", 0, ""},
		{"undo --list", 0, ""},
		{"grant role/newcomer --policy view -n dev --dry-run=client", 0, ""},
		{"describe role/nobody", 1, "nobody"},
		{"grant role/newcomer --policy view -n dev", 1, "broken pipe"},
	} {
		var errOut bytes.Buffer
		if code := runTo(closed{}, &errOut, strings.Fields(row.command)); code != row.code || !strings.Contains(errOut.String(), row.said) || strings.Contains(errOut.String(), "error:") != (code != 0) {
			t.Errorf("%s: exit %d, %s", row.command, code, &errOut)
		}
	}
}
