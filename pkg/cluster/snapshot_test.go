package cluster_test

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func snapshot(t *testing.T, c *cluster.Cluster, want access.Want) access.Snapshot {
	t.Helper()
	s, err := c.Snapshot(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// places are those of mappings, and the names of their principals.
func places(m *access.ConfigMap) (all []string) {
	for _, line := range m.Mappings {
		all = append(all, line.Place()+" "+line.Short(account))
	}
	return all
}

func TestASnapshotHasEverySourceThatIsWanted(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	s := snapshot(t, c, access.Want{All: true, AWSAuth: true, RBAC: true, Namespaces: true})
	if len(s.Entries) != 15 || s.Caller != admin || s.Cluster.Mode != access.ModeBoth || len(s.Unread) > 0 {
		t.Errorf("%d entries, caller %s, mode %s, unread %v", len(s.Entries), s.Caller, s.Cluster.Mode, s.Unread)
	}
	if diff := cmp.Diff([]string{
		"mapRoles[0] role/demo-node", "mapRoles[1] role/ops", "mapRoles[2] role/team/dev", "mapRoles[3] ", "mapRoles[4] role/ops",
		"mapRoles[5] role/platform-admin", "mapUsers[0] user/contractors/bob",
	}, places(s.AWSAuth)); diff != "" || s.AWSAuth.Err != nil {
		t.Error(s.AWSAuth.Err, diff)
	}
	viewers := access.Binding{Name: "viewers", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Groups: []string{"viewers"}}
	if !slices.ContainsFunc(s.RBAC.Bindings, viewers.Gives) || s.RBAC.Err != nil {
		t.Errorf("%+v", s.RBAC)
	}
	if diff := cmp.Diff([]string{"default", "dev", "dev-blue", "kube-system", "prod", "staging"}, s.Namespaces); diff != "" {
		t.Error(diff)
	}
	if s = snapshot(t, c, access.Want{Principals: []access.Principal{admin}}); s.AWSAuth != nil || s.RBAC != nil || s.Namespaces != nil || len(s.Entries) != 1 {
		t.Errorf("more than was wanted: %+v", s)
	}
}

// TestLivesAreAskedOfThoseThatMatter: entries that compete with mappings, or all.
func TestLivesAreAskedOfThoseThatMatter(t *testing.T) {
	rotated := map[string]string{"mapRoles": "- rolearn: " + string(arn("role/rotated")) + "\n  username: r\n"}
	for _, row := range []struct {
		which         access.Lives
		dead, deleted []access.Principal
		doubtful      int // without the right to ask IAM
	}{
		{access.NoLives, nil, nil, 0},
		{access.RivalLives, []access.Principal{arn("role/rotated")}, nil, 0}, // who cannot read aws-auth knows of no rivals
		{access.AllLives, []access.Principal{arn("role/departed"), arn("role/rotated")}, []access.Principal{arn("role/departed")}, 14},
	} {
		box := sandboxtest.Start(t, sandbox.Options{AWSAuth: rotated})
		want := access.Want{All: true, AWSAuth: true, Lives: row.which}
		s := snapshot(t, of(t, "demo"), want)
		slices.Sort(s.Dead)
		if !slices.Equal(s.Dead, row.dead) || !slices.Equal(s.Deleted, row.deleted) || len(s.Doubtful) > 0 {
			t.Errorf("%v: dead %v, deleted %v, doubtful %v", row.which, s.Dead, s.Deleted, s.Doubtful)
		}
		if asked := box.Calls()["iam.GetRole"] > 0; asked != (row.which != access.NoLives) {
			t.Errorf("%v: IAM was asked: %t", row.which, asked)
		}
		settings := settings(t)
		settings.Target.Profile = "no-iam"
		if s = snapshot(t, opened(t, settings), want); len(s.Doubtful) != row.doubtful || (s.Doubt != nil) != (row.which == access.AllLives) {
			t.Errorf("%v: doubtful %v, %v", row.which, s.Doubtful, s.Doubt)
		}
	}
}

// TestAServerThatCannotBeAskedSaysSo, and the entries are read.
func TestAServerThatCannotBeAskedSaysSo(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	silent := settings(t, "--context="+clusters+"private")
	silent.Patience = time.Millisecond
	refused := settings(t)
	refused.Target.Profile, refused.NoNativeToken = "newcomer", false
	for name, c := range map[string]*cluster.Cluster{"silent": opened(t, silent), "refused": opened(t, refused)} {
		s := snapshot(t, c, access.Want{Principals: []access.Principal{admin}, AWSAuth: true, RBAC: true, Namespaces: true})
		if s.AWSAuth.Err == nil || s.RBAC.Err == nil || s.Namespaces != nil || name == "silent" && len(s.Entries) != 1 {
			t.Errorf("%s: %v, %v, %v, %d entries", name, s.AWSAuth.Err, s.RBAC.Err, s.Namespaces, len(s.Entries))
		}
	}
}

// TestASnapshotIsOfTheClusterThatAWSDescribes, wherever the context leads.
func TestASnapshotIsOfTheClusterThatAWSDescribes(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	named := opened(t, byFlag(t, "staging"))
	first := "mapRoles[0] role/team/lead"
	if got := places(snapshot(t, named, access.Want{AWSAuth: true}).AWSAuth); got[0] != first {
		t.Errorf("by a flag: %v", got)
	}
	if m := named.AWSAuth(t.Context()); m.Err != nil || places(&m)[0] != first {
		t.Errorf("by a flag, aws-auth alone: %v", m.Err)
	}
	crossed(t, box)
	c := of(t, "demo")
	if got := places(snapshot(t, c, access.Want{AWSAuth: true, RBAC: true}).AWSAuth); got[0] != "mapRoles[0] role/demo-node" {
		t.Errorf("by a context that leads elsewhere: %v", got)
	}
	if m := c.AWSAuth(t.Context()); m.Err != nil || places(&m)[0] != "mapRoles[0] role/demo-node" {
		t.Errorf("and what is asked after that: %v, %v", places(&m), m.Err)
	}
}

// TestStepsGoToWhereTheyAreAbout: to AWS, or to the cluster's API server.
func TestStepsGoToWhereTheyAreAbout(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for name, c := range map[string]*cluster.Cluster{"demo": of(t, "demo"), "staging": opened(t, byFlag(t, "staging"))} {
		before := c.AWSAuth(t.Context())
		after := access.ConfigMap{Data: maps.Clone(before.Data)}
		after.Data["ours"] = "new"
		write := access.WriteAWSAuth{Before: before, After: after}
		if err := c.Do(t.Context(), write); err != nil {
			t.Fatal(err)
		}
		if m := c.AWSAuth(t.Context()); m.Data["ours"] != "new" {
			t.Errorf("%s: %v", name, m.Data)
		}
		if err := c.Do(t.Context(), write); !errors.Is(err, access.ErrChanged) {
			t.Errorf("%s: once more: %v", name, err)
		}
		e := access.Entry{Principal: arn("role/newcomer"), Kind: access.Standard}
		if err := c.Do(t.Context(), access.CreateEntry{Entry: e}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := snapshot(t, c, access.Want{Principals: []access.Principal{e.Principal}}); len(s.Entries) != 1 {
			t.Errorf("%s: %v", name, s.Entries)
		}
	}
}

// TestAReadTellsWhatItFinds as it comes, and the cluster itself tells nobody.
func TestAReadTellsWhatItFinds(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	var mu sync.Mutex
	var entries, most int
	c := of(t, "demo")
	reading := c.Reading(func(s access.Snapshot) {
		mu.Lock()
		defer mu.Unlock()
		entries = max(entries, len(s.Entries))
	}, func(_, total int) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, total)
	})
	snapshot(t, reading, access.Want{All: true})
	if entries == 0 || most != 15 {
		t.Errorf("told of %d entries, of %d", entries, most)
	}
	if entries = 0; len(snapshot(t, c, access.Want{All: true}).Entries) != 15 || entries > 0 {
		t.Errorf("told of %d", entries)
	}
}

func TestNamespacesAndGroupsAreTheClusters(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	names, err := c.Namespaces(t.Context())
	if err != nil || !slices.Contains(names, "dev-blue") {
		t.Errorf("%v, %v", names, err)
	}
	groups, err := c.Groups(t.Context())
	if err != nil || len(groups["developers"]) != 2 || len(groups["viewers"]) != 1 || groups["nobody"] != nil {
		t.Errorf("%v, %v", groups, err)
	}
}

// TestNoEntryCountsOnABindingOfSomebodyElse: what has the name gives it, or nothing goes on.
func TestNoEntryCountsOnABindingOfSomebodyElse(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	view := access.RoleRef{Kind: "ClusterRole", Name: "view"}
	one := func(b access.Binding) []access.Binding { return []access.Binding{b} }
	for _, namespace := range []string{"", "dev"} {
		want := access.Binding{Namespace: namespace, Name: "x", Role: view, Users: []string{"anna"}}
		for _, row := range []struct {
			role  access.RoleRef
			users []string
			gives bool
		}{
			{view, []string{"olga", "anna"}, true},
			{view, []string{"olga"}, false},
			{access.RoleRef{Kind: "ClusterRole", Name: "edit"}, []string{"anna"}, false},
		} {
			there := access.Binding{Namespace: namespace, Name: "x", Role: row.role, Users: row.users}
			if _, err := c.Bind(t.Context(), one(there)); err != nil {
				t.Fatal(err)
			}
			if made, err := c.Bind(t.Context(), one(want)); len(made) > 0 || (err == nil) != row.gives {
				t.Errorf("%+v: made %v, %v", there, made, err)
			}
			if err := c.Unbind(t.Context(), one(there))[0]; err != nil {
				t.Fatal(err)
			}
		}
		if made, err := c.Bind(t.Context(), one(want)); len(made) != 1 || err != nil {
			t.Errorf("made %v, %v", made, err)
		}
		if s := snapshot(t, c, access.Want{RBAC: true}); !slices.ContainsFunc(s.RBAC.Bindings, func(b access.Binding) bool { return cmp.Equal(b, want) }) {
			t.Errorf("%v", s.RBAC.Bindings)
		}
	}
}

// TestEachBindingHasItsOwnAnswer: who may delete some of them deletes those.
func TestEachBindingHasItsOwnAnswer(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	here := access.Binding{Name: "here", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Groups: []string{"g"}}
	if _, err := c.Bind(t.Context(), []access.Binding{here}); err != nil {
		t.Fatal(err)
	}
	sandboxtest.Become(t, "newcomer")
	denied := of(t, "demo").Unbind(t.Context(), []access.Binding{here, here})
	if len(denied) != 2 || denied[0] == nil || denied[1] == nil {
		t.Errorf("who has no access: %v", denied)
	}
	sandboxtest.Become(t, "default")
	if errs := c.Unbind(t.Context(), []access.Binding{here, {Name: "gone", Role: here.Role}}); errs[0] != nil || errs[1] != nil {
		t.Errorf("one that is gone already is no failure: %v", errs)
	}
}

func TestManifestsAreAppliedByKubectl(t *testing.T) {
	if text, err := cluster.Manifests(nil); text != "" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	text, err := cluster.Manifests([]access.Binding{
		{Name: "a", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Users: []string{"amy"}},
		{Namespace: "dev", Name: "b", Role: access.RoleRef{Kind: "Role", Name: "r"}, Groups: []string{"g"}},
	})
	want := `# The entries need these bindings first; --apply-rbac creates them.
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: a
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: amy
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: b
  namespace: dev
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: r
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: Group
  name: g
`
	if diff := cmp.Diff(want, text); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// begun records a migration of demo that was killed after it had created an entry.
func begun(t *testing.T, e access.Entry) {
	t.Helper()
	dir, err := journal.Dir()
	if err != nil {
		t.Fatal(err)
	}
	info := access.Info{Name: "demo", ARN: clusters + "demo", Mode: access.ModeBoth}
	r := journal.Of(access.Plan{Cluster: info, Changes: []access.Change{{After: &e}}}, time.Now(), admin, nil)
	r.Kind = journal.Migrate
	if err := journal.Begin(dir, &r); err != nil {
		t.Fatal(err)
	}
	if err := journal.Send(dir, r.ID, journal.Sent{Principal: e.Principal, Part: access.PartEntry}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestAMigrationKnowsTheWholeCluster(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	unfinished := access.Entry{Principal: arn("role/ops"), Kind: access.Standard, Groups: []string{"g"}}
	begun(t, unfinished)
	c := of(t, "demo")
	f, m, err := c.MigrationFacts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Cluster.Name != "demo" || len(f.Entries) != 15 || len(f.Mappings) != 7 || len(m.Mappings) != 7 || f.NoRBAC != "" || f.NoNodes != "" || len(f.Policies) < 20 {
		t.Errorf("%s, %d entries, %d mappings, %q, %q", f.Cluster.Name, len(f.Entries), len(f.Mappings), f.NoRBAC, f.NoNodes)
	}
	if diff := cmp.Diff([]access.Principal{arn("role/demo-fargate-pods"), arn("role/demo-node")}, slices.Sorted(maps.Keys(f.EKSNodes))); diff != "" {
		t.Error(diff)
	}
	ids := map[string]access.Identity{}
	for _, name := range []string{"role/demo-node", "role/ops", "role/team/dev", "role/platform-admin", "user/contractors/bob"} {
		ids[string(arn(name))] = access.Identity{Principal: arn(name)}
	}
	if diff := cmp.Diff(ids, f.Identities); diff != "" {
		t.Error(diff)
	}
	if e, ok := f.Begun[arn("role/ops")]; len(f.Begun) != 1 || !ok || !slices.Equal(e.Groups, unfinished.Groups) {
		t.Errorf("begun %v", f.Begun)
	}
}

// TestAMigrationOfAFileAsksForTheRest, also as somebody who has no access to the cluster.
func TestAMigrationOfAFileAsksForTheRest(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	file := awsauth.Parse(map[string]string{"mapRoles": "- rolearn: " + string(arn("role/rotated")) + "\n  username: r\n- rolearn: " + string(arn("role/nobody")) + "\n  username: n\n"})
	f, m, err := of(t, "demo").MigrationFacts(t.Context(), &file)
	if err != nil || !cmp.Equal(m, file) || len(f.Mappings) != 2 || !f.Identities[string(arn("role/nobody"))].Missing {
		t.Errorf("%v, %v, %v", err, m, f.Identities)
	}
	if diff := cmp.Diff([]access.Principal{arn("role/rotated")}, f.Stale); diff != "" {
		t.Error(diff)
	}
	s := settings(t)
	s.Target.Profile = "no-iam"
	c := opened(t, s)
	f, _, err = c.MigrationFacts(t.Context(), &file)
	if err != nil || f.NoRBAC == "" || len(f.Bindings) > 0 || f.Identities[string(arn("role/nobody"))].Doubt == "" {
		t.Errorf("without access: %v, %q, %v", err, f.NoRBAC, f.Identities)
	}
	if _, _, err := c.MigrationFacts(t.Context(), nil); err == nil {
		t.Error("an aws-auth that cannot be read passes for none")
	}
}

// TestAnEntryThatCannotBeReadIsNotPlannedAsNone.
func TestAnEntryThatCannotBeReadIsNotPlannedAsNone(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	s := settings(t)
	s.Target.Profile = "bob" // who may describe the cluster
	if _, _, err := opened(t, s).MigrationFacts(t.Context(), &awsauth.Map{}); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("%v", err)
	}
}
