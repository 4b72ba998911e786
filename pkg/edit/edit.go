// Package edit contains the edits of the core: pure functions from the current state to the desired state.
package edit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// ErrNarrow says that something cannot be revoked alone, because a wider grant includes it.
var ErrNarrow = errors.New("cannot revoke this alone")

// ErrUnread says that an edit depends on something that could not be read.
var ErrUnread = errors.New("not possible now")

// Each applies one edit after the other.
func Each(edits ...access.Edit) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		var err error
		for _, e := range edits {
			if s, err = e(s); err != nil {
				return access.Snapshot{}, err
			}
		}
		return s, nil
	}
}

// Grant creates an entry or adds to it: it widens scopes, adds groups and tags, and replaces the username. It never removes
// a right. The type of an entry cannot change; "" means STANDARD, or the existing one.
func Grant(want access.Entry) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) { return grant(s, want) }
}

func grant(s access.Snapshot, want access.Entry) (access.Snapshot, error) {
	have, exists := s.Entry(want.Principal)
	if !exists {
		have = access.Entry{Principal: want.Principal, Kind: want.Kind}
	}
	if have.Kind == "" {
		have.Kind = access.Standard
	}
	if want.Kind != "" && want.Kind != have.Kind {
		return access.Snapshot{}, fmt.Errorf("%w: %s has an entry of type %s; the type cannot change, revoke the entry first",
			access.ErrRule, want.Principal.Short(s.Cluster.Account()), have.Kind)
	}
	if err := checkExpiry(have, exists, want, s.Cluster); err != nil {
		return access.Snapshot{}, err
	}
	if have.Node() && (want.Username != "" || len(want.Groups) > 0) {
		return access.Snapshot{}, fmt.Errorf("%w: %s: EKS sets the groups and username of an entry of type %s",
			access.ErrRule, want.Principal.Short(s.Cluster.Account()), have.Kind)
	}
	will := merge(have, want).Canonical()
	if exists && have.Same(will) {
		return s, nil
	}
	if exists && have.Managed() {
		return s.Put(will), access.Change{Before: &have, After: &will}.CheckManaged(s.Cluster)
	}
	want.Kind = have.Kind
	if err := access.Check(want.Canonical(), s.Cluster); err != nil { // checks only what this grant adds
		return access.Snapshot{}, err
	}
	return s.Put(will), access.CheckSize(will, s.Cluster)
}

// refusal is a rule of this program: an access.ErrRule with its own text.
type refusal string

func (r refusal) Error() string { return string(r) }

// Is makes it an access.ErrRule.
func (refusal) Is(target error) bool { return target == access.ErrRule }

// checkExpiry refuses an expiry for access that has none, because the tag applies to the whole entry. An entry without grants
// and groups has permanent access too, because RBAC may bind its username.
func checkExpiry(have access.Entry, exists bool, want access.Entry, cluster access.Info) error {
	text, set := want.Tags[access.ExpiresTag]
	switch who := want.Principal.Short(cluster.Account()); {
	case !set:
		return nil
	case want.Expires().IsZero():
		return refusal(fmt.Sprintf("%s: tag %s=%s is not a time such as 2026-01-31T18:00:00Z; use --for", who, access.ExpiresTag, text))
	case exists && have.Expires().IsZero():
		return refusal(who + " has permanent access, and an expiry (--for) would apply to all of it: revoke that access first, or grant without an expiry")
	}
	return nil
}

// SetMode changes the cluster to its next mode. EKS allows no other change (eks-access.md §5).
func SetMode(to access.Mode) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		next := s.Cluster.Mode.Next()
		switch {
		case to == s.Cluster.Mode:
		case to == next:
			s.Cluster.Mode = to
		case next == "":
			return access.Snapshot{}, fmt.Errorf("%w: mode %s is the last one and cannot be changed", access.ErrRule, s.Cluster.Mode)
		default:
			return access.Snapshot{}, fmt.Errorf("%w: mode %s can only be changed to %s", access.ErrRule, s.Cluster.Mode, next)
		}
		return s, nil
	}
}

func merge(have, want access.Entry) access.Entry {
	have.Grants = slices.Clone(have.Grants)
	for _, g := range want.Grants {
		have.Grants = widen(have.Grants, g)
	}
	have.Groups = slices.Concat(have.Groups, want.Groups)
	if want.Username != "" {
		have.Username = want.Username
	}
	if len(want.Tags) > 0 {
		have.Tags = maps.Clone(have.Tags)
		if have.Tags == nil {
			have.Tags = map[string]string{}
		}
		maps.Copy(have.Tags, want.Tags)
	}
	return have
}

func widen(grants []access.Grant, g access.Grant) []access.Grant {
	i := slices.IndexFunc(grants, func(h access.Grant) bool { return h.Policy == g.Policy })
	if i < 0 {
		return append(grants, g)
	}
	grants[i].Scope = grants[i].Scope.With(g.Scope)
	return grants
}

// Revocation is what to revoke; a zero one means the whole entry.
type Revocation struct {
	// Grants without a policy mean every policy; without namespaces, the policy's whole scope.
	Grants []access.Grant
	Groups []string
}

// Whole reports whether the whole entry is revoked.
func (r Revocation) Whole() bool { return len(r.Grants) == 0 && len(r.Groups) == 0 }

// Revoke removes exactly what is named from an entry. What is missing is ignored.
func Revoke(p access.Principal, what Revocation) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) { return revoke(s, p, what) }
}

func revoke(s access.Snapshot, p access.Principal, what Revocation) (access.Snapshot, error) {
	have, exists := s.Entry(p)
	if !exists {
		return s, nil
	}
	if what.Whole() {
		return s.Drop(p), access.Change{Before: &have}.CheckManaged(s.Cluster)
	}
	was := have
	grants, err := what.rest(have)
	if err != nil {
		return access.Snapshot{}, fmt.Errorf("%s: %w", p.Short(s.Cluster.Account()), err)
	}
	have.Grants = grants
	have.Groups = slices.DeleteFunc(slices.Clone(have.Groups), func(g string) bool { return slices.Contains(what.Groups, g) })
	return s.Put(have), access.Change{Before: &was, After: &have}.CheckManaged(s.Cluster)
}

// Absent says in a sentence what of the revocation an entry does not have, "" for nothing. Name is the principal's.
func (r Revocation) Absent(e access.Entry, name string) string {
	var lacks []string
	for _, off := range r.Grants {
		named := slices.DeleteFunc(slices.Clone(e.Grants), func(g access.Grant) bool { return off.Policy != "" && g.Policy != off.Policy })
		if len(named) == 0 && off.Policy != "" {
			lacks = append(lacks, off.Policy.Short())
		}
		for _, ns := range off.Scope.Namespaces {
			if slices.ContainsFunc(named, func(g access.Grant) bool { return g.Scope.Reaches(ns) }) {
				continue
			}
			for _, g := range named {
				lacks = append(lacks, access.Grant{Policy: g.Policy, Scope: access.Scope{Namespaces: []string{ns}}}.String())
			}
		}
	}
	for _, group := range r.Groups {
		if !slices.Contains(e.Groups, group) {
			lacks = append(lacks, "group "+group)
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return fmt.Sprintf("%s does not have %s; it has %s", name, strings.Join(lacks, " or "), cmp.Or(strings.Join(e.Holdings(), "; "), "nothing"))
}

func (r Revocation) rest(e access.Entry) ([]access.Grant, error) {
	var stay []access.Grant
	for _, g := range e.Grants {
		left, keeps, err := r.narrow(g)
		if err != nil {
			return nil, err
		}
		if keeps {
			stay = append(stay, left)
		}
	}
	return stay, nil
}

// narrow removes what is named from a grant. A namespace that is only part of a wider scope is an error, because it would
// remain in scope.
func (r Revocation) narrow(g access.Grant) (access.Grant, bool, error) {
	var named []string
	for _, off := range r.Grants {
		switch {
		case off.Policy != "" && off.Policy != g.Policy:
		case off.Scope.WholeCluster():
			return g, false, nil
		default:
			named = append(named, off.Scope.Namespaces...)
		}
	}
	scope, keeps := access.Scope{}, g.Scope.WholeCluster()
	if !keeps {
		scope, keeps = g.Scope.Without(named)
	}
	for _, ns := range named {
		if keeps && scope.Reaches(ns) {
			return g, true, fmt.Errorf("%w: %s also includes %s; first grant what should remain, with another policy, then revoke this policy",
				ErrNarrow, access.Grant{Policy: g.Policy, Scope: scope}, ns)
		}
	}
	g.Scope = scope
	return g, keeps, nil
}

// ParseMode reads a mode in any case, with dashes too.
func ParseMode(text string) (access.Mode, error) {
	m := access.Mode(strings.ToUpper(strings.ReplaceAll(text, "-", "_")))
	if !slices.Contains(access.Modes, m) {
		return "", fmt.Errorf("invalid mode %q: the modes are CONFIG_MAP, API_AND_CONFIG_MAP and API%s", text, access.DidYouMean(string(m), []string{string(access.ModeConfigMap), string(access.ModeBoth), string(access.ModeAPI)}))
	}
	return m, nil
}
