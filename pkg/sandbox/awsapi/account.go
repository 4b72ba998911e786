// Package awsapi is the AWS side of the sandbox: one account with its IAM roles and users, EKS clusters and access
// entries, and the APIs that clients call for them: EKS, IAM, STS and CloudTrail, in their own wire protocols and in
// the words of the services.
//
//	*http.Request ─► Handler ─► Call ─► Account.Do: verify the signature ─► ask the permissions ─► run ─► Call.Write
//
// Nothing here listens, waits or writes a file, and nothing runs in the background: what looks asynchronous (updates
// of a cluster, propagation) is worked out from timestamps at the next request. An Account is not safe for concurrent
// use; its owner locks it.
package awsapi

import (
	"strings"
	"time"
)

// Account is everything that AWS knows.
type Account struct {
	Kept
	Clusters map[string]*Cluster
	Settings

	keys   map[string]*Key // by ID; they live as long as the process
	root   *Account        // of a Place
	places []*Account      // other regions and accounts
}

// Kept is what an account keeps between runs, apart from its clusters.
type Kept struct {
	ID         string                `json:"id"`
	Region     string                `json:"region"`
	Principals map[string]*Principal `json:"principals"` // by PrincipalKey
	Trail      []*event              `json:"trail"`      // oldest first
}

// Settings are how an account behaves and where its servers are.
type Settings struct {
	Propagation time.Duration       // how long a change stays invisible to reads and to authorization
	TrailDelay  time.Duration       // how long CloudTrail does not show an event
	UpdateTime  time.Duration       // how long a cluster is UPDATING
	UpdateError string              // what every update of a cluster fails with; "": they succeed
	STS         string              // host and port at which STS answers
	Endpoints   map[string]Endpoint // of the clusters, by name
}

// Endpoint is where a cluster's API server answers, and the PEM certificate to trust there.
type Endpoint struct {
	URL     string
	CA      []byte
	Next    *Authority // replaces CA; nil: none does
	Private bool       // only reachable inside the cluster's network
}

// Principal is an IAM role or user. EKS and tokens know it by ID: a role that is recreated under the same name is
// another principal.
type Principal struct {
	Kind    string    `json:"kind"` // role or user
	Path    string    `json:"path"`
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Allow   []string  `json:"allow,omitempty"`  // actions, with wildcards
	Used    time.Time `json:"used,omitzero"`    // when a role, or the key of a user, was last used; zero: never
	Entered time.Time `json:"entered,omitzero"` // when a user last signed in with a password; zero: never
	Trust   []string  `json:"trust,omitempty"`  // who may assume a role: service names and ARNs; nil: its account
}

// PrincipalKey identifies a principal as IAM does: names are unique whatever their case and path.
//
//go:noinline
func PrincipalKey(kind, name string) string { return kind + "/" + strings.ToLower(name) }

// Add makes a role or user of the end of an ARN, such as role/team/dev. Its ID is the same at each run.
func (a *Account) Add(principal string, created time.Time, allow ...string) *Principal {
	kind, path, name := splitName(principal)
	p := &Principal{Kind: kind, Path: path, Name: name, ID: UniqueID(idPrefix(kind), name), Created: created, Allow: allow}
	a.Principals[PrincipalKey(kind, name)] = p
	return p
}

// splitName splits role/team/dev: role, /team/, dev.
func splitName(principal string) (kind, path, name string) {
	kind, rest, _ := strings.Cut(principal, "/")
	i := strings.LastIndex(rest, "/") + 1
	return kind, "/" + rest[:i], rest[i:]
}

// ARN is the full ARN of a role or user of this account.
func (a *Account) ARN(p *Principal) string { return a.ARNOf(p.Kind + p.Path + p.Name) }

// ARNOf completes the end of an ARN, such as role/team/dev.
func (a *Account) ARNOf(principal string) string { return "arn:aws:iam::" + a.ID + ":" + principal }

// Principal finds a role or user by its full ARN. Without its path, or in another case, an ARN matches nothing.
func (a *Account) Principal(arn string) (*Principal, bool) {
	kind, _, name := splitName(strings.TrimPrefix(arn, a.ARNOf("")))
	p, ok := a.Principals[PrincipalKey(kind, name)]
	if !ok || a.ARN(p) != arn {
		return nil, false
	}
	return p, true
}

// Cluster is an EKS cluster as AWS knows it. What its API server stores is not part of it.
type Cluster struct {
	Name       string               `json:"name"`
	Created    time.Time            `json:"created"`
	Creator    string               `json:"creator"` // ARN
	Mode       string               `json:"mode"`
	Tags       map[string]string    `json:"tags"`
	Entries    map[string]History   `json:"entries"` // by principal ARN
	Updates    []*update            `json:"updates,omitempty"`
	NodeGroups map[string]NodeGroup `json:"nodeGroups,omitempty"`

	Providers    []string              `json:"providers,omitempty"` // OIDC identity providers
	Capabilities map[string]Capability `json:"capabilities,omitempty"`
}

// ClusterARN is the full ARN of a cluster.
func (a *Account) ClusterARN(cl *Cluster) string {
	return "arn:aws:eks:" + a.Region + ":" + a.ID + ":cluster/" + cl.Name
}
