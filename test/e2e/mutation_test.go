package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// mutants are slips that these tests have to notice: each is one change to the source that the sandbox is
// built from, and the policy whose matrix shows it.
var mutants = []struct {
	name, file, from, to string
	policy               string
}{
	{
		"a rule lost a verb", "pkg/policy/policies.json",
		`"resources": ["secrets"], "verbs": ["get", "list", "watch"]`, `"resources": ["secrets"], "verbs": ["get", "watch"]`,
		"AmazonEKSSecretReaderPolicy",
	},
	{
		"a rule gained a resource", "pkg/policy/policies.json",
		`"resources": ["bindings", "events",`, `"resources": ["nodes", "bindings", "events",`,
		"AmazonEKSAdminPolicy",
	},
	{
		"namespaces are not checked", "pkg/sandbox/rbac.go",
		`if inScope(p.AccessScope, at.namespace) && anyRule(`, `if anyRule(`,
		"AmazonEKSViewPolicy",
	},
	{
		"a wildcard ends nowhere", "pkg/sandbox/rbac.go",
		`pattern == namespace || open && strings.HasPrefix(namespace, prefix)`, `pattern == namespace || open && strings.HasPrefix(namespace, prefix[:1])`,
		"AmazonEKSViewPolicy",
	},
}

// TestMutantsTurnTheMatrixRed shows that the matrix can fail.
func TestMutantsTurnTheMatrixRed(t *testing.T) {
	for _, mutant := range mutants {
		t.Run(mutant.name, func(t *testing.T) {
			m := matrixOf(t, mutate(t, mutant.file, mutant.from, mutant.to))
			wrong := m.check(t, find(t, m.all, mutant.policy))
			if len(wrong) == 0 {
				t.Fatal("nothing was noticed")
			}
			t.Logf("noticed: %s", wrong[0])
		})
	}
}

// TestMutantsTurnTheScenariosRed shows that the scenarios can fail.
func TestMutantsTurnTheScenariosRed(t *testing.T) {
	program := mutate(t, "pkg/sandbox/rbac.go", mutants[2].from, mutants[2].to)
	params := scenarios(program)
	params.Dir, params.Files = "", []string{"testdata/script/demo-lifecycle.txtar"}
	params.UpdateScripts = false
	r := &recorder{T: t}
	r.Run("", func(testscript.T) { testscript.RunT(r, params) })
	if !r.failed.Load() {
		t.Fatal("nothing was noticed")
	}
}

// mutate builds the plugin with one file changed. A change that does not fit any more is an error: a mutant
// that is none proves nothing.
func mutate(t *testing.T, file, from, to string) string {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(root, filepath.FromSlash(file))
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q any more", file, from)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, "changed")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "bin", "kubectl-access")
	if err := build(repository, program, "./cmd/kubectl-access", "-overlay="+filepath.Join(dir, "overlay.json")); err != nil {
		t.Fatal(err)
	}
	return program
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
