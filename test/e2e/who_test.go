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
	Notes    map[string]string
	Footnote string
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

// allows asks like review. Before Kubernetes 1.35, which the sandbox says it is, get is enough for a shell.
func (m *matrix) allows(token string, q question) (bool, error) {
	yes, err := m.review(token, q)
	shell := q.resource == "pods/exec" || q.resource == "pods/attach" || q.resource == "pods/portforward"
	if err == nil && !yes && shell && q.verb == "create" {
		q.verb = "get"
		return m.review(token, q)
	}
	return yes, err
}

// reviews are the API server's answers.
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
				server[i], errs[i] = m.allows(token, ask)
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

// realRequests are what a review says otherwise than a request: each row is one of rights.md's, with who-can's answer: whether the
// developers can, or for which objects and how, and what it says about the question.
var realRequests = []struct {
	why                string
	method, path, body string
	code               int
	question           asked
	can                bool
	limited, footnote  string
}{
	{"a new object has no name yet", http.MethodPost, "/api/v1/namespaces/dev/secrets", `{"metadata":{"name":"db"}}`, 403, in("dev", "create", "secrets/db"), false, "", "has no name"},
	{"nor has one that may be applied", http.MethodPost, "/api/v1/namespaces/dev/configmaps", `{"metadata":{"name":"applied"}}`, 403, in("dev", "create", "configmaps"), false, "applied by server-side apply", ""},
	{"server-side apply has a name", http.MethodPatch, "/api/v1/namespaces/dev/configmaps/applied?fieldManager=e2e", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"}}`, 201, in("dev", "create", "configmaps/applied"), false, "applied by server-side apply", "has no name"},
	{"server-side apply needs patch too", http.MethodPatch, "/api/v1/namespaces/dev/secrets/db?fieldManager=e2e", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"}}`, 403, in("dev", "create", "secrets/db"), false, "", "has no name"},
	{"an update creates leases", http.MethodPut, "/apis/coordination.k8s.io/v1/namespaces/dev/leases/lock", `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"lock"}}`, 201, in("dev", "create", "leases/lock"), false, "lock by PUT", "has no name"},
	{"a new lease has no name", http.MethodPost, "/apis/coordination.k8s.io/v1/namespaces/dev/leases", `{"metadata":{"name":"lock"}}`, 403, in("dev", "create", "leases"), false, "lock by PUT", ""},
	{"an update creates no ConfigMaps", http.MethodPut, "/api/v1/namespaces/dev/configmaps/put", `{"metadata":{"name":"put"}}`, 404, in("dev", "create", "configmaps/put"), false, "", "has no name"},
	{"deletecollection has no name", http.MethodDelete, "/api/v1/namespaces/dev/secrets?fieldSelector=metadata.name%3Ddb", "", 403, in("dev", "deletecollection", "secrets/db"), false, "", "has no name"},
	{"nor has it without one", http.MethodDelete, "/api/v1/namespaces/dev/secrets", "", 403, in("dev", "deletecollection", "secrets"), false, "", ""},
	{"a list of all has no name", http.MethodGet, "/api/v1/namespaces/dev/secrets", "", 403, in("dev", "list", "secrets"), false, "db,tls with --field-selector metadata.name=NAME", ""},
	{"a list of one has a name", http.MethodGet, "/api/v1/namespaces/dev/secrets?fieldSelector=metadata.name%3Dtls", "", 200, in("dev", "list", "secrets/tls"), true, "", "--field-selector metadata.name=tls"},
	{"a watch of one has a name", http.MethodGet, "/api/v1/namespaces/dev/secrets?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dtls", "", 200, in("dev", "watch", "secrets/tls"), true, "", "--field-selector metadata.name=tls"},
	{"a watch of all has none", http.MethodGet, "/api/v1/namespaces/dev/secrets?watch=1&timeoutSeconds=1", "", 403, in("dev", "watch", "secrets"), false, "tls with --field-selector metadata.name=NAME", ""},
	{"the token of a service account has a name", http.MethodPost, "/api/v1/namespaces/dev/serviceaccounts/bot/token", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`, 201, in("dev", "create", "serviceaccounts/token", "bot"), true, "", ""},
	{"an eviction has a name", http.MethodPost, "/api/v1/namespaces/dev/pods/bot/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"bot"}}`, 404, in("dev", "create", "pods/eviction", "bot"), true, "", ""},
	{"another one is not allowed", http.MethodPost, "/api/v1/namespaces/dev/pods/other/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"other"}}`, 403, in("dev", "create", "pods/eviction", "other"), false, "", ""},
	{"an attachment has a name", http.MethodPost, "/api/v1/namespaces/dev/pods/bot/attach", "", 404, in("dev", "create", "pods/attach", "bot"), true, "", "nodes/proxy"},
	{"nodes are in no namespace", http.MethodGet, "/api/v1/nodes", "", 403, in("dev", "list", "nodes"), false, "", ""},
	{"nor are their proxies", http.MethodGet, "/api/v1/nodes/x/proxy/", "", 403, in("", "get", "nodes/proxy"), false, "", "through the kubelet"},
	{"a namespace is in itself", http.MethodGet, "/api/v1/namespaces/dev", "", 200, in("", "get", "namespaces", "dev"), true, "", ""},
	{"also to change it", http.MethodPatch, "/api/v1/namespaces/dev?fieldManager=e2e", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"dev"}}`, 200, in("", "patch", "namespaces", "dev"), true, "", ""},
	{"all namespaces are not", http.MethodGet, "/api/v1/namespaces", "", 403, in("", "list", "namespaces"), false, "", ""},
	{"nor is a new one", http.MethodPost, "/api/v1/namespaces", `{"metadata":{"name":"dev"}}`, 403, in("", "create", "namespaces", "dev"), false, "", "has no name"},
	{"a RoleBinding gives no URL", http.MethodGet, "/metrics", "", 403, in("", "get", "/metrics"), false, "", ""},
	{"pods/* is not a pattern", http.MethodGet, "/api/v1/namespaces/dev/pods/x/proxy", "", 403, in("dev", "get", "pods/proxy"), false, "", ""},
	{"pods/log is not pods", http.MethodGet, "/api/v1/namespaces/prod/pods/x/log", "", 403, in("prod", "get", "pods/log"), false, "", ""},
}

func in(namespace string, words ...string) asked { return asked{Words: words, Namespace: namespace} }

func (w *world) testRealRequests(t *testing.T) {
	program, _ := answers()
	token, err := w.token("bob")
	if err != nil {
		t.Fatal(err)
	}
	var questions []asked
	for _, c := range realRequests {
		questions = append(questions, c.question)
	}
	all, err := converse[asked, answered](program, w.env, "questions", questions)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range realRequests {
		code, body, err := w.ask(token, c.method, c.path, strings.NewReader(c.body))
		if err != nil || code != c.code {
			t.Errorf("%s: %s %s: %d, want %d: %v %s", c.why, c.method, c.path, code, c.code, err, body)
		}
		if !strings.Contains(all[i].Footnote, c.footnote) || c.footnote == "" && all[i].Footnote != "" {
			t.Errorf("%s: who-can notes %q", c.why, all[i].Footnote)
		}
		for _, who := range []string{"arn:aws:iam::111122223333:user/contractors/bob", accountRoles + "team/dev"} { // both are developers
			limited := strings.TrimSpace(strings.Join(all[i].Limited[who], ",") + " " + all[i].Notes[who])
			session := all[i].Sessions[who] != "" // which has leases by its own binding
			if !session && (all[i].says(who) != c.can || limited != c.limited) {
				t.Errorf("%s: who-can says %t and %q of %s", c.why, all[i].says(who), limited, who)
			}
		}
		w.explainsAs(t, "user/contractors/bob", c.question, all[i].says("arn:aws:iam::111122223333:user/contractors/bob"))
	}
}

// explainsAs tests that explain answers as who-can.
func (w *world) explainsAs(t *testing.T, who string, q asked, can bool) {
	t.Helper()
	args := append([]string{"access", "explain", who, "-o", "json"}, q.Words...)
	if q.Namespace != "" {
		args = append(args, "-n", q.Namespace)
	}
	var x explanation
	out, err := w.run("", "kubectl", args...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &x)
	}
	if err != nil || x.Allowed != can {
		t.Errorf("explain %s %v: %t, %v", who, q.Words, x.Allowed, err)
	}
}
