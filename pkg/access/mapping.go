package access

// Mapping is one line of the aws-auth ConfigMap.
type Mapping struct {
	Kind     MappingKind
	ARN      string // as it is written; the account for a line of mapAccounts
	Username string
	Groups   []string
	State    MappingState
	Reason   string // why the line is not in force, "" when it is
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
