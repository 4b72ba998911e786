package kubeapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// TestProtobufIsUnderstood sends what current kubectl sends.
func TestProtobufIsUnderstood(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	const reviews, bindings = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings"
	send := func(token, path, body string) (int, map[string]any) {
		return s.Send("demo", token, http.MethodPost, path, body, "Content-Type", protobuf)
	}
	for namespace, want := range map[string]bool{"dev": true, "prod": false} {
		review := kubeapi.Wire(2, kubeapi.Wire(1, kubeapi.Wire(1, namespace)+kubeapi.Wire(2, "list")+kubeapi.Wire(5, "pods")))
		code, answer := send(s.Token("developer", "demo"), reviews, kubeapi.InProtobuf(t, "authorization.k8s.io/v1", "SelfSubjectAccessReview", []byte(review)))
		if code != http.StatusCreated || texts(answer["status"])["allowed"] != want {
			t.Errorf("%s: %d %v", namespace, code, answer)
		}
	}
	meta, err := (&metav1.ObjectMeta{Name: "bob"}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	body := kubeapi.Wire(1, string(meta)) + kubeapi.Wire(2, kubeapi.Wire(1, "User")+kubeapi.Wire(3, "bob")) + kubeapi.Wire(2, kubeapi.Wire(1, "Group")+kubeapi.Wire(3, "ops")) + kubeapi.Wire(3, kubeapi.Wire(2, "Role")+kubeapi.Wire(3, "developer"))
	admin := s.Token("default", "demo")
	if code, answer := send(admin, bindings, kubeapi.InProtobuf(t, "rbac.authorization.k8s.io/v1", "RoleBinding", []byte(body))); code != http.StatusCreated {
		t.Errorf("%d %v", code, answer)
	}
	_, made := s.Send("demo", admin, http.MethodGet, bindings+"/bob", "")
	got, _ := json.Marshal([]any{made["roleRef"], made["subjects"]})
	if want := `[{"kind":"Role","name":"developer"},[{"kind":"User","name":"bob"},{"kind":"Group","name":"ops"}]]`; string(got) != want {
		t.Errorf("%s", got)
	}
}

func TestOtherBodiesAreRefused(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
	for _, test := range []struct {
		kind, body, reason string
	}{
		{"application/cbor", "x", "UnsupportedMediaType"},
		{protobuf, "k8s", "BadRequest"},
		{protobuf, "k8s\x00" + "\x0a\x7f", "BadRequest"},
		{protobuf, kubeapi.InProtobuf(t, "v1", "Pod", nil), "BadRequest"},
		{protobuf, kubeapi.InProtobuf(t, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", []byte("\x0a\x7f")), "BadRequest"},
		{"application/json", "{", "BadRequest"},
	} {
		if _, answer := s.Send("demo", s.Token("default", "demo"), http.MethodPost, path, test.body, "Content-Type", test.kind); answer["reason"] != test.reason {
			t.Errorf("%s %q: %v", test.kind, test.body, answer)
		}
	}
}
