package eks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/eks"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const account = "111122223333"

func role(name string) access.Principal {
	return access.Principal("arn:aws:iam::" + account + ":role/" + name)
}

// open starts an account and connects to one of its clusters, as one of its profiles.
func open(tb testing.TB, o sandbox.Options, cluster, profile string) (*eks.Cluster, *sandbox.Sandbox) {
	tb.Helper()
	box := sandboxtest.Start(tb, o)
	session, err := login.New(context.Background(), login.Settings{Profile: profile})
	if err != nil {
		tb.Fatal(err)
	}
	return eks.New(session, cluster), box
}

func all(t *testing.T, c *eks.Cluster) access.Snapshot {
	t.Helper()
	s, err := c.Snapshot(context.Background(), access.Want{All: true, Policies: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheClusterItselfIsNoEntryToRead: a progress that counts it would never be at its end.
func TestTheClusterItselfIsNoEntryToRead(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "demo", "")
	var most atomic.Int64
	c.Progress = func(_, total int) { most.Store(max(most.Load(), int64(total))) }
	s, err := c.Snapshot(t.Context(), access.Want{Principals: []access.Principal{access.Itself}, All: true})
	if err != nil || int(most.Load()) != len(s.Entries) {
		t.Errorf("%v: %d to read, %d entries", err, most.Load(), len(s.Entries))
	}
}

func TestSnapshotReadsEveryPageOnce(t *testing.T) {
	c, box := open(t, sandbox.Options{Entries: 230}, "demo", "")
	var told atomic.Int64
	var last atomic.Value
	c.Progress = func(done, total int) {
		told.Store(max(told.Load(), int64(done)))
		last.Store([2]int{done, total})
	}
	s := all(t, c)
	if len(s.Entries) != 230 || len(s.Unread) != 0 || told.Load() != 230 || last.Load() != [2]int{} {
		t.Errorf("%d entries, %d unread, %d told", len(s.Entries), len(s.Unread), told.Load())
	}
	want := map[string]int{
		"eks.ListAccessEntries": 3, "eks.DescribeAccessEntry": 230, "eks.ListAssociatedAccessPolicies": 230,
		"eks.DescribeCluster": 1, "sts.GetCallerIdentity": 1, "eks.ListAccessPolicies": 1,
	}
	if diff := cmp.Diff(want, box.Calls()); diff != "" {
		t.Error(diff)
	}
	if s.Caller != role("platform-admin") || s.Cluster.Mode != access.ModeBoth || len(s.Policies) < 20 {
		t.Errorf("caller %s, mode %s, %d policies", s.Caller, s.Cluster.Mode, len(s.Policies))
	}
}

func TestSnapshotReadsOnlyWhatIsWanted(t *testing.T) {
	c, box := open(t, sandbox.Options{Entries: 230}, "demo", "")
	s, err := c.Snapshot(context.Background(), access.Want{Principals: []access.Principal{role("team/dev"), role("nobody"), ""}})
	if err != nil || len(s.Entries) != 1 || s.Entries[0].Principal != role("team/dev") {
		t.Errorf("%+v, %v", s.Entries, err)
	}
	if n := box.Calls()["eks.ListAccessEntries"]; n != 0 {
		t.Errorf("%d calls list entries", n)
	}
	s, err = c.Snapshot(context.Background(), access.Want{Principals: []access.Principal{role("platform-admin")}, Administrators: true})
	if err != nil || len(s.Entries) < 2 {
		t.Errorf("%+v, %v", s.Entries, err)
	}
}

func TestNamesTakeOnlyThePages(t *testing.T) {
	c, box := open(t, sandbox.Options{Entries: 1000}, "demo", "")
	s, err := c.Snapshot(t.Context(), access.Want{All: true, Names: true})
	if err != nil || len(s.Entries) != 1000 || s.Entries[0].Principal == "" || s.Cluster.Mode != access.ModeBoth {
		t.Errorf("%d entries, %v", len(s.Entries), err)
	}
	if diff := cmp.Diff(map[string]int{"eks.ListAccessEntries": 10, "eks.DescribeCluster": 1}, box.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestTheServiceSelectsByPolicy(t *testing.T) {
	c, box := open(t, sandbox.Options{Entries: 230}, "demo", "")
	s, err := c.Snapshot(t.Context(), access.Want{Policy: "AmazonEKSAdminViewPolicy"})
	if err != nil || len(s.Entries) == 0 {
		t.Fatalf("%d entries, %v", len(s.Entries), err)
	}
	for _, e := range s.Entries {
		if !slices.ContainsFunc(e.Grants, func(g access.Grant) bool { return g.Policy == "AmazonEKSAdminViewPolicy" }) {
			t.Errorf("%s has %v", e.Principal, e.Grants)
		}
	}
	if n := box.Calls()["eks.DescribeAccessEntry"]; n != len(s.Entries) {
		t.Errorf("%d calls for %d entries", n, len(s.Entries))
	}
	names, err := c.Snapshot(t.Context(), access.Want{Policy: access.ClusterAdmin, Administrators: true, Names: true})
	if err != nil || len(names.Entries) < 2 || box.Calls()["eks.ListAccessEntries"] != 2 {
		t.Errorf("%d entries, %v, %v", len(names.Entries), err, box.Calls())
	}
}

func TestSnapshotOfAClusterWithoutEntriesIsEmpty(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "legacy", "")
	for _, want := range []access.Want{{All: true}, {Principals: []access.Principal{role("ops")}}} {
		s, err := c.Snapshot(context.Background(), want)
		if err != nil || len(s.Entries)+len(s.Unread) > 0 || s.Cluster.Mode != access.ModeConfigMap {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

func TestSnapshotSurvivesThrottlingAndFaults(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"429":    {Entries: 60, Rate: 100, Burst: 80},
		"faults": {Entries: 60, FaultRate: 0.1, Seed: 7},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := open(t, o, "demo", "")
			if s := all(t, c); len(s.Entries) != 60 || len(s.Unread) != 0 {
				t.Errorf("%d entries, unread %v", len(s.Entries), s.Unread)
			}
		})
	}
}

func TestByEndpointNamesTheCluster(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "prod", "")
	prod, err := c.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.ByEndpoint(context.Background(), func(e string) bool { return e == prod.Endpoint })
	if err != nil || found.Name != "prod" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := c.ByEndpoint(context.Background(), func(string) bool { return false }); !errors.Is(err, access.ErrNotFound) {
		t.Error(err)
	}
}

// TestTheFakesAgree runs the same edits on the in-memory cluster and, over the wire, on the
// sandbox: the core's tests mean something only if both end alike.
func TestTheFakesAgree(t *testing.T) {
	real, _ := open(t, sandbox.Options{}, "prod", "")
	fake := accesstest.New()
	start := all(t, real)
	fake.State = start
	view := access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev", "qa"}}}
	dev, ops := role("team/dev"), role("ops")
	for _, step := range []struct {
		name string
		edit access.Edit
	}{
		{"create", edit.Grant(access.Entry{Principal: dev, Grants: []access.Grant{view}, Groups: []string{"g"}, Username: "u:x", Tags: map[string]string{"a": "1"}})},
		{"widen", edit.Grant(access.Entry{Principal: dev, Grants: []access.Grant{{Policy: view.Policy, Scope: access.Scope{Namespaces: []string{"dev-*"}}}}})},
		{"groups and tags", edit.Grant(access.Entry{Principal: dev, Groups: []string{"h"}, Tags: map[string]string{"a": "2", "b": "3"}})},
		{"narrow", edit.Revoke(dev, edit.Revocation{Grants: []access.Grant{{Scope: access.Scope{Namespaces: []string{"qa"}}}}})},
		{"another", edit.Grant(access.Entry{Principal: ops, Grants: []access.Grant{{Policy: access.ClusterAdmin}}, Username: "ops"})},
		{"ungroup", edit.Revoke(dev, edit.Revocation{Groups: []string{"g", "h"}})},
		{"policy off", edit.Revoke(dev, edit.Revocation{Grants: []access.Grant{{Policy: view.Policy}}})},
		{"both out", edit.Each(edit.Revoke(dev, edit.Revocation{}), edit.Revoke(ops, edit.Revocation{}))},
	} {
		t.Run(step.name, func(t *testing.T) {
			for _, c := range []access.Cluster{real, fake} {
				s, err := c.Snapshot(context.Background(), access.Want{All: true})
				if err != nil {
					t.Fatal(err)
				}
				plan, _, err := access.Make(s, step.edit)
				if err != nil {
					t.Fatal(err)
				}
				for r := range access.Apply(context.Background(), c, plan) {
					if r.Err != nil {
						t.Errorf("%T: %v: %v", c, r.Step, r.Err)
					}
				}
			}
			if diff := cmp.Diff(describe(fake.State), describe(all(t, real))); diff != "" {
				t.Errorf("in memory (-), over the wire (+):\n%s", diff)
			}
		})
	}
}

func describe(s access.Snapshot) (lines []string) {
	for _, e := range s.Entries {
		lines = append(lines, fmt.Sprint(e.Principal, e.Kind, e.Username, e.Groups, e.Grants, e.Tags))
	}
	return lines
}

func TestDoTellsWhatWentWrong(t *testing.T) {
	view := access.Grant{Policy: "AmazonEKSViewPolicy"}
	standard := func(p access.Principal) access.Entry { return access.Entry{Principal: p, Kind: access.Standard} }
	for _, c := range []struct {
		name, cluster, profile string
		step                   access.Step
		want                   error
		says                   string
	}{
		{"exists", "demo", "", access.CreateEntry{Entry: standard(role("team/dev"))}, access.ErrExists, "already in use"},
		{"nobody", "demo", "", access.CreateEntry{Entry: standard(role("team/nobody"))}, nil, "; `aws iam get-role --role-name nobody` shows"},
		{"no entry to grant to", "demo", "", access.Associate{To: role("ops"), Grant: view}, access.ErrChanged, "could not be found"},
		{"no entry to delete", "demo", "", access.DeleteEntry{Entry: standard(role("ops"))}, access.ErrChanged, "could not be found"},
		{"no entry to update", "demo", "", access.UpdateEntry{After: standard(role("ops"))}, access.ErrChanged, "could not be found"},
		{"policy not there", "demo", "", access.Disassociate{From: role("team/dev"), Grant: access.Grant{Policy: access.ClusterAdmin}}, access.ErrChanged, ""},
		{"mode", "legacy", "", access.CreateEntry{Entry: standard(role("ops"))}, access.ErrMode, "authentication mode must be set"},
		{"not allowed", "demo", "read-only", access.CreateEntry{Entry: standard(role("ops"))}, access.ErrForbidden, "not authorized to perform: eks:CreateAccessEntry"},
		{"no cluster", "nowhere", "", access.DeleteEntry{Entry: standard(role("ops"))}, access.ErrChanged, "No cluster found"},
		{"node policy", "demo", "", access.Associate{To: role("demo-node"), Grant: view}, nil, `type of "STANDARD"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster, _ := open(t, sandbox.Options{}, c.cluster, c.profile)
			err := cluster.Do(context.Background(), c.step)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v, %q", err, c.want, c.says)
			}
		})
	}
}

// TestWhatSomebodyDidSinceThePlanIsSeen: each step finds another state than the one that it was planned for.
func TestWhatSomebodyDidSinceThePlanIsSeen(t *testing.T) {
	who := role("ops")
	entry := access.Entry{Principal: who, Kind: access.Standard, Username: access.DefaultUsername(who)}
	view := func(namespaces ...string) access.Grant {
		return access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: namespaces}}
	}
	more := entry
	more.Groups = []string{"g"}
	other := entry
	other.Groups = []string{"h"}
	dev := view("dev").Scope
	for name, c := range map[string]struct{ theirs, ours access.Step }{
		"granted":            {access.Associate{To: who, Grant: view("qa")}, access.Associate{To: who, Grant: view("dev")}},
		"widened":            {access.Associate{To: who, Grant: view("dev", "qa"), Was: &dev}, access.Associate{To: who, Grant: view("dev", "prod"), Was: &dev}},
		"widened, revoke":    {access.Associate{To: who, Grant: view("dev", "qa")}, access.Disassociate{From: who, Grant: view("dev")}},
		"group":              {access.UpdateEntry{Before: entry, After: more}, access.UpdateEntry{Before: entry, After: other}},
		"group, delete":      {access.UpdateEntry{Before: entry, After: more}, access.DeleteEntry{Entry: entry}},
		"granted, delete":    {access.Associate{To: who, Grant: view("qa")}, access.DeleteEntry{Entry: entry}},
		"taken already":      {access.DeleteEntry{Entry: entry}, access.DeleteEntry{Entry: entry}},
		"revoked already":    {access.DeleteEntry{Entry: entry}, access.Disassociate{From: who, Grant: view("dev")}},
		"granted the same":   {access.Associate{To: who, Grant: view("dev")}, access.Associate{To: who, Grant: view("dev")}},
		"gone before update": {access.DeleteEntry{Entry: entry}, access.UpdateEntry{Before: entry, After: more}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, _ := open(t, sandbox.Options{}, "demo", "")
			if err := cluster.Do(t.Context(), access.CreateEntry{Entry: access.Entry{Principal: who, Kind: access.Standard}}); err != nil {
				t.Fatal(err)
			}
			if s, ok := c.theirs.(access.Associate); ok && s.Was != nil {
				if err := cluster.Do(t.Context(), access.Associate{To: who, Grant: view(s.Was.Namespaces...)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := cluster.Do(t.Context(), c.theirs); err != nil {
				t.Fatal(err)
			}
			want := describe(all(t, cluster))
			if err := cluster.Do(t.Context(), c.ours); !errors.Is(err, access.ErrChanged) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(want, describe(all(t, cluster))); diff != "" {
				t.Errorf("it was overwritten:\n%s", diff)
			}
		})
	}
}

func TestALostAnswerIsUnknownNotFailed(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	c, _ := open(t, sandbox.Options{FaultRate: 1, Seed: 3}, "demo", "")
	for range 10 { // 500, 503 and broken connections
		err := c.Do(context.Background(), access.CreateEntry{Entry: access.Entry{Principal: role("ops"), Kind: access.Standard}})
		if !errors.Is(err, access.ErrUnknown) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAFreshEntryIsWaitedFor(t *testing.T) {
	c, _ := open(t, sandbox.Options{Propagation: 300 * time.Millisecond}, "demo", "")
	ctx := context.Background()
	if err := c.Do(ctx, access.CreateEntry{Entry: access.Entry{Principal: role("ops"), Kind: access.Standard}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(ctx, access.Associate{To: role("ops"), Grant: access.Grant{Policy: "AmazonEKSViewPolicy"}, New: true}); err != nil {
		t.Error(err)
	}
}

func TestCredentialsThatAreWrongAreNotAnUnknownOutcome(t *testing.T) {
	c, _ := open(t, sandbox.Options{}, "demo", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	session, err := login.New(context.Background(), login.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	err = eks.New(session, c.Name).Do(context.Background(), access.DeleteEntry{Entry: access.Entry{Principal: role("team/dev")}})
	if err == nil || errors.Is(err, access.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkLargeCluster reads 1,000 entries, over a network and where the service throttles.
func BenchmarkLargeCluster(b *testing.B) {
	for name, o := range map[string]sandbox.Options{
		"50ms":  {Entries: 1000, Latency: 50 * time.Millisecond},
		"100/s": {Entries: 1000, Latency: 50 * time.Millisecond, Rate: 100, Burst: 100},
	} {
		b.Run(name, func(b *testing.B) {
			c, _ := open(b, o, "demo", "")
			for b.Loop() {
				s, err := c.Snapshot(b.Context(), access.Want{All: true})
				if err != nil || len(s.Unread) > 0 {
					b.Fatal(err, s.Unread)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	c, _ := open(b, sandbox.Options{Entries: 100}, "demo", "")
	for b.Loop() {
		if _, err := c.Snapshot(context.Background(), access.Want{All: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestATryThatFindsItDoneMayHaveFollowedOneThatDidIt: the service does it and answers 500, the SDK asks again and hears
// that it is done. That was nobody else, as far as anybody can tell.
func TestATryThatFindsItDoneMayHaveFollowedOneThatDidIt(t *testing.T) {
	doubted := 0
	for seed := range uint64(12) {
		c, _ := open(t, sandbox.Options{FaultRate: 0.4, Seed: seed + 1}, "demo", "")
		for _, step := range []access.Step{
			access.CreateEntry{Entry: access.Entry{Principal: role("ops"), Kind: access.Standard}},
			access.DeleteEntry{Entry: access.Entry{Principal: role("ops"), Kind: access.Standard, Username: access.DefaultUsername(role("ops"))}},
		} {
			err := c.Do(context.Background(), step)
			if errors.Is(err, access.ErrChanged) || errors.Is(err, access.ErrExists) && !errors.Is(err, access.ErrUnknown) {
				t.Errorf("seed %d: %T: %v", seed, step, err)
			}
			if errors.Is(err, access.ErrUnknown) {
				doubted++
			}
		}
	}
	if doubted == 0 {
		t.Error("no seed lost an answer, so nothing was tried")
	}
}
