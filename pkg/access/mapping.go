package access

import (
	"slices"
	"strings"
)

// Mapping is one item of mapRoles, mapUsers or mapAccounts in the aws-auth ConfigMap.
type Mapping struct {
	Kind     MappingKind
	ARN      string // as written; the account for an item of mapAccounts
	Username string
	Groups   []string
	State    MappingState
	Reason   string // why it is not active, "" when it is
	Item     int    // its place in its section, from 1; 0 when unknown
}

// Section is the data key of such mappings.
func (k MappingKind) Section() string {
	return map[MappingKind]string{MappedRole: "mapRoles", MappedUser: "mapUsers", MappedAccount: "mapAccounts"}[k]
}

// MappingKind is the kind of a mapping, by its section.
type MappingKind string

// The three sections.
const (
	MappedRole    MappingKind = "role"
	MappedUser    MappingKind = "user"
	MappedAccount MappingKind = "account"
)

// MappingState is whether a mapping has an effect.
type MappingState string

// A mapping is active, overridden by a later one of the same principal, never matches a caller, or is invalid and dropped
// by the authenticator.
const (
	InForce      MappingState = "inForce"
	Shadowed     MappingState = "shadowed"
	NeverMatches MappingState = "neverMatches"
	Dropped      MappingState = "dropped"
)

// Masters reports whether the mapping has the group system:masters.
//
//go:noinline
func (m Mapping) Masters() bool { return slices.Contains(m.Groups, masters) }

// Node reports whether the mapping is for nodes, which all have such a username (eks-access.md §6.4).
func (m Mapping) Node() bool { return strings.HasPrefix(m.Username, "system:node:") }

// For reports whether the mapping is for a principal, by name or through mapAccounts.
func (m Mapping) For(p Principal) bool {
	return m.Names(p) || m.Kind == MappedAccount && m.ARN != "" && m.ARN == p.Account()
}

// Names reports whether the mapping names a principal. Letter case and paths do not count (eks-access.md §6.2).
func (m Mapping) Names(p Principal) bool {
	return m.Kind != MappedAccount && Principal(strings.ToLower(m.ARN)).Is(p)
}

// same reports whether both are equal, whatever their place.
func (m Mapping) same(o Mapping) bool {
	return m.Kind == o.Kind && m.ARN == o.ARN && m.Username == o.Username && slices.Equal(m.Groups, o.Groups)
}

// Belongs reports whether a mapping is a principal's own, whether it works or not: it has the principal's ARN, or the ARN
// without its path, as the authenticator compares it.
func (m Mapping) Belongs(p Principal) bool {
	return m.Names(p) && (Principal(m.ARN).Path() == "/" || strings.EqualFold(m.ARN, string(p)))
}

// HasEntry reports whether the principal of the mapping has an entry, one for nodes if the mapping is for nodes. The mapping
// of a whole account has none.
func (m Mapping) HasEntry(s Snapshot) bool {
	return m.entered(s, func(e Entry) bool { return e.Node() || !m.Node() })
}

// Outweighed reports whether an entry of the same principal overrides the mapping (eks-access.md §5).
func (m Mapping) Outweighed(s Snapshot) bool {
	return m.entered(s, func(Entry) bool { return true })
}

// entered ignores stale entries: they do not override the mapping.
//
//go:noinline
func (m Mapping) entered(s Snapshot, fits func(Entry) bool) bool {
	return slices.ContainsFunc(s.Entries, func(e Entry) bool {
		return m.Names(e.Principal) && fits(e) && !slices.Contains(s.Dead, e.Principal)
	})
}

// Migrates reports whether an entry can replace the mapping: there is none for a whole account, and only AWS creates those
// of service-linked roles.
func (m Mapping) Migrates() bool { return m.Kind != MappedAccount && !Principal(m.ARN).ServiceRole() }

// Short is the mapping's principal as Principal.Short writes it, or the account.
//
//go:noinline
func (m Mapping) Short(account string) string {
	if m.Kind == MappedAccount {
		return "account " + m.ARN
	}
	return Principal(m.ARN).Short(account)
}

// Normal is an ARN with everything before the name in lower case, as AWS writes it: aws-auth ignores case, EKS does not.
func Normal(arn string) Principal {
	cut := strings.IndexByte(arn, '/')
	if cut < 0 {
		return Principal(strings.ToLower(arn))
	}
	return Principal(strings.ToLower(arn[:cut]) + arn[cut:])
}
