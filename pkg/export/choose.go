package export

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Export is what is exported of one cluster.
type Export struct {
	Cluster *access.Info
	Entries []*Entry // in canonical order
	Left    []int    // for each of the reasons
}

// Entry is an entry as the forms have it: nodes without what EKS sets on them, and without the tags of other tools.
type Entry struct {
	Of    *access.Entry
	Name  string   // unique among the entries, in the alphabet of Kubernetes
	Tools []string // the keys of the tags that were left out
	By    access.OwnerKind
	Owner string // who manages the entry, in words
}

// reasons are why entries are left out, the first that fits counts; and how to export them anyway.
var reasons = []struct{ one, many, hint string }{
	{"entry that AWS manages", "entries that AWS manages", ""},
	{"entry of an EKS capability or Auto Mode", "entries of EKS capabilities or Auto Mode", ""},
	{"entry for nodes", "entries for nodes", " (name them to export them)"},
	{"temporary entry", "temporary entries", " (--include-temporary exports them)"},
}

// Choose takes the entries that another tool can manage. Entries for nodes are exported where they were named, temporary ones
// where that was asked for; entries that AWS keeps for itself never.
func Choose(s *access.Snapshot, named []access.Principal, temporary bool) *Export {
	x := &Export{Cluster: &s.Cluster, Left: make([]int, len(reasons))}
	entries := slices.Clone(s.Entries)
	access.SortEntries(entries)
	for i := range entries {
		e := &entries[i]
		owner := e.Owner()
		switch {
		case e.Managed():
			x.Left[0]++
		case owner.Adds:
			x.Left[1]++
		case e.Node() && !slices.Contains(named, e.Principal):
			x.Left[2]++
		case !temporary && !e.Expires().IsZero():
			x.Left[3]++
		default:
			x.Entries = append(x.Entries, adapted(e, owner.Kind, owner.String()))
		}
	}
	x.name()
	return x
}

// adapted is an entry without what no other tool may say of it.
func adapted(e *access.Entry, by access.OwnerKind, owner string) *Entry {
	of := e.Canonical()
	if of.Kind == "" {
		of.Kind = access.Standard
	}
	if of.Kind != access.Standard {
		of.Username, of.Groups = "", nil
	}
	out := &Entry{Of: &of, By: by, Owner: owner}
	for _, key := range keys(of.Tags) {
		if ofTool(key) {
			out.Tools = append(out.Tools, key)
			delete(of.Tags, key)
		}
	}
	return out
}

// ofTool reports whether a tag says which tool manages the entry. The expiry is about the access, and stays.
func ofTool(key string) bool {
	return ofAWS(key) || strings.HasPrefix(key, "services.k8s.aws/") || strings.HasPrefix(key, ownPrefix) && key != access.ExpiresTag
}

// ownPrefix begins the keys of this program's tags.
const ownPrefix = "kubectl-access/"

// ofAWS reports whether only AWS can set the tag, so that no other tool removes it.
func ofAWS(key string) bool { return strings.HasPrefix(key, "aws:") }

// LeftOut counts the entries that are not exported, "" for none.
func (x *Export) LeftOut() string {
	text := ""
	for i, n := range x.Left {
		if r := &reasons[i]; n > 0 {
			text += ", " + access.Count(n, r.one, r.many) + r.hint
		}
	}
	return strings.TrimPrefix(text, ", ")
}

// policies is the number of access policies on all entries.
func (x *Export) policies() (n int) {
	for _, e := range x.Entries {
		n += len(e.Of.Grants)
	}
	return n
}
