package access_test

import (
	"errors"
	"fmt"
	"slices"
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

// FuzzParseScoped: what was read is written so that it is read the same, and no scope is empty, since that would be the cluster.
func FuzzParseScoped(f *testing.F) {
	for _, s := range []string{"view", "edit:dev,qa,view:a", "admin,edit:dev", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy:dev,qa", "arn:x,y:z", ":", ",", "a:*", "arn:a,arn:b/c:d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := access.ParseScoped(text)
		if err != nil {
			return
		}
		words := make([]string, len(all))
		for i, s := range all {
			words[i] = s.String()
			if s.Namespaces != nil && len(s.Namespaces) == 0 || slices.ContainsFunc(s.Namespaces, func(ns string) bool { return strings.TrimSpace(ns) == "" || ns == "*" }) {
				t.Fatalf("%q has a scope of %q", text, s.Namespaces)
			}
		}
		again, err := access.ParseScoped(strings.Join(words, ","))
		if diff := cmp.Diff(all, again); diff != "" || err != nil || strings.Join(words, ",") != text {
			t.Fatalf("%q is written %q: %v\n%s", text, words, err, diff)
		}
	})
}

// TestCutScopeKeepsAnARNWhole: its colons are before its slash.
func TestCutScopeKeepsAnARNWhole(t *testing.T) {
	const arn = "arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
	for _, c := range []struct {
		text, policy, namespace string
		found                   bool
	}{
		{"view", "view", "", false},
		{"view:dev", "view", "dev", true},
		{"view:", "view", "", true},
		{":dev", "", "dev", true},
		{"view:a:b", "view", "a:b", true},
		{arn, arn, "", false},
		{arn + ":dev", arn, "dev", true},
		{arn + ":", arn, "", true},
		{"arn:aws:iam", "arn:aws:iam", "", false},
		{"arnold:dev", "arnold", "dev", true},
	} {
		policy, namespace, found := access.CutScope(c.text)
		if policy != c.policy || namespace != c.namespace || found != c.found {
			t.Errorf("%q: %q, %q, %v", c.text, policy, namespace, found)
		}
	}
}

// TestAStarIsNoNamespace: whoever writes it means the cluster, and is told by an error that can be tested for.
func TestAStarIsNoNamespace(t *testing.T) {
	for text, star := range map[string]bool{"edit:*": true, "edit:a,*": true, "*:a": false, "edit:": false, ":a": false} {
		_, err := access.ParseScoped(text)
		if errors.Is(err, access.ErrStar) != star || (err == nil) != (text == "*:a") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
