package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// TestToldLinesAskForTheSame: what is told, and recorded, after a picker is what was typed, one --policy for each scope.
func TestToldLinesAskForTheSame(t *testing.T) {
	for typed, told := range map[string]string{
		"--policy edit:dev,qa,view:prod":                 "--policy edit:dev,qa --policy view:prod",
		"--policy edit:dev --policy view --policy admin": "--policy view,admin --policy edit:dev",
		"-n dev -n qa --policy view,edit:x":              "--namespace dev,qa --policy view --policy edit:x",
		"-A --policy view":                               "--all-namespaces --policy view",
		"--group a,b --tag k=v --for 2h":                 "--for 2h0m0s --group a,b --tag k=v",
	} {
		line := strings.Fields(typed)
		for range 2 { // the told line is read as it was told
			cmd := newGrantCmd(&Env{program: shell.Program{Name: "kubectl access"}})
			if err := cmd.ParseFlags(line); err != nil {
				t.Fatal(err)
			}
			line = (&Env{program: shell.Program{Name: "kubectl access"}}).line(cmd, []string{"role/x"})[4:]
			if diff := cmp.Diff(strings.Fields(told), line); diff != "" {
				t.Errorf("%s: %s", typed, diff)
			}
		}
	}
}

// TestCommandsOfAnotherContextAreForThatContext: what names the cluster of the first one is left out, the rest is kept.
func TestCommandsOfAnotherContextAreForThatContext(t *testing.T) {
	env := &Env{program: shell.Program{Name: "kubectl eks-access"}}
	env.bind(pflag.NewFlagSet("", pflag.ContinueOnError))
	if err := env.persist.Parse(strings.Fields("--context a --eks-cluster x --kubeconfig f --require-match --as-group p,q --as-group r --role-arn= -v 6")); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"a": "kubectl eks-access cluster --offline --as-group p,q --as-group r --context a --eks-cluster x --kubeconfig f --require-match --role-arn ''",
		"b": "kubectl eks-access cluster --offline --as-group p,q --as-group r --kubeconfig f --require-match --context b",
	} {
		if diff := cmp.Diff("see where the name, region and profile come from: "+want, env.within(at, "a").advice(access.ErrNoCluster)); diff != "" {
			t.Error(diff)
		}
	}
}
