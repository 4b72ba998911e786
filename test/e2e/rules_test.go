package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// policy is an access policy as the repository's table has it. The table is read from the source: what a
// program was built from may be another one, and that is what the matrix finds out.
type policy struct {
	Name                  string
	Audience              string
	ServiceLinkedRoleOnly bool
	RulesForm             string
	Rules                 []rule
}

type rule struct {
	APIGroups       []string `json:"apiGroups"`
	Resources       []string `json:"resources"`
	ResourceNames   []string `json:"resourceNames"`
	NonResourceURLs []string `json:"nonResourceURLs"`
	Verbs           []string `json:"verbs"`
	Restricted      string   `json:"restricted"`
}

const policyTable = repository + "/pkg/policy/policies.json"

func policies() ([]policy, error) {
	data, err := os.ReadFile(filepath.FromSlash(policyTable))
	if err != nil {
		return nil, err
	}
	var table struct{ Policies []policy }
	err = json.Unmarshal(data, &table)
	return table.Policies, err
}

// question is what the API server is asked: may this be done there?
type question struct {
	verb, group, resource, namespace, name string // resource with its subresource
	path                                   string // instead of all these but the verb
}

// rights are rules taken apart into single ones: verb, group, resource and name, or verb and path.
type rights map[question]bool

// add takes rules as they are meant in general: a row that AWS limits to objects it does not name gives nothing.
func (r rights) add(rules []rule) rights {
	for _, row := range rules {
		if row.Restricted != "" {
			continue
		}
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
			if strings.Contains(q.group+q.resource, "*") {
				continue
			}
			kind := question{group: q.group, resource: q.resource}
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
