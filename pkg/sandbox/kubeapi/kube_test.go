package kubeapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func TestWhoHasAccess(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	for _, test := range []struct{ cluster, role, session, want string }{
		{"demo", "platform-admin", "me", "arn:aws:sts::111122223333:assumed-role/platform-admin/me [system:authenticated]"},
		{"demo", "dev", "dana@example.com", "arn:aws:sts::111122223333:assumed-role/dev/dana-example.com [developers system:authenticated]"},
		{"demo", "deployer", "run-7", "ci:run-7 [system:authenticated]"},
		{"demo", "ops", "olga", "ops:olga [system:masters system:authenticated]"},
		{"demo", "newcomer", "nina", "401"},
		{"demo", "rotated", "rita", "401"},
		{"demo", "demo-node", "i-0123456789abcdef0", "system:node:ip-10-0-87-223.us-west-2.compute.internal [system:nodes system:authenticated]"},
		{"demo", "demo-node", "person", "401"},
		{"legacy", "platform-admin", "me", "kubernetes-admin [system:masters system:authenticated]"},
		{"legacy", "ops", "olga", "ops [system:masters system:authenticated]"},
		{"legacy", "dev", "dana", "401"},
		{"prod", "platform-admin", "me", "arn:aws:sts::111122223333:assumed-role/platform-admin/me [system:authenticated]"},
		{"prod", "ops", "olga", "401"},
	} {
		if got := s.WhoAmI(test.cluster, s.SessionToken(test.role, test.session, test.cluster)); got != test.want {
			t.Errorf("%s of %s to %s:\n got %s\nwant %s", test.session, test.role, test.cluster, got, test.want)
		}
	}
	for _, test := range []struct{ cluster, profile, want string }{
		{"demo", "alice", "arn:aws:iam::111122223333:user/alice [viewers system:authenticated]"},
		{"legacy", "alice", "alice [viewers system:authenticated]"},
		{"demo", "bob", "bob [developers system:authenticated]"},
		{"prod", "bob", "401"},
	} {
		if got := s.WhoAmI(test.cluster, s.Token(test.profile, test.cluster)); got != test.want {
			t.Errorf("%s to %s: got %s, want %s", test.profile, test.cluster, got, test.want)
		}
	}
}

func TestExtrasTellTheWholeIdentity(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	_, answer := s.Send("demo", s.SessionToken("dev", "dana@example.com", "demo"), http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")
	info := answer["status"].(map[string]any)["userInfo"].(map[string]any)
	id := awsapi.UniqueID("AROA", "dev")
	extra := info["extra"].(map[string]any)
	got := fmt.Sprint(info["uid"], extra["arn"], extra["canonicalArn"], extra["sessionName"], extra["principalId"])
	want := "aws-iam-authenticator:111122223333:" + id + "[arn:aws:sts::111122223333:assumed-role/dev/dana@example.com] [arn:aws:iam::111122223333:role/dev] [dana@example.com] [" + id + "]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsAllowed(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	sso := s.SessionToken("AWSReservedSSO_Developer_90a1b2c3d4e5f607", "sam", "demo")
	for _, test := range []struct {
		who, token, path string
		want             int
	}{
		{"nobody", "", "/version", 200},
		{"nobody", "", "/api", 401},
		{"dev", s.Token("developer", "demo"), "/apis", 200},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces", 403},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/dev", 200},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/prod", 403},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/dev/configmaps", 200},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/kube-system/configmaps/aws-auth", 403},
		{"sso", sso, "/api/v1/namespaces", 200},
		{"sso", sso, "/api/v1/namespaces/kube-system/configmaps/aws-auth", 200},
		{"sso", sso, "/apis/rbac.authorization.k8s.io/v1/clusterroles", 403},
		{"alice", s.Token("alice", "demo"), "/api/v1/namespaces", 200},
		{"admin", s.Token("default", "demo"), "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", 200},
		{"admin", s.Token("default", "demo"), "/apis/rbac.authorization.k8s.io/v1/rolebindings", 200},
		{"admin", s.Token("default", "demo"), "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/roles/developer", 200},
		{"admin", s.Token("default", "demo"), "/api/v1/widgets", 404},
		{"admin", s.Token("default", "demo"), "/api/v1/pods", 200},
		{"admin", s.Token("default", "demo"), "/api/v1/namespaces/dev/nodes", 404},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/dev/pods", 200},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/dev/pods/web", 404},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/prod/pods", 403},
		{"dev", s.Token("developer", "demo"), "/api/v1/namespaces/dev/secrets", 403},
		{"dev", s.Token("developer", "demo"), "/apis/apps/v1/namespaces/dev/deployments", 200},
		{"dev", s.Token("developer", "demo"), "/api/v1/nodes", 403},
	} {
		if status, answer := s.Send("demo", test.token, http.MethodGet, test.path, ""); status != test.want {
			t.Errorf("%s, %s: got %d %v, want %d", test.who, test.path, status, answer["message"], test.want)
		}
	}
}

func TestErrorsOfTheCluster(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	dev, admin := s.Token("developer", "demo"), s.Token("default", "prod")
	const user = "arn:aws:sts::111122223333:assumed-role/dev/sandbox"
	for _, test := range []struct{ cluster, token, method, path, reason, message string }{
		{"demo", "", "GET", "/api", "Unauthorized", "Unauthorized"},
		{"demo", dev, "GET", "/metrics", "Forbidden", `forbidden: User "` + user + `" cannot get path "/metrics"`},
		{"demo", dev, "GET", "/api/v1/namespaces", "Forbidden", `namespaces is forbidden: User "` + user + `" cannot list resource "namespaces" in API group "" at the cluster scope`},
		{"demo", dev, "GET", "/api/v1/namespaces/kube-system/configmaps/aws-auth", "Forbidden", `configmaps "aws-auth" is forbidden: User "` + user + `" cannot get resource "configmaps" in API group "" in the namespace "kube-system"`},
		{"demo", dev, "GET", "/apis/rbac.authorization.k8s.io/v1/roles", "Forbidden", `roles.rbac.authorization.k8s.io is forbidden: User "` + user + `" cannot list resource "roles" in API group "rbac.authorization.k8s.io" at the cluster scope`},
		{"prod", admin, "GET", "/api/v1/namespaces/kube-system/configmaps/aws-auth", "NotFound", `configmaps "aws-auth" not found`},
		{"prod", admin, "GET", "/api/v1/widgets", "NotFound", "the server could not find the requested resource"},
		{"prod", admin, "DELETE", "/api/v1/namespaces/dev", "MethodNotAllowed", "the server does not allow this method on the requested resource"},
	} {
		_, answer := s.Send(test.cluster, test.token, test.method, test.path, "")
		if answer["kind"] != "Status" || answer["reason"] != test.reason || answer["message"] != test.message {
			t.Errorf("%s %s: %v", test.method, test.path, answer)
		}
	}
}

func TestNamespacesAndAWSAuth(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	admin := s.Token("default", "demo")
	_, answer := s.Send("demo", admin, http.MethodGet, "/api/v1/namespaces", "")
	var names []string
	for _, o := range answer["items"].([]any) {
		names = append(names, o.(map[string]any)["metadata"].(map[string]any)["name"].(string))
	}
	if strings.Join(names, " ") != "default dev dev-blue kube-system prod staging" || answer["kind"] != "NamespaceList" {
		t.Errorf("%v", answer)
	}
	_, m := s.Send("demo", admin, http.MethodGet, "/api/v1/namespaces/kube-system/configmaps/aws-auth", "")
	if text := m["data"].(map[string]any)["mapRoles"].(string); !strings.Contains(text, "rolearn: arn:aws:iam::111122223333:role/demo-node") {
		t.Error(text)
	}
	review := func(body string) any {
		_, answer := s.Send("demo", s.Token("developer", "demo"), http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
		return answer["status"].(map[string]any)["allowed"]
	}
	if review(`{"spec":{"resourceAttributes":{"verb":"list","resource":"pods","namespace":"dev"}}}`) != true ||
		review(`{"spec":{"resourceAttributes":{"verb":"list","resource":"pods","namespace":"prod"}}}`) != false {
		t.Error("access reviews do not answer as requests are")
	}
}
