package printer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Row is one principal in the list of who has access: what the row is about, and what each column shows of it.
type Row struct {
	Principal access.Principal
	Entry     *access.Entry   // nil: it could not be read, or this is a mapping
	Unread    error           // why the entry could not be read
	Stale     access.Stale    // why the entry no longer works
	Mapping   *access.Mapping // nil: this is an entry
	State     access.State
	Rights    []access.Right // by all sources, or what a stale entry would give

	Name, Kind, Access, Groups, Status, Source, Age, Username, Expires, Tags, ARN string
}

// Void reports whether the row is a mapping that gives nothing.
func (r Row) Void() bool { return r.Mapping != nil && r.State.Void() }

// Rows are the entries and the mappings of aws-auth that the cluster's mode still reads: people first, then roles, the roles
// of services, nodes, AWS's own, and last the mappings that give nothing.
func Rows(s access.Snapshot, mappings []access.Mapping, now time.Time) []Row {
	account := s.Cluster.Account()
	named := map[string]int{}
	for _, e := range s.Entries {
		named[e.Principal.Short(account)]++
	}
	rows := make([]Row, 0, len(s.Entries)+len(s.Unread)+len(mappings))
	for i := range s.Entries {
		row := entryRow(&s.Entries[i], s, now)
		if named[row.Principal.Short(account)] > 1 { // a permission set whose role was recreated has two
			row.Name = row.ARN
		}
		rows = append(rows, row)
	}
	for _, u := range s.Unread {
		rows = append(rows, Row{
			Principal: u.Principal, Unread: u.Err, State: access.StateUnknown, Name: Clean(u.Principal.Short(account)), Kind: unknown, Access: unknown, Groups: unknown,
			Status: unknown, Source: "entry", Age: unknown, Username: unknown, Expires: unknown, Tags: unknown, ARN: Clean(string(u.Principal)),
		})
	}
	for i := range mappings {
		rows = append(rows, mappingRow(&mappings[i], s, account))
	}
	access.Sort(rows, func(a, b Row) int {
		if a.Void() && b.Void() {
			return 0 // in the order of aws-auth
		}
		return cmp.Or(a.Rank()-b.Rank(), strings.Compare(a.Name, b.Name))
	})
	return rows
}

// awsOwn is the rank of the entries that AWS manages.
const awsOwn = 4

// Rank is the place of a row among the kinds of principals, the most interesting first.
func (r Row) Rank() int {
	switch {
	case r.Void():
		return 5
	case r.Entry != nil && r.Entry.Managed():
		return awsOwn
	case r.Node():
		return 3
	case r.forService():
		return 2
	case r.Principal.Kind() == "user" || strings.HasPrefix(r.Name, "sso/"):
		return 0
	}
	return 1
}

// Node reports whether the row is about nodes.
func (r Row) Node() bool {
	return r.Entry != nil && r.Entry.Node() || r.Mapping != nil && r.Mapping.Node()
}

// forService reports whether an entry has policies, and all of them are made for AWS services.
func (r Row) forService() bool {
	return r.Entry != nil && len(r.Entry.Grants) > 0 && !slices.ContainsFunc(r.Entry.Grants, func(g access.Grant) bool {
		p, known := policy.Find(string(g.Policy))
		return !known || p.Audience != "aws-service"
	})
}

func entryRow(e *access.Entry, s access.Snapshot, now time.Time) Row {
	r := Row{
		Principal: e.Principal, Entry: e, Stale: s.Stale(e.Principal), State: s.EntryState(*e, now), Rights: s.ByEntry(*e),
		Name: Clean(e.Principal.Short(s.Cluster.Account())), Kind: Clean(string(e.Kind)), Groups: orNone(strings.Join(e.Groups, ",")),
		Source: Clean(cmp.Or(e.Owner().String(), "entry")), Age: Age(e.Created, now), Username: orNone(e.Username),
		Expires: none, Tags: orNone(Tags(e.Tags, ",")), ARN: Clean(string(e.Principal)),
	}
	r.Access = orNone(strings.Join(holdings(r.Rights, e.Groups), "; "))
	if e.Managed() && r.Source == "entry" {
		r.Source = "managed by AWS"
	}
	if !e.Expires().IsZero() {
		r.Expires = Until(e.Expires(), now)
	}
	switch r.State {
	case access.StateStale:
		r.Status = r.Stale.Status(e.Principal)
	case access.StateUnknown:
		r.Status = "not checked"
	case access.StateExpires:
		r.Status = "expires " + r.Expires
	case access.StateManaged:
		r.Status, _, _ = strings.Cut(r.Source, ":")
	default:
		r.Status = string(r.State)
	}
	return r
}

func mappingRow(m *access.Mapping, s access.Snapshot, account string) Row {
	r := Row{
		Principal: access.Principal(m.ARN), Mapping: m, State: s.MappingState(*m), Rights: s.ByMapping(*m),
		Name: orNone(m.Short(account)), Kind: string(m.Kind), Groups: orNone(strings.Join(m.Groups, ",")),
		Source: "aws-auth " + m.Place(), Age: unknown, Username: orNone(m.Username), Expires: none, Tags: none, ARN: orNone(m.ARN),
	}
	if r.Access = orNone(strings.Join(holdings(r.Rights, m.Groups), "; ")); r.Void() && r.State != access.StateNoEffect {
		r.Access = none
	}
	r.Status = cmp.Or(mappingNote(*m, m.Outweighed(s), slices.ContainsFunc(s.Doubtful, m.For)), string(r.State))
	if r.State == access.StateOK {
		r.Status += " (aws-auth)"
	}
	return r
}

// holdings are what the rights allow, an item for each policy, role and group: "edit:dev,dev-*" or "view (group viewers)". A
// policy without namespaces holds in the whole cluster. Kubernetes and EKS bind groups of their own.
func holdings(rights []access.Right, groups []string) (items []string) {
	var names []string
	where, via := map[string][]string{}, map[string]string{}
	bound := map[string]bool{}
	for _, r := range rights {
		name, by := holding(r)
		if name == "" {
			continue
		}
		bound[by], bound[name] = true, true
		key := name + " " + by
		if !slices.Contains(names, key) {
			names = append(names, key)
			via[key] = by
		}
		where[key] = append(where[key], r.Where)
	}
	for _, key := range names {
		item := strings.TrimSuffix(key, " "+via[key])
		if !slices.Contains(where[key], "") {
			item += ":" + strings.Join(where[key], ",")
		}
		if via[key] != "" {
			item += " (" + via[key] + ")"
		}
		items = append(items, Clean(item))
	}
	for _, g := range groups {
		builtIn := strings.HasPrefix(g, "system:") || strings.HasPrefix(g, "eks:")
		if name := "group " + g; !bound[name] && !builtIn && !strings.Contains(g, "{{") {
			items = append(items, Clean(name+" (not bound)"))
		}
	}
	return items
}

// holding is the name of a right and, for RBAC, the group or user that is bound to it.
func holding(r access.Right) (name, by string) {
	switch r.Kind {
	case access.Administer:
		if r.Via == "" && r.By.Mapping != "" {
			return access.ClusterAdmin.Short(), "group system:masters"
		}
		return access.ClusterAdmin.Short(), r.Via
	case access.ByPolicy:
		return access.Policy(r.Name).Short(), ""
	case access.ByRole:
		return strings.TrimPrefix(r.Name, "ClusterRole "), r.Via
	case access.ByGroup:
		return "group " + r.Name, ""
	case access.JoinNodes:
		return "node", ""
	case access.Connect, access.ByUsername:
	}
	return "", ""
}

// mappingNote says why a mapping gives nothing: one of its own reasons, or an entry, which overrides aws-auth (EKS User
// Guide, "Change authentication mode") unless it is stale; "" where it is active.
func mappingNote(m access.Mapping, outweighed, doubtful bool) string {
	switch {
	case m.State == access.Shadowed:
		return "overridden by a later mapping"
	case m.State == access.NeverMatches:
		return "never matches"
	case m.State == access.Dropped:
		return "invalid"
	case outweighed && doubtful:
		return "may be overridden by entry"
	case outweighed:
		return "overridden by entry"
	}
	return ""
}
