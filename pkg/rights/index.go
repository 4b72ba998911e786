package rights

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Class is a kind of identity, in the order of rows.
type Class int

// The classes.
const (
	Everybody Class = iota // a group of all users
	Hidden                 // the creator of a cluster in mode CONFIG_MAP, whom nothing shows
	People                 // users, roles and permission sets
	Account                // every principal of an account, by mapAccounts
	Subject                // a user or group that only RBAC knows
	Nodes
	Service  // an entry that AWS manages
	Workload // a service account
)

var classNames = [...]string{"everybody", "creator", "principal", "account", "rbac-subject", "nodes", "aws-service", "service-account"} //nolint:gochecknoglobals // a table

func (c Class) String() string { return classNames[c] }

// Identity is somebody who may have rights.
type Identity struct {
	Class     Class
	Principal access.Principal // "" for who is none
	Name      string
	Rights    []access.Right

	rules  []int // for each right, whose rules it has: rights of the same role share one verdict
	places []int // for each right, where it holds, in Index.places
}

// Index is a snapshot that was prepared for many questions.
type Index struct {
	Snapshot   access.Snapshot
	Identities []Identity
	Missing    []Missing // what could not be read, so that answers are incomplete

	roles   map[string][]access.Rule // "ClusterRole view", "Role dev/reader"
	sources int                      // how many policies and roles the rights have
	places  []string                 // where rights hold, sorted: "" is the whole cluster
}

// errNotDescribed is why it is not known whether a principal still exists, where IAM gave no error for all.
var errNotDescribed = errors.New("IAM did not describe them")

// Missing is something that could not be read.
type Missing = access.Missing

// New prepares a snapshot that was read with Want{All, AWSAuth, RBAC, Roles, Lives}.
func New(s access.Snapshot) *Index {
	x := &Index{Snapshot: s, roles: map[string][]access.Rule{}}
	x.Missing = s.AllMissing()
	if slices.ContainsFunc(s.Doubtful, func(p access.Principal) bool { return p.Account() == s.Cluster.Account() }) { // no IAM tells of others
		x.Missing = append(x.Missing, access.NotRead(access.ReadLives, cmp.Or(s.Doubt, errNotDescribed), "iam:GetRole and iam:GetUser"))
	}
	if s.RBAC == nil {
		s.RBAC = &access.RBAC{}
	}
	for _, r := range s.RBAC.Roles {
		x.roles[roleKey(r.Namespace, r.Name)] = r.Rules
	}
	b := bound(s.RBAC.Bindings)
	entries := map[string][]access.Entry{} // by name: looking at all of them for each would take long
	for _, e := range s.Entries {
		entries[e.Principal.Name()] = append(entries[e.Principal.Name()], e)
	}
	account := s.Cluster.Account()
	for _, p := range x.principals() {
		small := s
		small.Entries = entries[p.Name()]
		small.RBAC = b.of(small, p)
		id := Identity{Class: People, Principal: p, Name: p.Short(account), Rights: small.Access(p)}
		switch e, entry := small.Entry(p); {
		case !strings.HasPrefix(string(p), "arn:"):
			id.Class, id.Name = Account, "account "+string(p)
		case entry && e.Managed():
			id.Class = Service
		case slices.ContainsFunc(id.Rights, func(r access.Right) bool { return r.Kind == access.JoinNodes }):
			id.Class = Nodes
		}
		x.Identities = append(x.Identities, id)
	}
	x.Identities = append(x.Identities, b.others(x.Identities)...)
	if !s.Cluster.Mode.ReadsEntries() {
		x.Identities = append(x.Identities, Identity{Class: Hidden, Name: "the cluster's creator (not visible)", Rights: []access.Right{{Kind: access.Administer, Via: "group system:masters"}}})
	}
	x.number()
	access.Sort(x.Identities, func(a, b Identity) int {
		if a.Class != b.Class {
			return int(a.Class - b.Class)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return x
}

// number gives each policy, role and place of the rights a number.
func (x *Index) number() {
	type source struct {
		kind        access.RightKind
		name, where string
	}
	numbers, places := map[source]int{}, map[string]int{"": 0}
	for _, id := range x.Identities {
		for i := range id.Rights {
			places[id.Rights[i].Where] = 0
		}
	}
	x.places = slices.Sorted(maps.Keys(places))
	for i, p := range x.places {
		places[p] = i
	}
	for i := range x.Identities {
		id := &x.Identities[i]
		id.rules, id.places = make([]int, len(id.Rights)), make([]int, len(id.Rights))
		for j := range id.Rights {
			r := &id.Rights[j]
			id.places[j] = places[r.Where]
			key := source{kind: r.Kind, name: r.Name}
			if strings.HasPrefix(r.Name, "Role ") {
				key.where = r.Where
			}
			n, known := numbers[key]
			if !known {
				n = len(numbers)
				numbers[key] = n
			}
			id.rules[j] = n
		}
	}
	x.sources = len(numbers)
}

// principals are those of entries and active mappings.
func (x *Index) principals() (all []access.Principal) {
	seen := map[access.Principal]bool{}
	add := func(p access.Principal) {
		if !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	if x.Snapshot.Cluster.Mode.ReadsEntries() {
		for _, e := range x.Snapshot.Entries {
			add(e.Principal)
		}
	}
	if m := x.Snapshot.AWSAuth; m != nil && x.Snapshot.Cluster.Mode.ReadsConfigMap() {
		for _, mapping := range m.InForce() {
			if !mapping.Outweighed(x.Snapshot) {
				add(access.Normal(mapping.ARN))
			}
		}
	}
	return all
}

func roleKey(namespace, name string) string {
	if namespace == "" {
		return "ClusterRole " + name
	}
	return "Role " + namespace + "/" + name
}

// rules are those of a right, and whether all of them are known.
func (x *Index) rules(r access.Right) (rules []access.Rule, known bool) {
	switch r.Kind {
	case access.ByPolicy:
		p, found := policy.Find(r.Name)
		return p.Rules, found && p.RulesForm == "table"
	case access.ByRole:
		name := r.Name
		if short, namespaced := strings.CutPrefix(name, "Role "); namespaced {
			name = "Role " + r.Where + "/" + short
		}
		return x.roles[name], x.Snapshot.RBAC != nil && x.Snapshot.RBAC.RolesErr == nil
	case access.Administer:
		return everything, true
	case access.Connect, access.JoinNodes, access.ByGroup, access.ByUsername:
	}
	return nil, true
}

var everything = []access.Rule{
	{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}, {NonResourceURLs: []string{"*"}, Verbs: []string{"*"}},
}

// bindings finds the bindings of a user or group.
type bindings struct {
	all    []access.Binding
	groups map[string][]int
	users  map[string][]int
	names  []string // of users, sorted, for those whose name is templated
}

func bound(all []access.Binding) bindings {
	b := bindings{all: all, groups: map[string][]int{}, users: map[string][]int{}}
	for i, one := range all {
		for _, g := range one.Groups {
			b.groups[g] = append(b.groups[g], i)
		}
		for _, u := range one.Users {
			b.users[u] = append(b.users[u], i)
		}
	}
	b.names = slices.Sorted(maps.Keys(b.users))
	return b
}

// names are the username and groups of a principal with access, as templates.
func names(s access.Snapshot, p access.Principal) (username string, groups []string) {
	if e, ok := s.Entry(p); ok {
		return cmp.Or(e.Username, access.DefaultUsername(p)), e.Groups
	}
	if m, ok := s.ActiveMapping(p); ok {
		return m.Identity(p)
	}
	return "", nil
}

// of are the bindings that may concern a principal, with the error of the whole.
func (b bindings) of(s access.Snapshot, p access.Principal) *access.RBAC {
	username, groups := names(s, p)
	var found []int
	for _, g := range groups {
		if access.Templated(g) {
			return s.RBAC // so rare that all are looked at
		}
		found = append(found, b.groups[g]...)
	}
	begins, _, templated := strings.Cut(username, "{{")
	if !templated {
		found = append(found, b.users[username]...)
	} else {
		for i, _ := slices.BinarySearch(b.names, begins); i < len(b.names) && strings.HasPrefix(b.names[i], begins); i++ {
			found = append(found, b.users[b.names[i]]...)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	some := &access.RBAC{Err: s.RBAC.Err, Bindings: make([]access.Binding, 0, len(found))}
	for _, i := range found {
		some.Bindings = append(some.Bindings, b.all[i])
	}
	return some
}
