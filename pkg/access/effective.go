package access

import (
	"fmt"
	"slices"
	"strings"
)

// Access is what a principal may do by all sources together (EKS User Guide, "Change authentication mode"): an entry
// overrides the mappings of the same principal, unless its role or user was deleted or recreated. An account,
// as 12 digits, stands for everyone whose only access is a mapping of mapAccounts.
func (s Snapshot) Access(p Principal) []Right {
	if slices.ContainsFunc(s.Deleted, p.means) {
		return nil
	}
	if e, ok := s.alive(p); ok {
		return s.ByEntry(e)
	}
	var rights []Right
	for _, m := range s.activeMappings(p) {
		rights = append(rights, s.byMapping(m, p)...)
	}
	return rights
}

// alive finds the working entry of a principal, whose path may be unknown.
func (s Snapshot) alive(p Principal) (Entry, bool) {
	if !s.Cluster.Mode.ReadsEntries() {
		return Entry{}, false
	}
	i := slices.IndexFunc(s.Entries, func(e Entry) bool { return e.Principal.Is(p) && !slices.Contains(s.Dead, e.Principal) })
	if i < 0 {
		return Entry{}, false
	}
	return s.Entries[i], true
}

// HasEntry reports whether the snapshot has a working entry of a principal.
//
//go:noinline
func (s Snapshot) HasEntry(p Principal) bool {
	_, has := s.alive(p)
	return has
}

// ActiveMapping finds the mapping that gives a principal access: its own, or the one for its account. An entry
// overrides both (eks-access.md §5).
//
//go:noinline
func (s Snapshot) ActiveMapping(p Principal) (Mapping, bool) {
	all := s.activeMappings(p)
	if len(all) == 0 {
		return Mapping{}, false
	}
	return all[0], true
}

// activeMappings are more than one where it is undefined which one is used: for users that differ in letter case.
func (s Snapshot) activeMappings(p Principal) []Mapping {
	if _, overridden := s.alive(p); overridden || s.AWSAuth == nil || !s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	own := func(m Mapping) bool { return m.Names(p) && (p.Kind() != "user" || strings.EqualFold(m.ARN, string(p))) }
	account := func(m Mapping) bool { return m.Kind == MappedAccount && (m.ARN == p.Account() || m.ARN == string(p)) }
	for _, fits := range []func(Mapping) bool{own, account} {
		if all := slices.DeleteFunc(s.AWSAuth.InForce(), func(m Mapping) bool { return !fits(m) }); len(all) > 0 {
			return all
		}
	}
	return nil
}

// ByEntry are the rights that an entry gives while it works.
func (s Snapshot) ByEntry(e Entry) []Right {
	if e.Node() {
		rights := append([]Right{{Kind: JoinNodes}}, byGrants(e)...) // EC2 nodes have policies (eks-access.md §4.4)
		return ofNodes(append(rights, s.byNames("", nodeGroups(e), Source{})...))
	}
	username := e.Username
	if username == "" {
		username = DefaultUsername(e.Principal)
	}
	rights := append([]Right{{Kind: Connect}}, byGrants(e)...)
	return append(rights, s.byNames(username, e.Groups, Source{})...)
}

// ofNodes marks rights that only nodes have, and not other sessions of their role.
func ofNodes(rights []Right) []Right {
	for i := range rights {
		rights[i].session = "nodes"
	}
	return rights
}

// nodeGroups are the groups of nodes: those that EKS shows, and for a new entry the documented ones, of EC2_LINUX and
// EC2_WINDOWS only (eks-access.md §4.4).
func nodeGroups(e Entry) []string {
	if len(e.Groups) == 0 && (e.Kind == EC2Linux || e.Kind == EC2Windows) {
		return []string{nodes}
	}
	return e.Groups
}

func byGrants(e Entry) (rights []Right) {
	for _, g := range e.Grants {
		switch {
		case e.Administers() && g.Policy == ClusterAdmin:
			rights = append(rights, Right{Kind: Administer})
		case g.Scope.WholeCluster():
			rights = append(rights, Right{Kind: ByPolicy, Name: string(g.Policy)})
		}
		for _, ns := range g.Scope.Namespaces {
			rights = append(rights, Right{Kind: ByPolicy, Name: string(g.Policy), Where: ns})
		}
	}
	return rights
}

func (s Snapshot) byMapping(m Mapping, p Principal) []Right {
	by := Source{m.Place()}
	username, groups := m.Identity(p)
	rights := []Right{{Kind: Connect, By: by}}
	if m.Node() {
		rights = []Right{{Kind: JoinNodes, By: by}}
		groups = append(groups, slices.DeleteFunc(slices.Clone(m.Groups), func(g string) bool { return g != nodes })...)
	}
	if m.Masters() {
		rights = append(rights, Right{Kind: Administer, By: by})
	}
	rights = append(rights, s.byNames(username, groups, by)...)
	if m.Node() {
		return ofNodes(rights)
	}
	return rights
}

// Identity is the username and groups that a mapping gives a principal, without system:masters and the groups of all
// users and all nodes. With the mapping of an account the username is the ARN without its path (eks-access.md §6.1).
func (m Mapping) Identity(p Principal) (username string, groups []string) {
	if m.Kind == MappedAccount {
		return strings.TrimSuffix(string(p), p.field(5)) + p.Kind() + "/" + p.Name(), nil
	}
	for _, g := range m.Groups {
		if strings.TrimSpace(g) != "" && g != masters && g != authenticated && (g != nodes || !m.Node()) {
			groups = append(groups, Expand(g, p))
		}
	}
	return Expand(m.Username, p), groups
}

// byNames are the rights that RBAC grants to a username and to groups.
func (s Snapshot) byNames(username string, groups []string, by Source) (rights []Right) {
	groups = slices.DeleteFunc(union(groups, nil), func(g string) bool { return strings.TrimSpace(g) == "" || g == authenticated })
	if s.RBAC == nil || s.RBAC.Err != nil {
		for _, g := range groups {
			rights = append(rights, Right{Kind: ByGroup, Name: g, By: by})
		}
		if username != "" {
			rights = append(rights, Right{Kind: ByUsername, Name: username, By: by})
		}
		return rights
	}
	for _, b := range s.RBAC.Bindings {
		for _, user := range Matching(username, b.Users) {
			rights = append(rights, b.right(by, "user "+user, SessionOf(username, user)))
		}
		for _, g := range groups {
			for _, found := range Matching(g, b.Groups) {
				rights = append(rights, b.right(by, "group "+found, SessionOf(g, found)))
			}
		}
	}
	return rights
}

// Right is what the binding gives to one of its subjects, whatever its entry or mapping: via names it, as in "group devs".
func (b Binding) Right(via string) Right { return b.right(Source{}, via, "") }

// right is the right of a binding. A ClusterRoleBinding to cluster-admin makes an administrator, too.
func (b Binding) right(by Source, via, session string) Right {
	r := Right{Kind: ByRole, Name: b.Role.Kind + " " + b.Role.Name, Where: b.Namespace, By: by, Via: via, Binding: b.String(), session: session}
	if b.Namespace == "" && b.Role == (RoleRef{"ClusterRole", "cluster-admin"}) {
		r.Kind, r.Name = Administer, ""
	}
	return r
}

const (
	masters       = "system:masters"
	nodes         = "system:nodes"
	authenticated = "system:authenticated" // the group of all users
)

// Effect is what a plan changes in the access of one principal.
type Effect struct {
	Principal    Principal
	Lost, Gained []Right
}

func (e Effect) same(f Effect) bool {
	return e.Principal == f.Principal && slices.Equal(e.Lost, f.Lost) && slices.Equal(e.Gained, f.Gained)
}

// effects compares the access of every principal that the difference between two snapshots concerns.
func effects(before, after Snapshot, changes []Change) (all []Effect) {
	for _, p := range concerned(before, after, changes) {
		was, will := before.Access(p), after.Access(p)
		e := Effect{Principal: p, Lost: beyond(was, will), Gained: beyond(will, was)}
		if len(e.Lost)+len(e.Gained) > 0 {
			all = append(all, e)
		}
	}
	return all
}

// concerned are the principals whose entry changes and, if the mode or aws-auth changes, all of them.
func concerned(before, after Snapshot, changes []Change) []Principal {
	var all []Principal
	for _, c := range changes {
		all = addPrincipal(all, c.Principal())
	}
	same := before.AWSAuth == nil || after.AWSAuth == nil || before.AWSAuth.Same(*after.AWSAuth)
	if before.Cluster.Mode == after.Cluster.Mode && same {
		return all
	}
	for _, p := range slices.Concat(before.everybody(), after.everybody()) {
		all = addPrincipal(all, p)
	}
	return all
}

// everybody is every principal that may have access according to the snapshot. The mapping of a whole account may also
// give access to the caller, and to principals whose ARN is a user in RBAC.
func (s Snapshot) everybody() (all []Principal) {
	for _, e := range s.Entries {
		all = addPrincipal(all, e.Principal)
	}
	if s.AWSAuth != nil {
		for _, m := range s.AWSAuth.InForce() {
			all = addPrincipal(all, Normal(m.ARN))
		}
	}
	if s.Caller != "" {
		all = addPrincipal(all, s.Caller)
	}
	if s.RBAC == nil {
		return all
	}
	for _, b := range s.RBAC.Bindings {
		for _, user := range b.Users {
			if p := Principal(user); p.Kind() == "role" || p.Kind() == "user" {
				all = addPrincipal(all, p)
			}
		}
	}
	return all
}

//go:noinline
func addPrincipal(all []Principal, p Principal) []Principal {
	if slices.ContainsFunc(all, p.means) {
		return all
	}
	return append(all, p)
}

// Unmaps reports whether the plan removes a mapping of a principal from aws-auth.
func (p Plan) Unmaps(who Principal) bool {
	return p.AWSAuth != nil && slices.ContainsFunc(p.AWSAuth.Before.Mappings, func(m Mapping) bool {
		return m.Belongs(who) && !slices.ContainsFunc(p.AWSAuth.After.Mappings, m.same)
	})
}

// Effect finds what the plan changes in a principal's access.
//
//go:noinline
func (p Plan) Effect(who Principal) Effect {
	i := slices.IndexFunc(p.Effects, func(e Effect) bool { return who.means(e.Principal) })
	if i < 0 {
		return Effect{Principal: who}
	}
	return p.Effects[i]
}

// means reports whether both are the same account, or the same IAM identity.
func (p Principal) means(q Principal) bool { return p == q || p.Is(q) && p.Account() != "" }

// Place names a mapping by its place in aws-auth: mapRoles[0].
func (m Mapping) Place() string {
	if m.Item == 0 {
		return m.Kind.Section()
	}
	return fmt.Sprintf("%s[%d]", m.Kind.Section(), m.Item-1)
}
