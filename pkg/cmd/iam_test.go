package cmd_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// asked are commands that show what the rows of docs/iam.md say, by row; principals by their full ARNs.
var asked = map[string][]string{
	"cluster":    {"cluster"},
	"list":       {"list"},
	"audit":      {"audit"},
	"export":     {"export --to terraform"},
	"describe":   {"describe ARN:role/rotated", "describe ARN:user/alice"},
	"whoami":     {"whoami"},
	"history":    {"history ARN:user/alice", "history"},
	"why":        {"why ARN:user/alice"},
	"kubeconfig": {"kubeconfig --name demo --dry-run", "kubeconfig --all --region us-west-2 --dry-run", "kubeconfig --all --dry-run"},
	"get-token":  {"get-token --cluster-name demo"},
	"policies":   {"policies"},
	"grant": {
		"grant ARN:role/newcomer --policy view -n dev", "grant ARN:role/rotated --policy edit -n dev", "grant ARN:user/alice --group g",
		"grant ARN:role/team/dev --tag a=b", "grant ARN:role/newcomer --type EC2_LINUX",
	},
	"revoke": {
		"revoke ARN:role/team/dev --yes", "revoke ARN:" + developers + " --policy edit -n dev", "revoke ARN:role/team/dev --group developers",
		"revoke ARN:" + administrators + " --policy cluster-admin",
	},
	"mode":    {"mode", "mode API --yes --accept-risk=one-way-mode,leave-mappings"},
	"migrate": {"migrate --yes --timeout 1h --accept-risk=one-way-mode --context arn:aws:eks:us-west-2:111122223333:cluster/legacy"},
	"undo":    {"undo --yes"},
}

const (
	administrators = "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7081"
	developers     = "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Developer_90a1b2c3d4e5f607"
)

// TestEachPermissionIsNeededAsTheDocumentSays denies every action that a command uses, one at a time. What fails
// without it must be in the document's row; what all of a command's lines can do without is not needed.
func TestEachPermissionIsNeededAsTheDocumentSays(t *testing.T) {
	awsOnPath(t)
	file := filepath.Join(t.TempDir(), "state") // what undo takes back is in it
	sandboxtest.Start(t, sandbox.Options{State: file})
	state := os.Getenv("XDG_STATE_HOME")
	if out, code := run("grant", "role/team/dev", "--tag", "undo=me"); code != 0 {
		t.Fatal(out)
	}
	account, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	needed, mentioned := permissions(t)
	for row, lines := range asked {
		always := map[string]bool{}
		for action := range needed[row] {
			always[action] = false
		}
		for _, line := range lines {
			used, code := allowedTo(t, account, state, line, "")
			if code != 0 {
				t.Fatalf("%s: exit %d", line, code)
			}
			for _, action := range used {
				_, code := allowedTo(t, account, state, line, action)
				if needed[row][action] {
					always[action] = always[action] || code != 0
				} else if !mentioned[row][action] {
					t.Errorf("%s uses %s (without it: exit %d), and the row does not tell", line, action, code)
				}
			}
		}
		for action, fails := range always {
			if !fails {
				t.Errorf("%s: %s is said to be needed, and none of %q fails without it", row, action, lines)
			}
		}
	}
}

// allowedTo runs a command as an administrator who may do all but one thing, and tells what it uses.
func allowedTo(t *testing.T, account []byte, state, line, denied string) (used []string, code int) {
	t.Helper()
	var allow []string
	for action := range actions(t) {
		if action != denied {
			allow = append(allow, action)
		}
	}
	list, err := json.Marshal(allow)
	if err != nil {
		t.Fatal(err)
	}
	administrator := regexp.MustCompile(`("name":"platform-admin",[^}]*"allow":)\["\*"\]`)
	if !administrator.Match(account) {
		t.Fatal("the sandbox's administrator may not do everything any more")
	}
	file := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(file, administrator.ReplaceAll(account, append([]byte("$1"), list...)), 0o600); err != nil {
		t.Fatal(err)
	}
	box := sandboxtest.Start(t, sandbox.Options{State: file, RotateCA: "demo"})
	defer box.Close()
	own := t.TempDir() // the record of a change goes there
	if err := os.CopyFS(own, os.DirFS(state)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", own)
	_, code = run(words(strings.ReplaceAll(line, "ARN:", "arn:aws:iam::111122223333:"))...)
	for call := range box.Calls() {
		if action := strings.Replace(call, ".", ":", 1); action != "sts:GetCallerIdentity" && !strings.HasPrefix(action, ":") { // everybody may ask that
			used = append(used, action)
		}
	}
	if strings.Contains(line, "--type EC2") {
		used = append(used, "iam:PassRole")
	}
	return slices.DeleteFunc(used, func(action string) bool { return !actions(t)[action] }), code
}

// actions are those that the sandbox knows.
func actions(t *testing.T) map[string]bool {
	t.Helper()
	sources, err := filepath.Glob("../sandbox/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{"iam:PassRole": true} // is no call, and checked by others
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\{(?:[Ss]ervice: )?"(eks|iam|sts|cloudtrail)", (?:[Nn]ame: )?"([A-Z]\w+)"`).FindAllStringSubmatch(string(text), -1) {
			all[match[1]+":"+match[2]] = true
		}
	}
	return all
}

// permissions reads the table of docs/iam.md: by command what it needs, and all that its row names, with what the
// rows have that it refers to.
func permissions(t *testing.T) (needed, mentioned map[string]map[string]bool) {
	t.Helper()
	text, err := os.ReadFile("../../docs/iam.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|(.*)\\|(.*)\\|$").FindAllStringSubmatch(string(text), -1) {
		rows[match[1]] = match[2:]
	}
	var cell func(row string, columns ...int) map[string]bool
	cell = func(row string, columns ...int) map[string]bool {
		found := map[string]bool{}
		for _, column := range columns {
			for _, word := range span.FindAllStringSubmatch(rows[row][column], -1) {
				if strings.Contains(word[1], ":") {
					found[word[1]] = true
				} else if _, ok := rows[word[1]]; ok && regexp.MustCompile("(those of|as|and|,) `"+word[1]+"`").MatchString(rows[row][column]) {
					maps.Copy(found, cell(word[1], columns...))
				}
			}
		}
		return found
	}
	needed, mentioned = map[string]map[string]bool{}, map[string]map[string]bool{}
	for row := range rows {
		needed[row], mentioned[row] = cell(row, 0), cell(row, 0, 1)
	}
	return needed, mentioned
}
