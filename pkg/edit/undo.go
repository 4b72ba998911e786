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

// Back is the effect of an undo on the present cluster. It reverses only what the change did; later changes stay:
//
//	the change added it      it is removed
//	the change removed it    it is restored
//	the change replaced it   the old value is restored; a value that was set since is overwritten, and in Overwrites
type Back struct {
	After      *access.Entry // nil: no entry
	Overwrites []string      // later values that are lost
	Notes      []string      // what cannot be restored, or stays
}

// Undo reverses the change of one entry.
func Undo(c access.Change) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		b, err := TakeBack(c, s)
		if err != nil {
			return access.Snapshot{}, err
		}
		if b.After == nil {
			return s.Drop(c.Principal()), nil
		}
		return s.Put(*b.After), nil
	}
}

// TakeBack is what Undo would do. It is an error where EKS does not allow it.
func TakeBack(c access.Change, s access.Snapshot) (Back, error) {
	now, exists := s.Entry(c.Principal())
	short := c.Principal().Short(s.Cluster.Account())
	switch {
	case exists && (c.Before == nil || c.After == nil) && now.Managed():
		return Back{}, access.Change{Before: &now}.CheckManaged(s.Cluster)
	case exists && c.Before != nil && c.Before.Kind != now.Kind:
		return Back{}, fmt.Errorf("%w: %s has an entry of type %s now and had one of type %s; the type cannot change, revoke the entry first",
			access.ErrRule, short, now.Kind, c.Before.Kind)
	case !exists && c.Before == nil:
		return Back{}, nil
	case !exists && c.After != nil:
		return Back{Notes: []string{short + ": the entry was deleted since and stays deleted"}}, nil
	case !exists:
		b := Back{After: withoutReserved(*c.Before), Notes: []string{short + ": the entry will be recreated with a new ARN and creation time, tied to the current role or user"}}
		if len(b.After.Tags) < len(c.Before.Tags) {
			b.Notes = append(b.Notes, short+": its tags of AWS cannot be restored, because only AWS can set them")
		}
		if !s.Cluster.Mode.ReadsEntries() {
			return b, access.ErrMode
		}
		return b, nil
	}
	return takeBack(c, now, short), nil
}

func takeBack(c access.Change, now access.Entry, short string) Back {
	var none access.Entry
	before, after := &none, &none
	if c.Before != nil {
		before = c.Before
	}
	if c.After != nil {
		after = c.After
	}
	then := now
	b := Back{After: &then}
	then.Groups = sorted(restore(set(before.Groups), set(after.Groups), set(now.Groups)))
	then.Grants = grantsBack(*before, *after, now)
	then.Tags, b.Overwrites = valuesBack(before.Tags, after.Tags, now.Tags)
	for i, key := range b.Overwrites {
		b.Overwrites[i] = fmt.Sprintf("%s: tag %s=%s", short, key, now.Tags[key])
	}
	if c.Before != nil && now.Username != before.Username {
		gone := c.After == nil // and another entry was created since
		if gone || before.Username != after.Username {
			then.Username = before.Username
		}
		if gone || before.Username != after.Username && now.Username != after.Username {
			b.Overwrites = append(b.Overwrites, short+": username "+now.Username)
		}
	}
	switch {
	case c.Before != nil:
	case bare(then):
		b.After = nil
		if made := cmp.Or(after.Username, access.DefaultUsername(now.Principal)); !now.Node() && now.Username != made {
			b.Overwrites = append(b.Overwrites, short+": username "+now.Username)
		}
	default:
		b.Notes = append(b.Notes, short+": the entry stays, because it was changed later")
	}
	return b
}

// bare reports whether an entry has nothing but what EKS sets itself: the groups of nodes, tags of AWS.
func bare(e access.Entry) bool {
	return len(e.Grants) == 0 && (e.Node() || len(e.Groups) == 0) && len(withoutReserved(e).Tags) == 0
}

// withoutReserved is the entry without tags of AWS, which only AWS can set (eks-access.md §4.6).
func withoutReserved(e access.Entry) *access.Entry {
	e.Tags = maps.Clone(e.Tags)
	maps.DeleteFunc(e.Tags, func(k, _ string) bool { return strings.HasPrefix(strings.ToLower(k), "aws:") })
	return &e
}

// grantsBack restores the scope of each policy, name by name.
func grantsBack(before, after, now access.Entry) []access.Grant {
	policies := map[access.Policy]bool{}
	for _, g := range slices.Concat(before.Grants, after.Grants, now.Grants) {
		policies[g.Policy] = true
	}
	var grants []access.Grant
	for _, p := range slices.Sorted(maps.Keys(policies)) {
		names := restore(scope(before, p), scope(after, p), scope(now, p))
		switch {
		case len(names) == 0:
		case names[""]:
			grants = append(grants, access.Grant{Policy: p})
		default:
			grants = append(grants, access.Grant{Policy: p, Scope: access.Scope{Namespaces: sorted(names)}})
		}
	}
	return grants
}

// scope are the namespaces of a policy's grant; the whole cluster is "".
func scope(e access.Entry, p access.Policy) map[string]bool {
	g, ok := e.Grant(p)
	switch {
	case !ok:
		return nil
	case g.Scope.WholeCluster():
		return map[string]bool{"": true}
	}
	return set(g.Scope.Namespaces)
}

// restore adds to now what was removed between before and after, and removes what was added.
func restore(before, after, now map[string]bool) map[string]bool {
	then := maps.Clone(now)
	if then == nil {
		then = map[string]bool{}
	}
	for name := range before {
		if !after[name] {
			then[name] = true
		}
	}
	for name := range after {
		if !before[name] {
			delete(then, name)
		}
	}
	return then
}

// valuesBack restores the values that differ between before and after, and returns the keys whose value is neither.
func valuesBack(before, after, now map[string]string) (then map[string]string, overwritten []string) {
	then = maps.Clone(now)
	if then == nil {
		then = map[string]string{}
	}
	for _, k := range slices.Sorted(maps.Keys(restore(keys(before), nil, keys(after)))) {
		was, had := before[k]
		will, has := after[k]
		is, holds := now[k]
		if had == has && was == will {
			continue
		}
		if (holds != had || is != was) && (holds != has || is != will) {
			overwritten = append(overwritten, k)
		}
		if delete(then, k); had {
			then[k] = was
		}
	}
	return then, overwritten
}

// UndoAWSAuth reverses a change of aws-auth, key by key.
func UndoAWSAuth(c access.ConfigMapChange) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		if s.AWSAuth == nil {
			return access.Snapshot{}, errors.New("undo the change of aws-auth: it was not read")
		}
		if s.AWSAuth.Err != nil {
			return access.Snapshot{}, fmt.Errorf("%w: undo the change of aws-auth: %w", ErrUnread, s.AWSAuth.Err)
		}
		then, _ := TakeBackAWSAuth(c, *s.AWSAuth)
		then.Version = s.AWSAuth.Version
		s.AWSAuth = &then
		return s, nil
	}
}

// TakeBackAWSAuth is what UndoAWSAuth would do, and which later changes it overwrites.
func TakeBackAWSAuth(c access.ConfigMapChange, now access.ConfigMap) (then access.ConfigMap, overwrites []string) {
	if c.After.Exists() && c.Before.Exists() && !now.Exists() {
		return access.ConfigMap{Data: c.Before.Data}, []string{"aws-auth: it was deleted since"}
	}
	then.Data, overwrites = valuesBack(c.Before.Data, c.After.Data, now.Data)
	for i, key := range overwrites {
		overwrites[i] = "aws-auth: " + key + " was written since"
	}
	if !c.Before.Exists() && len(then.Data) == 0 {
		then.Data = nil
	}
	return then, overwrites
}

func set(list []string) map[string]bool {
	m := map[string]bool{}
	for _, s := range list {
		m[s] = true
	}
	return m
}

func keys(m map[string]string) map[string]bool { return set(slices.Collect(maps.Keys(m))) }

func sorted(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
