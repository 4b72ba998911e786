package change

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// saves plans a request and takes the plan through a file.
func (w *town) saves(t *testing.T, r Request) *journal.Plan {
	t.Helper()
	run, p := w.propose(t, r)
	plan, err := run.Save(&p, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan")
	if err := journal.SavePlan(file, plan); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err = journal.ReadPlan(file, text); err != nil {
		t.Fatal(err)
	}
	return plan
}

// carries plans a saved plan; begun says that a part of it was done.
func (w *town) carries(t *testing.T, plan *journal.Plan, begun bool) (*Run, Proposal, error) {
	t.Helper()
	r, err := Saved(plan, begun)
	if err != nil {
		t.Fatal(err)
	}
	run := w.engine.Run(r)
	p, err := run.Propose(t.Context())
	return run, p, err
}

// requests are one of each command whose plan can be saved, on a cluster of theirs.
func requests() map[string]Request {
	files := &Files{Set: "team", Prune: []access.Principal{ci}, Place: func(_ access.Principal, err error) error { return err }, Wants: []access.Desired{
		{Entry: entry(dev, "edit:qa"), Written: access.Fields{Grants: true, Groups: true}}, {Entry: entry(ops, ""), Written: access.Fields{}},
	}}
	return map[string]Request{
		"grant": granting("view:prod group:g tag:a=b", dev, ops, amy), "revoke": revoking("view", dev, ops), "apply": files.Apply(),
		"revoke all": Revoke([]access.Principal{dev, ops}, &edit.Revocation{}, true, false, names{}, nil),
		"mode":       {Kind: journal.SetMode, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true, Asks: true, Accept: []access.RiskName{access.OneWayMode, access.LeaveMappings}, Edit: toAPI},
	}
}

func toAPI(access.Principal) access.Edit { return edit.SetMode(access.ModeAPI) }

func savedTown(t *testing.T) *town {
	t.Helper()
	w := newTown(t, entry(amy, "cluster-admin"), entry(dev, "view:dev,qa group:viewers"), entry(ci, "view tag:kubectl-access/set=team"))
	w.mapped(t, "dev others", "bob viewers")
	w.State.Caller = amy
	return w
}

// TestASavedPlanIsTheChangeThatWasAskedFor, for each command: the cluster becomes the same, and the record knows the plan.
func TestASavedPlanIsTheChangeThatWasAskedFor(t *testing.T) {
	for name := range requests() {
		direct, later := savedTown(t), savedTown(t)
		direct.does(t, requests()[name])
		plan := later.saves(t, requests()[name])
		if len(later.Steps) > 0 {
			t.Fatalf("%s: sent %v", name, later.Steps)
		}
		run, p, err := later.carries(t, plan, false)
		if err != nil || !p.Asks(run.Request) {
			t.Fatalf("%s: %v, asks %v", name, err, p.Asks(run.Request))
		}
		if err := p.Refused(run.Accept); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if errs := later.apply(t, run, p); len(errs) > 0 || len(later.Steps) == 0 {
			t.Fatalf("%s: %v", name, errs)
		}
		diff := access.Diff(direct.State, later.State)
		if !diff.Empty() || len(direct.Steps) != len(later.Steps) {
			t.Errorf("%s: %+v\n%v\n%v", name, diff, direct.Steps, later.Steps)
		}
		r := later.record(t)
		if r.Plan != plan.Digest || r.Kind != plan.Change || r.State() != journal.Done {
			t.Errorf("%s: the record has %q %q %s", name, r.Plan, r.Kind, r.State())
		}
		later.later()
		if _, _, err := later.carries(t, plan, false); !errors.Is(err, journal.ErrPlanStale) || !strings.Contains(err.Error(), "all changes of the plan are in place already") {
			t.Errorf("%s, a second time: %v", name, err)
		}
	}
}

// TestAChangedWorldIsNamed: who and what.
func TestAChangedWorldIsNamed(t *testing.T) {
	for _, row := range []struct {
		request string
		change  func(*town)
		want    string // "": it is none of the plan's business
	}{
		{"grant", func(*town) {}, ""},
		{"grant", func(w *town) { w.State.Caller = bob }, ""},
		{"grant", func(w *town) { w.State = w.State.Put(entry(bob, "edit")) }, ""},
		{"grant", func(w *town) { w.State = w.State.Put(entry(dev, "view:dev group:viewers")) }, "role/dev: now: view in namespace dev\n  role/dev: no longer: view in namespaces dev, qa"},
		{"grant", func(w *town) { w.State = w.State.Put(entry(dev, "view:dev,qa group:viewers group:x")) }, "role/dev: now: username arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}, groups viewers, x"},
		{"grant", func(w *town) { w.State = w.State.Put(entry(dev, "view:dev,qa group:viewers tag:x=y")) }, "role/dev: now: tags x=y"},
		{"grant", func(w *town) { w.State = w.State.Drop(dev) }, "role/dev: no longer: an entry of type STANDARD"},
		{"grant", func(w *town) { w.State = w.State.Put(entry(ops, "")) }, "role/ops: now: an entry of type STANDARD"},
		{"grant", func(w *town) { w.State = w.State.Put(entry(dev, "kind:EC2")) }, "role/dev: now: an entry of type EC2\n"},
		{"grant", func(w *town) { w.State = w.State.Put(entry(amy, "cluster-admin edit:dev")) }, "role/amy: now: edit in namespace dev"},
		{"grant", func(w *town) {
			w.State.RBAC = &access.RBAC{Bindings: []access.Binding{{Name: "b", Role: access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}, Groups: []string{"g"}}}}
		}, "now: role/dev gains cluster administrator (group g) by access entry ClusterRoleBinding b"},
		{"revoke", func(w *town) { w.State.RBAC = &access.RBAC{Err: errTest} }, ""},
		{"revoke all", func(w *town) { w.State.RBAC = &access.RBAC{Err: errTest} }, "the plan was made with RBAC, which role/amy cannot read; carry it out with a login that can read this"},
		{"grant", func(w *town) { w.State.Cluster.Mode = access.ModeAPI }, "mode API_AND_CONFIG_MAP, now API"},
		{"revoke all", func(w *town) { w.mapAgain(t, "dev others", "bob viewers", "ops viewers") }, "aws-auth was changed"},
		{"revoke all", func(w *town) { w.State.AWSAuth = &access.ConfigMap{Err: errTest} }, "aws-auth cannot be read"},
		{"revoke all", func(w *town) { w.State.Caller = dev }, "risk lose-own-access: role/dev is you"},
		{"mode", func(w *town) { w.State.Caller = bob }, "risk lose-own-access: role/bob is you"},
		{"mode", func(w *town) { w.State = w.State.Put(entry(bob, "")) }, "no longer: role/bob loses"},
		{"mode", func(w *town) { w.State.Cluster.Mode = access.ModeAPI }, "all changes of the plan are in place already"},
		{"apply", func(w *town) { w.State = w.State.Drop(ci) }, "role/ci: no longer: an entry of type STANDARD"},
		{"apply", func(w *town) { w.State = w.State.Put(entry(ci, "view tag:kubectl-access/set=other")) }, "role/ci: now: tags kubectl-access/set=other"},
		{"apply", func(w *town) {
			w.onRead = func(s *access.Snapshot, _ access.Want) error {
				*s = s.Drop(dev)
				s.Unread = []access.Unread{{Principal: dev, Err: errTest}}
				return nil
			}
		}, errTest.Error()},
	} {
		w := savedTown(t)
		plan := w.saves(t, requests()[row.request])
		row.change(w)
		_, _, err := w.carries(t, plan, false)
		stale := (errors.Is(err, journal.ErrPlanStale) || errors.Is(err, journal.ErrPlanUnread)) && errors.Is(err, access.ErrRefused) || errors.Is(err, errTest)
		if row.want == "" && err != nil || row.want != "" && (!stale || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v\nwant %s", row.request, err, row.want)
		}
		if len(w.Steps) > 0 {
			t.Errorf("%s: sent %v", row.request, w.Steps)
		}
	}
}

// mapAgain replaces aws-auth.
func (w *town) mapAgain(t *testing.T, lines ...string) {
	t.Helper()
	w.mapped(t, lines...)
	w.State.AWSAuth.Version = "2"
}

// TestTheRisksOfASavedPlanHold: accepted ones stay accepted, others are refused when it is carried out.
func TestTheRisksOfASavedPlanHold(t *testing.T) {
	for _, accepted := range []bool{true, false} {
		w := savedTown(t)
		r := revoking("", amy)
		if accepted {
			r.Accept = []access.RiskName{access.LoseOwnAccess, access.LastAdministrator}
		}
		run, p, err := w.carries(t, w.saves(t, r), false)
		if refused := p.Refused(run.Accept); err != nil || len(p.Risks) < 2 || (refused == nil) != accepted {
			t.Errorf("accepted %v: %v, %v, %v", accepted, err, riskNames(p.Risks), refused)
		}
	}
	w := savedTown(t) // what only the command knew
	files := &Files{Set: "team", Place: func(_ access.Principal, err error) error { return err }}
	for i := range 12 {
		p := role + access.Principal(fmt.Sprint("gone", i))
		w.State = w.State.Put(entry(p, "view tag:kubectl-access/set=team"))
		files.Prune = append(files.Prune, p)
	}
	plan := w.saves(t, files.Apply())
	if run, p, err := w.carries(t, plan, false); err != nil || p.Refused(run.Accept) == nil || p.Refused([]access.RiskName{access.PruneMany}) != nil {
		t.Errorf("%v, %v", err, riskNames(p.Risks))
	}
}

// TestAnUnreadAWSAuthIsTheSameRiskForEverybody: two roles are refused in other words.
func TestAnUnreadAWSAuthIsTheSameRiskForEverybody(t *testing.T) {
	w := savedTown(t)
	w.State.AWSAuth = &access.ConfigMap{Err: errors.New("role/reader cannot")}
	plan := w.saves(t, granting("view", ops))
	w.State.AWSAuth = &access.ConfigMap{Err: errors.New("role/writer cannot")}
	if _, _, err := w.carries(t, plan, false); err != nil || len(plan.Risks) != 1 {
		t.Errorf("%v, %+v", err, plan.Risks)
	}
}

// TestAPlanThatWasMadeWithLessSaysSo, and not that the cluster has changed; what really has is named still.
func TestAPlanThatWasMadeWithLessSaysSo(t *testing.T) {
	for _, row := range []struct {
		request Request
		change  func(*town)
		want    string // "": it is carried out
	}{
		{granting("view:dev", dev), func(*town) {}, ""}, // it has the same effect for both
		{granting("group:g", bob), func(*town) {}, "refused: the effect of the saved plan on rights is not what was reviewed: the plan was made without aws-auth and RBAC, which role/ops could not read; make the plan with a login that can read this"},
		{granting("group:g", bob), func(w *town) { w.State.RBAC = &access.RBAC{Err: errTest} }, "the plan was made without aws-auth, which role/ops could not read"},
		{granting("group:g", bob), func(w *town) { w.State = w.State.Put(entry(bob, "edit")) }, "stale: since"},
		{granting("view", ops), func(w *town) { w.State = w.State.Put(entry(ops, "view")) }, "stale: since"},
	} {
		w := savedTown(t)
		auth, rbac, caller := w.State.AWSAuth, w.State.RBAC, w.State.Caller
		w.State.AWSAuth, w.State.RBAC, w.State.Caller = &access.ConfigMap{Err: errTest}, &access.RBAC{Err: errTest}, ops
		plan := w.saves(t, row.request)
		w.State.AWSAuth, w.State.RBAC, w.State.Caller = auth, rbac, caller
		row.change(w)
		_, _, err := w.carries(t, plan, false)
		if row.want == "" && err != nil || row.want != "" && (!errors.Is(err, access.ErrRefused) || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%v\nwant %s", err, row.want)
		}
	}
}

// TestWhatIsNotAllPlannedIsNotSaved.
func TestWhatIsNotAllPlannedIsNotSaved(t *testing.T) {
	w := savedTown(t)
	r := granting("view", ops)
	r.Incomplete = true
	run, p := w.propose(t, r)
	if _, err := run.Save(&p, time.Hour); !errors.Is(err, ErrIncomplete) {
		t.Error(err)
	}
}

// TestAKilledPlanIsCompleted by the machine that began it, at every step, and by no other.
func TestAKilledPlanIsCompleted(t *testing.T) {
	for name := range requests() {
		want := savedTown(t)
		want.does(t, requests()[name])
		for n := 1; n <= len(want.Steps); n++ {
			w := savedTown(t)
			plan := w.saves(t, requests()[name])
			run, p, err := w.carries(t, plan, false)
			if err != nil {
				t.Fatal(err)
			}
			ctx, kill := context.WithCancel(t.Context())
			calls := 0
			w.Fail = func(access.Step) error {
				if calls++; calls >= n {
					kill()
					return context.Canceled
				}
				return nil
			}
			results, err := run.Apply(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			for range results {
			}
			w.Fail = nil
			w.later()
			if _, _, err := w.carries(t, plan, false); n > 1 && !errors.Is(err, journal.ErrPlanStale) {
				t.Errorf("%s, killed at %d, elsewhere: %v", name, n, err)
			}
			run, p, err = w.carries(t, plan, true)
			if err != nil {
				t.Errorf("%s, killed at %d: %v", name, n, err)
				continue
			}
			if errs := w.apply(t, run, p); len(errs) > 0 || !access.Diff(want.State, w.State).Empty() {
				t.Errorf("%s, killed at %d: %v, %+v", name, n, errs, access.Diff(want.State, w.State).Changes)
			}
		}
	}
}

// TestAWriteInTheMiddleEndsASavedPlan: what is planned again must be the plan, too.
func TestAWriteInTheMiddleEndsASavedPlan(t *testing.T) {
	w := savedTown(t)
	run, p, err := w.carries(t, w.saves(t, granting("edit:dev", dev)), false)
	if err != nil {
		t.Fatal(err)
	}
	w.Fail = func(access.Step) error {
		w.Fail = nil
		w.State = w.State.Put(entry(dev, "view:dev,qa cluster-admin group:viewers"))
		return access.ErrChanged
	}
	errs := w.apply(t, run, p)
	if len(errs) != 1 || !errors.Is(errs[0], journal.ErrPlanStale) || w.is(dev) != "cluster-admin group:viewers view:dev,qa" {
		t.Errorf("%v, %s", errs, w.is(dev))
	}
	w = savedTown(t) // another writer did the same
	if run, p, err = w.carries(t, w.saves(t, granting("edit:dev", dev)), false); err != nil {
		t.Fatal(err)
	}
	w.Fail = func(access.Step) error {
		w.Fail = nil
		w.State = w.State.Put(entry(dev, "view:dev,qa edit:dev group:viewers"))
		return access.ErrChanged
	}
	if errs := w.apply(t, run, p); len(errs) > 0 {
		t.Error(errs)
	}
}
