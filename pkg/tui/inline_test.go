package tui

import (
	"errors"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestPickersTellWhichClusterItIs(t *testing.T) {
	missing := Missing{Who: true, Policy: true, Scope: true}
	d := driveInline(t, newFake(), askGrant(missing, Choice{})).sees("demo  us-west-2  "+account, "Grant · principals")
	d.keys("newc enter").sees("demo  us-west-2  "+account, "policies").keys("view enter").sees("demo  us-west-2  "+account, "scope")
	driveInline(t, newFake(), askRevoke(Missing{Who: true})).sees("demo  us-west-2  "+account, "Revoke · select a principal")
	d = driveInline(t, newFake(), askDescribe).sees("demo  us-west-2  "+account, "Describe · select a principal").keys("ops enter") // a line of aws-auth too
	if d.choice == nil || d.choice.Who[0] != arn("role/ops") {
		t.Errorf("%+v", d.choice)
	}
}

// TestPickersTellTheAccountThatAWSTold: the answer is to be written in short form, which must not rest on a guess.
func TestPickersTellTheAccountThatAWSTold(t *testing.T) {
	f := newFake()
	d := driveInline(t, f, askGrant(Missing{Scope: true}, Choice{Who: []access.Principal{arn("role/newcomer")}, Policies: []access.Policy{"AmazonEKSEditPolicy"}}))
	d.sees("Grant · role/newcomer edit · scope").keys("down enter")
	want := Choice{Who: []access.Principal{arn("role/newcomer")}, Policies: []access.Policy{"AmazonEKSEditPolicy"}, All: true, Account: account}
	if d.choice == nil || !cmp.Equal(want, *d.choice) || !cmp.Equal(want.Shorts(), []string{"role/newcomer"}) {
		t.Errorf("%+v", d.choice)
	}
	f.fail["read"] = errors.New("access denied")
	d = driveInline(t, f, askGrant(Missing{Scope: true}, Choice{Who: want.Who, Policies: want.Policies})).keys("down enter")
	if got := d.choice.Shorts(); got[0] != string(want.Who[0]) {
		t.Errorf("in short form: %v", got)
	}
}

func TestTheGrantPickerSaysWhoIsIn(t *testing.T) {
	f := newFake()
	d := driveInline(t, f, askGrant(Missing{Who: true}, Choice{}))
	d.sees("has cluster-admin (cluster-wide)", "has view in namespaces dev, qa; groups developers")
}

// TestWhatComesLateIsBesideThePrincipalToo: the principals of IAM may be there before the entries.
func TestWhatComesLateIsBesideThePrincipalToo(t *testing.T) {
	f := newFake()
	f.fail["read"] = errors.New("not yet")
	d := driveInline(t, f, askGrant(Missing{Who: true}, Choice{})).sees("role/platform-admin").lacks("has cluster-admin")
	delete(f.fail, "read")
	d.run(d.read(d.at, nil))
	d.sees("has cluster-admin (cluster-wide)")
}

func TestHitsInOtherTabsAreTold(t *testing.T) {
	d := drive(t, newFake()).keys("a").sees("[roles 4]   users 1   permission sets 1")
	d.keys("alice").sees("[roles 0 of 4]   users 1 of 1   permission sets 0 of 1", "no match in roles; tab shows 1 of the users")
	d.keys("enter").sees("✗ no match in roles; tab shows 1 of the users")
	d.keys("tab").sees("[users 1 of 1]", "user/alice").keys("enter").sees("policies")
	drive(t, newFake()).keys("a zzzz").sees("no match: use an ARN").keys("enter").sees("✗ no match: use an ARN")
}

func TestTheWholeEntryIsTakenLast(t *testing.T) {
	f := newFake()
	all := (&view{snapshot: f.State}).takeable(f.State.Entries[0])
	for i, r := range all {
		if whole := r.text == "the whole entry"; whole != (i == len(all)-1) {
			t.Errorf("%d is %s", i, r.text)
		}
	}
	drive(t, f).keys("/ team enter d down enter").sees("view in namespace dev").lacks("(the whole entry)")
}

func TestAWSAuthIsNamedWhereItLetsIn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake)
		want   string
	}{
		"no line":      {func(*fake) {}, ""},
		"a line":       {func(f *fake) { f.mappings[0].ARN = string(arn("role/team/dev")) }, "an aws-auth mapping gives access again"},
		"a dead line":  {func(f *fake) { f.mappings[0].ARN, f.mappings[0].State = string(arn("role/team/dev")), access.Dropped }, ""},
		"unread":       {func(f *fake) { f.blind = true }, "an aws-auth mapping may give access again"},
		"lost halfway": {func(f *fake) { f.fail["halfway"] = errors.New("reset") }, "an aws-auth mapping may give access again"},
		"mode API":     {func(f *fake) { f.State.Cluster.Mode, f.blind = access.ModeAPI, true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			c.change(f)
			d := drive(t, f).keys("/ team enter d")
			if c.want == "" {
				d.lacks("aws-auth")
			} else {
				d.sees(c.want)
			}
		})
	}
}

func TestHintsNameTheKeysOfTheList(t *testing.T) {
	d := driveInline(t, newFake(), askRevoke(Missing{Who: true, What: true})).keys("team enter")
	d.keys("enter").sees("✗ select an item first: ↓, then ⏎").lacks("then space", "space choose")
	d.keys("space enter").sees("✗ select an item first").keys("f1").lacks("space").keys("esc")
	if d.keys("down enter"); d.choice == nil || len(d.choice.Policies) != 1 {
		t.Errorf("%+v", d.choice)
	}
}

// TestNamespacesMayBeTypedWithCommas as after -n.
func TestNamespacesMayBeTypedWithCommas(t *testing.T) {
	for typed, want := range map[string][]string{
		"dev,staging":           {"dev", "staging"},
		"dev,,qa-*,dev":         {"dev", "qa-*"},
		"dev,prod space new":    {"dev", "prod"},
		"dev space dev,staging": {"dev"},
	} {
		d := driveInline(t, newFake(), askGrant(Missing{Scope: true}, Choice{Who: []access.Principal{arn("role/newcomer")}, Policies: []access.Policy{"AmazonEKSEditPolicy"}}))
		d.keys(typed + " enter")
		if d.choice == nil || !cmp.Equal(d.choice.Namespaces, want) || d.choice.All {
			t.Errorf("%s: %+v", typed, d.choice)
		}
	}
	d := drive(t, newFake()).keys("a newc enter edit enter")
	d.send(tea.PasteMsg{Content: "dev, staging"})
	d.sees("dev,staging", "2 namespaces").keys("enter enter").sees("edit in namespace dev", "-n dev,staging")
}
