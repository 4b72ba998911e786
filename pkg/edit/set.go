package edit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Set makes an entry what a file says: each field that is written exactly so, the others as they are. Of tags only the written
// keys change: others are those of their owners. A file without policies is refused over an entry that has some, since
// for other tools it means that there are none.
func Set(want access.Desired) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) { return setEntry(s, want) }
}

//go:noinline
func setEntry(s access.Snapshot, want access.Desired) (access.Snapshot, error) {
	who := want.Principal.Short(s.Cluster.Account())
	have, exists := s.Entry(want.Principal)
	if !exists {
		have = access.Entry{Principal: want.Principal, Kind: access.Standard}
		if want.Written.Kind {
			have.Kind = want.Kind
		}
	}
	switch {
	case want.Written.Kind && want.Kind != have.Kind:
		return access.Snapshot{}, fmt.Errorf("%w: %s has an entry of type %s; the type cannot change, revoke the entry first", access.ErrRule, who, have.Kind)
	case !want.Written.Grants && len(have.Grants) > 0:
		return access.Snapshot{}, refusal(fmt.Sprintf("%s has access policies (%s) and the file has no accessPolicies: write them, or accessPolicies: [] for none", who, holdings(have)))
	case have.Node() && (want.Written.Username && want.Username != have.Username || want.Written.Groups && !sameGroups(want.Groups, have)):
		return access.Snapshot{}, fmt.Errorf("%w: %s: EKS sets the groups and username of an entry of type %s", access.ErrRule, who, have.Kind)
	}
	will := written(have, want).Canonical()
	if exists && have.Same(will) {
		return s, nil
	}
	if exists && have.Managed() {
		return s.Put(will), access.Change{Before: &have, After: &will}.CheckManaged(s.Cluster)
	}
	if err := access.Check(added(have, will), s.Cluster); err != nil {
		return access.Snapshot{}, err
	}
	return s.Put(will), access.CheckSize(will, s.Cluster)
}

// added is what an entry gets. What it has, such as the tags of other tools, is not for EKS to refuse.
func added(have, will access.Entry) access.Entry {
	if will.Username == have.Username {
		will.Username = ""
	}
	will.Groups = slices.DeleteFunc(slices.Clone(will.Groups), func(g string) bool { return slices.Contains(have.Groups, g) })
	tags := map[string]string{}
	for k, v := range will.Tags {
		if was, had := have.Tags[k]; !had || was != v {
			tags[k] = v
		}
	}
	will.Tags = tags
	return will
}

// written is the entry with the fields that are written.
func written(have access.Entry, want access.Desired) access.Entry {
	if want.Written.Username {
		have.Username = want.Username
	}
	if want.Written.Groups {
		have.Groups = want.Groups
	}
	if want.Written.Grants {
		have.Grants = want.Grants
	}
	if len(want.Tags) > 0 {
		tags := maps.Clone(have.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, want.Tags)
		have.Tags = tags
	}
	return have
}

// sameGroups reports whether an entry has exactly these groups.
func sameGroups(groups []string, e access.Entry) bool {
	other := e
	other.Groups = groups
	return e.Same(other.Canonical())
}

func holdings(e access.Entry) string {
	e.Groups = nil
	return strings.Join(e.Holdings(), ", ")
}

// SetOf is Set, and makes the entry a member of a set. An entry of another set is refused.
func SetOf(set string, want access.Desired) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		if set == "" {
			return setEntry(s, want)
		}
		have, _ := s.Entry(want.Principal)
		if other := have.Tags[access.SetTag]; other != "" && other != set {
			return access.Snapshot{}, refusal(fmt.Sprintf("%s belongs to set %s, not to %s: remove it from the files of one of them", want.Principal.Short(s.Cluster.Account()), other, set))
		}
		want.Tags = maps.Clone(want.Tags)
		if want.Tags == nil {
			want.Tags = map[string]string{}
		}
		want.Tags[access.SetTag] = set
		return setEntry(s, want)
	}
}

// Prune deletes an entry that is a member of a set, unless it is one that files never delete.
func Prune(set string, p access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		if e, ok := s.Entry(p); ok && e.Tags[access.SetTag] == set && e.Prunable() == "" {
			return s.Drop(p), nil
		}
		return s, nil
	}
}
