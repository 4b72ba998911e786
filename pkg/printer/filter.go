package printer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Filter selects rows. An empty field selects all.
type Filter struct {
	Namespace string // who may do something in it
	Policy    access.Policy
	Group     string
	Kind      string // of an entry or a mapping, in any letter case
	State     access.State
	Tags      []TagTerm
	NoNodes   bool
	All       bool // also mappings that give nothing, where the filter is about access
}

// Keeps reports whether a row passes all parts of the filter. An entry that could not be read passes those that nobody can
// judge without it.
func (f Filter) Keeps(r Row) bool {
	var groups []string
	var tags map[string]string
	switch {
	case r.Entry != nil:
		groups, tags = r.Entry.Groups, r.Entry.Tags
	case r.Mapping != nil:
		groups = r.Mapping.Groups
	default:
		return f.State == "" || f.State == r.State
	}
	return (f.State == "" || f.State == r.State) &&
		(f.All || f.State != "" || !f.aboutAccess() || !r.Void()) &&
		(f.Namespace == "" || r.State != access.StateStale) &&
		(f.Namespace == "" && f.Policy == "" || slices.ContainsFunc(r.Rights, f.fits)) &&
		(f.Group == "" || slices.Contains(groups, f.Group)) &&
		(f.Kind == "" || strings.EqualFold(f.Kind, r.Kind)) &&
		(!f.NoNodes || !r.Node()) &&
		!slices.ContainsFunc(f.Tags, func(t TagTerm) bool { return !t.fits(tags) })
}

// aboutAccess reports whether the filter asks what somebody has: a mapping that gives nothing does not answer that.
func (f Filter) aboutAccess() bool { return f.Namespace != "" || f.Policy != "" || f.Group != "" }

// fits reports whether a right is by the policy and in the namespace. A cluster administrator by system:masters or RBAC counts
// as cluster-admin.
func (f Filter) fits(r access.Right) bool {
	if f.Namespace != "" && !r.In(f.Namespace) {
		return false
	}
	return f.Policy == "" || r.Kind == access.ByPolicy && access.Policy(r.Name) == f.Policy || r.Kind == access.Administer && f.Policy == access.ClusterAdmin
}

// TagTerm is one condition on the tags of an entry.
type TagTerm struct {
	Key, Value string
	Any        bool // any value will do
	Not        bool
}

func (t TagTerm) fits(tags map[string]string) bool {
	value, has := tags[t.Key]
	return (has && (t.Any || value == t.Value)) != t.Not
}

// ParseTags reads conditions as kubectl reads labels: KEY=VALUE, KEY!=VALUE, KEY or !KEY, separated by commas. Tags of AWS may
// have characters that labels may not.
func ParseTags(text string) (terms []TagTerm, err error) {
	for part := range strings.SplitSeq(text, ",") {
		key, value, equal := strings.Cut(strings.TrimSpace(part), "=")
		t := TagTerm{Key: key, Value: strings.TrimPrefix(value, "="), Any: !equal}
		if equal {
			t.Key, t.Not = strings.CutSuffix(key, "!")
		} else {
			t.Key, t.Not = strings.CutPrefix(key, "!")
		}
		t.Key = strings.TrimSpace(t.Key)
		if t.Key == "" {
			return nil, fmt.Errorf("%q is not a tag: use KEY=VALUE, KEY!=VALUE, KEY or !KEY", part)
		}
		terms = append(terms, t)
	}
	return terms, nil
}

// sorts are the columns that a list can be sorted by.
var sorts = []struct {
	name    string
	compare func(a, b Row) int
}{
	{"name", func(a, b Row) int { return strings.Compare(a.Name, b.Name) }},
	{"access", func(a, b Row) int { return strings.Compare(a.Access, b.Access) }},
	{"status", func(a, b Row) int { return slices.Index(access.States, a.State) - slices.Index(access.States, b.State) }},
	{"age", func(a, b Row) int { return cmp.Compare(b.born(), a.born()) }},
	{"type", func(a, b Row) int { return strings.Compare(a.Kind, b.Kind) }},
	{"expires", func(a, b Row) int { return cmp.Compare(a.ends(), b.ends()) }},
}

// SortKeys are the words for Sort.
func SortKeys() (names []string) {
	for _, s := range sorts {
		names = append(names, s.name)
	}
	return names
}

// Sort sorts rows by one of SortKeys, the youngest first by age, and those without expiry last.
func Sort(rows []Row, by string) error {
	for _, s := range sorts {
		if s.name == strings.ToLower(by) || s.name == "name" && strings.EqualFold(by, "principal") {
			access.Sort(rows, s.compare)
			return nil
		}
	}
	return fmt.Errorf("--sort-by: must be one of: %s", strings.Join(SortKeys(), ", "))
}

// born is when the entry was created, in Unix seconds; 0: not known.
//
//go:noinline
func (r Row) born() int64 {
	if r.Entry == nil || r.Entry.Created.IsZero() {
		return 0
	}
	return r.Entry.Created.Unix()
}

// ends is when the entry expires, in Unix seconds; the end of time where it does not.
func (r Row) ends() int64 {
	if r.Entry == nil || r.Entry.Expires().IsZero() {
		return 1<<63 - 1
	}
	return r.Entry.Expires().Unix()
}
