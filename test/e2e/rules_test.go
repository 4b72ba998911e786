package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// policy is what an access policy allows, as AWS publishes it.
type policy struct {
	Name  string
	Rules []rule
}

// rule has the form of a ClusterRole's.
type rule struct {
	APIGroups       []string `json:"apiGroups"`
	Resources       []string `json:"resources"`
	ResourceNames   []string `json:"resourceNames"`
	NonResourceURLs []string `json:"nonResourceURLs"`
	Verbs           []string `json:"verbs"`
}

// policies reads the table that the API server is held to. It is not the one that the program was built from: a slip
// there is what the matrix finds.
func policies() (all []policy, err error) {
	data, err := os.ReadFile("testdata/policies.txt")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		switch words := strings.Fields(line); len(words) {
		case 0:
		case 1:
			all = append(all, policy{Name: words[0]})
		case 3:
			p := &all[len(all)-1]
			p.Rules = append(p.Rules, ruleOf(words))
		default:
			return nil, fmt.Errorf("no rule: %q", line)
		}
	}
	return all, nil
}

func ruleOf(words []string) rule {
	verbs, groups, things := strings.Split(words[0], ","), strings.Split(words[1], ","), strings.Split(words[2], ",")
	if words[1] == "url" {
		return rule{Verbs: verbs, NonResourceURLs: things}
	}
	for i, group := range groups {
		if group == "core" {
			groups[i] = ""
		}
	}
	return rule{Verbs: verbs, APIGroups: groups, Resources: things}
}

// find returns the policy of that name.
func find(t *testing.T, all []policy, name string) policy {
	t.Helper()
	i := slices.IndexFunc(all, func(p policy) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("the table has no %s", name)
	}
	return all[i]
}

// TestTableKnowsEachPolicy fails where the program learned of a policy with published rules that the table lacks.
func TestTableKnowsEachPolicy(t *testing.T) {
	all, err := policies()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(repository, "pkg", "policy", "policies.json"))
	if err != nil {
		t.Fatal(err)
	}
	var known struct {
		Policies []struct {
			Name, RulesForm       string
			ServiceLinkedRoleOnly bool
		}
	}
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatal(err)
	}
	want, have := map[string]bool{}, map[string]bool{}
	for _, p := range known.Policies {
		if p.RulesForm == "table" && !p.ServiceLinkedRoleOnly {
			want[p.Name] = true
		}
	}
	for _, p := range all {
		have[p.Name] = true
	}
	if !maps.Equal(want, have) {
		t.Errorf("the table has %q, the program %q", slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)))
	}
}

// question is what the API server is asked: may this be done there?
type question struct {
	verb, group, resource, namespace, name string // resource with its subresource
	path                                   string // instead of all these but the verb
}

// rights are rules taken apart into single ones: verb, group, resource and name, or verb and path.
type rights map[question]bool

func (r rights) add(rules []rule) rights {
	for _, row := range rules {
		names := row.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range row.Verbs {
			for _, path := range row.NonResourceURLs {
				r[question{verb: verb, path: path}] = true
			}
			for _, group := range row.APIGroups {
				for _, resource := range row.Resources {
					for _, name := range names {
						r[question{verb: verb, group: group, resource: resource, name: name}] = true
					}
				}
			}
		}
	}
	return r
}

// allow looks the question up in each way in which a row may be written that answers it.
func (r rights) allow(q question) bool {
	verbs := []string{q.verb, "*"}
	if q.path != "" {
		for _, verb := range verbs {
			for i := range len(q.path) + 1 {
				if r[question{verb: verb, path: q.path[:i] + "*"}] {
					return true
				}
			}
			if r[question{verb: verb, path: q.path}] {
				return true
			}
		}
		return false
	}
	resources := []string{q.resource, "*"}
	if _, sub, ok := strings.Cut(q.resource, "/"); ok {
		resources = append(resources, "*/"+sub)
	}
	for _, verb := range verbs {
		for _, group := range []string{q.group, "*"} {
			for _, resource := range resources {
				if r[question{verb: verb, group: group, resource: resource}] ||
					r[question{verb: verb, group: group, resource: resource, name: q.name}] {
					return true
				}
			}
		}
	}
	return false
}

// catalogue is everything that is worth a question: what any table names, and what the API server serves.
type catalogue struct {
	verbs     []string
	resources map[question][]string // group and resource: names of objects
	paths     []string
}

func newCatalogue(all []policy, served []question) *catalogue {
	c := &catalogue{
		verbs:     []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate", "impersonate", "frobnicate"},
		resources: map[question][]string{{group: "example.com", resource: "widgets"}: {""}},
		paths:     []string{"/metrics", "/logs/kubelet.log", "/healthz/etcd", "/made/up"},
	}
	for _, kind := range served {
		c.resources[kind] = []string{""}
	}
	for _, p := range all {
		for q := range (rights{}).add(p.Rules) {
			c.verbs = add(c.verbs, q.verb)
			if q.path != "" {
				c.paths = add(c.paths, strings.TrimSuffix(q.path, "*"))
				continue
			}
			// Where a row means all, something that nothing else names stands for it.
			kind := question{group: q.group, resource: strings.Replace(q.resource, "*", "widgets", 1)}
			if kind.group == "*" {
				kind.group = "example.com"
			}
			c.resources[kind] = add(add(c.resources[kind], ""), q.name)
		}
	}
	return c
}

func add(list []string, word string) []string {
	if word == "*" || slices.Contains(list, word) {
		return list
	}
	return append(list, word)
}

// sample is one question about each resource, where another namespace shows all verbs.
func (c *catalogue) sample(namespace string) []question {
	one := *c
	one.verbs = []string{"get"}
	return one.questions(namespace)
}

// questions are all of the catalogue in these namespaces; "" is the cluster's scope, to which paths belong.
func (c *catalogue) questions(namespaces ...string) (all []question) {
	for _, verb := range c.verbs {
		for _, namespace := range namespaces {
			for kind, names := range c.resources {
				for _, name := range names {
					all = append(all, question{verb: verb, group: kind.group, resource: kind.resource, namespace: namespace, name: name})
				}
			}
		}
	}
	for _, path := range c.paths {
		if path != "" && slices.Contains(namespaces, "") {
			all = append(all, question{verb: "get", path: path}, question{verb: "post", path: path})
		}
	}
	return all
}
