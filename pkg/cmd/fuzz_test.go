package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

const at = " --context=arn:aws:eks:us-west-2:111122223333:cluster/"

// answered are command lines that ask a service something, every command among them; what follows a semicolon is run
// after it. In them, FILE is a file of the test's own. "screen" stands for the full-screen interface.
var answered = []string{
	"list", "list -o json", "list -o yaml", "list -o name", "list -o wide", "list role/team/dev me -o json", "list" + at + "legacy", "list --profile auditor -v 6",
	"who-can get secrets -n prod", "who-can create pods/exec --explain", "who-can escalate -o json", "who-can --matrix -o wide", "explain role/team/dev get pods -n dev", "explain user/alice -o yaml",
	"history", "history role/team/dev -o json", "why user/alice", "history --errors -o csv",
	"audit", "audit -o html" + at + "prod", "audit --history -o html", "audit -o sarif --fail-on high" + at + "legacy", "cluster -o wide",
	"describe role/team/dev role/rotated me user/alice", "describe role/ops --rules", "describe role/ci/deployer -o yaml", "describe sso/Developer" + at + "staging",
	"whoami", "whoami -o json" + at + "staging", "whoami --profile idle" + at + "staging", "whoami --profile newcomer -o yaml", "whoami --eks-cluster staging --region us-west-2",
	"grant role/newcomer --policy view -n dev,devv --tag a=b --for 8h", "grant role/newcomer user/bob --policy edit -A --group team -o json --wait --timeout 1s",
	"grant role/team/dev --policy edit -n qa --username dev", "grant sso/Read_Only me --policy view -A --dry-run", "grant role/ops --policy view -n dev",
	"revoke role/team/dev --policy view -n dev; undo --yes", "revoke user/alice --yes; undo; undo --yes -o yaml", "revoke me --yes", "revoke role/team/dev --group developers",
	"revoke role/ops --yes; undo --yes", "revoke role/team/dev --yes --entry-only", "list --require-match", "revoke role/joiner --yes" + at + "prod",
	"grant role/ops --policy view:dev --policy edit:qa --keep-mapping-access -o yaml", "grant role/mapped --policy admin -A --yes --accept-risk=override-mapping" + at + "staging",
	"export --to terraform", "export --to ack role/team/dev --include-temporary", "export --to pulumi" + at + "prod", "list -o eks-json",
	"apply -f testdata/access.yaml --set team --prune --yes; undo --yes", "diff -f testdata/access.yaml -o json", "apply -f testdata/access.yaml --plan-out FILE; apply --plan FILE --yes", "diff -f testdata/access.yaml --set team --prune -o markdown",
	"copy --from demo --to p* --yes; undo --yes", "diff demo prod -o markdown", "list --all-contexts -o wide; list --matrix", "who-can get pods --contexts demo --contexts !prod --timeout 5s", "grant role/newcomer --policy view -A --contexts p* --yes --accept-risk=prod:owned-elsewhere",
	"policies", "policies edit", "policies -o json", "cluster", "cluster -o yaml", "cluster --eks-cluster staging",
	"mode", "mode -o json" + at + "legacy", "mode API_AND_CONFIG_MAP --yes --accept-risk=one-way-mode" + at + "legacy", "mode API --yes --accept-risk=one-way-mode",
	"migrate --dry-run", "migrate -o json", "migrate --yes --remove-mappings; undo --yes", "migrate --yes --accept-risk=one-way-mode" + at + "legacy", "migrate --write-decisions FILE",
	"grant role/newcomer --policy view -n dev; undo --list; undo --list -o yaml; undo --yes", "undo --eks-cluster demo", "undo --list --eks-cluster demo",
	"get-token --cluster-name demo", "get-token --cluster-name demo --role-arn arn:aws:iam::111122223333:role/team/dev",
	"kubeconfig --name demo --kubeconfig FILE --verbose", "kubeconfig --all --dry-run", "kubeconfig --check", "kubeconfig --name nobody --kubeconfig FILE",
	"__complete list ''", "__complete grant ''", "__complete grant x --policy ''", "__complete grant x -n ''", "__complete grant x --group ''",
	"__complete revoke role/team/dev --policy ''", "__complete revoke role/team/dev -n ''", "__complete list --eks-cluster ''", "__complete get-token --cluster-name ''", "__complete undo ''", "__complete list --context ''",
	"screen demo", "screen staging", "screen legacy",
}

// FuzzAnswers spoils one answer of EKS, IAM, STS or Kubernetes at a time. Whatever services answer, no command may
// panic, end with another exit code than the four there are, or pass on what a terminal obeys.
func FuzzAnswers(f *testing.F) {
	first := map[string]bool{}
	for n, line := range answered { // the normal tests: {} for the first answer of each command, and some of the others
		if command := strings.Fields(line)[0]; !first[command] {
			first[command] = true
			f.Add(uint8(n), uint8(0), uint16(0), uint8(sandboxtest.Emptied))
		} else if n%5 == 0 {
			f.Add(uint8(n), uint8(7*n), uint16(5*n), uint8(n))
		}
	}
	f.Fuzz(func(t *testing.T, line, answer uint8, member uint16, how uint8) {
		words := answered[int(line)%len(answered)]
		known := answers(t, words)
		if len(known) == 0 {
			return
		}
		chosen := known[int(answer)%len(known)]
		var spoiled string
		b := between(t)
		b.Change = func(name string, body []byte) []byte {
			if name != chosen {
				return body
			}
			wrong := sandboxtest.Spoil(body, uint(member), uint(how))
			spoiled = fmt.Sprintf("%s\n%s\nbecame\n%s", name, body, wrong)
			return wrong
		}
		if wrong := try(t, words); wrong != "" {
			t.Errorf("%s\n%s\n%s", words, wrong, spoiled)
		}
	})
}

// known are the answers that each line gets where nothing is spoiled.
var known sync.Map

func answers(t *testing.T, words string) []string {
	t.Helper()
	if all, ok := known.Load(words); ok {
		return all.([]string)
	}
	var all []string
	t.Run("as it is", func(t *testing.T) {
		b := between(t)
		if wrong := try(t, words); wrong != "" {
			t.Errorf("%s\n%s", words, wrong)
		}
		all = b.Answers()
	})
	known.Store(words, all)
	return all
}

// between starts an account and a proxy before it.
func between(t *testing.T) *sandboxtest.Between {
	t.Helper()
	box := sandboxtest.Start(t, sandbox.Options{})
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CA_BUNDLE", "") // reading one takes longer than all the rest
	session, err := login.New(t.Context(), login.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for _, cluster := range []string{"demo", "legacy", "prod", "staging"} {
		if tokens[cluster], err = session.Token(t.Context(), cluster); err != nil {
			t.Fatal(err)
		}
	}
	return sandboxtest.Stand(t, box, tokens)
}

// try runs the command lines and tells what is wrong with how they ended, "" where nothing is.
func try(t *testing.T, lines string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second) // some answers are worth waiting for another one
	defer stop()
	file := filepath.Join(t.TempDir(), "file")
	for words := range strings.SplitSeq(lines, "; ") {
		var out, errOut bytes.Buffer
		env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Now: time.Now, Patience: 3 * time.Second, TrailPace: time.Nanosecond}
		args := strings.Fields(strings.ReplaceAll(words, "FILE", file))
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, "''", "")
		}
		code := 0
		if args[0] == "screen" {
			errOut.WriteString(driveScreens(ctx, env, at[len(" --context="):]+args[1]))
		} else {
			code = cmd.Run(ctx, env, append([]string{"kubectl-access"}, args...))
		}
		if wrong := wrongIn(out.String() + errOut.String()); wrong != "" || code < 0 || code > 3 {
			return fmt.Sprintf("%s: exit %d, %s in\n%s%s", words, code, wrong, &out, &errOut)
		}
	}
	return ""
}

// wrongIn is what no output may hold.
func wrongIn(text string) string {
	for _, sign := range []string{"%!", "<nil>", "nil pointer", "panic:", "goroutine "} {
		if strings.Contains(text, sign) {
			return sign
		}
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return access.Hidden(r) && !strings.ContainsRune("\n\t\ufffd", r) }); i >= 0 {
		return fmt.Sprintf("%q", text[i:min(len(text), i+4)])
	}
	return ""
}

// driveScreens does what the screens do of a cluster, and returns what they would show without cleaning it.
func driveScreens(ctx context.Context, env *cmd.Env, name string) string {
	w, done, err := cmd.Screens(ctx, env)
	if err != nil {
		return ""
	}
	defer done()
	c, err := w.Open(ctx, name)
	if err != nil {
		return w.Hint(name, err)
	}
	var all access.Snapshot
	for piece, err := range c.Read(ctx, nil) {
		if err != nil {
			return w.Hint(name, err)
		}
		all.Entries, all.Cluster = append(all.Entries, piece.Entries...), piece.Cluster
	}
	for _, e := range all.Entries[:min(3, len(all.Entries))] {
		c.Hints(ctx, e, all.Cluster)
	}
	for _, f := range []tui.Family{tui.Roles, tui.Users, tui.PermissionSets} {
		for _, err := range c.Principals(ctx, f) {
			_ = err
		}
	}
	_, policies := c.Policies(ctx)
	_, namespaces := c.Namespaces(ctx)
	_, groups := c.Groups(ctx)
	who, _, err := c.Resolve(ctx, "role/newcomer")
	if err = errors.Join(err, policies, namespaces, groups); err != nil {
		return w.Hint(name, err)
	}
	grant := access.Entry{Grants: []access.Grant{{Policy: access.ClusterAdmin}}}
	p, err := c.Propose(ctx, tui.Request{Who: []access.Principal{who}, Grant: &grant, Command: []string{"kubectl", "access"}})
	if err != nil {
		return w.Hint(name, err)
	}
	for r, err := range p.Apply(ctx, nil) {
		_, _ = fmt.Fprint(io.Discard, r, err)
	}
	return ""
}

// TestEveryCommandIsAmongThoseThatAreFuzzed, but those that ask nobody.
func TestEveryCommandIsAmongThoseThatAreFuzzed(t *testing.T) {
	silent := []string{"completion", "help", "options", "sandbox", "version"}
	for _, c := range cmd.New(&cmd.Env{}, "kubectl access").Commands() {
		among := slices.ContainsFunc(answered, func(line string) bool { return strings.Fields(line)[0] == c.Name() })
		if !among && !slices.Contains(silent, c.Name()) {
			t.Errorf("%s is not fuzzed", c.Name())
		}
	}
}
