package access

import (
	"slices"
	"strings"
)

// Mapping is one line of the aws-auth ConfigMap.
type Mapping struct {
	Kind     MappingKind
	ARN      string // as it is written; the account for a line of mapAccounts
	Username string
	Groups   []string
	State    MappingState
	Reason   string // why the line is not in force, "" when it is
	Item     int    // its place in its section, from 1; 0 when that is not known
}

// Section is the data key of aws-auth that such lines stand in.
func (k MappingKind) Section() string {
	return map[MappingKind]string{MappedRole: "mapRoles", MappedUser: "mapUsers", MappedAccount: "mapAccounts"}[k]
}

// MappingKind is the section of aws-auth that a line stands in.
type MappingKind string

// The three sections.
const (
	MappedRole    MappingKind = "role"
	MappedUser    MappingKind = "user"
	MappedAccount MappingKind = "account"
)

// MappingState tells whether a line does anything.
type MappingState string

// A line is in force, or a later line of the same principal wins, or no caller ever matches it,
// or the authenticator does not read it at all.
const (
	InForce      MappingState = "inForce"
	Shadowed     MappingState = "shadowed"
	NeverMatches MappingState = "neverMatches"
	Dropped      MappingState = "dropped"
)

// Masters tells whether the line makes somebody administrator of the whole cluster.
func (m Mapping) Masters() bool {
	for _, g := range m.Groups {
		if g == "system:masters" {
			return true
		}
	}
	return false
}

// Node tells whether the line lets nodes in, which all have such a username (eks-access.md §6.4).
func (m Mapping) Node() bool { return strings.HasPrefix(m.Username, "system:node:") }

// For tells whether the line is for a principal, by its name or as one of mapAccounts for everybody of the account.
func (m Mapping) For(p Principal) bool {
	return m.Names(p) || m.Kind == MappedAccount && m.ARN != "" && m.ARN == p.Account()
}

// Names tells whether the line names a principal. Letter case and paths do not count (eks-access.md §6.2).
func (m Mapping) Names(p Principal) bool {
	return m.Kind != MappedAccount && Principal(strings.ToLower(m.ARN)).Is(p)
}

// same reports whether both say the same, wherever they stand.
func (m Mapping) same(o Mapping) bool {
	return m.Kind == o.Kind && m.ARN == o.ARN && m.Username == o.Username && slices.Equal(m.Groups, o.Groups)
}

// Belongs reports whether a mapping is one of a principal's own, whether it works or not: it says the principal's name
// without a path, as the authenticator compares it, or its very ARN.
func (m Mapping) Belongs(p Principal) bool {
	return m.Names(p) && (Principal(m.ARN).Path() == "/" || strings.EqualFold(m.ARN, string(p)))
}

// HasEntry tells whether an entry lets in whom the line does: one for nodes where the line is for
// nodes. A line for a whole account has none.
func (m Mapping) HasEntry(s Snapshot) bool {
	return m.entered(s, func(e Entry) bool { return e.Node() || !m.Node() })
}

// Outweighed tells whether an entry wins over the line, since both name the same principal (eks-access.md §5).
func (m Mapping) Outweighed(s Snapshot) bool {
	return m.entered(s, func(Entry) bool { return true })
}

// entered leaves out the dead: they let nobody in, so the line goes on to do so.
func (m Mapping) entered(s Snapshot, fits func(Entry) bool) bool {
	return slices.ContainsFunc(s.Entries, func(e Entry) bool {
		return m.Names(e.Principal) && fits(e) && !slices.Contains(s.Dead, e.Principal)
	})
}

// Migrates tells whether an entry can stand in the line's place: there is none for a whole account, and only AWS creates
// those of service-linked roles.
func (m Mapping) Migrates() bool { return m.Kind != MappedAccount && !Principal(m.ARN).ServiceRole() }

// Short is the line's principal as Principal.Short writes it, or the account.
func (m Mapping) Short(account string) string {
	if m.Kind == MappedAccount {
		return "account " + m.ARN
	}
	return Principal(m.ARN).Short(account)
}

// Normal is an ARN with everything before the name in lower case, as AWS writes it: aws-auth is compared without case,
// EKS compares with it.
func Normal(arn string) Principal {
	cut := strings.IndexByte(arn, '/')
	if cut < 0 {
		return Principal(strings.ToLower(arn))
	}
	return Principal(strings.ToLower(arn[:cut]) + arn[cut:])
}
