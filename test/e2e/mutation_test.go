package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// change is one in the source of the plugin, of which the sandbox is a part.
type change struct{ file, from, to string }

// mutants are slips that these tests have to notice: the matrix of a policy, a script, or both.
var mutants = []struct {
	name           string
	changes        []change
	policy, script string
}{
	{
		"a rule lost a verb",
		[]change{{"pkg/policy/policies.json", `"resources": ["secrets"], "verbs": ["get", "list", "watch"]`, `"resources": ["secrets"], "verbs": ["get", "watch"]`}},
		"AmazonEKSSecretReaderPolicy", "",
	},
	{
		"a rule gained a resource",
		[]change{{"pkg/policy/policies.json", `"resources": ["bindings", "events",`, `"resources": ["nodes", "bindings", "events",`}},
		"AmazonEKSAdminPolicy", "",
	},
	{
		"namespaces are not checked",
		[]change{{"pkg/sandbox/kubeapi/rbac.go", `if inScope(p.AccessScope, at.Namespace) && anyRule(`, `if anyRule(`}},
		"AmazonEKSViewPolicy", "demo-lifecycle",
	},
	{
		"a wildcard ends nowhere",
		[]change{{
			"pkg/sandbox/kubeapi/rbac.go",
			`pattern == namespace || open && strings.HasPrefix(namespace, prefix)`, `pattern == namespace || open && strings.HasPrefix(namespace, prefix[:1])`,
		}},
		"AmazonEKSViewPolicy", "",
	},
	{
		"a namespace opens those that begin like it",
		[]change{{"pkg/sandbox/kubeapi/rbac.go", `return pattern == namespace ||`, `return strings.HasPrefix(namespace, pattern) ||`}},
		"AmazonEKSViewPolicy", "demo-lifecycle",
	},
	{
		"mode API reads aws-auth",
		[]change{
			{"pkg/sandbox/kubeapi/authenticate.go", `if access.Mode == awsapi.ModeAPI {`, `if false {`},
			{"pkg/sandbox/kubeapi/webhook.go", `if access.Mode != awsapi.ModeAPI {`, `if true {`},
		},
		"", "legacy-migrate",
	},
	{
		"whoami tells of no grant",
		[]change{{"pkg/printer/whoami.go", `range e.Grants {`, `range e.Grants[:0] {`}},
		"", "demo-lifecycle",
	},
}

// TestMutantsTurnTheMatrixRed shows that the matrix can fail.
func TestMutantsTurnTheMatrixRed(t *testing.T) {
	for _, mutant := range mutants {
		if mutant.policy == "" {
			continue
		}
		t.Run(mutant.name, func(t *testing.T) {
			m := matrixOf(t, mutate(t, mutant.changes))
			wrong := m.check(t, find(t, m.all, mutant.policy))
			if len(wrong) == 0 {
				t.Fatal("nothing was noticed")
			}
			t.Logf("noticed: %s", wrong[0])
		})
	}
}

// ofWhoCan are mutants of who-can's matcher and index.
var ofWhoCan = []struct{ name, file, from, to string }{
	{"a star is no verb", "match.go", `return s == "*" || s == word`, `return s == word`},
	{"a star is no resource", "match.go", `return resource == "*" || resource == q.Resource
`, `return resource == q.Resource
`},
	{"a resource has its subresources", "match.go", `return resource == "*" || resource == q.Resource+"/"+q.Subresource`, `return resource == "*" || resource == q.Resource || resource == q.Resource+"/"+q.Subresource`},
	{"no */log", "match.go", ` || resource == "*/"+q.Subresource`, ``},
	{"names do not limit", "match.go", `(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, q.Name))`, `true`},
	{"a URL ends in one star", "match.go", `strings.TrimRight(url, "*")`, `strings.TrimSuffix(url, "*")`},
	{"a URL does not end in a star", "match.go", `url == q.URL || strings.HasSuffix(url, "*")`, `url == q.URL || false`},
	{"groups do not matter", "match.go", `return has(r.APIGroups, q.Group) && `, `return `},
	{"letter case does not matter", "match.go", `s == "*" || s == word`, `s == "*" || strings.EqualFold(s, word)`},
	{"deletecollection has names", "footnote.go", `q.Verb == "deletecollection" || `, ``},
	{"create has no names", "footnote.go", ` && q.Subresource == "")`, `)`},
	{"names limit URLs", "footnote.go", `q.URL == "" && (`, `(`},
	{"only one namespace", "answer.go", `range slices.Compact(places) {`, `range places[:1] {`},
	{"every namespace is meant", "answer.go", `return access.Scope{Namespaces: []string{r.Where}}.Reaches(q.Namespace)`, `return true`},
	{"a Role is a ClusterRole", "index.go", `name = "Role " + r.Where + "/" + short`, `name = "ClusterRole " + short`},
	{"Roles of a name are one", "index.go", `key.where = r.Where`, `key.where = ""`},
	{"only the first right", "answer.go", `for i := range id.Rights {`, `for i := range id.Rights[:min(1, len(id.Rights))] {`},
	{"groups are users", "others.go", `all = append(all, "user "+u)`, `all = append(all, "group "+u)`},
}

// TestMutantsOfWhoCanDifferFromTheAuthorizer shows that the comparison can fail.
func TestMutantsOfWhoCanDifferFromTheAuthorizer(t *testing.T) {
	for _, m := range ofWhoCan {
		t.Run(m.name, func(t *testing.T) {
			program, err := buildAnswers(filepath.Join(t.TempDir(), "answers"), overlay(t, []change{{"pkg/rights/" + m.file, m.from, m.to}}))
			if err != nil {
				t.Fatal(err)
			}
			for seed := uint64(1); seed < 10*batch; seed += batch {
				_, difference, err := compareAuthorizers(program, seed)
				if err != nil {
					t.Fatal(err)
				}
				if difference != "" {
					first, _, _ := strings.Cut(difference, "\n")
					t.Logf("noticed: %s", first)
					return
				}
			}
			t.Fatal("nothing was noticed")
		})
	}
}

// TestMutantsTurnTheScenariosRed shows that the scenarios can fail.
func TestMutantsTurnTheScenariosRed(t *testing.T) {
	for _, mutant := range mutants {
		if mutant.script == "" {
			continue
		}
		t.Run(mutant.name, func(t *testing.T) {
			params := scenarios(mutate(t, mutant.changes))
			params.Dir, params.Files = "", []string{"testdata/script/" + mutant.script + ".txtar"}
			params.UpdateScripts = false
			r := &recorder{T: t}
			r.Run("", func(testscript.T) { testscript.RunT(r, params) })
			if !r.failed.Load() {
				t.Fatal("nothing was noticed")
			}
		})
	}
}

// mutate builds the plugin with some files changed.
func mutate(t *testing.T, changes []change) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bin", "kubectl-access")
	if err := build(repository, program, "./cmd/kubectl-access", overlay(t, changes)); err != nil {
		t.Fatal(err)
	}
	return program
}

// overlay is the flag of go build that changes some files. A change that does not fit any more is an error: a mutant
// that is none proves nothing.
func overlay(t *testing.T, changes []change) string {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	instead := map[string]string{}
	for i, c := range changes {
		original := filepath.Join(root, filepath.FromSlash(c.file))
		text, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), c.from) {
			t.Fatalf("%s has no %q any more", c.file, c.from)
		}
		instead[original] = filepath.Join(dir, fmt.Sprint("changed", i))
		if err := os.WriteFile(instead[original], []byte(strings.Replace(string(text), c.from, c.to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": instead})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return "-overlay=" + path
}

// recorder takes a failure that is wanted. Scripts end by FailNow, so each runs in a goroutine of its own.
type recorder struct {
	*testing.T
	failed atomic.Bool
}

func (r *recorder) Parallel()     {}
func (r *recorder) Verbose() bool { return false }

func (r *recorder) FailNow() {
	r.failed.Store(true)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) {
	r.Log(args...)
	r.FailNow()
}

func (r *recorder) Run(_ string, f func(testscript.T)) {
	done := make(chan struct{})
	go func() { defer close(done); f(r) }()
	<-done
}
