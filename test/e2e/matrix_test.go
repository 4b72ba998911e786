package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestPoliciesHoldAsTheirTables asks the API server about every verb on every resource in namespaces inside
// and outside of the scope, for each policy whose rules AWS publishes, and compares with the table.
func TestPoliciesHoldAsTheirTables(t *testing.T) {
	m := newMatrix(t)
	for _, p := range m.all {
		t.Run(p.Name, func(t *testing.T) {
			for _, wrong := range m.check(t, p) {
				t.Error(wrong)
			}
		})
	}
}

// matrix is a world in which role/newcomer holds one policy at a time.
type matrix struct {
	*world
	all      []policy
	things   *catalogue
	baseline rights // of whoever is let in, without any policy
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	program, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	return matrixOf(t, program)
}

func matrixOf(t *testing.T, program string) *matrix {
	t.Helper()
	w, err := start(program, "prod")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	m := &matrix{world: w, baseline: rights{}}
	if m.all, err = policies(); err != nil {
		t.Fatal(err)
	}
	m.things = newCatalogue(m.all, w.discover(t))
	m.access(t, "grant", newcomer, "--group", "nobody")
	for q, allowed := range m.answers(t, m.things.questions("", "dev")) {
		if !allowed {
			continue
		}
		self := strings.HasPrefix(q.resource, "selfsubject") && q.verb == "create"
		if !self && (q.path == "" || q.verb != "get") {
			t.Errorf("without any policy: may %v", q)
		}
		q.namespace = ""
		m.baseline[q] = true
	}
	return m
}

const newcomer = "role/newcomer"

// check grants the policy, in namespaces and then everywhere, and tells where the answers are not the table's.
func (m *matrix) check(t *testing.T, p policy) (wrong []string) {
	t.Helper()
	table := rights{}.add(p.Rules)
	inScope := map[string]bool{"dev": true, "team-blue": true}
	m.access(t, "grant", newcomer, "--policy", p.Name, "-n", "dev,team-*")
	questions := slices.Concat(m.things.questions("dev", "team-blue", "teams", ""), m.things.sample("dev2"))
	wrong = append(wrong, m.compare(t, questions, func(q question) bool {
		return inScope[q.namespace] && table.allow(q)
	})...)
	m.access(t, "revoke", newcomer, "--policy", p.Name, "--accept-risk=break-capability")
	m.access(t, "grant", newcomer, "--policy", p.Name, "-A")
	wrong = append(wrong, m.compare(t, m.things.questions("dev", ""), table.allow)...)
	m.access(t, "revoke", newcomer, "--policy", p.Name, "--accept-risk=break-capability")
	return wrong
}

func (m *matrix) compare(t *testing.T, questions []question, want func(question) bool) (wrong []string) {
	t.Helper()
	allowed := 0
	for q, is := range m.answers(t, questions) {
		if is {
			allowed++
		}
		everybody := q
		everybody.namespace = ""
		if should := want(q) || m.baseline[everybody]; is != should {
			wrong = append(wrong, fmt.Sprintf("%+v: allowed %t, the table says %t", q, is, should))
		}
	}
	t.Logf("%d questions, %d allowed, %d wrong", len(questions), allowed, len(wrong))
	slices.Sort(wrong)
	return wrong[:min(20, len(wrong))]
}

// answers asks by SelfSubjectAccessReview, as the newcomer.
func (m *matrix) answers(t *testing.T, questions []question) map[question]bool {
	t.Helper()
	token, err := m.token("newcomer")
	if err != nil {
		t.Fatal(err)
	}
	todo := make(chan question)
	var mu sync.Mutex
	answers := map[question]bool{}
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for q := range todo {
				allowed, err := m.review(token, q)
				if err != nil {
					t.Errorf("%+v: %v", q, err)
				}
				mu.Lock()
				answers[q] = allowed
				mu.Unlock()
			}
		})
	}
	for _, q := range questions {
		todo <- q
	}
	close(todo)
	workers.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return answers
}

func (m *matrix) review(token string, q question) (bool, error) {
	spec := map[string]any{"nonResourceAttributes": map[string]string{"verb": q.verb, "path": q.path}}
	if q.path == "" {
		resource, sub, _ := strings.Cut(q.resource, "/")
		spec = map[string]any{"resourceAttributes": map[string]string{
			"verb": q.verb, "group": q.group, "resource": resource, "subresource": sub, "namespace": q.namespace, "name": q.name,
		}}
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec})
	if err != nil {
		return false, err
	}
	code, data, err := m.ask(token, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", bytes.NewReader(body))
	if err != nil || code != http.StatusCreated {
		return false, fmt.Errorf("%d %s %w", code, data, err)
	}
	var answer struct{ Status struct{ Allowed bool } }
	err = json.Unmarshal(data, &answer)
	return answer.Status.Allowed, err
}

// discover lists the resources that the API server serves.
func (w *world) discover(t *testing.T) []question {
	t.Helper()
	token, err := w.token("")
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string, into any) {
		code, data, err := w.ask(token, http.MethodGet, path, nil)
		if err != nil || code != http.StatusOK || json.Unmarshal(data, into) != nil {
			t.Fatalf("%s: %d %v %s", path, code, err, data)
		}
	}
	var groups struct {
		Groups []struct {
			Versions []struct{ GroupVersion string }
		}
	}
	read("/apis", &groups)
	versions := []string{"v1"}
	for _, group := range groups.Groups {
		for _, version := range group.Versions {
			versions = append(versions, version.GroupVersion)
		}
	}
	served := map[question]bool{}
	for _, version := range versions {
		var list struct{ Resources []struct{ Name string } }
		group, _, named := strings.Cut(version, "/")
		if named {
			read("/apis/"+version, &list)
		} else {
			read("/api/"+version, &list)
			group = ""
		}
		for _, resource := range list.Resources {
			served[question{group: group, resource: resource.Name}] = true
		}
	}
	return slices.Collect(maps.Keys(served))
}
