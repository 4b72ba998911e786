package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// World is a cluster as a test wants it, with the roles and users that its account has.
type World struct {
	Mode       string
	Principals []string // as in an ARN: role/team/dev
	AWSAuth    map[string]string
	Bindings   []Bound
	Entries    []Entered
	NodeRoles  []string // of managed node groups
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
	Stale               bool // made for a former principal of that name
}

// Become makes the account's cluster demo what w says. Its creator is platform-admin, who has an entry.
func (s *Sandbox) Become(w World) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, now := s.account, moment(s.options)
	fresh := seeded(now)
	a.Principals = fresh.Principals
	for _, name := range w.Principals {
		p := splitARN(a.arnOf(name))
		id := map[string]string{"role": "AROA", "user": "AIDA"}[p.kind]
		a.add(&principal{Kind: p.kind, Path: p.path, Name: p.name, ID: uniqueID(id, p.name), Created: daysAgo(now, 900, p.name)})
	}
	cl := a.Clusters["demo"]
	cl.Mode, cl.AWSAuth, cl.Frame, cl.Entries, cl.Updates = w.Mode, maps.Clone(w.AWSAuth), nil, map[string]history{}, nil
	cl.Bindings, cl.NodeGroups = slices.Clone(seedBindings[:3]), map[string]nodeGroup{}
	for _, b := range w.Bindings {
		kind := "ClusterRole"
		if b.Role == "developer" {
			kind = "Role"
		}
		cl.Bindings = append(cl.Bindings, binding{Namespace: b.Namespace, Name: b.Name, Kind: kind, Role: b.Role, Users: b.Users, Groups: b.Groups})
	}
	for _, role := range w.NodeRoles {
		cl.NodeGroups[strings.ReplaceAll(role, "/", "-")] = nodeGroup{Role: a.arnOf(role)}
	}
	if w.Mode == modeConfigMap {
		return
	}
	for _, e := range append([]Entered{{Principal: "role/platform-admin", Policies: []string{"ClusterAdmin"}}}, w.Entries...) {
		a.seedEntry(cl, seedEntry{e.Principal, "STANDARD", 5, e.Username, e.Groups, e.Policies, nil}, now)
		if e.Stale {
			cl.Entries[a.arnOf(e.Principal)].now().PrincipalID = "AROAFORMER"
			who, _ := a.principal(a.arnOf(e.Principal))
			who.Created = now
		}
	}
}

// Without takes bindings away for as long as a test looks.
func (s *Sandbox) Without(names []string, look func()) {
	s.mu.Lock()
	cl := s.account.Clusters["demo"]
	was := cl.Bindings
	cl.Bindings = slices.DeleteFunc(slices.Clone(was), func(b binding) bool { return slices.Contains(names, b.String()) })
	s.mu.Unlock()
	look()
	s.mu.Lock()
	cl.Bindings = was
	s.mu.Unlock()
}

func (b binding) String() string {
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
	a, now := s.account, moment(s.options)
	a.settle(now)
	rights := map[string][]string{}
	for _, p := range a.Principals {
		sessions := testSessions
		if p.Kind == "user" {
			sessions = []string{""}
		}
		for _, session := range sessions {
			who := caller{principal: p, account: a.ID, session: session, key: "ASIAKEY"}
			if u, ok := a.admit(a.Clusters["demo"], who, now); ok {
				rights[a.arn(p)] = append(rights[a.arn(p)], may(u, session)...)
			}
		}
	}
	return rights
}

func may(u user, session string) []string {
	lines := []string{session + " enter"}
	for _, verb := range []string{"get", "update", "delete"} {
		for _, resource := range []string{"pods", "secrets", "nodes"} {
			for _, namespace := range []string{"", "dev", "staging", "prod"} {
				if u.allowed(attributes{verb: verb, resource: resource, namespace: namespace}) {
					lines = append(lines, fmt.Sprintf("%s %s %s in %q", session, verb, resource, namespace))
				}
			}
		}
	}
	if u.allowed(attributes{verb: "update", group: "apps", resource: "deployments", namespace: "dev"}) {
		lines = append(lines, session+" update deployments in dev")
	}
	return lines
}

// Shape is all that may differ in cluster demo, for comparing: entries, aws-auth, bindings, mode.
func (s *Sandbox) Shape() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	cl := s.account.Clusters["demo"]
	shape := []string{"mode " + cl.Mode}
	for arn, h := range cl.Entries {
		if e := h.now(); e != nil {
			line := fmt.Sprint("entry ", arn, e.Type, e.Username, e.KubernetesGroups, e.Tags)
			for _, p := range e.Policies {
				line += fmt.Sprint(" ", p.PolicyARN, p.AccessScope)
			}
			shape = append(shape, line)
		}
	}
	for key, text := range cl.AWSAuth {
		shape = append(shape, key+": "+text)
	}
	for _, b := range cl.Bindings {
		shape = append(shape, fmt.Sprint("binding ", b, b.Role, b.Users, b.Groups))
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
	at := attributes{}
	var namespace string
	if _, err := fmt.Sscanf(rest, "%s %s in %q", &at.verb, &at.resource, &namespace); err != nil {
		at = attributes{verb: "update", group: "apps", resource: "deployments"}
		namespace = "dev"
	}
	at.namespace = namespace
	if subject, ok := strings.CutPrefix(text, "group "); ok {
		return s.bound(user{Groups: []string{subject}}, session, at)
	}
	if subject, ok := strings.CutPrefix(text, "username "); ok {
		return s.bound(user{Name: strings.ReplaceAll(subject, "{{SessionName}}", strings.ReplaceAll(session, "@", "-"))}, session, at)
	}
	return nameGives(text, at)
}

// bound reports whether RBAC gives something to a user or group.
func (s *Sandbox) bound(u user, _ string, at attributes) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.bindings = s.account.Clusters["demo"].Bindings
	return u.allowed(at)
}

// nameGives reads "view in namespace dev" and "ClusterRole edit on the whole cluster (group x)".
func nameGives(text string, at attributes) bool {
	text, _, _ = strings.Cut(text, " (")
	name, namespace, scoped := strings.Cut(text, " in namespace ")
	name = strings.TrimSuffix(name, " on the whole cluster")
	if scoped && !inScope(accessScope{Type: "namespace", Namespaces: []string{namespace}}, at.namespace) {
		return false
	}
	for _, r := range roles() {
		if name == "ClusterRole "+r.name || name == "Role "+r.name {
			return anyRule(r.rules, at)
		}
	}
	for _, p := range policy.All() {
		if strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(p.Name, "AmazonEKS"), "Policy")) == strings.ReplaceAll(name, "-", "") {
			return anyRule(policyRules(p.Name), at)
		}
	}
	return false
}
