package whoami_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// TestWhatLetsMeIn is one of three, or not known.
func TestWhatLetsMeIn(t *testing.T) {
	const line = role + "dev dev g"
	unread := func(f *whoami.Facts) { f.MappingsErr = errRefused }
	for _, c := range []struct {
		name    string
		changes []with
		want    string
	}{
		{"an entry", []with{holding(viewer())}, "entry"},
		{"an entry, and the cluster does not tell names", []with{holding(access.Entry{Username: "u"}), func(f *whoami.Facts) { f.Kube = nil }}, "entry"},
		{"an entry over a mapping", []with{holding(viewer()), mapped(access.InForce, line)}, "entry"},
		{"a mapping", []with{mapped(access.InForce, line)}, "mapping"},
		{"the mapping of the account", []with{mapped(access.InForce, account)}, "mapping"},
		{"the mapping of another account", []with{mapped(access.InForce, "444455556666")}, ""},
		{"a mapping that does not work", []with{mapped(access.Shadowed, line)}, ""},
		{"a mapping of another name", []with{mapped(access.InForce, role+"dev other g")}, ""},
		{"a mapping of any session", []with{mapped(access.InForce, role+"dev d{{SessionName}} g")}, "mapping"},
		{"who made the cluster", []with{noEntries}, "creator"},
		{"who made the cluster is not known", []with{noEntries, unread}, ""},
		{"a mapping of who may have made the cluster", []with{noEntries, mapped(access.InForce, line)}, "mapping"},
		{"nothing that is known", nil, ""},
		{"nobody knows who the caller is", []with{loggedOut(whoami.Unknown), mapped(access.InForce, line)}, ""},
	} {
		got, r := "", whoami.Judge(entered(all(c.changes)))
		switch {
		case r.By != nil && r.By.Entry != nil:
			got = "entry"
		case r.By != nil && r.By.Mapping != nil:
			got = "mapping"
		case r.By != nil && r.By.Creator:
			got = "creator"
		}
		if got != c.want || !r.HasAccess {
			t.Errorf("%s: %q, let in %v", c.name, got, r.HasAccess)
		}
	}
}

// TestEachTroubleIsRefusedOrUnknown: only an answer of the cluster says that it does not let in.
func TestEachTroubleIsRefusedOrUnknown(t *testing.T) {
	for trouble := whoami.None; trouble <= whoami.Unknown; trouble++ {
		r := whoami.Judge(stranded(met(trouble)))
		if r.HasAccess || r.Unknown != (trouble != whoami.Unauthorized) {
			t.Errorf("trouble %d with the cluster: let in %v, unknown %v", trouble, r.HasAccess, r.Unknown)
		}
		r = whoami.Judge(entered(loggedOut(trouble)))
		if !r.HasAccess || r.Unknown || len(r.Problems) > 0 {
			t.Errorf("trouble %d with AWS, of somebody who is in: %+v", trouble, r)
		}
	}
	forbidden := func(f *whoami.Facts) { f.KubeErr, f.Trouble, f.Kube = nil, whoami.None, nil }
	if r := whoami.Judge(stranded(forbidden)); !r.HasAccess || r.Unknown {
		t.Errorf("who may not ask who he is, is known: %+v", r)
	}
}

// TestWhatWasNotCheckedIsSaid where it may matter for what was found.
func TestWhatWasNotCheckedIsSaid(t *testing.T) {
	broken := map[string]error{}
	for _, what := range strings.Fields("aws entry entries made mappings bound kube") {
		broken[what] = errors.New("broken " + what)
	}
	no := func(names string) with {
		return func(f *whoami.Facts) {
			for _, what := range strings.Fields(names) {
				*map[string]*error{
					"aws": &f.AWSErr, "entry": &f.EntryErr, "entries": &f.EntriesErr, "made": &f.MadeErr, "mappings": &f.MappingsErr, "bound": &f.BoundErr, "kube": &f.KubeErr,
				}[what] = broken[what]
			}
		}
	}
	const everything = "aws entry entries made mappings bound"
	for _, c := range []struct {
		name  string
		facts whoami.Facts
		want  string
	}{
		{"all was", stranded(all(nil)), ""},
		{"nothing, and not in", stranded(no(everything)), everything},
		{"the login failed", stranded(all([]with{loggedOut(whoami.Expired), no(everything)})), ""},
		{"the login failed, nobody knows why", stranded(all([]with{loggedOut(whoami.Unknown), no("aws made")})), "aws"},
		{"the login failed of one who is in", entered(all([]with{loggedOut(whoami.Expired), no("aws entries")})), "aws entries"},
		{"nobody knows what is wrong", stranded(all([]with{met(whoami.Unreachable), func(f *whoami.Facts) { f.Trouble, f.AWS = whoami.Unknown, nil }, no("mappings kube")})), "mappings kube"},
		{"in by an entry", entered(all([]with{holding(viewer()), no("made mappings bound")})), "made bound"},
		{"in by an entry that gives nothing", entered(all([]with{holding(access.Entry{}), func(f *whoami.Facts) { f.Unbound = true }, no("mappings")})), ""},
		{"in by a mapping", entered(all([]with{mapped(access.InForce, role+"dev dev g"), no("entry made mappings")})), "entry"},
		{"in by what is not known", entered(no("mappings")), "mappings"},
		{"in mode CONFIG_MAP, and nobody knows who asks", stranded(all([]with{noEntries, loggedOut(whoami.Unknown), no("aws mappings")})), "aws mappings"},
		{"in mode CONFIG_MAP", stranded(all([]with{noEntries, no("entry entries made mappings")})), "mappings"},
		{"there is no entry that could be an old one", stranded(no("made")), ""},
		{"there may be one", stranded(no("entries made")), "entries made"},
		{"in, and not by its old entry", entered(all([]with{holding(viewer()), recreated, no("mappings")})), "mappings"},
		{"another cause was found", stranded(all([]with{other, no("mappings")})), ""},
		{"the cluster's answer is not understood", stranded(all([]with{met(whoami.Unknown), no("kube")})), "kube"},
		{"the cluster's answer is a refusal", stranded(no("kube")), ""},
	} {
		r := whoami.Judge(c.facts)
		var got []string
		for _, what := range strings.Fields(everything + " kube") {
			if slices.ContainsFunc(r.Unchecked, func(u whoami.Unchecked) bool { return u.Detail == broken[what].Error() }) {
				got = append(got, what)
			}
		}
		if strings.Join(got, " ") != c.want || len(got) != len(r.Unchecked) {
			t.Errorf("%s: %v, %+v", c.name, got, r.Unchecked)
		}
	}
}

// TestATextNamesWhatItIsAbout: whoever reads one finds the thing, whatever the words around it are.
func TestATextNamesWhatItIsAbout(t *testing.T) {
	exec := func(hint, unrunnable string) with {
		return func(f *whoami.Facts) { f.Hint, f.Unrunnable = hint, unrunnable }
	}
	old := func(f *whoami.Facts) { f.Entry.Created = time.Date(2025, 1, 31, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name    string
		changes []with
		names   string // separated by blanks
	}{
		{"the plugin", []with{met(whoami.Plugin), noExec}, "aws"},
		{"what the kubeconfig says of it", []with{met(whoami.Plugin), noExec, exec("install-it", "")}, "aws install-it"},
		{"why kubectl cannot start it", []with{met(whoami.Plugin), noExec, exec("install-it", "not-executable")}, "not-executable"},
		{"how it failed", []with{met(whoami.Plugin)}, "refused"},
		{"seconds", []with{clock(-119 * time.Second), clock(-2 * time.Minute)}, "2 minutes"},
		{"minutes, rounded", []with{clock(3*time.Minute + 40*time.Second)}, "4 minutes"},
		{"why the login failed", []with{loggedOut(whoami.Unreachable)}, "refused"},
		{"both servers", []with{other}, "https://a https://b demo"},
		{"the private server", []with{met(whoami.Unreachable), private}, "https://a demo"},
		{"when the token ended", []with{func(f *whoami.Facts) { f.TokenEnd = today.Add(-90 * time.Minute) }}, "2026-11-25T10:30:00Z"},
		{"both days", []with{holding(viewer()), recreated, old}, "role/team/dev 2026-11-25 2025-01-31"},
		{"the doubt about an entry", []with{holding(viewer())}, "role/team/dev"},
		{"both roles", []with{as(ssoNow), named(ssoThen)}, "Admin " + string(ssoNow) + " " + string(ssoThen)},
		{"whom the profile takes", []with{named(role + "ops"), taking("p", role+"ops")}, "role/team/dev role/ops p"},
		{"the mapping and why it never matches", []with{mapped(access.NeverMatches, string(dev)+" d g")}, string(dev) + " why"},
		{"what was not read", []with{func(f *whoami.Facts) { f.Unread = map[string]string{"mapRoles": "line-3"} }}, "line-3"},
		{"the cluster and its mode", []with{noEntries}, "demo CONFIG_MAP role/team/dev"},
		{"the mode that reads no mapping", []with{mode(access.ModeAPI)}, "demo API role/team/dev aws-auth"},
		{"what nobody could look at", []with{func(f *whoami.Facts) { f.EntryErr = errRefused }}, "demo role/team/dev"},
		{"who comes as nobody", []with{as("arn:aws:iam::111122223333:root"), func(f *whoami.Facts) { f.AWS.ARN = "arn:aws:iam::111122223333:root" }}, "arn:aws:iam::111122223333:root"},
	} {
		r := whoami.Judge(stranded(all(c.changes)))
		if len(r.Problems) != 1 {
			t.Errorf("%s: %s", c.name, told(r))
			continue
		}
		for _, name := range strings.Fields(c.names) {
			if !strings.Contains(r.Problems[0].Text, name) {
				t.Errorf("%s: %q does not name %s", c.name, r.Problems[0].Text, name)
			}
		}
		if hidden := slices.ContainsFunc(c.changes, func(with) bool { return c.name == "why kubectl cannot start it" }); hidden && strings.Contains(r.Problems[0].Text, "install-it") {
			t.Errorf("a plugin that cannot run is to be installed: %s", r.Problems[0].Text)
		}
	}
}

// TestWhatDiffersReadsDifferently: the same cause, of another kind.
func TestWhatDiffersReadsDifferently(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b []with
	}{
		{"whether IAM could tell that the entry is the role's", []with{holding(viewer())}, []with{holding(viewer()), func(f *whoami.Facts) { f.MadeErr = errRefused }}},
		{"ahead and behind", []with{clock(time.Hour)}, []with{clock(-time.Hour)}},
		{"whether a mapping was looked for", nil, []with{func(f *whoami.Facts) { f.Info = nil }}},
		{"whether there is a mapping that is not read", []with{mode(access.ModeAPI)}, []with{mode(access.ModeAPI), mapped(access.InForce, role+"dev d g")}},
		{"whether mappings are read", nil, []with{mode(access.ModeAPI)}},
	} {
		a, b := whoami.Judge(stranded(all(c.a))).Problems[0], whoami.Judge(stranded(all(c.b))).Problems[0]
		if a.Cause != b.Cause || a.Text == b.Text {
			t.Errorf("%s: %s and %s: %s", c.name, a.Cause, b.Cause, b.Text)
		}
	}
}

// TestAnyFactsMakeAReport whose words are complete, whose every problem can be ended by a command, and which leaves the
// facts alone. One who is not in hears one cause, for what comes first explains what comes after.
func TestAnyFactsMakeAReport(t *testing.T) {
	known := []with{
		met(whoami.Plugin), met(whoami.Unreachable), met(whoami.Certificate), met(whoami.Unknown), loggedOut(whoami.Expired), loggedOut(whoami.Unknown), profile("p q"), clock(time.Hour),
		mode(access.ModeAPI), noEntries, other, private, noExec, recreated, sso, named(ssoNow, ssoThen, role+"ops", role+"dev"), taking("p", role+"Admin"), taking("q", role+"ops"),
		holding(viewer()), holding(access.Entry{Groups: []string{"g"}}), mapped(access.InForce, role+"dev d g"), mapped(access.Shadowed, role+"dev d h"), mapped(access.NeverMatches, string(dev)+" d i"),
		mapped(access.Dropped, "nonsense"), mapped(access.InForce, account), as(ssoNow), as("arn:aws:iam::111122223333:root"), as("arn:aws:iam::111122223333:user/amy"),
		func(f *whoami.Facts) { f.EntryErr, f.EntriesErr = errRefused, errRefused },
		func(f *whoami.Facts) { f.MadeErr, f.MappingsErr = errRefused, errRefused },
		func(f *whoami.Facts) { f.Unbound = true },
		func(f *whoami.Facts) { f.Unread = map[string]string{"mapRoles": "x", "mapUsers": "y"} },
		func(f *whoami.Facts) { f.Info = nil },
		func(f *whoami.Facts) { f.TokenEnd = today },
		func(f *whoami.Facts) {
			f.Kube = &whoami.Kubernetes{Username: "d", Extra: map[string][]string{"arn": {"arn:aws:sts::111122223333:assumed-role/x/me"}}}
			f.KubeErr, f.Trouble = nil, whoami.None
		},
		func(f *whoami.Facts) {
			if f.Kube != nil {
				f.Kube.Username = "system:anonymous"
			}
		},
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var some []with
		for _, c := range known {
			if r.IntN(4) == 0 {
				some = append(some, c)
			}
		}
		r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		build := func() whoami.Facts {
			return stranded(func(f *whoami.Facts) {
				for _, change := range some {
					if me, cluster := f.AWS, f.Info; me == nil || cluster == nil { // a change may need what another took away
						f.AWS, f.Info = &whoami.AWS{}, &access.Info{}
						change(f)
						f.AWS, f.Info = me, cluster
						continue
					}
					change(f)
				}
				f.Other = f.Other && f.Info != nil
				if f.KubeErr == nil {
					f.Trouble = whoami.None
				}
				if f.AWS == nil || f.AWS.Principal.Kind() == "root" {
					f.Entry = nil // which is found by who the caller is
				}
			})
		}
		facts := build()
		report := whoami.Judge(facts)
		if diff := cmp.Diff(build(), facts, cmpopts.EquateErrors()); diff != "" {
			t.Fatalf("the facts changed:\n%s", diff)
		}
		if report.HasAccess && report.Unknown || !report.HasAccess && report.By != nil && (!report.Unknown || report.By.Entry == nil) {
			t.Fatalf("let in %v, unknown %v, by %v", report.HasAccess, report.Unknown, report.By)
		}
		for _, p := range report.Problems {
			if p.Cause == "" || p.By != whoami.You && p.By != whoami.Administrator || strings.Contains(p.Text, "%!") || strings.TrimSpace(p.Text) == "" {
				t.Fatalf("%+v", p)
			}
			if !report.HasAccess && p.Cause != report.Problems[0].Cause {
				t.Fatalf("two causes: %s", told(report))
			}
			for _, c := range p.Commands {
				_, rest, grant := strings.Cut(c, " grant ")
				who, _, _ := strings.Cut(rest, " ")
				if _, err := access.ParsePrincipal(who); grant && err != nil || strings.TrimSpace(c) == "" {
					t.Fatalf("%s: %v", c, err)
				}
			}
		}
	}
}

// TestTheRightsInTheNamespaceComeFromEverySource, and what could not be read makes them a lower bound.
func TestTheRightsInTheNamespaceComeFromEverySource(t *testing.T) {
	wide := access.Entry{Grants: []access.Grant{{Policy: "AmazonEKSSecretReaderPolicy"}}}
	there := access.Entry{Grants: []access.Grant{{Policy: "AmazonEKSSecretReaderPolicy", Scope: access.Scope{Namespaces: []string{"def*"}}}}}
	pods := func(f *whoami.Facts) {
		f.Rules = []policy.Rule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}}
	}
	unbound := func(f *whoami.Facts) { f.Unbound = true }
	unread := func(f *whoami.Facts) { f.EntryErr = errRefused }
	const nothing = "no secrets, exec, deletion, RBAC changes or impersonation"
	const secrets = "reads secrets; no exec, deletion, RBAC changes or impersonation"
	for _, c := range []struct {
		name  string
		facts whoami.Facts
		want  string
	}{
		{"no access", stranded(pods), ""},
		{"nothing is known", entered(all(nil)), ""},
		{"a policy in the cluster", entered(all([]with{holding(wide), unbound})), secrets},
		{"in this namespace", entered(all([]with{holding(there), unbound})), secrets},
		{"in another one", entered(all([]with{holding(viewer()), unbound})), "nothing"},
		{"RBAC was not read", entered(all([]with{holding(wide)})), "at least reads secrets"},
		{"RBAC", entered(all([]with{pods})), "reads pods; " + nothing},
		{"both", entered(all([]with{holding(wide), pods})), "reads pods; " + secrets},
		{"the entry was not read", entered(all([]with{unread, pods})), "at least reads pods"},
		{"a policy without rules", entered(all([]with{holding(access.Entry{Grants: []access.Grant{{Policy: "AmazonEKSEventPolicy"}}}), pods})), "at least reads pods"},
		{"a node", entered(all([]with{holding(wide), unbound, func(f *whoami.Facts) { f.Entry.Kind = access.EC2Linux }})), ""},
	} {
		got := ""
		if r := whoami.Judge(c.facts).Rights; r != nil {
			got = map[bool]string{true: "at least "}[r.AtLeast] + r.Summary
		}
		if got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestWhatIsMissingIsAPermission where a service refused to answer.
func TestWhatIsMissingIsAPermission(t *testing.T) {
	denied := func(f *whoami.Facts) {
		err := fmt.Errorf("a long text: %w", access.ErrForbidden)
		f.EntryErr, f.EntriesErr, f.MadeErr, f.MappingsErr = err, err, err, fmt.Errorf("%w", access.ErrUnauthorized)
	}
	var got []string
	for _, u := range whoami.Judge(stranded(denied)).Unchecked {
		got = append(got, u.What+" ("+u.Why+")")
	}
	want := []string{
		"your access entry (you need eks:DescribeAccessEntry)", "the other access entries (you need eks:ListAccessEntries)",
		"whether your role was recreated (you need iam:GetRole)", "aws-auth (the cluster does not accept your credentials)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNoOneIsToldWhatWasNotRead: that aws-auth has no mapping is known only where it was read.
func TestNoOneIsToldWhatWasNotRead(t *testing.T) {
	unread := func(f *whoami.Facts) { f.MappingsErr = errRefused }
	for _, f := range []whoami.Facts{stranded(unread), stranded(all([]with{noEntries, unread}))} {
		text := whoami.Judge(f).Problems[0].Text
		if strings.Contains(text, "no active") || !strings.Contains(text, "written with the path") {
			t.Error(text)
		}
	}
}
