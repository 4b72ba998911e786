package kubeapi

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// InProtobuf is an object as client-go sends it.
func InProtobuf(t *testing.T, apiVersion, kind string, raw []byte) string {
	t.Helper()
	u := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}
	wire, err := u.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return protobufMagic + string(wire)
}

// Wire is one field of a message; each is shorter than 128 bytes.
func Wire(number byte, value string) string {
	return string([]byte{number<<3 | 2, byte(len(value))}) + value
}

func TestProtobufBecomesJSON(t *testing.T) {
	meta, err := (&metav1.ObjectMeta{
		Name: "aws-auth", Namespace: "kube-system", UID: "u", ResourceVersion: "7", Generation: 3,
		Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"empty": ""}, Finalizers: []string{"x/y"},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	configMap := Wire(1, string(meta)) + Wire(2, Wire(1, "mapRoles")+Wire(2, "[]")) + Wire(3, Wire(1, "b")+Wire(2, "\x00\xff")) + "\x20\x01"
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
		o, err := decodeProtobuf([]byte(InProtobuf(t, "v1", test.kind, []byte(test.raw))))
		if got, _ := json.Marshal(o); err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.kind, err, got, test.want)
		}
	}
}

func FuzzProtobuf(f *testing.F) {
	f.Add([]byte(protobufMagic + Wire(1, Wire(2, "ConfigMap")) + Wire(2, Wire(1, Wire(1, "name"))+Wire(2, Wire(1, "key")))))
	f.Fuzz(func(t *testing.T, body []byte) {
		if o, err := decodeProtobuf(body); err == nil && messages()[o["kind"].(string)] == nil {
			t.Errorf("%v", o)
		}
	})
}
