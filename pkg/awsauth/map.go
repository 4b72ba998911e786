// Package awsauth reads the aws-auth ConfigMap as aws-iam-authenticator does, and tells what
// the authenticator keeps to itself: which lines it leaves out, and which no caller ever matches.
//
// The rules are those of the public source, kubernetes-sigs/aws-iam-authenticator: ParseMap and
// saveMap of pkg/mapper/configmap, Validate and Matches of pkg/config, Canonicalize of pkg/arn.
// Whether EKS runs exactly that build is not public.
package awsauth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Map is what aws-iam-authenticator makes of an aws-auth ConfigMap, and what it silently leaves out.
type Map struct {
	Mappings []access.Mapping // every line, in order: roles, users, accounts
	Defects  []Defect         // each thing that is wrong, in the order of the sections
	Keys     map[string]KeyState
	Remarks  []string // on the manifest around it, where that came from a file
}

// Defect is one thing that is wrong.
type Defect struct {
	Key  string // the data key, such as mapRoles
	Line int    // the line in the key's text, from 1, as the YAML parser tells it; 0 when unknown
	Item int    // the item of the key's list, from 1; 0 when it is about no single item
	Text string // what is wrong and what to do
}

// KeyState is what became of one data key.
type KeyState string

// What may become of a data key.
const (
	KeyOK      KeyState = "ok"
	KeyEmpty   KeyState = "empty"        // blank text
	KeyNothing KeyState = "empty-list"   // it is read and holds nothing
	KeyPartial KeyState = "partial"      // some of it is not read
	KeyInvalid KeyState = "invalid-yaml" // nothing of it is read
	KeyIgnored KeyState = "ignored-key"  // the authenticator does not look at such a key
)

// sections are the only keys that the authenticator looks at, roles first.
var sections = []struct {
	key  string
	kind access.MappingKind
}{
	{"mapRoles", access.MappedRole},
	{"mapUsers", access.MappedUser},
	{"mapAccounts", access.MappedAccount},
}

// Parse reads the data of the ConfigMap.
func Parse(data map[string]string) Map {
	r := reader{keys: map[string]KeyState{}}
	r.ignored(data)
	for _, s := range sections {
		if text, ok := data[s.key]; ok {
			r.section(s.key, s.kind, text)
		}
	}
	r.shadow()
	r.chance()
	r.partitions()
	return r.finish()
}

// InForce are the mappings that let somebody in.
func (m Map) InForce() []access.Mapping {
	var in []access.Mapping
	for _, line := range m.Mappings {
		if line.State == access.InForce {
			in = append(in, line)
		}
	}
	return in
}

// Accepted is how many lines of a section the authenticator keeps, whether they do anything or not.
func (m Map) Accepted(kind access.MappingKind) int {
	n := 0
	for _, line := range m.Mappings {
		if line.Kind == kind && line.State != access.Dropped {
			n++
		}
	}
	return n
}

// Distinct is how many of the accepted lines of a section are left, since of those of one ARN or
// account, ignoring case, the last wins.
func (m Map) Distinct(kind access.MappingKind) int {
	distinct := map[string]bool{}
	for _, line := range m.Mappings {
		if line.Kind == kind && line.State != access.Dropped {
			distinct[strings.ToLower(line.ARN)] = true
		}
	}
	return len(distinct)
}

// reader gathers what the sections hold.
type reader struct {
	lines   []line
	defects []Defect
	keys    map[string]KeyState
}

// line is a mapping and where it stands.
type line struct {
	access.Mapping
	key  string
	item int
}

func (r *reader) defect(key string, item int, format string, args ...any) {
	r.defects = append(r.defects, Defect{Key: key, Item: item, Text: fmt.Sprintf(format, args...)})
}

// add keeps a line; what is not in force is a defect too.
func (r *reader) add(l line) {
	if l.State != access.InForce {
		r.defect(l.key, l.item, "%s", l.Reason)
	}
	r.lines = append(r.lines, l)
}

func (r *reader) finish() Map {
	m := Map{Defects: r.defects, Keys: r.keys}
	for _, l := range r.lines {
		l.Item = l.item
		m.Mappings = append(m.Mappings, l.Mapping)
	}
	slices.SortStableFunc(m.Defects, func(a, b Defect) int {
		return cmp.Or(rank(a.Key)-rank(b.Key), cmp.Compare(a.Key, b.Key), a.Item-b.Item, a.Line-b.Line)
	})
	return m
}

// rank puts the keys that nobody reads behind the sections.
func rank(key string) int {
	for i, s := range sections {
		if s.key == key {
			return i
		}
	}
	return len(sections)
}
