package sandbox

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// inProtobuf is an object as client-go sends it.
func inProtobuf(t *testing.T, apiVersion, kind string, raw []byte) string {
	t.Helper()
	u := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}
	wire, err := u.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return protobufMagic + string(wire)
}

// wire is one field of a message; each is shorter than 128 bytes.
func wire(number byte, value string) string {
	return string([]byte{number<<3 | 2, byte(len(value))}) + value
}

// TestProtobufIsUnderstood sends what current kubectl sends.
func TestProtobufIsUnderstood(t *testing.T) {
	s := start(t, Options{})
	const reviews, bindings = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings"
	send := func(token, path, body string) (int, map[string]any) {
		return s.typed(t, "demo", token, http.MethodPost, path, body, protobufType)
	}
	for namespace, want := range map[string]bool{"dev": true, "prod": false} {
		review := wire(2, wire(1, wire(1, namespace)+wire(2, "list")+wire(5, "pods")))
		code, answer := send(s.token(t, "developer", "demo"), reviews, inProtobuf(t, authz+"/v1", "SelfSubjectAccessReview", []byte(review)))
		if code != http.StatusCreated || texts(answer["status"])["allowed"] != want {
			t.Errorf("%s: %d %v", namespace, code, answer)
		}
	}
	meta, err := (&metav1.ObjectMeta{Name: "bob"}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	body := wire(1, string(meta)) + wire(2, wire(1, "User")+wire(3, "bob")) + wire(2, wire(1, "Group")+wire(3, "ops")) + wire(3, wire(2, "Role")+wire(3, "developer"))
	admin := s.token(t, "default", "demo")
	if code, answer := send(admin, bindings, inProtobuf(t, rbacGroup+"/v1", "RoleBinding", []byte(body))); code != http.StatusCreated {
		t.Errorf("%d %v", code, answer)
	}
	made := s.account.Clusters["demo"].Bindings
	made[len(made)-1].Object = nil
	if want := (binding{"dev", "bob", "Role", "developer", []string{"bob"}, []string{"ops"}, nil}); !reflect.DeepEqual(made[len(made)-1], want) {
		t.Errorf("%+v", made[len(made)-1])
	}
}

func TestProtobufBecomesJSON(t *testing.T) {
	meta, err := (&metav1.ObjectMeta{
		Name: "aws-auth", Namespace: "kube-system", UID: "u", ResourceVersion: "7", Generation: 3,
		Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"empty": ""}, Finalizers: []string{"x/y"},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	configMap := wire(1, string(meta)) + wire(2, wire(1, "mapRoles")+wire(2, "[]")) + wire(3, wire(1, "b")+wire(2, "\x00\xff")) + "\x20\x01"
	uid, version := types.UID("u"), "7"
	options, err := (&metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}, DryRun: []string{"All"}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ kind, raw, want string }{
		{"ConfigMap", configMap, `{"apiVersion":"v1","binaryData":{"b":"AP8="},"data":{"mapRoles":"[]"},"immutable":true,"kind":"ConfigMap",` +
			`"metadata":{"annotations":{"empty":""},"finalizers":["x/y"],"labels":{"a":"b"},"name":"aws-auth","namespace":"kube-system","resourceVersion":"7","uid":"u"}}`},
		{"DeleteOptions", string(options), `{"apiVersion":"v1","dryRun":["All"],"kind":"DeleteOptions","preconditions":{"resourceVersion":"7","uid":"u"}}`},
		{"SelfSubjectReview", "", `{"apiVersion":"v1","kind":"SelfSubjectReview"}`},
	} {
		o, err := decodeProtobuf([]byte(inProtobuf(t, "v1", test.kind, []byte(test.raw))))
		if got, _ := json.Marshal(o); err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.kind, err, got, test.want)
		}
	}
}

func TestOtherBodiesAreRefused(t *testing.T) {
	s := start(t, Options{})
	const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
	for _, test := range []struct {
		kind, body, reason string
	}{
		{"application/cbor", "x", "UnsupportedMediaType"},
		{protobufType, "k8s", "BadRequest"},
		{protobufType, protobufMagic + "\x0a\x7f", "BadRequest"},
		{protobufType, inProtobuf(t, "v1", "Pod", nil), "BadRequest"},
		{protobufType, inProtobuf(t, rbacGroup+"/v1", "ClusterRoleBinding", []byte("\x0a\x7f")), "BadRequest"},
		{jsonType, "{", "BadRequest"},
	} {
		if _, answer := s.typed(t, "demo", s.token(t, "default", "demo"), http.MethodPost, path, test.body, test.kind); answer["reason"] != test.reason {
			t.Errorf("%s %q: %v", test.kind, test.body, answer)
		}
	}
}

func FuzzProtobuf(f *testing.F) {
	f.Add([]byte(protobufMagic + wire(1, wire(2, "ConfigMap")) + wire(2, wire(1, wire(1, "name"))+wire(2, wire(1, "key")))))
	f.Fuzz(func(t *testing.T, body []byte) {
		if o, err := decodeProtobuf(body); err == nil && messages()[o["kind"].(string)] == nil {
			t.Errorf("%v", o)
		}
	})
}
