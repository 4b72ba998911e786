package kubeapi

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// selector reports whether a list or a watch is about an object.
type selector func(object) bool

const (
	requirements = `(?:[^,(]|\([^)]*\))+`
	requirement  = `^\s*(!?)\s*([\w./-]+)(?:\s*(==?|!=)\s*([\w.-]*)|\s+(in|notin)\s*\(([^)]*)\))?\s*$`
)

// selector reads labelSelector and fieldSelector.
func (v *visit) selector(k kind) (selector, error) {
	var all []selector
	query := v.URL.Query()
	for _, text := range regexp.MustCompile(requirements).FindAllString(query.Get("labelSelector"), -1) {
		s, ok := labelled(text)
		if !ok {
			return nil, v.refuse(http.StatusBadRequest, "BadRequest", "unable to parse requirement: %q", text)
		}
		all = append(all, s)
	}
	for text := range strings.SplitSeq(query.Get("fieldSelector"), ",") {
		if text == "" {
			continue
		}
		field, value, _ := strings.Cut(text, "=")
		field, unlike := strings.CutSuffix(field, "!")
		if !slices.Contains(k.fields(), field) {
			return nil, v.refuse(http.StatusBadRequest, "BadRequest", "field label not supported: %s", field)
		}
		all = append(all, fieldIs(field, strings.TrimPrefix(value, "="), unlike))
	}
	return func(o object) bool {
		return !slices.ContainsFunc(all, func(s selector) bool { return !s(o) })
	}, nil
}

// labelled reads one requirement: a, !a, a=b, a==b, a!=b, a in (b,c), a notin (b,c).
func labelled(text string) (selector, bool) {
	m := regexp.MustCompile(requirement).FindStringSubmatch(text)
	if m == nil || m[1] != "" && m[3]+m[5] != "" {
		return nil, false
	}
	key, operator, values := m[2], m[3]+m[5], []string{m[4]}
	if m[5] != "" {
		values = strings.Split(strings.ReplaceAll(m[6], " ", ""), ",")
	}
	return func(o object) bool {
		label, has := texts(meta(o)["labels"])[key].(string)
		switch {
		case m[1] == "!":
			return !has
		case operator == "":
			return has
		case operator == "!=", operator == "notin":
			return !has || !slices.Contains(values, label)
		}
		return has && slices.Contains(values, label)
	}, true
}

// fields are those that a selector may name.
func (k kind) fields() []string {
	if k.resource == "namespaces" {
		return []string{"metadata.name", "status.phase"}
	}
	return append([]string{"metadata.name", "metadata.namespace"}, emptyFields[k.resource]...)
}

// emptyFields are what kubectl selects by, of kinds that have no objects here.
var emptyFields = map[string][]string{
	"pods":    {"spec.nodeName", "spec.serviceAccountName", "status.phase", "status.podIP"},
	"secrets": {"type"},
	"nodes":   {"spec.unschedulable"},
	"events":  {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.fieldPath", "reason", "type"},
}

func fieldIs(field, value string, unlike bool) selector {
	words := strings.Split(field, ".")
	return func(o object) bool {
		is, _ := texts(o[words[0]])[words[1]].(string)
		return (is == value) != unlike
	}
}

// onlyName is the name that a field selector is about, if it is about one.
func onlyName(fieldSelector string) string {
	for text := range strings.SplitSeq(fieldSelector, ",") {
		if name, ok := strings.CutPrefix(strings.Replace(text, "==", "=", 1), "metadata.name="); ok {
			return name
		}
	}
	return ""
}
