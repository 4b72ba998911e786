package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eks"
)

// request sends a request to a cluster as kubectl would, trusting the authority that DescribeCluster tells.
func (s *Sandbox) request(t *testing.T, cluster, token, method, path, body string) (int, map[string]any) {
	t.Helper()
	return s.typed(t, cluster, token, method, path, body, "")
}

// typed sends a body that says what it is.
func (s *Sandbox) typed(t *testing.T, cluster, token, method, path, body, contentType string) (int, map[string]any) {
	t.Helper()
	if contentType == "" {
		return s.sent(t, cluster, token, method, path, body)
	}
	return s.sent(t, cluster, token, method, path, body, "Content-Type", contentType)
}

// sent sends a request with headers, given as names and values.
func (s *Sandbox) sent(t *testing.T, cluster, token, method, path, body string, headers ...string) (int, map[string]any) {
	t.Helper()
	resp := s.answered(t, cluster, token, method, path, body, headers...)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // a health check is no object
	return resp.StatusCode, answer
}

// answered is an answer whose body is still to be read.
func (s *Sandbox) answered(t *testing.T, cluster, token, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	out, err := s.eks("default").DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: &cluster})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := base64.StdEncoding.DecodeString(*out.Cluster.CertificateAuthority.Data)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	t.Cleanup(client.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), method, *out.Cluster.Endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func (s *Sandbox) get(t *testing.T, cluster, token, path string) (int, map[string]any) {
	t.Helper()
	return s.request(t, cluster, token, http.MethodGet, path, "")
}

func (s *Sandbox) whoami(t *testing.T, cluster, token string) string {
	t.Helper()
	status, answer := s.request(t, cluster, token, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")
	if status != http.StatusCreated {
		return fmt.Sprint(status)
	}
	info := answer["status"].(map[string]any)["userInfo"].(map[string]any)
	return fmt.Sprint(info["username"], " ", info["groups"])
}

func TestWhoGetsIn(t *testing.T) {
	s := start(t, Options{})
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
		if got := s.whoami(t, test.cluster, s.sessionToken(t, test.role, test.session, test.cluster)); got != test.want {
			t.Errorf("%s of %s to %s:\n got %s\nwant %s", test.session, test.role, test.cluster, got, test.want)
		}
	}
	for _, test := range []struct{ cluster, profile, want string }{
		{"demo", "alice", "arn:aws:iam::111122223333:user/alice [viewers system:authenticated]"},
		{"legacy", "alice", "alice [viewers system:authenticated]"},
		{"demo", "bob", "bob [developers system:authenticated]"},
		{"prod", "bob", "401"},
	} {
		if got := s.whoami(t, test.cluster, s.token(t, test.profile, test.cluster)); got != test.want {
			t.Errorf("%s to %s: got %s, want %s", test.profile, test.cluster, got, test.want)
		}
	}
}

func TestExtrasTellTheWholeIdentity(t *testing.T) {
	s := start(t, Options{})
	_, answer := s.request(t, "demo", s.sessionToken(t, "dev", "dana@example.com", "demo"), http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")
	info := answer["status"].(map[string]any)["userInfo"].(map[string]any)
	id := s.account.Principals["role/dev"].ID
	extra := info["extra"].(map[string]any)
	got := fmt.Sprint(info["uid"], extra["arn"], extra["canonicalArn"], extra["sessionName"], extra["principalId"])
	want := "aws-iam-authenticator:111122223333:" + id + "[arn:aws:sts::111122223333:assumed-role/dev/dana@example.com] [arn:aws:iam::111122223333:role/dev] [dana@example.com] [" + id + "]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsAllowed(t *testing.T) {
	s := start(t, Options{})
	sso := s.sessionToken(t, ssoDeveloper, "sam", "demo")
	for _, test := range []struct {
		who, token, path string
		want             int
	}{
		{"nobody", "", "/version", 200},
		{"nobody", "", "/api", 401},
		{"dev", s.token(t, "developer", "demo"), "/apis", 200},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces", 403},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/dev", 200},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/prod", 403},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/dev/configmaps", 200},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/kube-system/configmaps/aws-auth", 403},
		{"sso", sso, "/api/v1/namespaces", 200},
		{"sso", sso, "/api/v1/namespaces/kube-system/configmaps/aws-auth", 200},
		{"sso", sso, "/apis/rbac.authorization.k8s.io/v1/clusterroles", 403},
		{"alice", s.token(t, "alice", "demo"), "/api/v1/namespaces", 200},
		{"admin", s.token(t, "default", "demo"), "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", 200},
		{"admin", s.token(t, "default", "demo"), "/apis/rbac.authorization.k8s.io/v1/rolebindings", 200},
		{"admin", s.token(t, "default", "demo"), "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/roles/developer", 200},
		{"admin", s.token(t, "default", "demo"), "/api/v1/replicationcontrollers", 404},
		{"admin", s.token(t, "default", "demo"), "/api/v1/pods", 200},
		{"admin", s.token(t, "default", "demo"), "/api/v1/namespaces/dev/nodes", 404},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/dev/pods", 200},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/dev/pods/web", 404},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/prod/pods", 403},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/namespaces/dev/secrets", 403},
		{"dev", s.token(t, "developer", "demo"), "/apis/apps/v1/namespaces/dev/deployments", 200},
		{"dev", s.token(t, "developer", "demo"), "/api/v1/nodes", 403},
	} {
		if status, answer := s.get(t, "demo", test.token, test.path); status != test.want {
			t.Errorf("%s, %s: got %d %v, want %d", test.who, test.path, status, answer["message"], test.want)
		}
	}
}

func TestErrorsOfTheCluster(t *testing.T) {
	s := start(t, Options{})
	dev, admin := s.token(t, "developer", "demo"), s.token(t, "default", "prod")
	const user = "arn:aws:sts::111122223333:assumed-role/dev/sandbox"
	for _, test := range []struct{ cluster, token, method, path, reason, message string }{
		{"demo", "", "GET", "/api", "Unauthorized", "Unauthorized"},
		{"demo", dev, "GET", "/metrics", "Forbidden", `forbidden: User "` + user + `" cannot get path "/metrics"`},
		{"demo", dev, "GET", "/api/v1/namespaces", "Forbidden", `namespaces is forbidden: User "` + user + `" cannot list resource "namespaces" in API group "" at the cluster scope`},
		{"demo", dev, "GET", "/api/v1/namespaces/kube-system/configmaps/aws-auth", "Forbidden", `configmaps "aws-auth" is forbidden: User "` + user + `" cannot get resource "configmaps" in API group "" in the namespace "kube-system"`},
		{"demo", dev, "GET", "/apis/rbac.authorization.k8s.io/v1/roles", "Forbidden", `roles.rbac.authorization.k8s.io is forbidden: User "` + user + `" cannot list resource "roles" in API group "rbac.authorization.k8s.io" at the cluster scope`},
		{"prod", admin, "GET", "/api/v1/namespaces/kube-system/configmaps/aws-auth", "NotFound", `configmaps "aws-auth" not found`},
		{"prod", admin, "GET", "/api/v1/replicationcontrollers", "NotFound", "the server could not find the requested resource"},
		{"prod", admin, "DELETE", "/api/v1/namespaces/dev", "MethodNotAllowed", "the server does not allow this method on the requested resource"},
	} {
		_, answer := s.request(t, test.cluster, test.token, test.method, test.path, "")
		if answer["kind"] != "Status" || answer["reason"] != test.reason || answer["message"] != test.message {
			t.Errorf("%s %s: %v", test.method, test.path, answer)
		}
	}
}

func TestNamespacesAndAWSAuth(t *testing.T) {
	s := start(t, Options{})
	admin := s.token(t, "default", "demo")
	_, answer := s.get(t, "demo", admin, "/api/v1/namespaces")
	var names []string
	for _, o := range answer["items"].([]any) {
		names = append(names, o.(map[string]any)["metadata"].(map[string]any)["name"].(string))
	}
	if !slices.Equal(names, seedNamespaces) || answer["kind"] != "NamespaceList" {
		t.Errorf("%v", answer)
	}
	_, m := s.get(t, "demo", admin, "/api/v1/namespaces/kube-system/configmaps/aws-auth")
	if text := m["data"].(map[string]any)["mapRoles"].(string); !strings.Contains(text, "rolearn: arn:aws:iam::111122223333:role/demo-node") {
		t.Error(text)
	}
	review := func(body string) any {
		_, answer := s.request(t, "demo", s.token(t, "developer", "demo"), http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
		return answer["status"].(map[string]any)["allowed"]
	}
	if review(`{"spec":{"resourceAttributes":{"verb":"list","resource":"pods","namespace":"dev"}}}`) != true ||
		review(`{"spec":{"resourceAttributes":{"verb":"list","resource":"pods","namespace":"prod"}}}`) != false {
		t.Error("access reviews do not answer as requests are")
	}
}
