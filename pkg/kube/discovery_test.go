package kube

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// TestTypesOfAggregatedDiscovery: the preferred version of each group counts; a group without versions is left out.
func TestTypesOfAggregatedDiscovery(t *testing.T) {
	const group = `{"metadata":{"name":"NAME"},"versions":[{"version":"v1","resources":[{"resource":"RES","responseKind":{"kind":"KIND"},"scope":"SCOPE","singularResource":"one","shortNames":["s"],"subresources":[{"subresource":"log"}]}]},` +
		`{"version":"v0","resources":[{"resource":"old"}]}]}`
	answer := func(name, resource, kind, scope string) string {
		return `{"kind":"APIGroupDiscoveryList","items":[` + strings.NewReplacer("NAME", name, "RES", resource, "KIND", kind, "SCOPE", scope).Replace(group) + `,{"metadata":{"name":"stale"},"versions":[]}]}`
	}
	old := false
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case old:
			_, _ = w.Write([]byte(`{"kind":"APIVersions"}`))
		case !strings.Contains(r.Header.Get("Accept"), "APIGroupDiscoveryList"):
			w.WriteHeader(http.StatusNotAcceptable)
		case r.URL.Path == "/api":
			_, _ = w.Write([]byte(answer("", "pods", "Pod", "Namespaced")))
		default:
			_, _ = w.Write([]byte(answer("example.com", "widgets", "Widget", "Cluster")))
		}
	})
	got, err := c.Types(t.Context())
	want := []rights.Type{
		{Name: "pods", Singular: "one", Kind: "Pod", Short: []string{"s"}, Namespaced: true, Subresources: []string{"log"}},
		{Name: "widgets", Group: "example.com", Singular: "one", Kind: "Widget", Short: []string{"s"}, Subresources: []string{"log"}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if all := rights.WithVirtual(got); !slices.ContainsFunc(all, func(t rights.Type) bool { return t.Name == "signers" }) {
		t.Error("what only RBAC knows is missing")
	}
	old = true
	if _, err := c.Types(t.Context()); err == nil {
		t.Error("a server without aggregated discovery was understood")
	}
}
