package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// session is the name of the sessions of the sandbox's profiles.
const session = "sandbox"

const accountRoles = "arn:aws:iam::111122223333:role/"

// seeded are the principals of the cluster demo, and how to become each: by a profile, or by assuming the role.
var seeded = []struct {
	principal, profile string
	none               bool // the API server does not know it
}{
	{principal: accountRoles + "platform-admin"},
	{principal: accountRoles + "team/dev", profile: "developer"},
	{principal: accountRoles + "ops", profile: "ops"},
	{principal: accountRoles + "auditor", profile: "read-only"},
	{principal: "arn:aws:iam::111122223333:user/alice", profile: "alice"},
	{principal: "arn:aws:iam::111122223333:user/contractors/bob", profile: "bob"},
	{principal: accountRoles + "ci/deployer", profile: assume},
	{principal: accountRoles + "aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Developer_90a1b2c3d4e5f607", profile: assume},
	{principal: accountRoles + "aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_AdministratorAccess_1a2b3c4d5e6f7081", profile: assume},
	{principal: accountRoles + "newcomer", profile: "newcomer", none: true},
	{principal: accountRoles + "rotated", profile: "rotated", none: true},
}

const assume = "(assume)"

// asked is a question as the program reads it.
type asked struct {
	Words      []string
	Namespace  string
	Everywhere bool
}

// answered is what the program says.
type answered struct {
	Request  request
	Can      []string
	Sessions map[string]string
	Limited  map[string][]string
	Unknown  []string
	Missing  []any
}

// says reports whether a principal can, in the session of its profile.
func (a answered) says(principal string) bool {
	return slices.Contains(a.Can, principal) || slices.Contains(a.Can, "group system:authenticated") || a.Sessions[principal] == session
}

// TestWhoCanIsTheServersAnswer asks who-can and, as every seeded principal, the API server.
func TestWhoCanIsTheServersAnswer(t *testing.T) {
	program, err := answers()
	if err != nil {
		t.Fatal(err)
	}
	w := whoWorld(t)
	wrong, err := w.compareWho(t, program, 2000)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range wrong {
		t.Error(text)
	}
	t.Run("real requests", w.testRealRequests)
}

// whoWorld is a cluster with every kind of right.
func whoWorld(t *testing.T) *world {
	t.Helper()
	path, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(path, "demo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	if _, err := w.run("", "kubectl", "apply", "--server-side", "-f", "testdata/who-can.yaml"); err != nil {
		t.Fatal(err)
	}
	return w
}

// compareWho returns the answers that differ.
func (w *world) compareWho(t *testing.T, program string, n int) (wrong []string, err error) {
	t.Helper()
	questions := w.whoQuestions(t, n)
	all, err := converse[asked, answered](program, w.env, "questions", questions)
	if err != nil {
		return nil, err
	}
	if len(all[0].Missing) > 0 {
		return nil, fmt.Errorf("not everything was read: %v", all[0].Missing)
	}
	yes, asks := 0, 0
	for _, s := range seeded {
		if s.none {
			for i, a := range all {
				if slices.Contains(a.Can, s.principal) {
					wrong = append(wrong, fmt.Sprintf("%s: who-can says yes to %+v, but it has no access", s.principal, questions[i]))
				}
			}
			continue
		}
		token, err := w.tokenOf(s.profile, s.principal)
		if err != nil {
			return nil, err
		}
		server, err := w.reviews(token, all)
		if err != nil {
			return nil, err
		}
		for i, a := range all {
			asks++
			if server[i] {
				yes++
			}
			says := a.says(s.principal)
			nameless := a.Request.nameless() && a.Request.Name != "" // the review has a name that no request has
			if says != server[i] && (!nameless || says) {
				wrong = append(wrong, fmt.Sprintf("%s: %+v %+v: who-can says %t, the API server %t", s.principal, questions[i], a.Request, says, server[i]))
			}
		}
	}
	t.Logf("%d questions, %d allowed, %d wrong", asks, yes, len(wrong))
	return wrong[:min(20, len(wrong))], nil
}

// tokenOf is a token of a principal.
func (w *world) tokenOf(profile, principal string) (string, error) {
	if profile != assume {
		return w.token(profile)
	}
	out, err := w.run("", "kubectl-access", "get-token", "--cluster-name", w.cluster, "--region", region, "--role-arn", principal)
	var credential struct{ Status struct{ Token string } }
	if err == nil {
		err = json.Unmarshal([]byte(out), &credential)
	}
	return credential.Status.Token, err
}

// reviews are the API server's answers. Before Kubernetes 1.35, which the sandbox says it is, get is enough for a shell.
func (w *world) reviews(token string, all []answered) ([]bool, error) {
	m := &matrix{world: w}
	server := make([]bool, len(all))
	errs := make([]error, len(all))
	todo := make(chan int)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for i := range todo {
				q := all[i].Request
				ask := question{verb: q.Verb, group: q.Group, resource: q.Resource, namespace: q.Namespace, name: q.Name, path: q.URL}
				if q.Subresource != "" {
					ask.resource += "/" + q.Subresource
				}
				server[i], errs[i] = m.review(token, ask)
				if slices.Contains([]string{"exec", "attach", "portforward"}, q.Subresource) && q.Verb == "create" && !server[i] && errs[i] == nil {
					ask.verb = "get"
					server[i], errs[i] = m.review(token, ask)
				}
			}
		})
	}
	for i := range all {
		todo <- i
	}
	close(todo)
	workers.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%+v: %w", all[i].Request, err)
		}
	}
	return server, nil
}

// whoQuestions are questions of all kinds, the same ones every time.
func (w *world) whoQuestions(t *testing.T, n int) (all []asked) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	served := w.discover(t)
	slices.SortFunc(served, func(a, b question) int { return strings.Compare(a.resource+"."+a.group, b.resource+"."+b.group) })
	for _, odd := range []string{"users", "groups", "widgets", "*"} {
		served = append(served, question{resource: odd})
	}
	often := []question{{resource: "pods"}, {resource: "secrets"}, {resource: "pods/log"}, {resource: "pods/exec"}, {resource: "namespaces"}, {resource: "nodes"}, {group: "apps", resource: "deployments"}, {resource: "configmaps"}, {resource: "serviceaccounts/token"}, {group: "apps", resource: "deployments/scale"}}
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	for range n {
		var q asked
		verb := pick("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "get", "list", "create", "impersonate", "bind", "*")
		if r.IntN(12) == 0 {
			all = append(all, asked{Words: []string{pick("get", "post", "*"), pick("/metrics", "/logs/", "/logs/a", "/logs", "/version", "/apis/apps", "/healthz", "/made/up")}})
			continue
		}
		kind := served[r.IntN(len(served))]
		if r.IntN(2) == 0 {
			kind = often[r.IntN(len(often))]
		}
		name, sub, has := strings.Cut(kind.resource, "/")
		what := strings.TrimSuffix(name+"."+kind.group, ".")
		if has {
			what += "/" + sub
		}
		q.Words = []string{verb, what}
		if r.IntN(4) == 0 {
			q.Words = append(q.Words, pick("tls", "db", "a", "dev", "alice", "bot"))
		}
		if q.Namespace = pick("dev", "dev", "dev-blue", "prod", "staging", "kube-system", ""); q.Namespace == "" {
			q.Everywhere = true
		}
		all = append(all, q)
	}
	return all
}

// testRealRequests tests what a review says otherwise than a request: each row is one of rights.md's, with who-can's answer.
func (w *world) testRealRequests(t *testing.T) {
	const bob, dev = "arn:aws:iam::111122223333:user/contractors/bob", accountRoles + "team/dev"
	program, _ := answers()
	token, err := w.token("bob")
	if err != nil {
		t.Fatal(err)
	}
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"}}`
	for _, c := range []struct {
		why                string
		method, path, body string
		code               int
		question           asked
		can                bool
	}{
		{"a new object has no name yet", http.MethodPost, "/api/v1/namespaces/dev/secrets", secret, http.StatusForbidden, asked{Words: []string{"create", "secrets/db"}, Namespace: "dev"}, false},
		{"deletecollection has no name", http.MethodDelete, "/api/v1/namespaces/dev/secrets?fieldSelector=metadata.name%3Ddb", "", http.StatusForbidden, asked{Words: []string{"deletecollection", "secrets/db"}, Namespace: "dev"}, false},
		{"a list of all has no name", http.MethodGet, "/api/v1/namespaces/dev/secrets", "", http.StatusForbidden, asked{Words: []string{"list", "secrets"}, Namespace: "dev"}, false},
		{"a list of one has a name", http.MethodGet, "/api/v1/namespaces/dev/secrets?fieldSelector=metadata.name%3Dtls", "", http.StatusOK, asked{Words: []string{"list", "secrets/tls"}, Namespace: "dev"}, true},
		{"a subresource has a name", http.MethodPost, "/api/v1/namespaces/dev/serviceaccounts/bot/token", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`, http.StatusCreated, asked{Words: []string{"create", "serviceaccounts/token", "bot"}, Namespace: "dev"}, true},
		{"nodes are in no namespace", http.MethodGet, "/api/v1/nodes", "", http.StatusForbidden, asked{Words: []string{"list", "nodes"}, Namespace: "dev"}, false},
		{"a namespace is in itself", http.MethodGet, "/api/v1/namespaces/dev", "", http.StatusOK, asked{Words: []string{"get", "namespaces", "dev"}}, true},
		{"all namespaces are not", http.MethodGet, "/api/v1/namespaces", "", http.StatusForbidden, asked{Words: []string{"list", "namespaces"}}, false},
		{"a RoleBinding gives no URL", http.MethodGet, "/metrics", "", http.StatusForbidden, asked{Words: []string{"get", "/metrics"}}, false},
		{"pods/* is not a pattern", http.MethodGet, "/api/v1/namespaces/dev/pods/x/proxy", "", http.StatusForbidden, asked{Words: []string{"get", "pods/proxy"}, Namespace: "dev"}, false},
	} {
		code, body, err := w.ask(token, c.method, c.path, strings.NewReader(c.body))
		if err != nil || code != c.code {
			t.Errorf("%s: %s %s: %d, want %d: %v %s", c.why, c.method, c.path, code, c.code, err, body)
		}
		all, err := converse[asked, answered](program, w.env, "questions", []asked{c.question})
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{bob, dev} { // both are developers
			if all[0].says(who) != c.can {
				t.Errorf("%s: who-can says %t of %s", c.why, !c.can, who)
			}
		}
	}
}
