package pkg_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kubectl-access/kubectl-access/pkg/"

// mayImport says which packages of this module each package may import, beside those named
// under "*". A package that is not here may import nothing of this module.
var mayImport = map[string][]string{
	"access/accesstest":   {"access"},
	"edit":                {"access", "shell"},
	"login":               {"access"},
	"eks":                 {"access", "login", "shell"},
	"iam":                 {"access", "login"},
	"org":                 {"access", "login"},
	"trail":               {"access", "journal", "login"},
	"awsauth":             {"access"},
	"kubeconfig":          {"access"},
	"kubefile":            {"access"},
	"fleet":               {"access", "kubeconfig"},
	"policy":              {"access"},
	"rights":              {"access", "policy", "shell"},
	"audit":               {"access", "policy", "rights"},
	"kube":                {"access", "rights"},
	"manifest":            {"access"},
	"journal":             {"access", "manifest"},
	"export":              {"access", "manifest"},
	"sandbox":             {"sandbox/awsapi", "sandbox/kubeapi"},
	"sandbox/awsapi":      {"policy"},
	"sandbox/kubeapi":     {"policy", "rights", "sandbox/awsapi"},
	"sandbox/sandboxtest": {"sandbox", "sandbox/awsapi"},
	"whoami":              {"access", "policy", "shell"},
	"migrate":             {"access", "awsauth", "change", "edit", "journal", "manifest", "shell"},
	"printer":             {"access", "audit", "awsauth", "journal", "kubeconfig", "manifest", "migrate", "policy", "rights", "shell", "trail", "whoami"},
	"tui":                 {"access", "edit", "policy", "printer", "shell"},
	"cluster": {
		"access", "audit", "awsauth", "eks", "iam", "journal", "kube", "kubeconfig", "kubefile", "login", "manifest", "migrate", "org", "policy", "rights", "trail", "whoami",
	},
	"change": {"access", "awsauth", "edit", "journal", "policy", "rights"},
	"cmd": {
		"access", "audit", "awsauth", "change", "cluster", "edit", "export", "fleet", "journal", "kubeconfig", "kubefile", "login", "manifest", "migrate",
		"policy", "printer", "rights", "sandbox", "shell", "trail", "tui", "whoami",
	},
}

// onlyIn says which packages may import a library.
var onlyIn = []struct {
	library string
	in      []string
}{
	{"github.com/aws/", []string{"eks", "iam", "login", "org", "trail", "sandbox/sandboxtest"}},
	{"k8s.io/client-go", []string{"kube", "kubeconfig", "cmd"}},
	{"k8s.io/apimachinery", []string{"kube", "kubeconfig", "awsauth", "printer", "cmd"}},
	{"k8s.io/api/", []string{"kube"}},
	{"k8s.io/cli-runtime", []string{"cmd", "printer"}},
	{"github.com/spf13/cobra", []string{"cmd"}},
	{"github.com/spf13/pflag", []string{"cmd", "kubeconfig"}},
	{"charm.land/", []string{"tui"}},
	{"github.com/charmbracelet/", []string{"tui"}},
	{"sigs.k8s.io/yaml", []string{"manifest", "awsauth", "sandbox/kubeapi"}},
	{"go.yaml.in/yaml/v3", []string{"kubefile", "manifest"}}, // keeps order, comments, form and lines: for files of others
}

// tooHeavy must not be in the program at all: each costs megabytes or milliseconds at every start. Templates are
// not here: libraries name them without reaching them, and .ci/run measures that the linker leaves them out.
var tooHeavy = []string{
	"html/template", "github.com/google/go-cmp/cmp", "github.com/google/gnostic-models",
	"k8s.io/cli-runtime/pkg/genericclioptions", "k8s.io/cli-runtime/pkg/resource", "k8s.io/kubectl",
	"k8s.io/client-go/kubernetes", "k8s.io/client-go/discovery", "k8s.io/client-go/restmapper", "k8s.io/api/core", "sigs.k8s.io/kustomize",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestPackagesImportOnlyWhatTheirLayerMay(t *testing.T) {
	for _, p := range list(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, module); ok && !slices.Contains(mayImport[name], ours) {
				t.Errorf("pkg/%s imports pkg/%s, which its layer does not know", name, ours)
			}
			for _, rule := range onlyIn {
				if strings.HasPrefix(i, rule.library) && !slices.Contains(rule.in, name) {
					t.Errorf("pkg/%s imports %s, which stays in %v", name, i, rule.in)
				}
			}
			if name == "access" && strings.Contains(i, ".") {
				t.Errorf("pkg/access imports %s; the core has the standard library only", i)
			}
		}
	}
}

func TestNothingHeavyIsLinked(t *testing.T) {
	for _, p := range list(t, "../cmd/kubectl-access") {
		for _, dep := range p.Deps {
			for _, heavy := range tooHeavy {
				if dep == heavy || strings.HasPrefix(dep, heavy+"/") {
					t.Errorf("the program links %s", dep)
				}
			}
		}
	}
}
