package journal_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// savedPlan is a plan in a file: its name, the plan and the text.
func savedPlan(t *testing.T) (string, *journal.Plan, string) {
	t.Helper()
	whole := plan()
	before, after := access.Snapshot{Cluster: demo}.Put(*whole.Changes[0].Before), access.Snapshot{Cluster: demo}.Put(*whole.Changes[1].After)
	idle := access.Principal("arn:aws:iam::111122223333:user/idle")
	p := journal.PlanOf(whole, &before, &after, []access.Principal{access.Itself, whole.Changes[0].Principal(), whole.Changes[1].Principal(), idle})
	p.Time, p.MaxAge, p.Change, p.Args = noon.Truncate(time.Second), "24h0m0s", journal.Apply, []string{"kubectl", "access"}
	p.Risks = append(p.Risks, journal.PlannedRisk{Name: access.OneWayMode, Why: "<why>", Accepted: true})
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil { //nolint:gosec // to see that it does not stay so
		t.Fatal(err)
	}
	if err := journal.SavePlan(file, p); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, p, string(text)
}

// TestAPlanIsReadAsItWasSaved, by its owner only, also where a file of another mode was there.
func TestAPlanIsReadAsItWasSaved(t *testing.T) {
	file, want, text := savedPlan(t)
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	got, err := journal.ReadPlan(file, []byte(text))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	changes, err := got.Changes()
	if err != nil || len(changes) != 3 {
		t.Fatal(changes, err)
	}
	for _, c := range plan().Changes {
		if diff := cmp.Diff(c, changes[c.Principal()]); diff != "" {
			t.Error(diff)
		}
	}
	var form any // what is only written in another way is the same plan
	if err := json.Unmarshal([]byte(text), &form); err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.ReadPlan(file, other); err != nil {
		t.Error(err)
	}
}

// TestWhatIsNotTheSavedPlanIsRefusedByName.
func TestWhatIsNotTheSavedPlanIsRefusedByName(t *testing.T) {
	_, _, text := savedPlan(t)
	for _, row := range []struct {
		old, new string
		want     error
	}{
		{"", "", nil},
		{text, "", journal.ErrNotPlan},
		{text, "kind: SavedPlan\n", journal.ErrNotPlan},
		{text, "[1]", journal.ErrNotPlan},
		{`"SavedPlan"`, `"Plan"`, journal.ErrNotPlan},
		{"kubectl-access.github.io/v1alpha1", "kubectl-access.github.io/v2", journal.ErrPlanVersion},
		{"kubectl-access.github.io/v1alpha1", "example.com/v1alpha1", journal.ErrPlanVersion},
		{"AmazonEKSViewPolicy", "AmazonEKSAdminPolicy", journal.ErrPlanChanged},
		{`"qa-*"`, `"qa*"`, journal.ErrPlanChanged},
		{`"accepted": true`, `"accepted": false`, journal.ErrPlanChanged},
		{"24h0m0s", "9999h0m0s", journal.ErrPlanChanged},
		{"sha256:", "sha256:0", journal.ErrPlanChanged},
		{`"entries"`, `"entry"`, journal.ErrPlanChanged},
		{`"account"`, `"extra": 1, "account"`, journal.ErrPlanChanged},
		{text, text + "{}", journal.ErrPlanChanged},
	} {
		wrong := strings.Replace(text, row.old, row.new, 1)
		if _, err := journal.ReadPlan("f", []byte(wrong)); !errors.Is(err, row.want) || err != nil && (!errors.Is(err, access.ErrRefused) || !strings.HasPrefix(err.Error(), "f: ")) {
			t.Errorf("%.40q became %.40q: %v, want %v", row.old, row.new, err, row.want)
		}
	}
}

// TestAPlanNamesEachEntryOnce: its principal is that of both sides, whatever the digest says.
func TestAPlanNamesEachEntryOnce(t *testing.T) {
	_, p, _ := savedPlan(t)
	p.Entries[0].Principal = "arn:aws:iam::111122223333:role/other"
	if _, err := p.Changes(); !errors.Is(err, journal.ErrPlanChanged) {
		t.Error(err)
	}
}

// TestAPlanIsForOneClusterAndForAWhile.
func TestAPlanIsForOneClusterAndForAWhile(t *testing.T) {
	soon := noon.Add(time.Hour)
	for _, row := range []struct {
		change func(*journal.Plan, *access.Info)
		now    time.Time
		want   error
	}{
		{nil, soon, nil},
		{nil, noon.Add(24*time.Hour - time.Second), nil},
		{nil, noon.Add(24*time.Hour + time.Second), journal.ErrPlanExpired},
		{nil, noon.Add(-4 * time.Minute), nil}, // clocks differ
		{nil, noon.Add(-time.Hour), journal.ErrPlanExpired},
		{func(p *journal.Plan, _ *access.Info) { p.MaxAge = "soon" }, soon, journal.ErrPlanChanged},
		{func(_ *journal.Plan, i *access.Info) { i.ARN = "arn:aws:eks:us-west-2:444455556666:cluster/demo" }, soon, journal.ErrPlanAccount},
		{func(_ *journal.Plan, i *access.Info) { i.ARN = "arn:aws:eks:us-west-2:111122223333:cluster/other" }, soon, journal.ErrPlanCluster},
		{func(_ *journal.Plan, i *access.Info) { i.ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/demo" }, soon, journal.ErrPlanCluster},
		{func(p *journal.Plan, _ *access.Info) {
			p.Entries[1].After.Spec.Tags = map[string]string{access.ExpiresTag: noon.Format(time.RFC3339)}
		}, soon, journal.ErrPlanExpired},
		{func(p *journal.Plan, _ *access.Info) {
			p.Entries[1].After.Spec.Tags = map[string]string{access.ExpiresTag: noon.Format(time.RFC3339)}
		}, noon.Add(-time.Minute), nil},
	} {
		_, p, _ := savedPlan(t)
		info := demo
		if row.change != nil {
			row.change(p, &info)
		}
		if err := p.Usable(row.now, &info); !errors.Is(err, row.want) || row.want == nil && err != nil {
			t.Errorf("%v: %v, want %v", row.now, err, row.want)
		}
	}
}

// TestAPlanIsCarriedOutOnce: what is done is not done again, and what was begun may be completed.
func TestAPlanIsCarriedOutOnce(t *testing.T) {
	p := &journal.Plan{Digest: "sha256:1"}
	sent := []journal.Sent{{Part: access.PartMode}}
	failed, fine := []journal.Step{{Error: "no"}}, []journal.Step{{}}
	for _, row := range []struct {
		name  string
		r     journal.Record
		begun bool
		want  error
	}{
		{"another plan", journal.Record{Plan: "sha256:2", Finished: noon, Steps: fine, Sent: sent}, false, nil},
		{"no plan", journal.Record{Finished: noon, Steps: fine, Sent: sent}, false, nil},
		{"done", journal.Record{Plan: p.Digest, Finished: noon, Steps: fine, Sent: sent}, false, journal.ErrPlanReplayed},
		{"part done", journal.Record{Plan: p.Digest, Finished: noon, Steps: append(fine, failed...), Sent: sent}, true, nil},
		{"killed", journal.Record{Plan: p.Digest, Sent: sent}, true, nil},
		{"nothing done", journal.Record{Plan: p.Digest, Finished: noon, Steps: failed}, false, nil},
	} {
		all := journal.Journal{Records: []journal.Record{row.r}}
		if begun, err := all.Carried(p); begun != row.begun || !errors.Is(err, row.want) || row.want == nil && err != nil {
			t.Errorf("%s: %v, %v", row.name, begun, err)
		}
	}
}
