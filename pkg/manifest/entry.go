package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Entry is the entry in canonical order, without what only EKS sets. Errors name the object and the field.
func (a AccessEntry) Entry() (access.Entry, error) {
	e, err := a.entry()
	if err != nil {
		return access.Entry{}, fmt.Errorf("%s: %w", a.title(), err)
	}
	return e.Canonical(), nil
}

// title names the object in errors.
func (a AccessEntry) title() string {
	switch {
	case a.Metadata.Name != "":
		return a.Metadata.Name
	case a.Spec.PrincipalARN != "":
		return a.Spec.PrincipalARN
	}
	return "an " + Kind + " without a name"
}

func (a AccessEntry) entry() (access.Entry, error) {
	if err := checkType(a.APIVersion, a.Kind); err != nil {
		return access.Entry{}, err
	}
	if err := checkPrincipal(a.Spec.PrincipalARN); err != nil {
		return access.Entry{}, err
	}
	if i := slices.IndexFunc(a.Spec.KubernetesGroups, blank); i >= 0 {
		return access.Entry{}, fmt.Errorf("spec.kubernetesGroups[%d]: is empty", i)
	}
	e := access.Entry{
		Principal: access.Principal(a.Spec.PrincipalARN),
		Kind:      access.Kind(a.Spec.Type),
		Username:  a.Spec.Username,
		Groups:    a.Spec.KubernetesGroups,
		Tags:      a.Spec.Tags,
	}
	if e.Kind == "" {
		e.Kind = access.Standard
	}
	for i, p := range a.Spec.AccessPolicies {
		g, err := p.grant(e)
		if err != nil {
			return access.Entry{}, fmt.Errorf("spec.accessPolicies[%d].%w", i, err)
		}
		e.Grants = append(e.Grants, g)
	}
	return e, nil
}

func checkType(apiVersion, kind string) error {
	switch {
	case kind != Kind:
		return fmt.Errorf("kind: %q is not %s", kind, Kind)
	case apiVersion != APIVersion:
		return fmt.Errorf("apiVersion: %q is not %s", apiVersion, APIVersion)
	}
	return nil
}

func checkPrincipal(arn string) error {
	p := access.Principal(arn)
	begin := "arn:" + p.Partition()
	iam := strings.HasPrefix(arn, begin+":iam::") || strings.HasPrefix(arn, begin+":sts::")
	switch {
	case arn == "":
		return errors.New("spec.principalARN: is missing")
	case !iam || p.Partition() == "" || p.Account() == "" || p.Name() == "" || strings.ContainsFunc(arn, unprintable):
		return fmt.Errorf("spec.principalARN: %q is not the ARN of a role or user; write arn:aws:iam::ACCOUNT:role/NAME", arn)
	}
	return nil
}

// grant is the policy as a grant that the entry does not have yet.
func (p AccessPolicy) grant(e access.Entry) (access.Grant, error) {
	g := access.Grant{Policy: access.PolicyOf(p.PolicyARN)}
	_, twice := e.Grant(g.Policy)
	switch {
	case p.PolicyARN == "":
		return g, errors.New("policyARN: is missing")
	case p.PolicyARN != g.Policy.ARN(e.Principal.Partition()) || blank(string(g.Policy)):
		return g, fmt.Errorf("policyARN: %q is not the ARN of an access policy in the principal's partition; write %s",
			p.PolicyARN, access.ClusterAdmin.ARN(e.Principal.Partition()))
	case twice:
		return g, fmt.Errorf("policyARN: %s appears twice; an entry holds each policy once, with one scope", g.Policy)
	}
	scope, err := p.AccessScope.scope()
	g.Scope = scope
	return g, err
}

// scope never guesses: a scope without names must have type cluster.
func (s AccessScope) scope() (access.Scope, error) {
	switch {
	case s.Type == "":
		return access.Scope{}, errors.New("accessScope.type: is missing; write cluster or namespace")
	case s.Type != ScopeCluster && s.Type != ScopeNamespace:
		return access.Scope{}, fmt.Errorf("accessScope.type: %q is neither cluster nor namespace", s.Type)
	case s.Type == ScopeCluster && len(s.Namespaces) > 0:
		return access.Scope{}, errors.New("accessScope.namespaces: require type namespace, and the type is cluster")
	case s.Type == ScopeNamespace && len(s.Namespaces) == 0:
		return access.Scope{}, errors.New("accessScope.namespaces: are missing; type namespace needs one or more")
	}
	if i := slices.IndexFunc(s.Namespaces, blank); i >= 0 {
		return access.Scope{}, fmt.Errorf("accessScope.namespaces[%d]: is empty", i)
	}
	return access.Scope{Namespaces: s.Namespaces}, nil
}

//go:noinline
func blank(s string) bool { return strings.TrimSpace(s) == "" }

func unprintable(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
