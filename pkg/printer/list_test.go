package printer

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// listed has an entry with policies, one with a group that RBAC binds, a node, and mappings: one of an administrator, one void.
func listed() []Row {
	bindings := []access.Binding{{Namespace: "dev", Name: "b", Role: access.RoleRef{Kind: "Role", Name: "reader"}, Groups: []string{"readers"}}}
	arn := func(name string) access.Principal { return access.Principal("arn:aws:iam::111122223333:role/" + name) }
	s := access.Snapshot{Cluster: demo, RBAC: &access.RBAC{Bindings: bindings}, Entries: []access.Entry{
		{Principal: arn("edits"), Kind: access.Standard, Grants: []access.Grant{{Policy: "AmazonEKSEditPolicy", Scope: access.Scope{Namespaces: []string{"dev-*"}}}}, Tags: map[string]string{"team": "a,b"}, Created: now},
		{Principal: arn("reads"), Kind: access.Standard, Groups: []string{"readers", "nobody-binds-it"}, Tags: map[string]string{"=x": "1"}},
		{Principal: arn("empty"), Kind: access.Standard, Tags: map[string]string{access.ExpiresTag: "2020-01-01T00:00:00Z"}},
		{Principal: arn("node"), Kind: access.EC2Linux},
	}}
	return Rows(s, []access.Mapping{
		{Kind: access.MappedRole, ARN: string(arn("boss")), Groups: []string{"system:masters"}, State: access.InForce, Item: 1},
		{Kind: access.MappedRole, ARN: string(arn("a/void")), Groups: []string{"system:masters"}, State: access.NeverMatches, Item: 2},
	}, now)
}

func names(rows []Row) string {
	var all []string
	for _, r := range rows {
		all = append(all, strings.TrimPrefix(r.Name, "role/"))
	}
	return strings.Join(all, " ")
}

func TestFilterSelectsRows(t *testing.T) {
	tags := func(text string) []TagTerm {
		terms, err := ParseTags(text)
		if err != nil {
			t.Fatal(err)
		}
		return terms
	}
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "boss edits empty reads node a/void"},
		{Filter{Namespace: "dev"}, "boss reads"},
		{Filter{Namespace: "dev-1"}, "boss edits"},
		{Filter{Policy: "AmazonEKSEditPolicy"}, "edits"},
		{Filter{Policy: access.ClusterAdmin}, "boss"},
		{Filter{Policy: access.ClusterAdmin, All: true}, "boss a/void"},
		{Filter{Policy: access.ClusterAdmin, State: access.StateNever}, "a/void"},
		{Filter{Namespace: "dev", All: true}, "boss reads a/void"},
		{Filter{Group: "system:masters"}, "boss"},
		{Filter{Group: "system:masters", All: true}, "boss a/void"},
		{Filter{Kind: "ec2_linux"}, "node"},
		{Filter{State: access.StateNever}, "a/void"},
		{Filter{State: access.StateOverdue}, "empty"},
		{Filter{NoNodes: true, State: access.StateOK}, "boss edits reads"},
		{Filter{Tags: tags("team")}, "edits"},
		{Filter{Tags: tags("!team,x!=1"), State: access.StateOverdue}, "empty"},
		{Filter{Tags: []TagTerm{{Key: "team", Value: "a,b"}}}, "edits"},
		{Filter{Tags: tags("team!=z")}, "boss edits empty reads node a/void"},
	} {
		rows := slices.DeleteFunc(listed(), func(r Row) bool { return !c.filter.Keeps(r) })
		if got := names(rows); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.filter, got, c.want)
		}
	}
	for _, bad := range []string{"", "=x", "a=b,", "!"} {
		if _, err := ParseTags(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestSortAndFoldAndChanged(t *testing.T) {
	rows := listed()
	for by, want := range map[string]string{
		"AGE": "edits boss empty reads node a/void", "type": "node edits empty reads boss a/void", "expires": "empty boss edits reads node a/void", "status": "boss edits reads node empty a/void",
	} {
		sorted := slices.Clone(rows)
		if err := Sort(sorted, by); err != nil || names(sorted) != want {
			t.Errorf("%s: %s, %v", by, names(sorted), err)
		}
	}
	if err := Sort(rows, "color"); err == nil {
		t.Error("sorted by color")
	}
	shown, folded := Fold(rows)
	if folded != "1 aws-auth mapping gives nothing (1 never matches)" || len(shown) != len(rows)-1 {
		t.Error(folded, len(shown))
	}
	after := slices.Clone(rows[1:])
	after[0].Access = "view"
	changed := Changed(rows, after)
	if got := names(changed); got != "edits boss" || changed[1].Status != "removed" || len(Changed(rows, rows)) != 0 {
		t.Errorf("%s, %+v", got, changed)
	}
}

func TestFormsOfAList(t *testing.T) {
	rows := listed()
	for format, want := range map[string]string{
		"csv": `PRINCIPAL,TYPE,ACCESS,GROUPS,STATUS,SOURCE,CREATED,USERNAME,EXPIRES,TAGS,ARN
role/boss,role,cluster-admin (group system:masters),system:masters,ok (aws-auth),aws-auth mapRoles[0],,,,,arn:aws:iam::111122223333:role/boss
role/edits,STANDARD,edit:dev-*,,ok,entry,2026-11-24T12:00:00Z,,,"team=a,b",arn:aws:iam::111122223333:role/edits
role/empty,STANDARD,,,overdue,entry,,,2020-01-01T00:00:00Z,kubectl-access/expires=2020-01-01T00:00:00Z,arn:aws:iam::111122223333:role/empty
`,
		"custom-columns=KIND:.kind,WHO:{.spec.principalARN},NONE:.a.b": `KIND             WHO                                     NONE
AWSAuthMapping   arn:aws:iam::111122223333:role/boss     <none>
`,
		"jsonpath={.items[*].kind} {.kind} {.apiVersion} {.items[0].status.place}": "AWSAuthMapping AccessEntry AccessEntry AccessEntry AccessEntry AWSAuthMapping AccessList kubectl-access.github.io/v1alpha1 mapRoles[0]",
	} {
		f := Format{Name: format, Allowed: []string{"csv", "custom-columns=", "jsonpath="}}
		if err := f.Check(); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		print := func() error { return f.Rows(&b, rows, demo, false) }
		if f.Tabular() {
			print = func() error { return f.List(&b, rows) }
		}
		if err := print(); err != nil || !strings.HasPrefix(b.String(), want) {
			t.Errorf("%s: %v %s", format, err, cmp.Diff(want, b.String()))
		}
		if strings.Contains(b.String(), ",=x") {
			t.Error("a formula:", b.String())
		}
	}
	for _, bad := range []string{"custom-columns=", "custom-columns=A", "custom-columns=A:", "custom-columns=A:.x[", "csv2"} {
		if err := (Format{Name: bad, Allowed: []string{"custom-columns=", "csv"}}).Check(); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestFitLeavesOutWordsAndCutsNone(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"edit:dev,prod", 13, "edit:dev,prod"}, {"edit:dev,prod", 12, "edit:dev,…"}, {"edit:dev,prod", 7, "edit:…"}, {"edit:dev; view", 12, "edit:dev …"}, {"averylongword", 4, "…"},
	} {
		if got := fitWords(c.text, c.width); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
	if got := FitName("role/a/b/name", 12); got != "role/…/name" {
		t.Error(got)
	}
}

func TestFitLastLeavesWordsOut(t *testing.T) {
	made := func() Table {
		return Table{Columns: []Column{{Name: "A"}, {Name: "W", Wide: true}, {Name: "TEXT"}, {Name: "V", Wide: true}}, Rows: [][]string{{"one", "x", "some words that are long", "y"}}}
	}
	for width, want := range map[int]string{0: "some words that are long", 80: "some words that are long", 26: "some words that …", 1: "some words …"} {
		if got := made().FitLast(width).Rows[0][2]; got != want {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
}

func TestARowTakesTwoLinesWhereTheTerminalIsNarrow(t *testing.T) {
	table := Table{Columns: []Column{{Name: "WHEN"}, {Name: "CLUSTER", Wide: true}, {Name: "WHAT"}, {Name: "BY"}, {Name: "WITH"}}, Rows: [][]string{
		{"today", "demo", "groups: viewers", "role/x", none}, {"then", "demo", "created", "role/y", "console"},
	}}
	if got := table.stacked(2); got != "today  groups: viewers\n    role/x\nthen  created\n    role/y; console\n" {
		t.Errorf("%q", got)
	}
}
