package printer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

var (
	demo = access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth}
	now  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

const dev access.Principal = "arn:aws:iam::111122223333:role/dev"

func TestCleanMakesEverythingVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 名": "plain ünïcode 名",
		"\x1b[31mred":     "^[[31mred",
		"a\r\nb\tc":       `a^M\nb\tc`,
		"\x00\x7f":        "^@^?",
		"\u009b31m":       `\u009b31m`,
		"a\u202eb\u200bc": `a\u202eb\u200bc`,
		"\xff":            `\ufffd`,

		"no https://127.0.0.1:6443/a": "no https://127.0.0.1:6443/a",
		"https://me:secret@h:1/x":     "https://***@h:1/x",
		`"http://secret@h" and a@b`:   `"http://***@h" and a@b`,
		"https://me:se/cr@t@h":        "https://***@h",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b]0;title\a")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Clean(s); strings.ContainsFunc(got, access.Hidden) {
			t.Fatalf("Clean(%q) = %q", s, got)
		}
	})
}

func TestEntriesShowsEverySource(t *testing.T) {
	s := access.Snapshot{Cluster: demo, Entries: []access.Entry{
		{
			Principal: dev, Kind: access.Standard, Username: "u", Groups: []string{"g", "\x1b[2J"}, Created: now.Add(-49 * time.Hour),
			Grants: []access.Grant{{Policy: "AmazonEKSEditPolicy", Scope: access.Scope{Namespaces: []string{"a", "b-*"}}}, {Policy: access.ClusterAdmin}},
			Tags:   map[string]string{"k": "v", access.ExpiresTag: "2026-11-24T20:00:00Z"},
		},
		{Principal: "arn:aws:iam::111122223333:role/aws-service-role/x/Y", Kind: access.Standard},
	}, Unread: []access.Unread{{Principal: "arn:aws:iam::444455556666:user/x", Err: errors.New("no")}}}
	mappings := []access.Mapping{
		{Kind: access.MappedRole, ARN: "arn:aws:iam::111122223333:role/DEV", Groups: []string{"system:masters"}, Username: "a", State: access.InForce},
		{Kind: access.MappedUser, ARN: "arn:aws:iam::111122223333:user/u", State: access.Shadowed},
		{Kind: access.MappedRole, State: access.Dropped},
		{Kind: access.MappedAccount, ARN: "444455556666", State: access.InForce},
	}
	got := EntryTable(Rows(s, mappings, now)).Rows
	want := [][]string{
		{"arn:aws:iam::444455556666:user/x", "<unknown>", "<unknown>", "<unknown>", "<unknown>", "entry", "<unknown>", "<unknown>", "<unknown>", "<unknown>", "arn:aws:iam::444455556666:user/x"},
		{"account 444455556666", "account", "<none>", "<none>", "ok (aws-auth)", "aws-auth mapAccounts", "<unknown>", "<none>", "<none>", "<none>", "444455556666"},
		{"role/dev", "STANDARD", "edit:a,b-*; cluster-admin; group ^[[2J; group g", "g,^[[2J", "expires in 8h", "entry", "2d1h", "u", "in 8h", "k=v,kubectl-access/expires=2026-11-24T20:00:00Z", string(dev)},
		{"role/aws-service-role/x/Y", "STANDARD", "<none>", "<none>", "managed by AWS", "managed by AWS", "<unknown>", "<none>", "<none>", "<none>", "arn:aws:iam::111122223333:role/aws-service-role/x/Y"},
		{"role/DEV", "role", "<none>", "system:masters", "overridden by entry", "aws-auth mapRoles", "<unknown>", "a", "<none>", "<none>", "arn:aws:iam::111122223333:role/DEV"},
		{"user/u", "user", "<none>", "<none>", "overridden by a later mapping", "aws-auth mapUsers", "<unknown>", "<none>", "<none>", "<none>", "arn:aws:iam::111122223333:user/u"},
		{"<none>", "role", "<none>", "<none>", "invalid", "aws-auth mapRoles", "<unknown>", "<none>", "<none>", "<none>", "<none>"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestADeadEntryWinsOverNothing: the line beside it is what lets in.
func TestADeadEntryWinsOverNothing(t *testing.T) {
	s := access.Snapshot{Cluster: demo, Entries: []access.Entry{{Principal: dev}}}
	line := access.Mapping{Kind: access.MappedRole, ARN: "ARN:AWS:IAM::111122223333:ROLE/dev", Groups: []string{"system:masters"}, State: access.InForce}
	gone := access.Snapshot{Dead: []access.Principal{dev}, Deleted: []access.Principal{dev}}
	if got := gone.Stale(dev).Status(dev); got != "stale (role deleted)" {
		t.Errorf("deleted: %q", got)
	}
	for want, dead := range map[string][2][]access.Principal{
		"ok, overridden by entry, <none>": {},
		"ok (aws-auth), cluster-admin (group system:masters), stale (role recreated), <none>": {{dev}},
		"not checked, may be overridden by entry, <none>":                                     {nil, {dev}},
	} {
		s.Dead, s.Doubtful = dead[0], dead[1]
		var got []string
		for _, r := range Rows(s, []access.Mapping{line}, now) {
			if r.Entry == nil || r.Stale != "" || len(dead[0]) == 0 {
				got = append(got, r.Status)
			}
			if r.Mapping != nil || r.Stale != "" {
				got = append(got, r.Access)
			}
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPlanIsADiffOfRights(t *testing.T) {
	view := access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev"}}}
	wider := access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev", "qa"}}}
	before := access.Entry{Principal: dev, Kind: access.Standard, Username: "u:a", Groups: []string{"old"}, Grants: []access.Grant{view}}
	after := access.Entry{Principal: dev, Kind: access.Standard, Username: "u:b", Groups: []string{"new"}, Grants: []access.Grant{wider}, Tags: map[string]string{"a": "\x1b"}}
	other := access.Entry{Principal: "arn:aws:iam::111122223333:user/x", Kind: access.Standard, Grants: []access.Grant{view}}
	plan := access.Plan{Cluster: demo, Changes: []access.Change{{Before: &before, After: &after}, {Before: &other}, {After: &other}}}
	var b strings.Builder
	Plan(&b, plan, Color(false))
	want := `cluster demo (us-west-2, account 111122223333)
~ role/dev
-     group old
-     username u:a
+     view in namespace qa
+     group new
+     username u:b
+     tag a=^[
- user/x  (the whole entry)
-     view in namespace dev
+ user/x  (new entry, STANDARD)
+     view in namespace dev
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	Plan(&b, plan, Color(true))
	if !strings.Contains(b.String(), "\x1b[32m+     username u:b\x1b[0m") {
		t.Errorf("no colour: %q", b.String())
	}
}

func TestResultTellsWhatWasDoneAndWhatNot(t *testing.T) {
	step := access.Associate{To: dev, Grant: access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev"}}}}
	for _, c := range []struct {
		r    access.Result
		want string
	}{
		{access.Result{Step: step}, "accessentry/role/dev granted view in namespace dev"},
		{access.Result{Step: step, InPlace: true}, "accessentry/role/dev granted view in namespace dev (already in place)"},
		{access.Result{Step: step, Err: errors.New("no\x1b")}, "accessentry/role/dev not granted view in namespace dev: no^["},
	} {
		if got := Result(c.r, "111122223333"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDescriptionTellsAllOfAnEntry(t *testing.T) {
	e := access.Entry{
		Principal: dev, Kind: access.Standard, Username: "u", Groups: []string{"g"}, Created: now.Add(-time.Hour), ARN: "arn:aws:eks:::x",
		Grants: []access.Grant{{Policy: access.ClusterAdmin}, {Policy: "AmazonNewPolicy"}}, Tags: map[string]string{access.ExpiresTag: "2026-11-24T11:00:00Z"},
	}
	got := Description{
		Principal: dev, Cluster: demo, Entry: &e, Now: now, Hints: []string{"a hint"},
		Mappings: []access.Mapping{{Kind: access.MappedRole, ARN: string(dev), State: access.InForce, Reason: "because"}},
	}.String()
	for _, want := range []string{
		"Principal:  " + string(dev), "demo (us-west-2)", "(60m ago)", "expired 60m ago", "cluster-admin on the whole cluster\n    * on", "new on the whole cluster",
		"aws-auth:\n", "(overridden by entry)\n    because", "Hints:\n  a hint",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestEveryPolicyCanBeShown(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range policy.All() {
		short := access.Policy(p.Name).Short()
		if seen[short] || short == "" {
			t.Errorf("two policies are called %q", short)
		}
		seen[short] = true
		if text := Policy(p, Width); !strings.Contains(text, "Rules:\n  ") {
			t.Errorf("no rules, and no word why:\n%s", text)
		}
	}
	if rows := Policies(policy.All()).Rows; len(rows) != len(seen) {
		t.Errorf("%d rows for %d policies", len(rows), len(seen))
	}
}

func BenchmarkRows(b *testing.B) {
	s := access.Snapshot{Cluster: demo}
	for range 1000 {
		s.Entries = append(s.Entries, access.Entry{
			Principal: dev, Kind: access.Standard, Groups: []string{"a", "b"}, Created: now,
			Grants: []access.Grant{{Policy: access.ClusterAdmin}, {Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev"}}}},
		})
	}
	for b.Loop() {
		Rows(s, nil, now)
	}
}
