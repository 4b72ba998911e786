package kubeapi_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// realServer is an account whose cluster of that name has another API server. It has an aws-auth of its
// own, and asks the webhook who reads it, as a real one does.
func realServer(t *testing.T, cluster string) (sandboxtest.Box, sandbox.APIServer) {
	t.Helper()
	var s sandboxtest.Box
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		status, _ := tokenStatus(t, s, cluster, token)["user"].(map[string]any)
		if status["username"] != kubeapi.AuthenticatorName {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"mapRoles": "- rolearn: arn:aws:iam::111122223333:role/newcomer\n  username: by-map\n"}})
	}))
	t.Cleanup(server.Close)
	behind := sandbox.APIServer{URL: server.URL, CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})}
	s = sandboxtest.New(t, sandbox.Options{APIServers: map[string]sandbox.APIServer{cluster: behind}})
	return s, behind
}

var serverOf = regexp.MustCompile(`certificate-authority-data: (\S+)\s+server: (https://[^/]+)/`)

// webhook asks as the API server does.
func webhook(t *testing.T, s sandboxtest.Box, cluster, path string, body any) (int, map[string]any) {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(s.Dir(), cluster, "webhook.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	at := serverOf.FindStringSubmatch(string(config))
	ca, err := base64.StdEncoding.DecodeString(at[1])
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	resp := s.OpenAt(at[2], ca, "", http.MethodPost, path, string(text))
	defer func() { _ = resp.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func tokenStatus(t *testing.T, s sandboxtest.Box, cluster, token string) map[string]any {
	t.Helper()
	_, answer := webhook(t, s, cluster, kubeapi.AuthenticatePath, map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": map[string]any{"token": token},
	})
	return answer["status"].(map[string]any)
}

func TestAnotherServerStandsForTheCluster(t *testing.T) {
	s, behind := realServer(t, "demo")
	cluster := "demo"
	out := sandboxtest.Must[*eks.DescribeClusterOutput](t)(s.EKS("default").DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: &cluster}))
	if *out.Cluster.Endpoint != behind.URL {
		t.Errorf("endpoint %s, not %s", *out.Cluster.Endpoint, behind.URL)
	}
	config, err := os.ReadFile(filepath.Join(s.Dir(), "kubeconfig"))
	if err != nil || !strings.Contains(string(config), "server: "+behind.URL+"\n") {
		t.Errorf("kubeconfig: %v\n%s", err, config)
	}
	for _, name := range []string{"authentication.yaml", "authorization.yaml", "webhook.yaml"} {
		if info, err := os.Stat(filepath.Join(s.Dir(), cluster, name)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestTokenReviewReadsTheServersOwnMap(t *testing.T) {
	s, _ := realServer(t, "demo")
	for profile, want := range map[string]string{
		"newcomer":  "by-map",
		"default":   "arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox",
		"developer": "arn:aws:sts::111122223333:assumed-role/dev/sandbox",
		"bob":       "", // in the aws-auth that the sandbox would have had for the cluster, but not in the real one
		"rotated":   "",
	} {
		status := tokenStatus(t, s, "demo", s.Token(profile, "demo"))
		user, _ := status["user"].(map[string]any)
		if name, _ := user["username"].(string); name != want || (want == "") == (status["authenticated"] == true) {
			t.Errorf("%s: %v, want %q", profile, status, want)
		}
	}
	if status := tokenStatus(t, s, "demo", s.Token("default", "prod")); status["authenticated"] != false {
		t.Errorf("a token of another cluster: %v", status)
	}
	if status := tokenStatus(t, s, "demo", ""); status["authenticated"] != false {
		t.Errorf("no token: %v", status)
	}
}

func TestAccessReviewAllowsInScopeAndNeverDenies(t *testing.T) {
	s, _ := realServer(t, "demo")
	user := tokenStatus(t, s, "demo", s.Token("developer", "demo"))["user"].(map[string]any)
	id := user["extra"].(map[string]any)["principalId"]
	for _, test := range []struct {
		extra           map[string]any
		verb, namespace string
		want            bool
	}{
		{map[string]any{"principalId": id}, "list", "dev", true},
		{map[string]any{"principalId": id}, "delete", "dev", false},
		{map[string]any{"principalId": id}, "list", "prod", false},
		{map[string]any{"principalId": id}, "list", "", false},
		{map[string]any{"principalid": id}, "list", "dev", false}, // as impersonation would write it
		{map[string]any{"principalId": []string{"AROA0000000000000000"}}, "list", "dev", false},
		{nil, "list", "dev", false},
	} {
		code, answer := webhook(t, s, "demo", kubeapi.AuthorizePath, map[string]any{
			"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
			"spec": map[string]any{"user": user["username"], "extra": test.extra, "resourceAttributes": map[string]any{"verb": test.verb, "resource": "pods", "namespace": test.namespace}},
		})
		status, _ := answer["status"].(map[string]any)
		if _, denied := status["denied"]; code != http.StatusOK || status["allowed"] != test.want || denied {
			t.Errorf("%+v: %d %v", test, code, answer)
		}
	}
}

func TestWebhooksRefuseWhatTheyDoNotKnow(t *testing.T) {
	s, _ := realServer(t, "demo")
	for path, version := range map[string]string{kubeapi.AuthenticatePath: "authentication.k8s.io/v1beta1", kubeapi.AuthorizePath: "authorization.k8s.io/v1beta1", "/": ""} {
		if code, _ := webhook(t, s, "demo", path, map[string]any{"apiVersion": version}); code != http.StatusBadRequest {
			t.Errorf("%s %s: %d", path, version, code)
		}
	}
	ca := []byte("no certificate")
	for name, server := range map[string]sandbox.APIServer{
		"nowhere": {URL: "https://127.0.0.1:6443", CA: ca}, "demo": {URL: "http://127.0.0.1:8080", CA: ca}, "prod": {URL: "https://127.0.0.1:6443", CA: ca},
	} {
		if s, err := sandbox.Start(sandbox.Options{APIServers: map[string]sandbox.APIServer{name: server}}); err == nil {
			_ = s.Close()
			t.Errorf("%s: %+v was taken", name, server)
		}
	}
}
