package access

import (
	"errors"
	"fmt"
	"strings"
)

// Scoped is a policy as written, with the namespaces after its colon: edit:dev,qa.
type Scoped struct {
	Policy     string
	Namespaces []string // nil: none
}

// ErrStar says that * was used for all namespaces: for that the scope is the whole cluster.
var ErrStar = errors.New("* is not a namespace")

// String is the written form.
//
//go:noinline
func (s Scoped) String() string {
	if s.Namespaces == nil {
		return s.Policy
	}
	return s.Policy + ":" + strings.Join(s.Namespaces, ",")
}

// ParseScoped reads policies separated by commas. A colon begins the namespaces of a policy; the following words without a
// colon belong to the same policy:
//
//	view,edit            view and edit, without namespaces of their own
//	edit:dev,qa          edit in dev and qa
//	edit:dev,view:prod   edit in dev, view in prod
//	admin,edit:dev       admin without namespaces of its own, edit in dev
func ParseScoped(text string) (all []Scoped, err error) {
	for word := range strings.SplitSeq(text, ",") {
		name, namespace, scoped := CutScope(word)
		last := len(all) - 1
		if !scoped && (last < 0 || all[last].Namespaces == nil) {
			all = append(all, Scoped{Policy: word})
			continue
		}
		if scoped {
			all = append(all, Scoped{Policy: name})
			last++
		} else {
			namespace = word
		}
		s := &all[last]
		s.Namespaces = append(s.Namespaces, namespace)
		switch {
		case s.Policy == "":
			return nil, errors.New("the policy before the colon is missing")
		case strings.TrimSpace(namespace) == "":
			return nil, fmt.Errorf("%q has an empty namespace", s)
		case namespace == "*":
			return nil, fmt.Errorf("%q: %w", s, ErrStar)
		}
	}
	return all, nil
}

// CutScope splits a word at the colon between policy and namespace. An ARN has its own colons before its slash.
func CutScope(word string) (policy, namespace string, found bool) {
	arn := ""
	if strings.HasPrefix(word, "arn:") {
		slash := strings.IndexByte(word, '/')
		if slash < 0 {
			return word, "", false
		}
		arn, word = word[:slash], word[slash:]
	}
	policy, namespace, found = strings.Cut(word, ":")
	return arn + policy, namespace, found
}

// ParseGrants finds the written policies among the known ones.
func ParseGrants(written []Scoped, known []Policy) ([]Grant, error) {
	grants := make([]Grant, len(written))
	for i, s := range written {
		p, err := ParsePolicy(s.Policy, known)
		if err != nil {
			return nil, err
		}
		grants[i] = Grant{Policy: p, Scope: Scope{Namespaces: s.Namespaces}}
	}
	return grants, nil
}
