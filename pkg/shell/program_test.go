package shell

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestACommandIsTakenAsItIs: each word stays one, and the flags that select the cluster come last.
func TestACommandIsTakenAsItIs(t *testing.T) {
	p := Program{Name: []string{"kubectl", "eks-access"}, Flags: []string{"--context", "it's mine", "--role-arn", ""}}
	if diff := cmp.Diff(`kubectl eks-access list role/x --context 'it'\''s mine' --role-arn ''`, p.Command("list", "role/x")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"kubectl", "eks-access", "list", "--region", "x"}, p.For("--region", "x").Words("list")); diff != "" {
		t.Error(diff)
	}
}
