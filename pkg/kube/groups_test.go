package kube

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestGroupsTellWhatBindingsGiveThem(t *testing.T) {
	const binding = `{"metadata":{%s"name":"x"},"roleRef":{"kind":"%s","name":"%s"},"subjects":[{"kind":"%s","name":"%s"}]}`
	pages := map[string]string{
		"clusterrolebindings":  `{"kind":"List","metadata":{"continue":"2"},"items":[` + fmt.Sprintf(binding, "", "ClusterRole", "view", "Group", "viewers") + `]}`,
		"clusterrolebindings2": `{"kind":"List","items":[` + fmt.Sprintf(binding, "", "ClusterRole", "admin", "Group", "system:masters") + `,` + fmt.Sprintf(binding, "", "ClusterRole", "admin", "User", "viewers") + `]}`,
		"rolebindings":         `{"kind":"List","items":[` + fmt.Sprintf(binding, `"namespace":"dev",`, "Role", "developer", "Group", "viewers") + `]}`,
	}
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		const path = "/apis/rbac.authorization.k8s.io/v1/"
		fmt.Fprint(w, pages[r.URL.Path[len(path):]+r.URL.Query().Get("continue")])
	})
	got, err := c.Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"viewers": {"ClusterRole view on the whole cluster", "Role developer in dev"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMayNotReadBindingsIsTold(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { status(w, 403, "Forbidden", "no") })
	if _, err := c.Groups(t.Context()); !errors.Is(err, access.ErrForbidden) {
		t.Error(err)
	}
}
