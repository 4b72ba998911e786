package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestModesGoOneWay, one step at a time, and each reads what is before and after it (eks-access.md §5).
func TestModesGoOneWay(t *testing.T) {
	for _, c := range []struct {
		mode, next        access.Mode
		entries, mappings bool
	}{
		{"", access.ModeBoth, false, true},
		{access.ModeConfigMap, access.ModeBoth, false, true},
		{access.ModeBoth, access.ModeAPI, true, true},
		{access.ModeAPI, "", true, false},
	} {
		if c.mode.Next() != c.next || c.mode.ReadsEntries() != c.entries || c.mode.ReadsConfigMap() != c.mappings {
			t.Errorf("%q: next %q, entries %v, mappings %v", c.mode, c.mode.Next(), c.mode.ReadsEntries(), c.mode.ReadsConfigMap())
		}
	}
}

// TestOnlyAPersonsEntryAdministers, by cluster-admin on the whole cluster and nothing else.
func TestOnlyAPersonsEntryAdministers(t *testing.T) {
	for _, c := range []struct {
		e    access.Entry
		want bool
	}{
		{entry(dev, "admin"), true},
		{entry(dev, "view admin group:g"), true},
		{entry(dev, "admin:a"), false},
		{entry(dev, "edit"), false},
		{entry(dev, "group:system:masters"), false},
		{entry(node, "kind:EC2 admin"), false},
		{entry(linked, "admin"), false},
		{access.Entry{Principal: dev, Grants: []access.Grant{{Policy: access.ClusterAdmin}}}, true}, // of no kind yet
	} {
		if c.e.Administers() != c.want {
			t.Errorf("%+v: %v", c.e, !c.want)
		}
	}
}

// TestPutAndDropLeaveTheSnapshotAlone: also where there is room behind its entries.
func TestPutAndDropLeaveTheSnapshotAlone(t *testing.T) {
	roomy := state("dev=view; ops=edit; alice=admin")
	roomy.Entries = slices.Grow(roomy.Entries, 8)
	was := fmt.Sprint(roomy)
	mixed := access.Entry{Principal: who("a"), Groups: []string{"h", "g", "h"}}
	for name, s := range map[string]access.Snapshot{
		"put":     roomy.Put(mixed),
		"replace": roomy.Put(entry(dev, "edit:a")),
		"drop":    roomy.Drop(ops),
		"none":    roomy.Drop(node),
	} {
		if fmt.Sprint(roomy) != was {
			t.Fatalf("%s changed the snapshot", name)
		}
		if !slices.IsSortedFunc(s.Entries, func(a, b access.Entry) int { return strings.Compare(string(a.Principal), string(b.Principal)) }) {
			t.Errorf("%s: not in order: %v", name, s.Entries)
		}
		if want := map[string]int{"put": 4, "replace": 3, "drop": 2, "none": 3}[name]; len(s.Entries) != want {
			t.Errorf("%s: %d entries", name, len(s.Entries))
		}
	}
	if e, _ := roomy.Put(mixed).Entry(who("a")); strings.Join(e.Groups, "") != "gh" || mixed.Groups[0] != "h" {
		t.Errorf("put is not canonical, or changed its entry: %v, %v", e.Groups, mixed.Groups)
	}
	if e, found := roomy.Entry(dev); !found || len(e.Grants) != 1 {
		t.Errorf("%v", e)
	}
	if _, found := roomy.Entry("arn:aws:iam::111122223333:role/dev"); found {
		t.Error("an entry is found by another ARN")
	}
}

// TestCanonicalSharesNothing with the entry it came from.
func TestCanonicalSharesNothing(t *testing.T) {
	e := entry(dev, "view:a,b group:g tag:k=v")
	c := e.Canonical()
	c.Tags["k"], c.Groups[0], c.Grants[0].Scope.Namespaces[0] = "other", "other", "other"
	if e.Tags["k"] != "v" || e.Groups[0] != "g" || e.Grants[0].Scope.Namespaces[0] != "a" {
		t.Errorf("%+v", e)
	}
}

// TestSameComparesWhatPeopleDecide and not what EKS alone does.
func TestSameComparesWhatPeopleDecide(t *testing.T) {
	base := entry(dev, "view:a group:g user:u tag:k=v")
	byEKS := base
	byEKS.ARN, byEKS.Created, byEKS.Modified = "arn:aws:eks:…", time.Unix(1, 0), time.Unix(2, 0)
	if !base.Same(byEKS) {
		t.Error("what EKS sets counts")
	}
	for _, words := range []string{"view:b group:g user:u tag:k=v", "view:a group:h user:u tag:k=v", "view:a group:g user:v tag:k=v", "view:a group:g user:u tag:k=w", "group:g user:u tag:k=v", "view:a group:g user:u tag:k=v kind:EC2", "view group:g user:u tag:k=v"} {
		if base.Same(entry(dev, words)) || entry(dev, words).Same(base) {
			t.Errorf("the same as %s", words)
		}
	}
	if base.Same(entry(ops, "view:a group:g user:u tag:k=v")) {
		t.Error("the principal does not count")
	}
	none := access.Entry{Principal: dev, Kind: access.Standard}
	if !none.Same(none.Canonical()) {
		t.Error("no grants and an empty list of them differ")
	}
}

// TestStaleEntries: the role or user is gone, or another one of the same name.
func TestStaleEntries(t *testing.T) {
	for _, c := range []struct {
		state string
		want  access.Stale
	}{
		{"ops=view", ""},
		{"ops=view; dead=dev", ""},
		{"ops=view; dead=ops", access.StaleRecreated},
		{"ops=view; dead=ops; deleted=dev", access.StaleRecreated},
		{"ops=view; dead=ops; deleted=ops", access.StaleDeleted},
		{"ops=view; deleted=ops", ""}, // it has no entry that could be
	} {
		got := state(c.state).Stale(ops)
		if got != c.want || (got.Status(ops) == "") != (c.want == "") || (got.Words() == "") != (c.want == "") {
			t.Errorf("%s: %q, %q, %q", c.state, got, got.Status(ops), got.Words())
		}
	}
	if access.StaleDeleted.Status(ops) == access.StaleDeleted.Status(alice) || access.StaleDeleted.Words() == access.StaleRecreated.Words() {
		t.Error("a role and a user, or deleted and recreated, are told in the same words")
	}
}

// TestOnlyATimeIsAnExpiry: what somebody else wrote into the tag ends nothing.
func TestOnlyATimeIsAnExpiry(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-01-31T18:00:00Z": time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC), "2026-01-31T18:00:00+02:00": time.Date(2026, 1, 31, 16, 0, 0, 0, time.UTC),
		"": {}, "never": {}, "2026-01-31": {}, "2026-01-31 18:00:00": {}, "1767225600": {},
	} {
		e := access.Entry{Tags: map[string]string{access.ExpiresTag: text, "expires": "2026-01-31T18:00:00Z"}}
		if got := e.Expires(); !got.Equal(want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestTypos names what the cluster does not have, as far as it is known.
func TestTypos(t *testing.T) {
	const roles = "; bind=view group:devs group:system:masters; bind=dev/edit group:ops"
	for _, c := range []struct {
		name, entry, namespaces, state string
		names                          []string // one note names each
	}{
		{"all there", "view:dev,qa group:devs", "dev qa", roles, nil},
		{"a namespace", "view:dev,prod", "dev qa", roles, []string{"prod"}},
		{"a namespace of two policies is named once", "view:prod edit:prod", "dev", roles, []string{"prod"}},
		{"the nearest one is named", "view:devv", "dev qa", roles, []string{"dev?"}},
		{"a pattern that matches", "view:d*", "dev qa", roles, nil},
		{"a pattern that matches nothing", "view:x-*", "dev qa", roles, []string{"x-*"}},
		{"the whole cluster", "view", "dev", roles, nil},
		{"namespaces that could not be read", "view:prod", "-", roles, nil},
		{"no namespaces at all", "view:prod", "", roles, []string{"prod"}},
		{"a group", "group:dev-s", "dev", roles, []string{"devs?"}},
		{"a group that is bound in a namespace", "group:ops", "dev", roles, nil},
		{"a group like one of Kubernetes", "group:system:master", "dev", roles, []string{"system:master;"}},
		{"RBAC that could not be read", "group:nobody", "dev", "; rbac=unread", nil},
		{"RBAC that nobody asked for", "group:nobody", "dev", "", nil},
		{"both", "view:prod group:nobody", "dev", roles, []string{"prod", "nobody"}},
	} {
		s := state(strings.TrimPrefix(c.state, "; "))
		if c.namespaces != "-" {
			s.Namespaces = append([]string{}, strings.Fields(c.namespaces)...)
		}
		notes := s.Typos(entry(dev, c.entry))
		if len(notes) != len(c.names) {
			t.Errorf("%s: %q", c.name, notes)
			continue
		}
		for i, name := range c.names {
			if !strings.Contains(notes[i], name) || strings.Contains(notes[i], "masters") {
				t.Errorf("%s: %q does not name %s", c.name, notes[i], name)
			}
		}
	}
}
