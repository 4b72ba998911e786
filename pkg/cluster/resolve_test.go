package cluster_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func TestPrincipalsAreCompleted(t *testing.T) {
	const sso = "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Operator_"
	ghost := map[string]string{"mapRoles": "- rolearn: " + string(arn("role/ghost")) + "\n  username: g\n"}
	for _, row := range []struct {
		name, profile, cluster string
		written                []string
		existing               bool
		recorded               []access.Principal // by changes of this machine
		want                   []access.Principal
		notes                  []access.NoteKind
	}{
		{name: "a full ARN", written: []string{string(arn("role/nobody"))}, want: []access.Principal{arn("role/nobody")}},
		{name: "a role whose path IAM knows", written: []string{"role/dev"}, want: []access.Principal{arn("role/team/dev")}},
		{name: "oneself", written: []string{"me"}, want: []access.Principal{admin}},
		{name: "oneself twice", written: []string{"me", "role/platform-admin"}, want: []access.Principal{admin}},
		{name: "sorted", written: []string{"user/alice", "role/ops"}, want: []access.Principal{arn("role/ops"), arn("user/alice")}},
		{name: "nobody, and the others go on", written: []string{"role/nobody", "role/ops"}, want: []access.Principal{arn("role/ops")}, notes: []access.NoteKind{access.NoteFailed}},
		{name: "an entry of a deleted role", written: []string{"role/departed"}, existing: true, want: []access.Principal{arn("role/departed")}},
		{name: "which gets nothing new", written: []string{"role/departed"}, notes: []access.NoteKind{access.NoteFailed}},
		{name: "a mapping of a deleted role", written: []string{"role/ghost"}, existing: true, want: []access.Principal{arn("role/ghost")}},
		{name: "a permission set that was assigned again", cluster: "staging", written: []string{"sso/Operator"}, existing: true, want: []access.Principal{arn(sso + "0f1e2d3c4b5a6978")}},
		{name: "and gets a new entry", cluster: "staging", written: []string{"sso/Operator"}, want: []access.Principal{arn(sso + "4d5e6f708192a3b4")}},
		{
			name: "one on record", written: []string{"role/once"}, existing: true, recorded: []access.Principal{arn("role/old/once")},
			want: []access.Principal{arn("role/old/once")},
		},
		{
			name: "two on record", written: []string{"role/once"}, existing: true, recorded: []access.Principal{arn("role/old/once"), arn("role/once")},
			notes: []access.NoteKind{access.NoteFailed},
		},
		{name: "one on record gets nothing new", written: []string{"role/once"}, recorded: []access.Principal{arn("role/old/once")}, notes: []access.NoteKind{access.NoteFailed}},
		{name: "an entry, without IAM", profile: "no-iam", written: []string{"role/dev"}, existing: true, want: []access.Principal{arn("role/team/dev")}},
		{name: "a new one, without IAM", profile: "no-iam", written: []string{"role/dev"}, notes: []access.NoteKind{access.NoteFailed}},
		{name: "oneself, without IAM", profile: "no-iam", written: []string{"me"}, want: []access.Principal{arn("role/eks-operator")}, notes: []access.NoteKind{access.NoteNotChecked}},
	} {
		t.Run(row.name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{AWSAuth: ghost})
			if row.profile != "" {
				sandboxtest.Become(t, row.profile)
			}
			if row.cluster == "" {
				row.cluster = "demo"
			}
			for _, p := range row.recorded {
				begun(t, access.Entry{Principal: p, Kind: access.Standard})
			}
			who, notes, err := of(t, row.cluster).Resolve(t.Context(), row.written, row.existing)
			if err != nil || !slices.Equal(who, row.want) {
				t.Errorf("%v, %v", who, err)
			}
			if diff := cmp.Diff(row.notes, kinds(notes)); diff != "" {
				t.Errorf("%v\n%s", notes, diff)
			}
		})
	}
}

// TestWhatIsNoPrincipalIsRefusedBeforeAnythingIsAsked.
func TestWhatIsNoPrincipalIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	if who, _, err := of(t, "demo").Resolve(t.Context(), []string{"role/ops", "nonsense"}, false); err == nil {
		t.Errorf("%v", who)
	}
	if calls := box.Calls(); len(calls) > 0 {
		t.Error(calls)
	}
}

// TestNamesTellWhoIsKnown, and each source is read once.
func TestNamesTellWhoIsKnown(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	begun(t, access.Entry{Principal: arn("role/once"), Kind: access.Standard})
	n := of(t, "demo").Names(t.Context())
	for _, row := range []struct {
		who, namesake access.Principal
		had           bool
	}{
		{arn("role/team/dev"), "", false},
		{arn("role/dev"), arn("role/team/dev"), false},
		{arn("role/other/dev"), arn("role/team/dev"), false},
		{arn("role/once"), "", true},
		{"arn:aws:iam::444455556666:role/dev", "", false},
	} {
		namesake, err := n.Namesake(row.who)
		if err != nil || namesake != row.namesake || n.HadEntry(row.who) != row.had {
			t.Errorf("%s: %s, %v, had an entry: %t", row.who, namesake, err, n.HadEntry(row.who))
		}
		if err := n.NotFound(row.who, account, "why"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v", row.who, err)
		}
	}
	if calls := box.Calls(); calls["eks.ListAccessEntries"] != 1 || len(calls) != 1 {
		t.Error(calls)
	}
	s := settings(t)
	s.Target.Profile = "bob"
	if _, err := opened(t, s).Names(t.Context()).Namesake(arn("role/dev")); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("who may not list: %v", err)
	}
}

func TestIAMKnowsWhoLives(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	s := snapshot(t, c, access.Want{Principals: []access.Principal{admin, arn("role/departed"), arn("role/rotated")}})
	lives, err := c.Lives(t.Context(), s.Entries)
	if err != nil || !slices.Equal(lives, []access.Life{access.Gone, access.Alive, access.Recreated}) {
		t.Errorf("%v, %v", lives, err)
	}
	if id := c.LookUp(t.Context(), arn("role/dev")); id.Principal != arn("role/team/dev") || id.Missing {
		t.Errorf("%+v", id)
	}
	if id := c.LookUp(t.Context(), arn("role/nobody")); !id.Missing {
		t.Errorf("%+v", id)
	}
}
