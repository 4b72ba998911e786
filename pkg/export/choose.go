package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Export is what is exported of one cluster.
type Export struct {
	Cluster access.Info
	Entries []Entry // in canonical order
	Left    []Left
}

// Entry is an entry as the forms have it: nodes without what EKS sets on them, and without the tags of other tools.
type Entry struct {
	access.Entry
	Name  string   // unique among the entries, in the alphabet of Kubernetes
	Tools []string // the keys of the tags that were left out
	By    access.Owner
}

// Left are entries that are not exported, for one reason.
type Left struct {
	One, Many string // "entry for nodes"
	Hint      string // how to export them anyway, "" where that is not possible
	Who       []access.Principal
}

// reason is why an entry is left out.
type reason struct {
	left Left
	is   func(e access.Entry, named, temporary bool) bool
}

// reasons are all reasons; the first that fits counts.
var reasons = []reason{
	{Left{One: "entry that AWS manages", Many: "entries that AWS manages"}, func(e access.Entry, _, _ bool) bool { return e.Managed() }},
	{
		Left{One: "entry of an EKS capability or Auto Mode", Many: "entries of EKS capabilities or Auto Mode"},
		func(e access.Entry, _, _ bool) bool { return e.Owner().Adds },
	},
	{
		Left{One: "entry for nodes", Many: "entries for nodes", Hint: "name them to export them"},
		func(e access.Entry, named, _ bool) bool { return e.Node() && !named },
	},
	{
		Left{One: "temporary entry", Many: "temporary entries", Hint: "--include-temporary exports them"},
		func(e access.Entry, _, temporary bool) bool { return !e.Expires().IsZero() && !temporary },
	},
}

// Choose takes the entries that another tool can manage. Entries for nodes are exported where they were named, temporary ones
// where that was asked for; entries that AWS keeps for itself never.
func Choose(s access.Snapshot, named []access.Principal, temporary bool) Export {
	x := Export{Cluster: s.Cluster}
	left := make([]Left, len(reasons))
	entries := slices.Clone(s.Entries)
	access.SortEntries(entries)
	for _, e := range entries {
		why := slices.IndexFunc(reasons, func(r reason) bool { return r.is(e, slices.Contains(named, e.Principal), temporary) })
		if why < 0 {
			x.Entries = append(x.Entries, entryOf(e))
			continue
		}
		left[why].Who = append(left[why].Who, e.Principal)
	}
	for i, l := range left {
		if len(l.Who) > 0 {
			r := reasons[i].left
			r.Who = l.Who
			x.Left = append(x.Left, r)
		}
	}
	name(x.Entries, x.Cluster)
	return x
}

func entryOf(e access.Entry) Entry {
	out := Entry{Entry: e.Canonical(), By: e.Owner()}
	if out.Kind == "" {
		out.Kind = access.Standard
	}
	if e.Node() {
		out.Username, out.Groups = "", nil
	}
	out.Tags = map[string]string{}
	for _, key := range keys(e.Tags) {
		if ofTool(key) {
			out.Tools = append(out.Tools, key)
		} else {
			out.Tags[key] = e.Tags[key]
		}
	}
	return out
}

// ofTool reports whether a tag says which tool manages the entry. The expiry is about the access, and stays.
func ofTool(key string) bool {
	return key != access.ExpiresTag &&
		(strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, "services.k8s.aws/") || strings.HasPrefix(key, "kubectl-access/"))
}

// removable are the tags that were left out and that a tool can remove: those of AWS stay.
func (e Entry) removable() []string {
	return slices.DeleteFunc(slices.Clone(e.Tools), func(key string) bool { return strings.HasPrefix(key, "aws:") })
}

// username is the username that EKS would not derive, "" for none.
func (e Entry) username() string {
	if e.Username == access.DefaultUsername(e.Principal) {
		return ""
	}
	return e.Username
}

// short is the entry's principal in messages.
func (x Export) short(p access.Principal) string { return visible(p.Short(x.Cluster.Account())) }

// policies is the number of access policies on all entries.
func (x Export) policies() (n int) {
	for _, e := range x.Entries {
		n += len(e.Grants)
	}
	return n
}

// LeftOut counts the entries that are not exported, "" for none.
func (x Export) LeftOut() string {
	var all []string
	for _, l := range x.Left {
		text := count(len(l.Who), l.One, l.Many)
		if l.Hint != "" {
			text += " (" + l.Hint + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
