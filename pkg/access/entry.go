package access

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind is the type of an entry, as EKS spells it.
type Kind string

// Standard is for people and workloads; every other type is for nodes (EKS API Reference, CreateAccessEntry).
const (
	Standard     Kind = "STANDARD"
	EC2Linux     Kind = "EC2_LINUX"
	EC2Windows   Kind = "EC2_WINDOWS"
	EC2          Kind = "EC2"
	FargateLinux Kind = "FARGATE_LINUX"
	HybridLinux  Kind = "HYBRID_LINUX"
	Hyperpod     Kind = "HYPERPOD_LINUX"
)

// Kinds are all types, the usual one first.
var Kinds = []Kind{Standard, EC2Linux, EC2Windows, EC2, FargateLinux, HybridLinux, Hyperpod}

// HelpPrefix begins the names of groups and RBAC bindings that earlier versions used during a migration.
const HelpPrefix = "kubectl-access:migrating:"

// Mode is the cluster's authentication mode: which sources it reads.
type Mode string

// The modes, in the only possible order.
const (
	ModeConfigMap Mode = "CONFIG_MAP"
	ModeBoth      Mode = "API_AND_CONFIG_MAP"
	ModeAPI       Mode = "API"
)

// Modes are all modes, in that order.
var Modes = []Mode{ModeConfigMap, ModeBoth, ModeAPI}

// Next is the only mode that a cluster can change to from this one, "" for the last. It cannot change back (eks-access.md
// §5).
func (m Mode) Next() Mode {
	switch m {
	case ModeAPI:
		return ""
	case ModeBoth:
		return ModeAPI
	default:
		return ModeBoth
	}
}

// ReadsEntries reports whether the cluster reads access entries. A cluster without a mode is older than they are.
func (m Mode) ReadsEntries() bool { return m == ModeBoth || m == ModeAPI }

// ReadsConfigMap reports whether the cluster reads aws-auth.
func (m Mode) ReadsConfigMap() bool { return m != ModeAPI }

// Info is the EKS description of a cluster.
type Info struct {
	Name, ARN, Endpoint, Status, Version string
	Mode                                 Mode
	CA                                   string // certificates to trust at the endpoint: PEM in base64
	LocalID                              string // of a local cluster on Outposts, whose tokens contain it instead of the name
	Private                              bool   // the endpoint is only reachable in the cluster's network
	Created                              time.Time
	AuditLogs                            bool // the logs of kinds audit and authenticator are kept
}

// Account is the account that owns the cluster.
//
//go:noinline
func (i Info) Account() string { return Principal(i.ARN).Account() }

// Partition is the cluster's AWS partition.
func (i Info) Partition() string { return Principal(i.ARN).Partition() }

// Region is the cluster's AWS region.
//
//go:noinline
func (i Info) Region() string { return Principal(i.ARN).field(3) }

// Snapshot is what was read from one cluster, in canonical order.
type Snapshot struct {
	Cluster    Info
	Caller     Principal  // without its path
	Entries    []Entry    // the requested ones
	Policies   []Policy   // the live list, if requested
	AWSAuth    *ConfigMap // if requested
	RBAC       *RBAC      // if requested
	Namespaces []string   // if requested and readable

	NoNamespaces error    // why they could not be read; they are only good to know
	Trust        *Trust   // if requested, and where the kubeconfig says anything about it
	Unread       []Unread // entries that exist and could not be read

	// EKS ties an entry to the unique ID of its role or user (eks-access.md §4.1). Dead are the entries that no longer work
	// because that was deleted or recreated, and Doubtful those for which it is unknown. For a plan only entries that
	// compete with a mapping are checked.
	Dead, Doubtful []Principal
	Deleted        []Principal // whose role or user no longer exists: neither an entry nor a mapping gives it access
	Doubt          error       // why Doubtful entries could not be checked, where all were
}

// Unread is an entry that exists and could not be read.
type Unread struct {
	Principal Principal
	Err       error
}

// Entry is an access entry: it gives access to one IAM principal.
type Entry struct {
	Principal Principal
	Kind      Kind
	Username  string // "": EKS derives it from the principal
	Groups    []string
	Grants    []Grant
	Tags      map[string]string

	ARN               string // set by EKS, like the times
	Created, Modified time.Time
}

// Grant is one access policy and its scope.
type Grant struct {
	Policy Policy
	Scope  Scope
}

// Stale is why an entry no longer works; "" where it works, or that is unknown.
type Stale string

// The role or user of a stale entry was deleted, or recreated under the same name.
const (
	StaleDeleted   Stale = "deleted"
	StaleRecreated Stale = "recreated"
)

// Stale is why a principal's entry no longer works.
//
//go:noinline
func (s Snapshot) Stale(p Principal) Stale {
	switch {
	case !slices.Contains(s.Dead, p):
		return ""
	case slices.Contains(s.Deleted, p):
		return StaleDeleted
	}
	return StaleRecreated
}

// Status reads "stale (role recreated)".
//
//go:noinline
func (s Stale) Status(p Principal) string {
	if s == "" {
		return ""
	}
	return "stale (" + p.Kind() + " " + string(s) + ")"
}

// Words continue a sentence about the role or user.
func (s Stale) Words() string {
	if s == StaleRecreated {
		return "deleted and recreated after this entry"
	}
	return string(s)
}

// Entry finds the entry of a principal.
//
//go:noinline
func (s Snapshot) Entry(p Principal) (Entry, bool) {
	if e := s.Has(p); e != nil {
		return *e, true
	}
	return Entry{}, false
}

// Has is the principal's entry, nil for none.
//
//go:noinline
func (s *Snapshot) Has(p Principal) *Entry {
	for i := range s.Entries {
		if s.Entries[i].Principal == p {
			return &s.Entries[i]
		}
	}
	return nil
}

// Put is a copy of the snapshot with the entry added or replaced.
func (s Snapshot) Put(e Entry) Snapshot {
	s = s.Drop(e.Principal)
	s.Entries = append(s.Entries, e.Canonical())
	SortEntries(s.Entries)
	return s
}

// Drop is a copy of the snapshot without the principal's entry.
func (s Snapshot) Drop(p Principal) Snapshot {
	s.Entries = Where(s.Entries, func(e *Entry) bool { return e.Principal != p })
	return s
}

// SortEntries puts entries in canonical order: by principal.
//
//go:noinline
func SortEntries(entries []Entry) {
	Sort(entries, func(a, b Entry) int { return strings.Compare(string(a.Principal), string(b.Principal)) })
}

// Canonical is the entry with everything sorted and without duplicates, so that equality is plain.
func (e Entry) Canonical() Entry {
	e.Groups = union(e.Groups, nil)
	e.Tags = maps.Clone(e.Tags)
	grants := make([]Grant, 0, len(e.Grants))
	for _, g := range e.Grants {
		grants = append(grants, Grant{Policy: g.Policy, Scope: Scope{Namespaces: union(g.Scope.Namespaces, nil)}})
	}
	Sort(grants, func(a, b Grant) int { return strings.Compare(string(a.Policy), string(b.Policy)) })
	e.Grants = grants
	return e
}

// Grant finds the entry's grant of a policy.
//
//go:noinline
func (e Entry) Grant(p Policy) (Grant, bool) {
	i := slices.IndexFunc(e.Grants, func(g Grant) bool { return g.Policy == p })
	if i < 0 {
		return Grant{}, false
	}
	return e.Grants[i], true
}

// Node reports whether the entry is for nodes.
func (e Entry) Node() bool { return e.Kind != Standard && e.Kind != "" }

// Managed reports whether AWS owns the entry, so that EKS refuses changes.
//
//go:noinline
func (e Entry) Managed() bool { return e.Principal.ServiceLinked() }

// Administers reports whether the entry makes its principal a cluster administrator.
func (e Entry) Administers() bool {
	g, ok := e.Grant(ClusterAdmin)
	return ok && g.Scope.WholeCluster() && !e.Node() && !e.Managed()
}

// Empty reports whether the entry has neither policies nor groups.
func (e Entry) Empty() bool { return len(e.Grants) == 0 && len(e.Groups) == 0 }

// ExpiresTag is the tag with the expiry of an entry, in RFC 3339.
const ExpiresTag = "kubectl-access/expires"

// Expires is the expiry of the entry; zero: none.
//
//go:noinline
func (e Entry) Expires() time.Time {
	t, _ := time.Parse(time.RFC3339, e.Tags[ExpiresTag]) // other values are not an expiry
	return t
}

// Holdings are the grants and groups of an entry, in words.
func (e Entry) Holdings() (all []string) {
	for _, g := range e.Grants {
		all = append(all, g.String())
	}
	for _, group := range e.Groups {
		all = append(all, "group "+group)
	}
	return all
}
