package cmd

import (
	"fmt"
	"sync"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestTenAtOnceLoseNothing: each adds a namespace, or takes one.
func TestTenAtOnceLoseNothing(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for _, verb := range []string{"grant", "revoke"} {
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				if out, code := command(verb, string(arn("role/newcomer")), "--policy", "view", "-n", fmt.Sprintf("ns-%d", n)); code != 0 {
					t.Errorf("%s: exit %d\n%s", verb, code, out)
				}
			})
		}
		all.Wait()
		s, err := linked(t).Snapshot(t.Context(), access.Want{Principals: []access.Principal{arn("role/newcomer")}})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := s.Entry(arn("role/newcomer"))
		g, _ := e.Grant("AmazonEKSViewPolicy")
		if want := map[string]int{"grant": 10}[verb]; len(g.Scope.Namespaces) != want {
			t.Errorf("after 10 times %s: %v", verb, e.Grants)
		}
	}
}
