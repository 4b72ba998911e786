package kubeapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestAllTypesAreDiscoveredInTwoAnswers: the sandbox has the types of Kubernetes, with their scopes and subresources.
func TestAllTypesAreDiscoveredInTwoAnswers(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	at, ca := s.Endpoint("demo")
	c, err := kube.At(at, base64.StdEncoding.EncodeToString(ca), s.Token("alice", "demo"))
	if err != nil {
		t.Fatal(err)
	}
	types, err := c.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range rights.Builtin() {
		switch {
		case want.Virtual(), want.Name == "tokenreviews", want.Name == "localsubjectaccessreviews":
			continue
		}
		i := slices.IndexFunc(types, func(t rights.Type) bool { return t.Name == want.Name && t.Group == want.Group })
		if i < 0 {
			t.Errorf("%s.%s is missing", want.Name, want.Group)
		} else if diff := cmp.Diff(want, types[i]); diff != "" {
			t.Error(diff)
		}
	}
	status, answer := s.Send("demo", s.Token("alice", "demo"), http.MethodGet, "/apis", "")
	if status != http.StatusOK || answer["kind"] != "APIGroupList" {
		t.Errorf("a client that does not ask for it: %v", answer)
	}
}

// TestListsHavePages reads the ClusterRoles one by one. A list that is written in between expires.
func TestListsHavePages(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	admin := s.Token("default", "demo")
	const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
	_, whole := s.Send("demo", admin, http.MethodGet, path, "")
	var names, want []string
	name := func(item any) string { return fmt.Sprint(item.(map[string]any)["metadata"].(map[string]any)["name"]) }
	for _, item := range whole["items"].([]any) {
		want = append(want, name(item))
	}
	var pages []string
	for next := ""; len(names) == 0 || next != ""; {
		status, answer := s.Send("demo", admin, http.MethodGet, path+"?limit=1&continue="+url.QueryEscape(next), "")
		if status != http.StatusOK || len(answer["items"].([]any)) != 1 {
			t.Fatal(answer)
		}
		names = append(names, name(answer["items"].([]any)[0]))
		next, _ = answer["metadata"].(map[string]any)["continue"].(string)
		pages = append(pages, next)
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	s.Send("demo", admin, http.MethodPost, path, `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"new"},"rules":[]}`)
	for next, want := range map[string]int{pages[0]: http.StatusGone, "nonsense": http.StatusBadRequest, "1.-1": http.StatusBadRequest} {
		if status, answer := s.Send("demo", admin, http.MethodGet, path+"?limit=1&continue="+next, ""); status != want {
			t.Errorf("%s: %d %v", next, status, answer)
		}
	}
}
