package awsauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// faults tells of the fields that are not read, and whether all that are known were.
func (r *reader) faults(l line, raw json.RawMessage) (whole bool) {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // it is a map, refusal has looked
	whole = true
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		want, known := fieldType(l.Kind, key)
		fault := misread(key, want, fields[key])
		switch {
		case !known:
			r.defect(l.key, l.item, "the key %q is not read; delete it", key)
		case fault != "":
			r.defect(l.key, l.item, "%s", fault)
			whole = whole && fault == emptyGroup // to the authenticator an empty group is fine
		}
		if twin := seen[strings.ToLower(key)]; known && twin != "" {
			r.defect(l.key, l.item, "%s and %s are the same key to the authenticator, which takes %s; delete the other", twin, key, key)
		}
		seen[strings.ToLower(key)] = key
	}
	return whole
}

// fieldType is the type that a key of an item must have.
func fieldType(kind access.MappingKind, key string) (want string, known bool) {
	switch key = strings.ToLower(key); {
	case key == "groups":
		return "list", true
	case key == "sso" && kind == access.MappedRole:
		return "map", true
	case key == string(kind)+"arn", key == "username", key == "userid":
		return "text", true
	}
	return "", false
}

const emptyGroup = "a group is empty; give it a name or delete it"

// misread says how a value of the wrong type is read.
func misread(key, want string, raw json.RawMessage) string {
	got := typeOf(raw)
	switch {
	case got == "nothing":
		return ""
	case got != want:
		return fmt.Sprintf("%s is %s and read as if it were empty; write %s", key, article(got), advice(want))
	case want == "map":
		return misreadSSO(raw)
	case want == "list":
		return misreadGroups(key, raw)
	}
	return ""
}

func misreadGroups(key string, raw json.RawMessage) (fault string) {
	var groups []json.RawMessage
	_ = json.Unmarshal(raw, &groups)
	for _, g := range groups {
		switch t := typeOf(g); t {
		case "text":
		case "nothing":
			fault = emptyGroup
		default:
			return fmt.Sprintf("an element of %s is %s and read as if it were empty; put it in quotes or delete it", key, article(t))
		}
	}
	return fault
}

func misreadSSO(raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		known := slices.Contains([]string{"permissionsetname", "accountid", "partition"}, strings.ToLower(key))
		if fault := misread("sso."+key, "text", fields[key]); known && fault != "" {
			return fault
		}
	}
	return ""
}

func advice(want string) string {
	if want == "list" {
		return "a list"
	}
	return "it in quotes"
}

// typeOf names the type of a JSON value, told by how it begins.
func typeOf(raw json.RawMessage) string {
	switch strings.TrimLeft(string(raw), " \t\r\n")[0] {
	case '"':
		return "text"
	case '[':
		return "list"
	case '{':
		return "map"
	case 't', 'f':
		return "truth value"
	case 'n':
		return "nothing"
	}
	return "number"
}

func article(t string) string {
	if t == "nothing" {
		return t
	}
	return "a " + t
}

// partitions tells of ARNs in another AWS partition than most of the map's, of equally many the first: whoever comes is
// of one partition, the cluster's.
func (r *reader) partitions() {
	count := map[string]int{}
	for _, l := range r.lines {
		count[l.partition()]++
	}
	delete(count, "")
	most := ""
	for _, l := range r.lines {
		if count[l.partition()] > count[most] {
			most = l.partition()
		}
	}
	for _, l := range r.lines {
		if p := l.partition(); p != "" && p != most {
			r.defect(l.key, l.item, "the ARN is in partition %s and others here are in %s, but callers come from the cluster's partition only, so one of them never matches; correct it", p, most)
		}
	}
}

// partition is the AWS partition of a mapping that the authenticator keeps; empty: none that exists.
func (l line) partition() string {
	p := access.Principal(strings.ToLower(l.ARN)).Partition()
	if l.State == access.Dropped || !strings.HasPrefix(strings.ToLower(l.ARN), "arn:") || !slices.Contains(access.Partitions, p) {
		return ""
	}
	return p
}
