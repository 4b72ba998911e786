package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// World is a cluster as a test wants it, with the roles and users that its account has.
type World struct {
	Cluster    string // "": demo
	Mode       string
	Principals []string // as in an ARN: role/team/dev
	AWSAuth    map[string]string
	Bindings   []Bound
	Entries    []Entered
	NodeRoles  []string      // of managed node groups
	UpdateTime time.Duration // how long a change of mode takes
}

// Bound is a binding: a ClusterRole, or a Role of its namespace, for users and groups.
type Bound struct {
	Namespace, Name, Role string
	Users, Groups         []string
}

// Entered is an entry; a policy reads View or View:dev.
type Entered struct {
	Principal, Username string
	Groups, Policies    []string
	Stale               bool   // made for a former principal of that name
	Type                string // "": STANDARD
	Tags                string // a=b c=d
}

// Become makes a cluster of the account what w says. Its creator is platform-admin, who has an entry.
func (s *Sandbox) Become(w World) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, now := s.account, s.now()
	a.UpdateTime = w.UpdateTime
	a.Principals = seeded(now).account.Principals
	for _, name := range w.Principals {
		a.Add(name, daysAgo(now, 900, name))
	}
	name := cmp.Or(w.Cluster, "demo")
	cl, objects := a.Clusters[name], s.objects[name]
	cl.Mode, cl.Entries, cl.Updates, cl.NodeGroups = w.Mode, map[string]awsapi.History{}, nil, map[string]awsapi.NodeGroup{}
	objects.AWSAuth, objects.Frame, objects.Bindings = maps.Clone(w.AWSAuth), nil, kubeapi.NewBindings()[:3]
	for _, b := range w.Bindings {
		kind := "ClusterRole"
		if b.Role == "developer" {
			kind = "Role"
		}
		objects.Bindings = append(objects.Bindings, kubeapi.Binding{Namespace: b.Namespace, Name: b.Name, Kind: kind, Role: b.Role, Users: b.Users, Groups: b.Groups})
	}
	for _, role := range w.NodeRoles {
		cl.NodeGroups[strings.ReplaceAll(role, "/", "-")] = awsapi.NodeGroup{Role: a.ARNOf(role)}
	}
	if w.Mode == awsapi.ModeConfigMap {
		return
	}
	for _, e := range append([]Entered{{Principal: "role/platform-admin", Policies: []string{"ClusterAdmin"}}}, w.Entries...) {
		seedEntry{e.Principal, cmp.Or(e.Type, "STANDARD"), 5, e.Username, strings.Join(e.Groups, ","), strings.Join(e.Policies, " "), e.Tags}.enter(a, cl, now)
		if e.Stale {
			cl.Entries[a.ARNOf(e.Principal)].Now().PrincipalID = "AROAFORMER"
			who, _ := a.Principal(a.ARNOf(e.Principal))
			who.Created = now
		}
	}
}

// Without takes bindings away for as long as a test looks.
func (s *Sandbox) Without(names []string, look func()) {
	s.mu.Lock()
	cl := s.objects["demo"]
	was := cl.Bindings
	cl.Bindings = slices.DeleteFunc(slices.Clone(was), func(b kubeapi.Binding) bool { return slices.Contains(names, named(b)) })
	s.mu.Unlock()
	look()
	s.mu.Lock()
	cl.Bindings = was
	s.mu.Unlock()
}

func named(b kubeapi.Binding) string {
	if b.Namespace == "" {
		return "ClusterRoleBinding " + b.Name
	}
	return "RoleBinding " + b.Namespace + "/" + b.Name
}

// sessions are who comes as a role: two people and a node.
var testSessions = []string{"amy", "bob@example.com", "i-0123456789abcdef0"}

// Rights are what everybody may do in cluster demo, by the authorizer: for each ARN, lines such as
// "amy get pods in dev".
func (s *Sandbox) Rights() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, now := s.account, s.now()
	server := &kubeapi.Server{Name: "demo", Objects: s.objects["demo"], Account: a}
	rights := map[string][]string{}
	for _, p := range a.Principals {
		sessions := testSessions
		if p.Kind == "user" {
			sessions = []string{""}
		}
		for _, session := range sessions {
			who := awsapi.Caller{Principal: p, Account: a.ID, Session: session, Key: "ASIAKEY"}
			if u, ok := server.User(who, now); ok {
				rights[a.ARN(p)] = append(rights[a.ARN(p)], may(u, session)...)
			}
		}
	}
	return rights
}

func may(u kubeapi.User, session string) []string {
	lines := []string{session + " enter"}
	for _, verb := range []string{"get", "update", "delete"} {
		for _, resource := range []string{"pods", "secrets", "nodes"} {
			for _, namespace := range []string{"", "dev", "staging", "prod"} {
				if u.Allowed(kubeapi.Attributes{Verb: verb, Resource: resource, Namespace: namespace}) {
					lines = append(lines, fmt.Sprintf("%s %s %s in %q", session, verb, resource, namespace))
				}
			}
		}
	}
	if u.Allowed(kubeapi.Attributes{Verb: "update", Group: "apps", Resource: "deployments", Namespace: "dev"}) {
		lines = append(lines, session+" update deployments in dev")
	}
	return lines
}

// Shape is all that may differ in cluster demo, for comparing: entries, aws-auth, bindings, mode.
func (s *Sandbox) Shape() []string { return s.ShapeOf("demo") }

// ShapeOf is that of another cluster.
func (s *Sandbox) ShapeOf(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	cl, objects := s.account.Clusters[name], s.objects[name]
	shape := []string{"mode " + cl.Mode}
	for arn, h := range cl.Entries {
		if e := h.Now(); e != nil {
			line := fmt.Sprint("entry ", arn, e.Type, e.Username, e.KubernetesGroups, e.Tags)
			var policies []string // in no order that counts
			for _, p := range e.Policies {
				policies = append(policies, fmt.Sprint(" ", p.PolicyARN, p.AccessScope))
			}
			slices.Sort(policies)
			shape = append(shape, line+strings.Join(policies, ""))
		}
	}
	for key, text := range objects.AWSAuth {
		shape = append(shape, key+": "+text)
	}
	for _, b := range objects.Bindings {
		shape = append(shape, fmt.Sprint("binding ", named(b), b.Role, b.Users, b.Groups))
	}
	slices.Sort(shape)
	return shape
}

// Explains reports whether what a plan says of a principal, such as "view in namespace dev", accounts for a right such as
// "amy get pods in "dev"" that is lost or gained.
func (s *Sandbox) Explains(said, right string) bool {
	session, rest, _ := strings.Cut(right, " ")
	text, _, _ := strings.Cut(said, ", aws-auth ")
	text = strings.TrimSpace(text)
	if rest == "enter" {
		return text == "access to the cluster" || text == "access as a node" || text == "cluster administrator" || strings.Contains(text, " entry")
	}
	if text == "cluster administrator" || strings.HasPrefix(text, "cluster administrator (") {
		return true
	}
	at := kubeapi.Attributes{}
	if _, err := fmt.Sscanf(rest, "%s %s in %q", &at.Verb, &at.Resource, &at.Namespace); err != nil {
		at = kubeapi.Attributes{Verb: "update", Group: "apps", Resource: "deployments", Namespace: "dev"}
	}
	if subject, ok := strings.CutPrefix(text, "group "); ok {
		return s.bound(kubeapi.User{Groups: []string{subject}}, at)
	}
	if subject, ok := strings.CutPrefix(text, "username "); ok {
		return s.bound(kubeapi.User{Name: strings.ReplaceAll(subject, "{{SessionName}}", strings.ReplaceAll(session, "@", "-"))}, at)
	}
	return nameGives(text, at)
}

// bound reports whether RBAC gives something to a user or group.
func (s *Sandbox) bound(u kubeapi.User, at kubeapi.Attributes) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.Bindings = s.objects["demo"].Bindings
	return u.Allowed(at)
}

// nameGives reads "view in namespace dev" and "ClusterRole edit on the whole cluster (group x)".
func nameGives(text string, at kubeapi.Attributes) bool {
	text, _, _ = strings.Cut(text, " (")
	name, namespace, scoped := strings.Cut(text, " in namespace ")
	name = strings.TrimSuffix(name, " on the whole cluster")
	u := kubeapi.User{Name: "anybody"}
	if kind, role, ok := strings.Cut(name, " "); ok && (kind == "ClusterRole" || kind == "Role") {
		u.Bindings = []kubeapi.Binding{{Namespace: namespace, Kind: kind, Role: role, Users: []string{u.Name}}}
		return u.Allowed(at)
	}
	for _, p := range policy.All() {
		if strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(p.Name, "AmazonEKS"), "Policy")) == strings.ReplaceAll(name, "-", "") {
			grant := awsapi.Grant(p.Name)
			if scoped {
				grant = awsapi.Grant(p.Name, namespace)
			}
			u.Policies = append(u.Policies, grant)
		}
	}
	return u.Allowed(at)
}
