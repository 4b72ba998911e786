package cmd_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// complete asks as kubectl does, and returns the candidates without their descriptions. A busy machine may take its time.
func complete(t *testing.T, words ...string) []string {
	t.Helper()
	var out, errOut bytes.Buffer
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Now: time.Now, Patience: time.Minute, TrailPace: time.Nanosecond}
	if code := cmd.Run(context.Background(), env, append([]string{"/bin/kubectl_complete-access"}, words...)); code != 0 || errOut.Len() > 0 {
		t.Errorf("%q: exit %d, on the terminal: %s", words, code, &errOut)
	}
	var found []string
	for line := range strings.Lines(out.String()) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		found = append(found, word)
	}
	if len(found) == 0 || !slices.Contains([]string{":4", ":6", ":36"}, found[len(found)-1]) {
		t.Fatalf("%q: %q does not end in a directive that keeps file names away", words, found)
	}
	return found[:len(found)-1]
}

func TestCompletionIsLive(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	const demo = "arn:aws:eks:us-west-2:111122223333:cluster/demo"
	if out, code := run("grant", "role/team/dev", "--group", "viewers"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	list, _ := run("undo", "--list", "-o", "name")
	made := strings.TrimSpace(list)
	for _, test := range []struct {
		words string
		want  []string // among the candidates
		not   []string
	}{
		{"gra", []string{"grant"}, []string{"revoke"}},
		{"revoke role/", []string{"role/team/dev", "role/platform-admin"}, []string{"role/newcomer", "sso/Developer"}},
		{"describe sso/", []string{"sso/Developer"}, nil},
		{"grant ", []string{"me", "role/newcomer", "sso/Read_Only", "user/alice", "role/team/dev"}, nil},
		{"grant role/newcomer role/ops", []string{"role/ops"}, nil},
		{"grant role/newcomer --policy ", []string{"view", "cluster-admin"}, nil},
		{"grant role/newcomer --policy view,ed", []string{"view,edit"}, []string{"edit"}},
		{"grant role/newcomer --policy edit:d", []string{"edit:dev", "edit:default"}, []string{"edit:prod", "edit", "dev"}},
		{"grant role/newcomer --policy view,edit:dev,st", []string{"view,edit:dev,staging"}, nil},
		{"grant role/newcomer --policy=edit:dev,view:pr", []string{"edit:dev,view:prod"}, nil},
		{"revoke role/team/dev --policy view:", []string{"view:dev"}, nil},
		{"grant role/newcomer --policy arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy:de", []string{"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy:dev"}, nil},
		{"grant role/newcomer --policy edit:dev --policy vi", []string{"view"}, nil},
		{"grant role/newcomer -n d", []string{"dev", "default"}, []string{"prod"}},
		{"grant role/team/dev -n dev,", []string{"dev,staging"}, []string{"dev,dev"}},
		{"revoke role/team/dev --policy ", []string{"view"}, []string{"edit", "view:dev"}},
		{"revoke role/team/dev -n ", []string{"dev"}, []string{"staging", "prod"}},
		{"revoke role/team/dev -n dev,", nil, []string{"dev,staging", "dev,dev"}},
		{"revoke role/team/dev --group ", []string{"developers", "viewers"}, []string{"system:masters"}},
		{"revoke ", []string{"role/ops", "user/contractors/bob"}, []string{"role/newcomer"}},
		{"grant dep", []string{"role/ci/deployer", "role/departed"}, []string{"role/ops"}},
		{"describe arn:aws:iam::111122223333:role/t", []string{"arn:aws:iam::111122223333:role/team/dev"}, []string{"role/team/dev"}},
		{"grant role/newcomer --policy e", []string{"edit"}, nil},
		{"grant role/newcomer --accept-risk ", []string{"override-mapping"}, []string{"one-way-mode"}},
		{"grant role/newcomer --group ", []string{"viewers", "developers"}, []string{"system:masters"}},
		{"list --context arn:aws:eks:us-west-2:111122223333:cluster/d", []string{demo}, nil},
		{"list --user arn", []string{demo}, nil},
		{"list --cluster arn", []string{demo}, nil},
		{"list --eks-cluster ", []string{"demo", "legacy", "prod"}, nil},
		{"policies ad", []string{"admin", "admin-view"}, nil},
		{"mode ", []string{"API", "API_AND_CONFIG_MAP"}, nil},
		{"grant role/newcomer --dry-run=", []string{"client", "none"}, nil},
		{"completion ", []string{"install", "uninstall", "zsh"}, nil},
		{"list -o ", []string{"json", "yaml", "name", "wide", "jsonpath="}, nil},
		{"cluster -o jsonp", []string{"jsonpath="}, []string{"json"}},
		{"get-token --output ", []string{"json"}, nil},
		{"list --profile ", []string{"default", "newcomer", "joiner-as-dev"}, nil},
		{"list --profile new", []string{"newcomer"}, []string{"default"}},
		{"kubeconfig --name ", []string{"demo", "legacy", "prod"}, nil},
		{"get-token --cluster-name d", []string{"demo"}, []string{"legacy"}},
		{"undo ", []string{made}, nil},
		{"who-can ", []string{"get", "create", "escalate"}, []string{"pods"}},
		{"who-can get po", []string{"pods", "podtemplates"}, []string{"pods/log", "get"}},
		{"who-can get pods/l", []string{"pods/log"}, []string{"pods/exec"}},
		{"explain ro", []string{"role/ops"}, []string{"get"}},
		{"explain role/ops del", []string{"delete"}, []string{"role/ops"}},
		{"explain role/ops delete dep", []string{"deployments"}, nil},
		{"explain role/ops --contexts d", []string{"demo"}, []string{"legacy"}},
		{"history --profiles new", []string{"newcomer"}, []string{"default"}},
		{"why role/ops --regions ", []string{"all"}, nil},
		{"mode --contexts l", []string{"legacy"}, []string{"demo"}},
	} {
		got := complete(t, strings.Split(test.words, " ")...)
		if unique := slices.Compact(slices.Clone(got)); len(unique) != len(got) {
			t.Errorf("%s: twice the same in %q", test.words, got)
		}
		for _, want := range test.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no %s in %q", test.words, want, got)
			}
		}
		for _, not := range test.not {
			if slices.Contains(got, not) {
				t.Errorf("%s: %s in %q", test.words, not, got)
			}
		}
	}
}

func TestCompletionIsSilentWhereNothingCanBeAsked(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for _, words := range [][]string{{"revoke", ""}, {"grant", "x", "-n", ""}, {"grant", "x", "--group", ""}, {"list", "--context", ""}} {
		if got := complete(t, words...); len(got) > 0 {
			t.Errorf("%q: %q", words, got)
		}
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", broken)
	if got := complete(t, "list", "--context", ""); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// TestCompletionOffersFilesOnlyForFiles walks all flags and arguments: where nothing is known, nothing is offered.
func TestCompletionOffersFilesOnlyForFiles(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	files := []string{
		"migrate --from-file", "migrate --decisions", "migrate --write-decisions", "whoami --aws-auth", "audit --baseline", "audit --ignore-file", "audit --filename", "history --from-file", "apply --filename", "diff --filename", "apply --plan",
		"sandbox --state", "sandbox --log", "sandbox --api-server-ca", "sandbox", "sandbox --",
	}
	check := func(line string) {
		out := helperSays(t, append(strings.Fields(line), "")...)
		_, flag, _ := strings.Cut(line, "--")
		meant := slices.Contains(files, line) || flag == "kubeconfig" || flag == "plan-out"
		if got := strings.HasSuffix(out, ":0\n"); got != meant {
			t.Errorf("%s: files offered: %t\n%s", line, got, out)
		}
	}
	for _, line := range []string{"frob", "frob x", "list --frob", "list --v=x", "whoami x", "sandbox --"} {
		check(line)
	}
	for _, c := range cmd.New(&cmd.Env{}, "kubectl access").Commands() {
		check(c.Name())
		c.InheritedFlags() // adds those of the root
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal == "" { // else the next word is no value
				check(c.Name() + " --" + f.Name)
			}
		})
	}
}

// helperSays is all that kubectl would be told.
func helperSays(t *testing.T, words ...string) string {
	t.Helper()
	var out bytes.Buffer
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: io.Discard}, Now: time.Now}
	cmd.Run(context.Background(), env, append([]string{"/bin/kubectl_complete-access"}, words...))
	return out.String()
}

// TestTheHelperSaysNothingOnStderr runs the program itself: libraries write to the process's stderr.
func TestTheHelperSaysNothingOnStderr(t *testing.T) {
	helper := built(t, "kubectl_complete-access")
	sandboxtest.Start(t, sandbox.Options{})
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ words, variable string }{
		{"gra", ""},
		{"revoke ", ""},
		{"grant ", ""},
		{"grant x -n ", ""},
		{"grant x --policy view --group ", ""},
		{"frob ", ""},
		{"list --frob ", ""},
		{"list --v=x ", ""},
		{"list --v=9 ", ""},
		{"", ""},
		{"grant x -n ", "KUBECONFIG=" + broken},
		{"revoke ", "AWS_SECRET_ACCESS_KEY=wrong"},
		{"revoke ", "AWS_ENDPOINT_URL=http://127.0.0.1:1"},
		{"revoke ", "AWS_CONFIG_FILE=" + broken},
		{"list --profile ", "AWS_CONFIG_FILE=" + broken},
	} {
		var out, errOut bytes.Buffer
		c := exec.Command(helper, strings.Split(row.words, " ")...)
		c.Env = append(os.Environ(), row.variable)
		c.Stdout, c.Stderr = &out, &errOut
		if err := c.Run(); err != nil || errOut.Len() > 0 || !strings.Contains(out.String(), ":") {
			t.Errorf("%s (%s): %v, on the terminal: %s\n%s", row.words, row.variable, err, &errOut, &out)
		}
	}
}

// TestCompletionRunsNoOtherProgram has a credential plugin that would be seen.
func TestCompletionRunsNoOtherProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a shell script is no program there, so its run would not be seen")
	}
	box := sandboxtest.Start(t, sandbox.Options{})
	trace := filepath.Join(t.TempDir(), "trace")
	config, err := os.ReadFile(filepath.Join(box.Dir(), "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "kubeconfig")
	text := strings.ReplaceAll(string(config), "command: aws\n", "command: "+trace+".sh\n")
	if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(trace+".sh", []byte("#!/bin/sh\n: >"+trace+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", own)
	complete(t, "grant", "x", "-n", "")
	if _, err := os.Stat(trace); err == nil {
		t.Error("the credential plugin was run")
	}
}

// installed is a folder with the plugin in it, and a way to run it by that name.
func installed(t *testing.T, name string) (dir string, run func(args ...string) (string, int)) {
	t.Helper()
	dir = t.TempDir()
	program := filepath.Join(dir, executable(name))
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir, func(args ...string) (string, int) {
		var out bytes.Buffer
		env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now}
		return out.String(), cmd.Run(context.Background(), env, append([]string{program}, args...))
	}
}

func TestCompletionLinkIsMadeBesideThePlugin(t *testing.T) {
	for name, helper := range map[string]string{"kubectl-access": "kubectl_complete-access", "kubectl-access_entries": "kubectl_complete-access_entries"} {
		dir, run := installed(t, name)
		for range 2 { // the second time it is there
			if out, code := run("completion", "install"); code != 0 {
				t.Fatalf("%s: exit %d: %s", name, code, out)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, executable(helper))); err != nil {
			t.Error(err)
		}
		if to, err := os.Readlink(filepath.Join(dir, helper)); runtime.GOOS != "windows" && to != name { // there it may be a copy
			t.Errorf("%s: %q, %v", helper, to, err)
		}
		for range 2 {
			if out, code := run("completion", "uninstall"); code != 0 {
				t.Fatalf("%s: exit %d: %s", name, code, out)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
}

func TestCompletionLeavesOthersFilesAlone(t *testing.T) {
	dir, run := installed(t, "kubectl-access")
	theirs := filepath.Join(dir, executable("kubectl_complete-access"))
	if err := os.WriteFile(theirs, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"install", "uninstall"} {
		if _, code := run("completion", what); code != 1 {
			t.Errorf("%s: exit %d", what, code)
		}
	}
	if text, err := os.ReadFile(theirs); err != nil || string(text) != "theirs" {
		t.Errorf("%q, %v", text, err)
	}
	_, run = installed(t, "access")
	if _, code := run("completion", "install"); code != 1 {
		t.Errorf("under a name that kubectl does not find: exit %d", code)
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out bytes.Buffer
		if code := runTo(&out, io.Discard, []string{"completion", shell}); code != 0 || !strings.Contains(out.String(), "kubectl-access") {
			t.Errorf("%s: exit %d, %d bytes", shell, code, out.Len())
		}
	}
	if _, code := run("completion", "tcsh"); code != 1 {
		t.Errorf("exit %d", code)
	}
}
