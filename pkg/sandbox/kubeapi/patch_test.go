package kubeapi

import (
	"net/http"
	"reflect"
	"testing"
)

func TestAWSAuthIsPatched(t *testing.T) {
	for kind, patch := range map[string]string{
		"application/merge-patch+json":           `{"data":{"mapUsers":null,"new":"n"}}`,
		"application/strategic-merge-patch+json": `{"data":{"mapUsers":null,"new":"n"}}`,
		"application/json-patch+json":            `[{"op":"test","path":"/metadata/name","value":"aws-auth"},{"op":"remove","path":"/data/mapUsers"},{"op":"add","path":"/data/new","value":"n"}]`,
	} {
		t.Run(kind, func(t *testing.T) {
			const before = "- rolearn: x"
			server := &Server{Name: "demo", Objects: NewObjects(map[string]string{"mapRoles": before, "mapUsers": "[]"})}
			v := &visit{Request: &http.Request{Header: http.Header{"Content-Type": {kind}}}, server: server}
			v.Verb, v.Resource, v.Namespace, v.Name = "patch", "configmaps", authNamespace, authName
			old := v.present(kinds()[1])
			o, err := v.patched(old, []byte(patch))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(o["metadata"], old["metadata"]) {
				t.Errorf("the patch of the data changed %v to %v", old["metadata"], o["metadata"])
			}
			if d := texts(o["data"]); len(d) != 2 || d["mapRoles"] != before || d["new"] != "n" {
				t.Errorf("%v", d)
			}
			if _, still := texts(old["data"])["mapUsers"]; !still {
				t.Error("the patch changed its input")
			}
		})
	}
}
