package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// expect runs a command that has to end with that exit code and say all that, and nothing of what begins with "!".
func expect(t *testing.T, code int, line string, says ...string) string {
	t.Helper()
	out, got := command(strings.Fields(line)...)
	if got != code {
		t.Fatalf("%s: exit %d, want %d\n%s", line, got, code, out)
	}
	for _, text := range says {
		if text, not := strings.CutPrefix(text, "!"); strings.Contains(out, text) == not {
			t.Errorf("%s: %q is said: %t\n%s", line, text, not, out)
		}
	}
	return out
}

// old makes of the newest record what it was before there was a kind.
func old(t *testing.T) {
	t.Helper()
	file, kind := lastRecord(t), regexp.MustCompile(`(?m)^  "kind": .*\n`)
	data, err := os.ReadFile(file)
	if err != nil || !kind.Match(data) {
		t.Fatalf("%v, no kind in %s", err, data)
	}
	if err := os.WriteFile(file, kind.ReplaceAll(data, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnUndoOfAPartIsNotTheUndo: undo again undoes the rest, and not the change before.
func TestAnUndoOfAPartIsNotTheUndo(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	must(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev")
	must(t, "revoke", "role/newcomer", "user/alice", "--yes")
	colleague(t, "grant", "role/newcomer", "--type", "EC2_LINUX")
	expect(t, exitFailed, "undo --yes", "the type cannot change", "accessentry/user/alice created\n")
	expect(t, exitFailed, "undo --yes", "the type cannot change", "accessentry/user/alice unchanged\n")
	expect(t, exitDone, "undo --list", "part done, undoes", "not done, undoes", "!taken back ")
	colleague(t, "revoke", "role/newcomer", allRisks, "--yes")
	expect(t, exitDone, "undo --yes", "accessentry/role/newcomer created\n", "accessentry/user/alice unchanged\n")
	expect(t, exitRefused, "undo", "- role/newcomer  (the whole entry)\n")
}

// TestAnUndoThatReadsNothingIsNone: nothing of it was sent, so the change stays the last one.
func TestAnUndoThatReadsNothingIsNone(t *testing.T) {
	account := filepath.Join(t.TempDir(), "account")
	sandboxtest.Start(t, sandbox.Options{State: account})
	must(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev")
	mine := os.Getenv("XDG_STATE_HOME")
	data, err := os.ReadFile(account)
	if err != nil {
		t.Fatal(err)
	}
	blind := regexp.MustCompile(`("name":"platform-admin",[^}]*"allow":)\["\*"\]`).ReplaceAll(data, []byte(`$1["eks:Describe*","eks:ListAccessEntries","iam:*"]`))
	if err := os.WriteFile(account, blind, 0o600); err != nil {
		t.Fatal(err)
	}
	sandboxtest.Start(t, sandbox.Options{State: account})
	t.Setenv("XDG_STATE_HOME", mine)
	for range 2 {
		expect(t, exitFailed, "undo --yes", "accessentry/role/newcomer: ", "access denied")
	}
	expect(t, exitDone, "undo --list", "not done, undoes", "!taken back ")
}

// TestUndoOfARoleThatIsGoneAdvisesWhatIsPossible: nobody can show the ARN of a role that does not exist.
func TestUndoOfARoleThatIsGoneAdvisesWhatIsPossible(t *testing.T) {
	for profile, code := range map[string]int{"": exitRefused, "no-iam": exitFailed} { // by IAM, or by EKS's refusal
		sandboxtest.Start(t, sandbox.Options{})
		must(t, "grant", "role/eks-operator", "--policy", "cluster-admin", "-A", allRisks)
		must(t, "grant", "arn:aws:iam::111122223333:role/departed", "--group", "g")
		must(t, "revoke", "arn:aws:iam::111122223333:role/departed")
		if profile != "" {
			sandboxtest.Become(t, profile)
		}
		expect(t, code, "undo --yes "+allRisks, "role/departed no longer exists, so its access entry cannot be restored; create the role again and then undo ",
			" again, or grant what it had to another principal: admin in namespace dev, group g\n",
			"!get-role", "!the role or user does not exist")
	}
}

// TestWithoutTheNewestRecordThereIsNoLastChange: the one before it is not taken back instead.
func TestWithoutTheNewestRecordThereIsNoLastChange(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	must(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev")
	first := strings.TrimSpace(must(t, "undo", "--list", "-o", "name"))
	must(t, "grant", "role/joiner", "--policy", "view", "-n", "dev")
	file := lastRecord(t)
	id := strings.TrimSuffix(filepath.Base(file), ".json")
	if err := os.Truncate(file, 40); err != nil {
		t.Fatal(err)
	}
	expect(t, exitRefused, "undo --yes", "refused: cannot determine the last change: the record cannot be read: "+file+": ", "kubectl access undo --list")
	expect(t, exitRefused, "undo --yes "+id, "error: the record cannot be read: "+file+": ")
	expect(t, exitDone, "undo --list", "Warning: a record cannot be read: "+file+": ", "\n"+first+" ")
	expect(t, exitDone, "undo --yes "+first, "accessentry/role/newcomer deleted\n")
}

// TestAWordOfTheCommandDecidesNothing: what a change was is a field of its record, and in an older one what it did.
func TestAWordOfTheCommandDecidesNothing(t *testing.T) {
	for name, before := range map[string]func(*testing.T){"with a kind": func(*testing.T) {}, "old": old} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{})
			must(t, "grant", "role/newcomer", "--group", "migrate")
			before(t)
			expect(t, exitDone, "undo --yes", "accessentry/role/newcomer deleted\n")
			must(t, "migrate", "--yes")
			before(t)
			colleague(t, "migrate", "--yes", "--remove-mappings")
			expect(t, exitRefused, "undo --yes", "leave-mappings: their aws-auth mappings, from which these entries were created, are gone")
		})
	}
}

// TestAnUnsafeStateFolderIsRefused by every command that would use it, before anything is sent.
func TestAnUnsafeStateFolderIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder's rights are not in its mode")
	}
	box := sandboxtest.Start(t, sandbox.Options{})
	dir, err := journal.Dir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // that is the test
		t.Fatal(err)
	}
	for _, line := range []string{"undo", "undo --list", "grant role/newcomer --group g", "migrate --yes"} {
		expect(t, exitRefused, line, "unsafe state folder: "+dir+" is writable by other users (d")
	}
	if calls := box.Calls(); calls["eks.CreateAccessEntry"] > 0 {
		t.Error(calls)
	}
}
