package kubeapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const crbs = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"

func bindingJSON(name, labels string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"labels":{%s}},"roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","name":"u"}]}`, name, labels)
}

func namesOf(list map[string]any) (names []string) {
	items, _ := list["items"].([]any)
	for _, o := range items {
		names = append(names, fmt.Sprint(meta(o.(map[string]any))["name"]))
	}
	return names
}

// TestSelectorsChoose: what a real API server would leave out of a list is not in it.
func TestSelectorsChoose(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	send := writer(t, s, "demo", "default")
	for name, labels := range map[string]string{"one": `"team":"x","tier":"a"`, "two": `"team":"y"`, "three": ``} {
		if code, answer := send("POST", crbs, bindingJSON(name, labels)); code != 201 {
			t.Fatal(answer)
		}
	}
	for _, test := range []struct{ kind, selector, query, want string }{
		{"namespaces", "labelSelector", "kubernetes.io/metadata.name=dev", "[dev]"},
		{"namespaces", "labelSelector", "team=x", "[]"},
		{"namespaces", "fieldSelector", "metadata.name=dev", "[dev]"},
		{"namespaces", "fieldSelector", "metadata.name==dev,status.phase=Active", "[dev]"},
		{"namespaces", "fieldSelector", "metadata.name=dev,status.phase!=Active", "[]"},
		{"namespaces", "fieldSelector", "metadata.name!=dev", "[default dev-blue kube-system prod staging]"},
		{"namespaces", "fieldSelector", "metadata.namespace=dev", "field label not supported: metadata.namespace"},
		{"configmaps", "fieldSelector", "metadata.name=zzz", "[]"},
		{"configmaps", "fieldSelector", "metadata.namespace=kube-system", "[aws-auth]"},
		{"configmaps", "fieldSelector", "data=x", "field label not supported: data"},
		{"events", "fieldSelector", "involvedObject.name=x,involvedObject.uid=y", "[]"},
		{"", "labelSelector", "team", "[one two]"},
		{"", "labelSelector", "team=x", "[one]"},
		{"", "labelSelector", "team==x", "[one]"},
		{"", "labelSelector", "team in (x, y),tier", "[one]"},
		{"", "labelSelector", "team in (x,y),!tier", "[two]"},
		{"", "labelSelector", "team,team notin (x)", "[two]"},
		{"", "labelSelector", "team,team!=x", "[two]"},
		{"", "labelSelector", "team=x=y", `unable to parse requirement: "team=x=y"`},
		{"", "labelSelector", "!team=x", `unable to parse requirement: "!team=x"`},
	} {
		path := "/api/v1/" + test.kind
		if test.kind == "" {
			path = crbs
		}
		code, list := send("GET", path+"?"+test.selector+"="+url.QueryEscape(test.query), "")
		got := fmt.Sprint(namesOf(list))
		if code != 200 {
			got = fmt.Sprint(list["message"])
		}
		if sorted(got) != sorted(test.want) {
			t.Errorf("%s %s: got %d %s, want %s", test.kind, test.query, code, got, test.want)
		}
	}
}

// TestAFieldSelectorNamesTheObject: a role for some names allows a list or a watch of just one of them.
func TestAFieldSelectorNamesTheObject(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	send := writer(t, s, "demo", "default")
	for path, body := range map[string]string{
		"/apis/rbac.authorization.k8s.io/v1/clusterroles": `{"metadata":{"name":"one"},"rules":[{"apiGroups":[""],"resources":["namespaces"],"verbs":["list"],"resourceNames":["dev"]}]}`,
		crbs: `{"metadata":{"name":"one"},"roleRef":{"kind":"ClusterRole","name":"one"},"subjects":[{"kind":"User","name":"bob"}]}`,
	} {
		if code, answer := send("POST", path, body); code != 201 {
			t.Fatal(answer)
		}
	}
	bob := writer(t, s, "demo", "bob")
	for query, want := range map[string]int{"?fieldSelector=metadata.name%3Ddev": 200, "?fieldSelector=metadata.name%3Dprod": 403, "": 403} {
		if code, answer := bob("GET", "/api/v1/namespaces"+query, ""); code != want {
			t.Errorf("%s: %d %v", query, code, answer["message"])
		}
	}
}

// watched is a watch as a client reads it.
type watched struct {
	*json.Decoder
	t *testing.T
}

func watching(t *testing.T, s sandboxtest.Box, path, query string) watched {
	t.Helper()
	resp := s.Open("demo", s.Token("default", "demo"), http.MethodGet, path+"?watch=true&"+query, "")
	t.Cleanup(func() { _ = resp.Body.Close() })
	return watched{json.NewDecoder(resp.Body), t}
}

func (w watched) next() string {
	w.t.Helper()
	var event struct {
		Type   string
		Object map[string]any
	}
	if err := w.Decode(&event); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(fmt.Sprint(event.Type, " ", meta(event.Object)["name"]))
}

// TestAWatchShowsWhatOthersWrite, of what it selects and from the version that the client has.
func TestAWatchShowsWhatOthersWrite(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	send := writer(t, s, "demo", "default")
	dev := watching(t, s, "/api/v1/namespaces", "fieldSelector=metadata.name%3Ddev&timeoutSeconds=1")
	if got := dev.next() + ", " + dev.next(); got != "ADDED dev, EOF" {
		t.Error(got)
	}
	_, list := send("GET", crbs, "")
	since := versionOf(list)
	labelled := watching(t, s, crbs, "labelSelector=team%3Dx&resourceVersion="+since)
	send("POST", crbs, bindingJSON("other", ``))
	send("POST", crbs, bindingJSON("one", `"team":"x"`))
	if got := labelled.next(); got != "ADDED one" {
		t.Error(got)
	}
	if got := watching(t, s, crbs, "resourceVersion="+since).next(); got != "ADDED other" && got != "ADDED one" { // what was written since
		t.Error(got)
	}
	send("PUT", crbs+"/one", bindingJSON("one", `"team":"x","new":"y"`))
	if got := labelled.next(); got != "MODIFIED one" {
		t.Error(got)
	}
	send("PUT", crbs+"/one", bindingJSON("one", `"team":"y"`)) // as for a watch that it has left
	if got := labelled.next(); got != "DELETED one" {
		t.Error(got)
	}
	send("DELETE", crbs+"/other", "")
	if code, answer := send("GET", crbs+"?watch=1&resourceVersion="+since, ""); code != 410 || answer["reason"] != "Expired" {
		t.Errorf("%d %v", code, answer)
	}
	if code, answer := send("GET", crbs+"?watch=1&sendInitialEvents=true", ""); code != 422 {
		t.Errorf("%d %v", code, answer)
	}
	if code, answer := writer(t, s, "demo", "developer")("GET", crbs+"?watch=1", ""); code != 403 {
		t.Errorf("%d %v", code, answer)
	}
	open := watching(t, s, crbs, "")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for open.Decode(&struct{}{}) == nil { // it ends with the sandbox
	}
}

// sorted puts the words of a list in order.
func sorted(list string) string {
	return strings.Join(slices.Sorted(strings.FieldsSeq(strings.Trim(list, "[]"))), " ")
}
