package access

import "time"

// Use is what IAM knows about a role or user besides its life.
type Use struct {
	Principal Principal
	Created   time.Time
	Last      time.Time // when it was last used, anywhere; zero: never, or for a role not in the 400 days that IAM looks back
	Trusts    []string  // who may assume the role: service names, ARNs, account IDs, * for everybody
}

// Tracked is how far back IAM knows the last use of a role (IAM API Reference, RoleLastUsed).
const Tracked = 400 * 24 * time.Hour

// ArgoCD is a managed Argo CD capability: its members deploy with the rights of its role.
type ArgoCD struct {
	Name    string
	Role    Principal
	Members []ArgoMember
}

// ArgoMember is a user or group of IAM Identity Center with a role in Argo CD: ADMIN, EDITOR or VIEWER.
type ArgoMember struct{ Role, Kind, ID string }
