package cmd_test

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestExitCodes: 2 is what was refused before anything was sent, 1 what failed on the way.
func TestExitCodes(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for line, want := range map[string]int{
		"grant role/idle --policy view -A --dry-run":                   0,
		"revoke role/newcomer --policy view":                           0,
		"delete role/idle":                                             2,
		"grant role/idle --policy view":                                2,
		"grant role/idle --policy veiw -A":                             2,
		"grant group/idle --policy view -A":                            2,
		"grant role/idle --nosuch":                                     2,
		"grant role/idle --policy view -A --dry-run=server":            2,
		"grant role/idle --group system:masters":                       2,
		"policies view edit":                                           2,
		"kubeconfig demo":                                              2,
		"revoke me":                                                    2,
		"mode API":                                                     2,
		"list role/nobody":                                             1,
		"grant role/nobody --policy view -A":                           1,
		"grant arn:aws:iam::111122223333:role/nobody --policy view -A": 1,
		"list --eks-cluster nowhere":                                   1,
		"list --kubeconfig nowhere":                                    1,
		"whoami --context arn:aws:eks:us-west-2:111122223333:cluster/private": 1,
	} {
		if out, code := run(strings.Fields(line)...); code != want {
			t.Errorf("%s: exit %d, want %d\n%s", line, code, want, out)
		}
	}
}
