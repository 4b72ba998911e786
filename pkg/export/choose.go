package export

import (
	"fmt"
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
	for _, e := range entries {
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
			e = e.Canonical()
			out := &Entry{Of: &e, By: owner.Kind, Owner: owner.String()}
			out.adapt()
			x.Entries = append(x.Entries, out)
		}
	}
	x.name()
	return x
}

// adapt leaves out what no other tool may say of the entry.
func (e *Entry) adapt() {
	if e.Of.Kind == "" {
		e.Of.Kind = access.Standard
	}
	if e.Of.Kind != access.Standard {
		e.Of.Username, e.Of.Groups = "", nil
	}
	for _, key := range keys(e.Of.Tags) {
		if ofTool(key) {
			e.Tools = append(e.Tools, key)
			delete(e.Of.Tags, key)
		}
	}
}

// ofTool reports whether a tag says which tool manages the entry. The expiry is about the access, and stays.
func ofTool(key string) bool {
	return ofAWS(key) || strings.HasPrefix(key, "services.k8s.aws/") || strings.HasPrefix(key, "kubectl-access/") && key != access.ExpiresTag
}

// ofAWS reports whether only AWS can set the tag, so that no other tool removes it.
func ofAWS(key string) bool { return strings.HasPrefix(key, "aws:") }

// LeftOut counts the entries that are not exported, "" for none.
func (x *Export) LeftOut() string {
	var all []string
	for i, n := range x.Left {
		if n > 0 {
			all = append(all, count(n, reasons[i].one, reasons[i].many)+reasons[i].hint)
		}
	}
	return strings.Join(all, ", ")
}

// policies is the number of access policies on all entries.
func (x *Export) policies() (n int) {
	for _, e := range x.Entries {
		n += len(e.Of.Grants)
	}
	return n
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
