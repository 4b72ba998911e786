// Package awsauth reads the aws-auth ConfigMap as aws-iam-authenticator does, and reports what the authenticator does
// silently: which mappings it drops, and which no caller can match.
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

// Map is what aws-iam-authenticator reads from an aws-auth ConfigMap, and what is wrong with it.
type Map struct {
	Mappings []access.Mapping // all, in order: roles, users, accounts
	Defects  []Defect         // in the order of the sections
	Keys     map[string]KeyState
	Remarks  []string // about the manifest, where the map came from a file
}

// Defect is one thing that is wrong.
type Defect struct {
	Key  string // the data key, such as mapRoles
	Line int    // the line in the key's text, from 1, as the YAML parser reports it; 0 when unknown
	Item int    // the item of the key's list, from 1; 0 when it is not about a single item
	Text string // what is wrong and what to do
}

// KeyState is how one data key was read.
type KeyState string

// The states of a data key.
const (
	KeyOK      KeyState = "ok"
	KeyEmpty   KeyState = "empty"        // blank text
	KeyNothing KeyState = "empty-list"   // read, without a mapping
	KeyPartial KeyState = "partial"      // a part is not read
	KeyInvalid KeyState = "invalid-yaml" // not read
	KeyIgnored KeyState = "ignored-key"  // not a key of the authenticator's
)

// sections are the keys that the authenticator reads, roles first.
var sections = []access.MappingKind{access.MappedRole, access.MappedUser, access.MappedAccount}

// Parse reads the data of the ConfigMap.
func Parse(data map[string]string) Map {
	r := reader{keys: map[string]KeyState{}}
	r.ignored(data)
	for _, kind := range sections {
		if text, ok := data[kind.Section()]; ok {
			r.section(kind, text)
		}
	}
	r.shadow()
	r.chance()
	r.partitions()
	return r.finish()
}

// Accepted is how many mappings of a section the authenticator keeps, whether they match anybody or not.
func (m Map) Accepted(kind access.MappingKind) int {
	n := 0
	for _, o := range m.Mappings {
		if o.Kind == kind && o.State != access.Dropped {
			n++
		}
	}
	return n
}

// Distinct is how many accepted mappings of a section have an ARN or account of their own, ignoring case.
func (m Map) Distinct(kind access.MappingKind) int {
	distinct := map[string]bool{}
	for _, o := range m.Mappings {
		if o.Kind == kind && o.State != access.Dropped {
			distinct[strings.ToLower(o.ARN)] = true
		}
	}
	return len(distinct)
}

// reader collects what the sections hold.
type reader struct {
	mappings []access.Mapping
	defects  []Defect
	keys     map[string]KeyState
}

//go:noinline
func (r *reader) defect(key string, item int, format string, args ...any) {
	r.defects = append(r.defects, Defect{Key: key, Item: item, Text: fmt.Sprintf(format, args...)})
}

//go:noinline
func (r *reader) fault(m access.Mapping, format string, args ...any) {
	r.defect(m.Kind.Section(), m.Item, format, args...)
}

// add keeps a mapping; one that is not active is a defect too.
//
//go:noinline
func (r *reader) add(m access.Mapping) {
	if m.State != access.InForce {
		r.fault(m, "%s", m.Reason)
	}
	r.mappings = append(r.mappings, m)
}

func (r *reader) finish() Map {
	access.Sort(r.defects, func(a, b Defect) int {
		return cmp.Or(rank(a.Key)-rank(b.Key), cmp.Compare(a.Key, b.Key), a.Item-b.Item, a.Line-b.Line)
	})
	return Map{Mappings: r.mappings, Defects: r.defects, Keys: r.keys}
}

// rank puts the keys that are not read behind the sections.
//
//go:noinline
func rank(key string) int {
	i := slices.IndexFunc(sections, func(kind access.MappingKind) bool { return kind.Section() == key })
	if i < 0 {
		return len(sections)
	}
	return i
}
