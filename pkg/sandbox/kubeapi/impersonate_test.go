package kubeapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestImpersonationIsJudgedByRBACAlone: the policies of an entry belong to who has signed in.
func TestImpersonationIsJudgedByRBACAlone(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	admin := s.Token("default", "demo")
	const pods, secrets = "/api/v1/namespaces/dev/pods", "/api/v1/namespaces/dev/secrets"
	for _, test := range []struct {
		path    string
		want    int
		headers []string
	}{
		{secrets, 200, nil},
		{secrets, 403, []string{"Impersonate-User", "bob"}},
		{pods, 403, []string{"Impersonate-User", "bob"}},
		{pods, 200, []string{"Impersonate-User", "bob", "Impersonate-Group", "developers"}},
		{"/api/v1/namespaces/prod/pods", 403, []string{"Impersonate-User", "bob", "Impersonate-Group", "developers"}},
		{secrets, 200, []string{"Impersonate-User", "bob", "Impersonate-Group", "system:masters"}},
		{"/api", 200, []string{"Impersonate-User", "bob"}},
		{"/api", 403, []string{"Impersonate-User", "system:anonymous"}},
		{pods, 403, []string{"Impersonate-User", "arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox"}},
		{pods, 500, []string{"Impersonate-Group", "developers"}},
		{pods, 500, []string{"Impersonate-Extra-Scopes", "x"}},
	} {
		if code, answer := s.Send("demo", admin, http.MethodGet, test.path, "", test.headers...); code != test.want {
			t.Errorf("%s as %q: %d %v, want %d", test.path, test.headers, code, answer["message"], test.want)
		}
	}
}

// TestImpersonationTakesTheVerb, for the user and for everything else that is claimed.
func TestImpersonationTakesTheVerb(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	admin, dev, deployer := s.Token("default", "demo"), s.Token("developer", "demo"), s.SessionToken("deployer", "run-7", "demo")
	const devUser = `User "arn:aws:sts::111122223333:assumed-role/dev/sandbox" cannot impersonate resource `
	for _, test := range []struct {
		token   string
		headers []string
		want    string
	}{
		{dev, []string{"Impersonate-User", "bob"}, `users "bob" is forbidden: ` + devUser + `"users" in API group "" at the cluster scope`},
		{dev, []string{"Impersonate-User", "system:serviceaccount:prod:robot"}, `serviceaccounts "robot" is forbidden: ` + devUser + `"serviceaccounts" in API group "" in the namespace "prod"`},
		// The edit policy allows it for service accounts of its namespaces, and for no users and groups.
		{deployer, []string{"Impersonate-User", "bob"}, `users "bob" is forbidden: User "ci:run-7" cannot impersonate resource "users" in API group "" at the cluster scope`},
		{deployer, []string{"Impersonate-User", "system:serviceaccount:prod:robot"}, ""},
		{deployer, []string{"Impersonate-User", "system:serviceaccount:dev:robot"}, `serviceaccounts "robot" is forbidden: User "ci:run-7" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "dev"`},
		{deployer, []string{"Impersonate-User", "system:serviceaccount:prod:robot", "Impersonate-Group", "system:masters"}, `groups "system:masters" is forbidden: User "ci:run-7" cannot impersonate resource "groups" in API group "" at the cluster scope`},
		{deployer, []string{"Impersonate-User", "system:serviceaccount:prod:robot", "Impersonate-Uid", "7"}, `uids.authentication.k8s.io "7" is forbidden: User "ci:run-7" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope`},
		{deployer, []string{"Impersonate-User", "system:serviceaccount:prod:robot", "Impersonate-Extra-Scopes", "a"}, `userextras.authentication.k8s.io "a" is forbidden: User "ci:run-7" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope`},
		{admin, []string{"Impersonate-User", "bob", "Impersonate-Group", "g", "Impersonate-Uid", "7", "Impersonate-Extra-Scopes", "a"}, ""},
	} {
		code, answer := s.Send("demo", test.token, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", test.headers...)
		if message, _ := answer["message"].(string); message != test.want || (code == 201) != (test.want == "") {
			t.Errorf("%q: %d\n got %s\nwant %s", test.headers, code, message, test.want)
		}
	}
}

// TestTheImpersonatedUserIsWhoTheRequestIsOf: its groups are those that a real server adds.
func TestTheImpersonatedUserIsWhoTheRequestIsOf(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	admin := s.Token("default", "demo")
	for _, test := range []struct {
		headers []string
		want    string
	}{
		{[]string{"Impersonate-User", "bob"}, `{"groups":["system:authenticated"],"username":"bob"}`},
		{[]string{"Impersonate-User", "bob", "Impersonate-Group", "a", "Impersonate-Group", "b", "Impersonate-Uid", "7", "Impersonate-Extra-Scopes", "s"}, `{"extra":{"scopes":["s"]},"groups":["a","b","system:authenticated"],"uid":"7","username":"bob"}`},
		{[]string{"Impersonate-User", "system:serviceaccount:dev:robot"}, `{"groups":["system:serviceaccounts","system:serviceaccounts:dev","system:authenticated"],"username":"system:serviceaccount:dev:robot"}`},
		{[]string{"Impersonate-User", "bob", "Impersonate-Group", "system:unauthenticated"}, "null"}, // which may not ask
	} {
		_, answer := s.Send("demo", admin, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", test.headers...)
		if got, _ := json.Marshal(texts(answer["status"])["userInfo"]); string(got) != test.want {
			t.Errorf("%q:\n got %s\nwant %s", test.headers, got, test.want)
		}
	}
}
