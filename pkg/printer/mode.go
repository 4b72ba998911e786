package printer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// ModeReport is what the modes mean for one cluster.
type ModeReport struct {
	APIVersion   string      `json:"apiVersion"`
	Kind         string      `json:"kind"`
	Cluster      string      `json:"cluster"`
	Mode         access.Mode `json:"mode"`
	Next         access.Mode `json:"next,omitempty"`
	Entries      int         `json:"entries"`
	Mappings     int         `json:"mappings"`                  // active ones
	WithoutEntry []string    `json:"withoutEntry,omitempty"`    // people and accounts that have access only through a mapping
	Impossible   []string    `json:"noEntryPossible,omitempty"` // of those: accounts and roles of AWS services
	Nodes        []string    `json:"nodesWithoutEntry,omitempty"`
	Dead         []string    `json:"deadEntries,omitempty"`     // whose principals have access only through a mapping
	Doubtful     []string    `json:"doubtfulEntries,omitempty"` // whose role or user IAM did not describe
	Unread       string      `json:"unread,omitempty"`          // why aws-auth could not be read
}

// ModeOf reports on the cluster of a snapshot with every entry and aws-auth.
func ModeOf(s access.Snapshot) ModeReport {
	r := ModeReport{APIVersion: manifest.OwnVersion, Kind: "AuthenticationMode", Cluster: s.Cluster.Name, Mode: s.Cluster.Mode, Next: s.Cluster.Mode.Next(), Entries: len(s.Entries)}
	if s.AWSAuth == nil {
		return r
	}
	if s.AWSAuth.Err != nil {
		r.Unread = s.AWSAuth.Err.Error()
		return r
	}
	mappings := s.AWSAuth.InForce()
	people, nodes := access.Stranded(mappings, s)
	r.Mappings = len(mappings)
	r.WithoutEntry, r.Nodes = shorts(people, s.Cluster.Account()), shorts(nodes, s.Cluster.Account())
	r.Impossible = shorts(slices.DeleteFunc(slices.Clone(people), access.Mapping.Migrates), s.Cluster.Account())
	r.Dead, r.Doubtful = shorts(s.Dead, s.Cluster.Account()), shorts(s.Doubtful, s.Cluster.Account())
	return r
}

func shorts[T interface{ Short(account string) string }](named []T, account string) []string {
	var all []string
	for _, n := range named {
		all = append(all, n.Short(account))
	}
	return all
}

// Row is one of several clusters.
func (r ModeReport) Row() Table {
	mappings, without := strconv.Itoa(r.Mappings), orNone(strings.Join(append(slices.Clone(r.WithoutEntry), r.Nodes...), ", "))
	if r.Unread != "" {
		mappings, without = unknown, unknown
	}
	return Table{
		Columns: []Column{{Name: "MODE"}, {Name: "ENTRIES"}, {Name: "MAPPINGS"}, {Name: "WITHOUT ENTRY"}},
		Rows:    [][]string{{Clean(string(r.Mode)), strconv.Itoa(r.Entries), mappings, without}},
	}
}

// Text shows each mode on its lines, with a mark at the cluster's own.
func (r ModeReport) Text(command func(...string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %s is in mode %s\n", Clean(r.Cluster), r.Mode)
	for _, m := range access.Modes {
		mark := " "
		if m == r.Mode {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %-19s %s\n", mark, m, Clean(r.Meaning(m)))
	}
	switch left := len(r.WithoutEntry) + len(r.Nodes); {
	case r.Next == access.ModeAPI && left > len(r.Impossible):
		fmt.Fprintf(&b, "next, to create entries for the mappings: %s\n", command("migrate"))
	case r.Next == access.ModeAPI && left > 0:
		fmt.Fprintf(&b, "next, to decide about %s, which cannot have an access entry: %s\n",
			Clean(strings.Join(r.Impossible, ", ")), command("migrate", "--remove-mappings"))
	case r.Next != "":
		fmt.Fprintf(&b, "next: %s\n", command("mode", string(r.Next), "--accept-risk="+string(access.OneWayMode)))
	}
	return b.String()
}

// Meaning is what a mode means here: as it is, as it would be, or as it was.
func (r ModeReport) Meaning(m access.Mode) string {
	now, behind := m == r.Mode, m == access.ModeConfigMap || r.Mode == access.ModeAPI
	for _, row := range []struct {
		fits bool
		text string
	}{
		{now && m == access.ModeConfigMap, "only aws-auth is used: " + r.mapped("active mapping") + ". The cluster creator is an administrator too but is never listed"},
		{now && m == access.ModeBoth, access.Count(r.Entries, "entry", "entries") + " and aws-auth are used, and an entry overrides mappings; in aws-auth " + r.mapped("mapping")},
		{now, "only entries are used: " + access.Count(r.Entries, "entry", "entries") + "; aws-auth is not read"},
		{behind && m == access.ModeConfigMap, "only aws-auth is used; the cluster cannot return to this mode"},
		{behind, "entries and aws-auth are used; the cluster cannot return to this mode"},
		{m == access.ModeBoth, "entries are used too and override aws-auth, where " + r.mapped("mapping") + " remain in use; EKS adds an entry for the creator; irreversible"},
	} {
		if row.fits {
			return row.text
		}
	}
	if r.Unread == "" && r.Mappings == 0 {
		return "only entries are used; aws-auth has no mappings; irreversible"
	}
	return "only entries are used; in aws-auth " + r.mapped("mapping") + ", " + r.left() + "; irreversible"
}

// mapped counts the mappings that aws-auth has without errors.
//
//go:noinline
func (r ModeReport) mapped(one string) string {
	if r.Unread != "" {
		return "an unknown number of " + one + "s (" + r.Unread + ")"
	}
	return access.Count(r.Mappings, one, one+"s")
}

// left names who has no access without aws-auth.
func (r ModeReport) left() string {
	var parts []string
	if len(r.WithoutEntry) > 0 {
		parts = append(parts, fmt.Sprintf("%d without an entry: %s", len(r.WithoutEntry), strings.Join(r.WithoutEntry, ", ")))
	}
	if len(r.Nodes) > 0 {
		parts = append(parts, fmt.Sprintf("%d of nodes without an entry for nodes: %s", len(r.Nodes), strings.Join(r.Nodes, ", ")))
	}
	switch {
	case r.Unread != "":
		return "and it is unknown which have no entry"
	case len(parts) == 0:
		parts = append(parts, "all of them with an entry")
	}
	if len(r.Dead) > 0 {
		parts = append(parts, "stale entries, whose role or user was deleted or recreated: "+strings.Join(r.Dead, ", "))
	}
	if len(r.Doubtful) > 0 {
		parts = append(parts, "not checked, since IAM did not describe their role or user: entries of "+strings.Join(r.Doubtful, ", "))
	}
	return strings.Join(parts, "; ")
}
