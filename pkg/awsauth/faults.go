package awsauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// faults reports the fields that are not read. whole is whether all known ones were.
func (r *reader) faults(m access.Mapping, raw json.RawMessage) (whole bool) {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // refusal checked that it is a map
	whole = true
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		want, known := fieldType(m.Kind, key)
		fault := misread(key, want, fields[key])
		switch {
		case !known:
			r.fault(m, "unknown key %q is ignored; delete it", key)
		case fault != "":
			r.fault(m, "%s", fault)
			whole = whole && fault == emptyGroup // the authenticator accepts an empty group
		}
		if twin := seen[strings.ToLower(key)]; known && twin != "" {
			r.fault(m, "%s and %s are the same key because case is ignored, and %s is used; delete the other", twin, key, key)
		}
		seen[strings.ToLower(key)] = key
	}
	return whole
}

// fieldType is the type that a key must have.
func fieldType(kind access.MappingKind, key string) (want string, known bool) {
	switch key = strings.ToLower(key); {
	case key == "groups":
		return "list", true
	case key == "sso" && kind == access.MappedRole:
		return "map", true
	case key == string(kind)+"arn", key == "username", key == "userid":
		return "string", true
	}
	return "", false
}

const emptyGroup = "a group is empty; give it a name or delete it"

// misread says how a value of the wrong type is read.
func misread(key, want string, raw json.RawMessage) string {
	got := typeOf(raw)
	switch {
	case got == "null":
		return ""
	case got != want:
		return fmt.Sprintf("%s is %s, so it is read as empty; write %s", key, article(got), advice(want))
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
		case "string":
		case "null":
			fault = emptyGroup
		default:
			return fmt.Sprintf("an element of %s is %s, so it is read as empty; put it in quotes or delete it", key, article(t))
		}
	}
	return fault
}

func misreadSSO(raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		known := slices.Contains([]string{"permissionsetname", "accountid", "partition"}, strings.ToLower(key))
		if fault := misread("sso."+key, "string", fields[key]); known && fault != "" {
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

// typeOf names the type of a JSON value, which its first character determines.
func typeOf(raw json.RawMessage) string {
	switch strings.TrimLeft(string(raw), " \t\r\n")[0] {
	case '"':
		return "string"
	case '[':
		return "list"
	case '{':
		return "map"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

func article(t string) string {
	if t == "null" {
		return t
	}
	return "a " + t
}

// partitions reports ARNs in another AWS partition than most of the map's: callers are all of the cluster's partition.
func (r *reader) partitions() {
	count := map[string]int{}
	for _, m := range r.mappings {
		count[partition(m)]++
	}
	delete(count, "")
	most := ""
	for _, m := range r.mappings {
		if count[partition(m)] > count[most] {
			most = partition(m)
		}
	}
	for _, m := range r.mappings {
		if p := partition(m); p != "" && p != most {
			r.fault(m, "the ARN is in partition %s and the others are in %s; callers come from the cluster's partition only, so correct the wrong one", p, most)
		}
	}
}

// partition is the AWS partition of a mapping that the authenticator keeps; empty: none that exists.
func partition(m access.Mapping) string {
	p := access.Principal(strings.ToLower(m.ARN)).Partition()
	if m.State == access.Dropped || !strings.HasPrefix(strings.ToLower(m.ARN), "arn:") || !slices.Contains(access.Partitions, p) {
		return ""
	}
	return p
}
