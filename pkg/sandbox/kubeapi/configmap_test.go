package kubeapi_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const authPath = "/api/v1/namespaces/kube-system/configmaps/aws-auth"

// writer sends requests of a profile.
func writer(t *testing.T, s sandboxtest.Box, cluster, profile string) func(method, path, body string) (int, map[string]any) {
	t.Helper()
	token := s.Token(profile, cluster)
	return func(method, path, body string) (int, map[string]any) {
		t.Helper()
		return s.Send(cluster, token, method, path, body)
	}
}

func texts(value any) map[string]any {
	o, _ := value.(map[string]any)
	return o
}

func meta(o map[string]any) map[string]any { return texts(o["metadata"]) }

func dataOf(answer map[string]any) map[string]any { return texts(answer["data"]) }

func versionOf(answer map[string]any) string { return fmt.Sprint(meta(answer)["resourceVersion"]) }

func TestAWSAuthIsWrittenAsAConfigMapIs(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	send := writer(t, s, "demo", "default")
	_, was := send("GET", authPath, "")
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"aws-auth","labels":{"a":"b"},"resourceVersion":%q},"data":{"mapUsers":"x\r\n","odd":""}}`, versionOf(was))
	code, now := send("PUT", authPath, body)
	if code != 200 || len(dataOf(now)) != 2 || dataOf(now)["mapUsers"] != "x\r\n" || versionOf(now) == versionOf(was) || meta(now)["uid"] != meta(was)["uid"] {
		t.Errorf("%d %v", code, now)
	}
	code, stale := send("PUT", authPath, body)
	const words = `Operation cannot be fulfilled on configmaps "aws-auth": the object has been modified; please apply your changes to the latest version and try again`
	if code != 409 || stale["reason"] != "Conflict" || stale["message"] != words {
		t.Errorf("%d %v", code, stale)
	}
	code, stale = send("DELETE", authPath, `{"preconditions":{"resourceVersion":"1"}}`)
	if code != 409 || stale["reason"] != "Conflict" {
		t.Errorf("%d %v", code, stale)
	}
	if code, _ := send("DELETE", authPath+"?dryRun=All", ""); code != 200 {
		t.Error(code)
	}
	if code, _ := send("DELETE", authPath, ""); code != 200 {
		t.Error(code)
	}
	if code, _ := send("GET", authPath, ""); code != 404 {
		t.Error(code)
	}
	code, made := send("POST", "/api/v1/namespaces/kube-system/configmaps", body)
	if code != 201 || meta(made)["uid"] == meta(was)["uid"] || versionOf(made) == versionOf(now) {
		t.Errorf("%d %v", code, made)
	}
	if code, again := send("POST", "/api/v1/namespaces/kube-system/configmaps", body); code != 409 || again["reason"] != "AlreadyExists" {
		t.Errorf("%d %v", code, again)
	}
	if code, _ := send("PUT", authPath, `{"metadata":{"name":"aws-auth"},"data":{"mapRoles":7}}`); code != 400 {
		t.Error(code)
	}
	if got := s.Calls(); got["kube.Update"] != 1 || got["kube.Delete"] != 1 || got["kube.Create"] != 1 {
		t.Errorf("%v", got)
	}
}

func TestOnlyWhoMayWritesAWSAuth(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	for _, c := range []struct { // those with access through aws-auth come before it is emptied
		profile string
		want    int
	}{{"developer", 403}, {"bob", 403}, {"default", 200}} {
		if code, answer := writer(t, s, "demo", c.profile)("PUT", authPath, `{"metadata":{"name":"aws-auth"},"data":{}}`); code != c.want {
			t.Errorf("%s: %d %v", c.profile, code, answer["message"])
		}
	}
}

func TestAccessFollowsAWSAuth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s := sandboxtest.New(t, sandbox.Options{State: file})
	line, _ := json.Marshal("- rolearn: arn:aws:iam::111122223333:role/newcomer\n  username: nina\n  groups: [viewers]\n")
	if code, answer := writer(t, s, "legacy", "default")("PUT", authPath, `{"metadata":{"name":"aws-auth","annotations":{"a":"b"}},"data":{"mapRoles":`+string(line)+`}}`); code != 200 {
		t.Fatal(answer)
	}
	if got := s.WhoAmI("legacy", s.SessionToken("newcomer", "nina", "legacy")); got != "nina [viewers system:authenticated]" {
		t.Error(got)
	}
	if got := s.WhoAmI("legacy", s.SessionToken("ops", "olga", "legacy")); got != "401" {
		t.Error(got)
	}
	_ = s.Close()
	again := sandboxtest.New(t, sandbox.Options{State: file})
	if _, kept := writer(t, again, "legacy", "default")("GET", authPath, ""); len(dataOf(kept)) != 1 || texts(meta(kept)["annotations"])["a"] != "b" || versionOf(kept) != "2" {
		t.Errorf("%v", kept)
	}
}
