package shell_test

import (
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

func TestACommandHasTheNameTheFlagsAndQuotes(t *testing.T) {
	p := shell.Program{Name: "kubectl eks-access", Flags: []string{"--context", "a b"}}
	if got := p.Command("grant", "role/x", "-n", "dev-*"); got != "kubectl eks-access grant role/x -n 'dev-*' --context 'a b'" {
		t.Error(got)
	}
	if got := p.Elsewhere("--region", "r").Command("list"); got != "kubectl eks-access list --region r" {
		t.Error(got)
	}
	for file, want := range map[string]string{"bin/kubectl-access": "kubectl access", "kubectl-eks_access.exe": "kubectl eks-access", "kubectl-eks-access": "kubectl eks access", "other": "kubectl access"} {
		if got := shell.NameOf(file); got != want {
			t.Errorf("%s: %s", file, got)
		}
	}
	if got := (shell.Program{Name: "kubectl access"}).Command(); got != "kubectl access" {
		t.Error(got)
	}
}
