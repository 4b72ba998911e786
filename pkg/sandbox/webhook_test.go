package sandbox

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eks"
)

// realServer is an account whose cluster of that name has another API server. It has an aws-auth of its
// own, and asks the webhook about whoever wants to read it, as a real one does.
func realServer(t *testing.T, cluster string) (*Sandbox, APIServer) {
	t.Helper()
	var s *Sandbox
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		status, _ := s.tokenStatus(t, cluster, token)["user"].(map[string]any)
		if status["username"] != authenticatorName {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(object{"data": object{"mapRoles": "- rolearn: arn:aws:iam::111122223333:role/newcomer\n  username: by-map\n"}})
	}))
	t.Cleanup(server.Close)
	behind := APIServer{URL: server.URL, CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})}
	s = start(t, Options{APIServers: map[string]APIServer{cluster: behind}})
	return s, behind
}

// webhook asks as the API server does.
func (s *Sandbox) webhook(t *testing.T, cluster, path string, body any) (int, map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.handleWebhook(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(text))), cluster)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return w.Code, answer
}

func (s *Sandbox) tokenStatus(t *testing.T, cluster, token string) map[string]any {
	t.Helper()
	_, answer := s.webhook(t, cluster, authenticatePath, object{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": object{"token": token},
	})
	return answer["status"].(map[string]any)
}

func TestAnotherServerStandsForTheCluster(t *testing.T) {
	s, behind := realServer(t, "demo")
	cluster := "demo"
	out := must[*eks.DescribeClusterOutput](t)(s.eks("default").DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: &cluster}))
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
		status := s.tokenStatus(t, "demo", s.token(t, profile, "demo"))
		user, _ := status["user"].(map[string]any)
		if name, _ := user["username"].(string); name != want || (want == "") == (status["authenticated"] == true) {
			t.Errorf("%s: %v, want %q", profile, status, want)
		}
	}
	if status := s.tokenStatus(t, "demo", s.token(t, "default", "prod")); status["authenticated"] != false {
		t.Errorf("a token of another cluster: %v", status)
	}
	if status := s.tokenStatus(t, "demo", ""); status["authenticated"] != false {
		t.Errorf("no token: %v", status)
	}
}

func TestAccessReviewAllowsInScopeAndNeverDenies(t *testing.T) {
	s, _ := realServer(t, "demo")
	user := s.tokenStatus(t, "demo", s.token(t, "developer", "demo"))["user"].(map[string]any)
	id := user["extra"].(map[string]any)["principalId"]
	for _, test := range []struct {
		extra           object
		verb, namespace string
		want            bool
	}{
		{object{"principalId": id}, "list", "dev", true},
		{object{"principalId": id}, "delete", "dev", false},
		{object{"principalId": id}, "list", "prod", false},
		{object{"principalId": id}, "list", "", false},
		{object{"principalid": id}, "list", "dev", false}, // as impersonation would write it
		{object{"principalId": []string{"AROA0000000000000000"}}, "list", "dev", false},
		{nil, "list", "dev", false},
	} {
		code, answer := s.webhook(t, "demo", authorizePath, object{
			"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
			"spec": object{"user": user["username"], "extra": test.extra, "resourceAttributes": object{"verb": test.verb, "resource": "pods", "namespace": test.namespace}},
		})
		status, _ := answer["status"].(map[string]any)
		if _, denied := status["denied"]; code != http.StatusOK || status["allowed"] != test.want || denied {
			t.Errorf("%+v: %d %v", test, code, answer)
		}
	}
}

func TestWebhooksRefuseWhatTheyDoNotKnow(t *testing.T) {
	s, _ := realServer(t, "demo")
	for path, version := range map[string]string{authenticatePath: "authentication.k8s.io/v1beta1", authorizePath: "authorization.k8s.io/v1beta1", "/": ""} {
		if code, _ := s.webhook(t, "demo", path, object{"apiVersion": version}); code != http.StatusBadRequest {
			t.Errorf("%s %s: %d", path, version, code)
		}
	}
	ca := []byte("no certificate")
	for name, server := range map[string]APIServer{
		"nowhere": {URL: "https://127.0.0.1:6443", CA: ca}, "demo": {URL: "http://127.0.0.1:8080", CA: ca}, "prod": {URL: "https://127.0.0.1:6443", CA: ca},
	} {
		if s, err := Start(Options{APIServers: map[string]APIServer{name: server}}); err == nil {
			_ = s.Close()
			t.Errorf("%s: %+v was taken", name, server)
		}
	}
}
