package kube

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestBindingsOfAllPagesAreRead(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		const item = `{"metadata":{"name":%q,"namespace":%q},"roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[{"kind":"Group","name":"g"},{"kind":"User","name":"u"},{"kind":"ServiceAccount","name":"s"}]}`
		switch {
		case r.URL.Path == rbacPath+"/rolebindings":
			fmt.Fprintf(w, `{"kind":"List","items":[`+item+`]}`, "c", "dev")
		case r.URL.Query().Get("continue") == "":
			fmt.Fprintf(w, `{"kind":"List","metadata":{"continue":"x"},"items":[`+item+`]}`, "a", "")
		default:
			fmt.Fprintf(w, `{"kind":"List","items":[`+item+`]}`, "b", "")
		}
	})
	got, err := c.Bindings(t.Context())
	view := access.RoleRef{Kind: "ClusterRole", Name: "view"}
	want := []access.Binding{
		{Name: "a", Role: view, Users: []string{"u"}, Groups: []string{"g"}, Accounts: []string{"system:serviceaccount::s"}},
		{Name: "b", Role: view, Users: []string{"u"}, Groups: []string{"g"}, Accounts: []string{"system:serviceaccount::s"}},
		{Namespace: "dev", Name: "c", Role: view, Users: []string{"u"}, Groups: []string{"g"}, Accounts: []string{"system:serviceaccount:dev:s"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestWhatBecomesOfABinding(t *testing.T) {
	b := access.Binding{Namespace: "dev", Name: "x", Role: access.RoleRef{Kind: "Role", Name: "r"}, Groups: []string{"g"}}
	for _, row := range []struct {
		code           int
		reason         string
		bound, unbound error
	}{
		{409, "AlreadyExists", access.ErrExists, nil},
		{403, "Forbidden", access.ErrForbidden, access.ErrForbidden},
		{404, "NotFound", access.ErrChanged, nil},
		{500, "InternalError", access.ErrUnknown, access.ErrUnknown},
	} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { status(w, row.code, row.reason, "no") })
		if err := c.Bind(t.Context(), b); !errors.Is(err, row.bound) {
			t.Errorf("%d: %v", row.code, err)
		}
		if err := c.Unbind(t.Context(), b); !errors.Is(err, row.unbound) || row.unbound == nil && err != nil {
			t.Errorf("%d: %v", row.code, err)
		}
	}
	var asked string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked += r.Method + " " + r.URL.Path + "\n"
		fmt.Fprint(w, `{"kind":"RoleBinding","apiVersion":"rbac.authorization.k8s.io/v1"}`)
	})
	err := errors.Join(c.Bind(t.Context(), b), c.Unbind(t.Context(), b))
	if want := "POST " + rbacPath + "/namespaces/dev/rolebindings\nDELETE " + rbacPath + "/namespaces/dev/rolebindings/x\n"; err != nil || asked != want {
		t.Errorf("%v, %q", err, asked)
	}
}
