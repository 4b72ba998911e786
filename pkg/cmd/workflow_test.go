package cmd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// workflow is a workflow of docs/automation.md, as far as the test runs it.
type workflow struct {
	Env  map[string]string
	Jobs map[string]struct {
		Env, Outputs map[string]string
		If, Needs    string
		Steps        []struct {
			ID, If, Uses, Run string
			Env               map[string]string
		}
	}
}

// runner is what GitHub has for a job.
type runner struct {
	t       *testing.T
	dir     string                       // the repository
	profile map[string]string            // by role: the identity in the sandbox
	box     *sandbox.Sandbox             // AWS
	outputs map[string]map[string]string // by job
	summary string                       // of the last job
	token   string                       // where to ask for one
}

// blocks are the code blocks of a language in a document.
func blocks(text, language string) (all []string) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// run runs the steps of a job for an event, one by one, as GitHub does, and returns what they print and how the first one fails.
func (r *runner) run(w workflow, name, event string) (out string, err error) {
	r.t.Helper()
	job, given := w.Jobs[name], map[string]string{"github.token": "t", "github.event.number": "7", "github.event_name": event}
	for key, value := range r.outputs[job.Needs] {
		given["needs."+job.Needs+".outputs."+key] = value
	}
	expand := func(text string) string {
		return regexp.MustCompile(`\$\{\{ (\S+) \}\}`).ReplaceAllStringFunc(text, func(found string) string {
			value, ok := given[strings.Trim(found, "${} ")]
			if !ok {
				r.t.Errorf("%s: nobody gives %s", name, found)
			}
			return value
		})
	}
	holds := func(condition string) bool {
		return condition == "" || condition == "github.event_name == '"+event+"'"
	}
	if !holds(job.If) {
		r.t.Fatalf("%s does not run for %s", name, event)
	}
	home := r.t.TempDir() // of a new machine
	env := append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"), "KUBECONFIG="+filepath.Join(home, "none"),
		"GITHUB_OUTPUT="+filepath.Join(home, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(home, "summary"),
		"ACTIONS_ID_TOKEN_REQUEST_URL="+r.token+"/?a=b", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=request")
	for _, values := range []map[string]string{w.Env, job.Env} {
		for k, v := range values {
			env = append(env, k+"="+strings.ReplaceAll(expand(v), "/tmp/", home+"/"))
		}
	}
	key := r.box.Key(r.profile[job.Env["AWS_ROLE_ARN"]]) // what AWS gives for the token
	env = append(env, "AWS_ACCESS_KEY_ID="+key.ID, "AWS_SECRET_ACCESS_KEY="+key.Secret, "AWS_SESSION_TOKEN="+key.Token, "AWS_PROFILE=")
	for _, step := range job.Steps {
		if step.Run == "" || !holds(step.If) {
			continue
		}
		cmd := exec.CommandContext(r.t.Context(), "bash", "-e", "-c", expand(step.Run))
		cmd.Dir, cmd.Env = r.dir, env
		text, failed := cmd.CombinedOutput()
		out += string(text)
		if failed != nil {
			err = fmt.Errorf("%s: %w", step.Run, failed)
			break
		}
		written, _ := os.ReadFile(filepath.Join(home, "output"))
		for line := range strings.Lines(string(written)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
			given["steps."+step.ID+".outputs."+k] = v
		}
	}
	summary, _ := os.ReadFile(filepath.Join(home, "summary"))
	r.summary, r.outputs[name] = string(summary), map[string]string{}
	for k, v := range job.Outputs {
		if err == nil && event == "push" {
			r.outputs[name][k] = expand(v)
		}
	}
	return out, err
}

// documentedRoles gives roles of the sandbox the permissions of the document: the first may do what the first policy says,
// the second what both say.
func documentedRoles(t *testing.T, text string, roles ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state")
	box := sandboxtest.Start(t, sandbox.Options{State: file})
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var allow []string
	for i, role := range roles {
		for _, action := range regexp.MustCompile(`"((?:eks|iam):\w+)"`).FindAllStringSubmatch(blocks(text, "json")[i], -1) {
			allow = append(allow, action[1])
		}
		list, err := json.Marshal(append(allow, "sts:*"))
		if err != nil {
			t.Fatal(err)
		}
		may := regexp.MustCompile(`("name":"` + role + `",[^}]*?"allow":)\[[^]]*\]`)
		if !may.Match(state) {
			t.Fatalf("no role %s", role)
		}
		state = may.ReplaceAll(state, append([]byte("$1"), list...))
	}
	if err := os.WriteFile(file, state, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// onRunner puts programs on PATH: the plugin by kubectl, and a gh that has a release and takes comments.
func onRunner(t *testing.T, dir string) {
	t.Helper()
	for _, program := range []string{"bash", "curl", "jq", "gzip", "tar", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil || runtime.GOOS != "linux" {
			t.Skipf("the workflow runs on Linux, with %s", program)
		}
	}
	bin := pluginOnPath(t)
	for name, script := range map[string]string{
		"kubectl": "[ \"$1\" = access ] && shift\nexec kubectl-access \"$@\"\n",
		"gh": "echo \"gh $*\" >>" + dir + "/gh.log\nif [ \"$1\" = release ]; then\n  echo x >kubectl-access && tar -czf kubectl-access_v1.2.3_linux_amd64.tar.gz kubectl-access\n" +
			"  sha256sum *.tar.gz >checksums.txt\nelse\n  cp comment.md " + dir + "/posted.md\nfi\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/bash\nset -e\n"+script), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
}

// newRunner is a repository with the document's files and two workflows, before a sandbox with the document's roles.
func newRunner(t *testing.T) (r *runner, access, drift workflow) {
	t.Helper()
	page, err := os.ReadFile("../../docs/automation.md")
	if err != nil {
		t.Fatal(err)
	}
	text, all := string(page), []workflow{}
	for _, block := range blocks(text, "yaml") {
		var w workflow
		if strings.Contains(block, "runs-on:") {
			if err := yaml.Unmarshal([]byte(block), &w); err != nil {
				t.Fatal(err)
			}
			all = append(all, w)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Authorization") != "bearer request" || q.URL.Query().Get("audience") != "sts.amazonaws.com" {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, `{"value":"token"}`)
	}))
	t.Cleanup(server.Close)
	r = &runner{t: t, dir: t.TempDir(), outputs: map[string]map[string]string{}, token: server.URL, profile: map[string]string{
		"arn:aws:iam::111122223333:role/access-plan": "read-only", "arn:aws:iam::111122223333:role/access-apply": "no-pass-role",
	}}
	onRunner(t, r.dir)
	r.box = sandboxtest.Start(t, sandbox.Options{State: documentedRoles(t, text, "auditor", "entry-manager")})
	for _, dir := range []string{".github", "access"} {
		if err := os.Mkdir(filepath.Join(r.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.write(".github/access-login.sh", blocks(text, "bash")[0])
	out, code := run("list", "role/team/dev", "user/alice", "-o", "yaml")
	if code != 0 || len(all) != 2 {
		t.Fatal(len(all), out)
	}
	r.write("access/team.yaml", out)
	return r, all[0], all[1]
}

func (r *runner) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // one is a program
		r.t.Fatal(err)
	}
}

func (r *runner) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(r.dir, name)) // "" where there is none
	return string(text)
}

// TestTheWorkflowOfTheDocument runs its steps one by one: the plan of a pull request, its merge, and the nightly check.
func TestTheWorkflowOfTheDocument(t *testing.T) {
	r, access, drift := newRunner(t)
	r.write("access/team.yaml", strings.ReplaceAll(r.read("access/team.yaml"), "AmazonEKSViewPolicy", "AmazonEKSEditPolicy"))
	out, err := r.run(access, "plan", "pull_request")
	if posted := r.read("posted.md"); err != nil || !strings.Contains(posted, "2 to change") || !strings.Contains(posted, "+     edit in namespace dev") {
		t.Fatalf("%v\n%s\n%s", err, out, posted)
	}
	if log := r.read("gh.log"); !strings.Contains(log, "pr comment 7 --edit-last --create-if-none --body-file comment.md") {
		t.Error(log)
	}
	if out, err = r.run(drift, "drift", "schedule"); err == nil || !strings.Contains(r.summary, "2 to change") {
		t.Errorf("%v\n%s\n%s", err, out, r.summary)
	}
	if out, err = r.run(access, "plan", "push"); err != nil || !strings.Contains(r.summary, "+     edit in namespace dev") {
		t.Fatalf("%v\n%s\n%s", err, out, r.summary)
	}
	if n := r.box.Calls()["eks.AssociateAccessPolicy"]; n > 0 {
		t.Errorf("%d writes without an apply", n)
	}
	if out, err = r.run(access, "apply", "push"); err != nil || !strings.Contains(out, "accessentry/role/team/dev granted edit in namespace dev") || !strings.Contains(out, "made by role/auditor") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err = r.run(access, "apply", "push"); err == nil || !strings.Contains(out, "all changes of the plan are in place already") {
		t.Errorf("a second time: %v\n%s", err, out)
	}
	if out, err = r.run(drift, "drift", "schedule"); err != nil || !strings.Contains(r.summary, "no differences") {
		t.Errorf("%v\n%s\n%s", err, out, r.summary)
	}
	r.write("access/team.yaml", strings.ReplaceAll(r.read("access/team.yaml"), "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy"))
	if out, err = r.run(access, "plan", "push"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, code := run("grant", "role/team/dev", "--policy", "view", "-n", "qa"); code != 0 {
		t.Fatal(out)
	}
	if out, err = r.run(access, "apply", "push"); err == nil || !strings.Contains(out, "role/team/dev: now: view in namespace qa") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheWorkflowUsesWhatWasLookedAt: the actions are those of this repository's own workflows, by the same commits.
func TestTheWorkflowUsesWhatWasLookedAt(t *testing.T) {
	page, err := os.ReadFile("../../docs/automation.md")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("../../.github/workflows/ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`uses: .*`).FindAllString(string(page), -1)
	if len(all) < 3 {
		t.Errorf("%d actions", len(all))
	}
	for _, use := range all {
		if !strings.Contains(string(own), use+"\n") {
			t.Errorf("%s is none of ours", use)
		}
	}
}
