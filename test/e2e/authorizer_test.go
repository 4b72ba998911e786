package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

var (
	authorizerFor  = flag.Duration("authorizer-for", 3*time.Second, "how long to compare who-can with Kubernetes' own RBAC authorizer")
	authorizerSeed = flag.Uint64("authorizer-seed", 0, "the seed of the first comparison; 0: one of the time")
)

// TestWhoCanIsKubernetesOwnAuthorizer compares random clusters with RBAC's own authorizer: the same users can do the same.
func TestWhoCanIsKubernetesOwnAuthorizer(t *testing.T) {
	program, err := answers()
	if err != nil {
		t.Fatal(err)
	}
	seed := *authorizerSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	compared := 0
	for begun := time.Now(); time.Since(begun) < *authorizerFor; seed += batch {
		n, difference, err := compareAuthorizers(program, seed)
		if err != nil {
			t.Fatal(err)
		}
		if difference != "" {
			t.Fatal(difference)
		}
		compared += n
	}
	t.Logf("%d questions, 0 wrong", compared)
}

// batch is how many clusters are compared by one run of the program.
const batch = 500

// compareAuthorizers compares a batch and returns the first difference.
func compareAuthorizers(program string, seed uint64) (compared int, difference string, err error) {
	var clusters []invented
	for i := range uint64(batch) {
		clusters = append(clusters, invent(seed+i))
	}
	all, err := converse[invented, [][]string](program, nil, "worlds", clusters)
	if err != nil {
		return 0, "", err
	}
	for i, c := range clusters {
		theirs := c.authorizer()
		for j, q := range c.Requests {
			for _, u := range c.users() {
				compared++
				where := []string{q.Namespace}
				if q.Namespace == "*" {
					where = []string{"dev", "qa"}
				}
				for _, q.Namespace = range where {
					ours := slices.ContainsFunc(u.rows, func(name string) bool {
						return slices.Contains(all[i][j], name) || slices.Contains(all[i][j], name+"@"+q.Namespace)
					})
					decision, reason, _ := theirs.Authorize(context.Background(), q.attributes(u.Info))
					if ours == (decision == authorizer.DecisionAllow) {
						continue
					}
					c.Requests = nil
					text, _ := json.MarshalIndent(c, "", " ")
					return compared, fmt.Sprintf("-authorizer-seed=%d: %s, %+v: who-can says %t, RBAC says %t %s\n%s", seed+uint64(i), u.Info.GetName(), q, ours, !ours, reason, text), nil
				}
			}
		}
	}
	return compared, "", nil
}

// invented is a cluster in the form that the program reads.
type invented struct {
	Roles    []inventedRole
	Bindings []inventedBinding
	Entries  []inventedEntry
	Requests []request
}

type inventedRole struct {
	Namespace, Name string
	Rules           []rbacv1.PolicyRule
}

type inventedBinding struct {
	Namespace, Name string
	Role            struct{ Kind, Name string }
	Users, Groups   []string
	Accounts        []string
}

type inventedEntry struct {
	Principal, Username string
	Kind                string
	Groups              []string
}

type request struct {
	Verb        string `json:"verb"`
	Group       string `json:"group,omitempty"`
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
	URL         string `json:"url,omitempty"`
}

// nameless reports whether a real request has no name, although a review may name one.
func (q request) nameless() bool {
	return q.Verb == "deletecollection" || q.Verb == "create" && q.Subresource == ""
}

func (q request) attributes(who user.Info) authorizer.Attributes {
	a := authorizer.AttributesRecord{
		User: who, Verb: q.Verb, APIGroup: q.Group, APIVersion: "v1", Resource: q.Resource, Subresource: q.Subresource, Namespace: q.Namespace, Name: q.Name,
		Path: q.URL, ResourceRequest: q.URL == "",
	}
	if q.nameless() {
		a.Name = ""
	}
	return a
}

const bot = "system:serviceaccount:dev:bot"

// inventedUser is somebody, and the names of the rows of who-can that are about them.
type inventedUser struct {
	user.Info
	rows []string
}

func (c invented) users() (all []inventedUser) {
	of := func(name, row string, groups []string) {
		groups = append(slices.Clone(groups), "system:authenticated")
		u := inventedUser{&user.DefaultInfo{Name: name, Groups: groups}, []string{row, "user " + name}}
		for _, g := range groups {
			u.rows = append(u.rows, "group "+g)
		}
		all = append(all, u)
	}
	for _, e := range c.Entries {
		of(e.Username, "role/"+e.Username, e.Groups)
	}
	of(bot, bot, []string{"system:serviceaccounts", "system:serviceaccounts:dev"})
	of("stranger", "", nil)
	return all
}

// authorizer is Kubernetes' own.
func (c invented) authorizer() authorizer.Authorizer {
	var roles []*rbacv1.Role
	var clusterRoles []*rbacv1.ClusterRole
	var bindings []*rbacv1.RoleBinding
	var clusterBindings []*rbacv1.ClusterRoleBinding
	for _, r := range c.Roles {
		meta := metav1.ObjectMeta{Namespace: r.Namespace, Name: r.Name}
		if r.Namespace == "" {
			clusterRoles = append(clusterRoles, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: r.Rules})
		} else {
			roles = append(roles, &rbacv1.Role{ObjectMeta: meta, Rules: r.Rules})
		}
	}
	for _, b := range c.Bindings {
		meta := metav1.ObjectMeta{Namespace: b.Namespace, Name: b.Name}
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: b.Role.Kind, Name: b.Role.Name}
		if b.Namespace == "" {
			clusterBindings = append(clusterBindings, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: b.subjects()})
		} else {
			bindings = append(bindings, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: b.subjects()})
		}
	}
	_, static := validation.NewTestRuleResolver(roles, bindings, clusterRoles, clusterBindings)
	return rbac.New(static, static, static, static)
}

func (b inventedBinding) subjects() (all []rbacv1.Subject) {
	for _, u := range b.Users {
		all = append(all, rbacv1.Subject{Kind: rbacv1.UserKind, Name: u})
	}
	for _, g := range b.Groups {
		all = append(all, rbacv1.Subject{Kind: rbacv1.GroupKind, Name: g})
	}
	for _, a := range b.Accounts {
		parts := strings.Split(a, ":")
		all = append(all, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: parts[2], Name: parts[3]})
	}
	return all
}

// invent makes a cluster of words that are easily confused.
func invent(seed uint64) (c invented) {
	r := rand.New(rand.NewPCG(seed, 1))
	words := func(from string, least int) (some []string) {
		all := strings.Split(from, ",")
		for len(some) < least || r.IntN(3) == 0 {
			some = append(some, all[r.IntN(len(all))])
		}
		return some
	}
	one := func(from string) string { return words(from, 1)[0] }
	rule := func() rbacv1.PolicyRule {
		p := rbacv1.PolicyRule{Verbs: words("get,list,create,deletecollection,GET,*,get*,impersonate", 1)}
		if r.IntN(5) == 0 {
			p.NonResourceURLs = words("/a,/a/,/a/*,/a*,/a**,*,/b,/,/*,/a/b", 1)
			if r.IntN(4) > 0 {
				return p
			}
		}
		p.APIGroups = words(",apps,*,app,Apps", 1)
		p.Resources = words("pods,pods/log,*/log,pods/*,*,*/*,pod,Pods,nodes,pods/exec,namespaces", 1)
		if r.IntN(4) == 0 {
			p.ResourceNames = words("a,b,*,A,dev", 1)
		}
		return p
	}
	for _, name := range []string{"/one", "/two", "dev/one", "dev/two", "qa/one", "/empty"} {
		ns, role, _ := strings.Cut(name, "/")
		ir := inventedRole{Namespace: ns, Name: role}
		for role != "empty" && (len(ir.Rules) == 0 || r.IntN(2) == 0) {
			ir.Rules = append(ir.Rules, rule())
		}
		c.Roles = append(c.Roles, ir)
	}
	for i := range 1 + r.IntN(5) {
		b := inventedBinding{Namespace: one(",dev,qa"), Name: fmt.Sprint("b", i)}
		b.Role.Kind, b.Role.Name = "ClusterRole", one("one,two,empty,gone")
		if b.Namespace != "" && r.IntN(2) == 0 {
			b.Role.Kind = "Role"
		}
		switch r.IntN(4) {
		case 0:
			b.Users = words("u0,u1,U0,u,"+bot, 1)
		case 1:
			b.Accounts = words(bot+",system:serviceaccount:qa:bot", 1)
		default:
			b.Groups = words("g0,g1,G0,system:authenticated,system:serviceaccounts,system:serviceaccounts:dev,system:serviceaccounts:d", 1)
		}
		c.Bindings = append(c.Bindings, b)
	}
	for i := range 2 {
		name := fmt.Sprint("u", i)
		c.Entries = append(c.Entries, inventedEntry{Principal: "arn:aws:iam::111122223333:role/" + name, Username: name, Kind: "STANDARD", Groups: words("g0,g1,g2", 0)})
	}
	for range 40 {
		q := request{Verb: one("get,list,create,deletecollection,*,impersonate")}
		if r.IntN(4) == 0 {
			q.URL = one("/a,/a/,/a/b,/b,/,/ab,/a/b/c")
		} else {
			q.Group, q.Resource, q.Subresource = one(",apps,*"), one("pods,*,nodes,namespaces"), one(",,log,exec")
			q.Namespace, q.Name = one(",dev,qa,*"), one(",,a,b,dev")
		}
		c.Requests = append(c.Requests, q)
	}
	return c
}
