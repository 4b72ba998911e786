package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestParseScoped: a colon begins a policy's namespaces, and a word without one goes on with what came before it.
func TestParseScoped(t *testing.T) {
	const arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
	for text, want := range map[string]string{
		"view":                 "[view]",
		"view,edit":            "[view edit]",
		"edit:dev":             "[edit in dev]",
		"edit:dev,qa":          "[edit in dev qa]",
		"edit:dev,view:prod":   "[edit in dev view in prod]",
		"edit:dev,qa,view:a,b": "[edit in dev qa view in a b]",
		"admin,edit:dev":       "[admin edit in dev]",
		"edit:dev,view":        "[edit in dev view]", // view is a namespace here: only a colon begins a policy
		"edit:dev-*":           "[edit in dev-*]",
		"AmazonEKSEditPolicy:dev,AmazonEKSViewPolicy:qa": "[AmazonEKSEditPolicy in dev AmazonEKSViewPolicy in qa]",
		arn:                     "[" + arn + "]",
		arn + ":dev,qa":         "[" + arn + " in dev qa]",
		arn + ",edit":           "[" + arn + " edit]",
		"edit:dev," + arn + ":": `error: "` + arn + `:" has an empty namespace`,
		"arn:aws:iam::aws:x":    "[arn:aws:iam::aws:x]", // which is no policy, as is said where it is looked up
		"":                      "[]",
		"edit:":                 `error: "edit:" has an empty namespace`,
		"edit:dev,":             `error: "edit:dev," has an empty namespace`,
		"edit: ,dev":            `error: "edit: " has an empty namespace`,
		":dev":                  "error: the policy before the colon is missing",
		"edit:*":                `error: "edit:*": * is not a namespace`,
		"view:qa,*":             `error: "view:qa,*": * is not a namespace`,
	} {
		all, err := access.ParseScoped(text)
		words := make([]string, len(all))
		for i, s := range all {
			words[i] = s.Policy
			if s.Namespaces != nil {
				words[i] += " in " + strings.Join(s.Namespaces, " ")
			}
		}
		got := fmt.Sprint(words)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestScopedIsWrittenAsItIsRead: a told command line asks for the same.
func TestScopedIsWrittenAsItIsRead(t *testing.T) {
	for _, text := range []string{"view", "edit:dev,qa-*", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy:dev"} {
		all, err := access.ParseScoped(text)
		if err != nil || len(all) != 1 || all[0].String() != text {
			t.Errorf("%q: %v, %v", text, all, err)
		}
	}
}

func TestParseGrants(t *testing.T) {
	got, err := access.ParseGrants([]access.Scoped{{Policy: "view", Namespaces: []string{"dev"}}, {Policy: "amazoneksEDITpolicy"}}, []access.Policy{view, edit})
	want := []access.Grant{{Policy: view, Scope: access.Scope{Namespaces: []string{"dev"}}}, {Policy: edit}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := access.ParseGrants([]access.Scoped{{Policy: "veiw"}}, []access.Policy{view}); err == nil {
		t.Error("veiw is no policy")
	}
}
