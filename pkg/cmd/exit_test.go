package cmd_test

import (
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestExitCodesAreThoseOfTheReadme: 0 done, 1 failed or misspelt, 2 refused or cancelled.
func TestExitCodesAreThoseOfTheReadme(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for _, row := range []struct {
		line string
		code int
	}{
		{"version", 0},
		{"list role/team/dev", 0},
		{"grant role/team/dev --policy view -n dev", 0}, // there is nothing to do

		{"frobnicate", 1},
		{"list --frobnicate", 1},
		{"grant role/idle --policy view", 1},
		{"grant role/idle --policy veiw -A", 1},
		{"grant roles/idle --policy view -A", 1},
		{"grant role/idle --type ROBOT", 1},
		{"mode FOO", 1},
		{"describe role/nobody", 1},
		{"list --context nowhere", 1},
		{"whoami --profile newcomer", 1},

		{"diff -f testdata/access.yaml", 1}, // as kubectl diff
		{"diff -f testdata/none.yaml", 2},
		{"diff", 2},
		{"apply -f testdata/access.yaml --dry-run", 0},
		{"apply -f testdata/none.yaml", 2},
		{"apply", 1},
		{"revoke me", 2},
		{"mode API", 2},
		{"grant role/idle --policy view -A --dry-run=server", 2},
		{"undo --list --as somebody", 2},
		{"revoke user/contractors/bob", 2}, // it asks, and there is no terminal
		{"grant role/idle --group system:masters", 2},
		{"", 2},
	} {
		if out, code := run(words(row.line)...); code != row.code {
			t.Errorf("%s: exit %d, want %d\n%s", row.line, code, row.code, out)
		}
	}
}
