package cluster_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// offered are the words that an offer finds, without their descriptions, sorted.
func offered(t *testing.T, find cluster.Offer, c *cluster.Cluster) (words []string) {
	t.Helper()
	var mu sync.Mutex
	find(t.Context(), func() *cluster.Cluster { return c }, func(all ...string) {
		mu.Lock()
		defer mu.Unlock()
		for _, text := range all {
			word, _, _ := strings.Cut(text, "\t")
			words = append(words, word)
		}
	})
	slices.Sort(words)
	return words
}

// TestCandidatesAreThoseOfTheCluster, and without one only what this version knows itself.
func TestCandidatesAreThoseOfTheCluster(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	plugin := of(t, "demo")
	plugin.NoNativeToken = true
	for _, row := range []struct {
		name    string
		find    cluster.Offer
		some    []string // among the candidates
		not     string   // which is none
		alone   []string // without a cluster
		byToken bool     // the cluster's API server is asked
	}{
		{"who has access", cluster.OfferAdmitted(cluster.InShort), []string{"role/team/dev", "role/departed", "sso/Developer", "user/alice", "role/ops", "user/contractors/bob"}, "role/newcomer", nil, false},
		{"the same in full", cluster.OfferAdmitted(cluster.InFull), []string{string(arn("role/team/dev")), string(arn("role/ops"))}, "role/team/dev", nil, false},
		{"what a principal has", cluster.OfferHeld([]string{"role/team/dev"}, func(e access.Entry) []string { return e.Groups }), []string{"developers"}, "viewers", nil, false},
		{"principals", cluster.OfferPrincipals(cluster.InShort), []string{"me", "role/team/dev", "role/departed", "role/ops", "sso/Developer", "user/alice"}, "role/nobody", []string{"me"}, false},
		{"policies", cluster.OfferPolicies, []string{"cluster-admin", "view"}, "compute-cluster", []string{"cluster-admin", "view"}, false},
		{"namespaces", cluster.OfferNamespaces, []string{"dev", "dev-blue", "prod"}, "qa", nil, true},
		{"groups", cluster.OfferGroups, []string{"developers", "viewers"}, "nobody-binds-this", nil, true},
		{"clusters", cluster.OfferClusters, []string{"demo", "legacy", "private", "prod", "staging"}, "nobody", nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			has := func(words, some []string) bool {
				return !slices.ContainsFunc(some, func(w string) bool { return !slices.Contains(words, w) })
			}
			words := offered(t, row.find, c)
			if !has(words, row.some) || slices.Contains(words, row.not) {
				t.Errorf("%q", words)
			}
			if alone := offered(t, row.find, nil); !has(alone, row.alone) || (len(alone) == 0) != (row.alone == nil) || slices.Contains(alone, row.not) {
				t.Errorf("without a cluster: %q", alone)
			}
			if quiet := offered(t, row.find, plugin); (len(quiet) == 0) != row.byToken {
				t.Errorf("where a plugin would have to run: %q", quiet)
			}
		})
	}
}

// TestWhatAWSRefusesIsNotOffered, and the rest is.
func TestWhatAWSRefusesIsNotOffered(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	s := settings(t)
	s.Target.Profile = "bob"
	c := opened(t, s)
	for name, row := range map[string]struct {
		find cluster.Offer
		want []string
	}{
		"entries": {cluster.OfferAdmitted(cluster.InShort), nil}, "principals": {cluster.OfferPrincipals(cluster.InShort), []string{"me"}}, "clusters": {cluster.OfferClusters, nil},
	} {
		if diff := cmp.Diff(row.want, offered(t, row.find, c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestWhatLimitsAnAnswerIsKnown: what could not be read, and what no list shows.
func TestWhatLimitsAnAnswerIsKnown(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	why := errors.New("why")
	for _, row := range []struct {
		name, cluster string
		spoil         func(*access.Snapshot)
		want          []access.NoteKind
	}{
		{"nothing", "demo", func(*access.Snapshot) {}, nil},
		{"no entries are read", "legacy", func(*access.Snapshot) {}, []access.NoteKind{access.NoteMode}},
		{"a section that is not YAML", "staging", func(*access.Snapshot) {}, []access.NoteKind{access.NoteMapping}},
		{"an entry that was not read", "demo", func(s *access.Snapshot) { s.Unread = []access.Unread{{Principal: admin, Err: why}} }, []access.NoteKind{access.NoteFailed}},
		{"aws-auth that was not read", "demo", func(s *access.Snapshot) { s.AWSAuth = &access.ConfigMap{Err: why} }, []access.NoteKind{access.NoteNotChecked}},
		{"which the cluster does not read", "prod", func(s *access.Snapshot) { s.AWSAuth = &access.ConfigMap{Err: why} }, nil},
		{"roles that were not looked up", "demo", func(s *access.Snapshot) { s.Doubtful, s.Doubt = []access.Principal{admin}, why }, []access.NoteKind{access.NoteNotChecked}},
	} {
		c := of(t, row.cluster)
		s := snapshot(t, c, access.Want{AWSAuth: true})
		row.spoil(&s)
		if diff := cmp.Diff(row.want, kinds(c.Known(s, func(words ...string) string { return strings.Join(words, " ") }))); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

// TestWhoHasAccessHasAnEntryOrAMapping, unless the entry of a namesake overrides the mapping.
func TestWhoHasAccessHasAnEntryOrAMapping(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	n, s := c.Names(t.Context()), snapshot(t, c, access.Want{All: true, AWSAuth: true})
	unread := s.Drop(arn("role/departed"))
	unread.Unread = []access.Unread{{Principal: arn("role/departed"), Err: access.ErrForbidden}}
	api := s
	api.Cluster.Mode = access.ModeAPI
	for _, row := range []struct {
		name     string
		s        access.Snapshot
		who      access.Principal
		has      bool
		fails    bool
		mappings int
	}{
		{"an entry", s, arn("role/departed"), true, false, 0},
		{"a mapping", s, arn("role/ops"), true, false, 2},
		{"that the cluster does not read", api, arn("role/ops"), false, true, 0},
		{"a mapping that a namesake's entry overrides", s, arn("role/dev"), false, true, 1},
		{"nothing", s, arn("role/nobody"), false, true, 0},
		{"an entry that was not read", unread, arn("role/departed"), false, false, 0},
	} {
		has, notes := n.HasAccess(row.s, row.who)
		if has != row.has || access.Failed(notes) != row.fails || row.fails && !errors.Is(notes[0].Err, access.ErrNotFound) {
			t.Errorf("%s: %t, %v", row.name, has, notes)
		}
		if got := cluster.MappingsOf(row.s, row.who); len(got) != row.mappings {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	if all := cluster.MappingsOf(s); len(all) != 7 {
		t.Errorf("%v", all)
	}
}

// TestAnErrorAboutANameNamesTheOthers, as far as they can be listed.
func TestAnErrorAboutANameNamesTheOthers(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for profile, listed := range map[string]bool{"default": true, "bob": false} {
		s := settings(t)
		s.Target.Profile = profile
		if got := opened(t, s).Region().Others(t.Context()); strings.Contains(got, "legacy, private") != listed || (got == "") == listed {
			t.Errorf("%s: %q", profile, got)
		}
	}
}
