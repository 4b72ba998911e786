package change

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// TestAChangeIsOnRecordBeforeItsFirstCall, and each part of it before its own.
func TestAChangeIsOnRecordBeforeItsFirstCall(t *testing.T) {
	w := newTown(t, entry(amy, "view:dev"))
	w.State.Caller = bob
	var sent [][]journal.Sent
	w.Fail = func(s access.Step) error {
		r := w.record(t)
		if r.State() != journal.Interrupted || len(r.Entries) != 2 {
			t.Errorf("%s: %s, %d entries", s, r.State(), len(r.Entries))
		}
		sent = append(sent, r.Sent)
		return nil
	}
	request := granting("view:qa", amy, dev)
	request.Told, request.Undoes = []string{"kubectl", "access"}, "other"
	w.does(t, request)
	for i, before := range sent {
		if len(before) < i+1 {
			t.Errorf("at call %d on record are %v", i, before)
		}
	}
	r := w.record(t)
	want := journal.Record{
		ID: r.ID, Time: r.Time, Cluster: journal.Cluster{Name: "demo", ARN: w.State.Cluster.ARN, Mode: access.ModeBoth}, Caller: bob, Kind: journal.Grant,
		Args: request.Told, Undoes: "other", Entries: r.Entries, Finished: r.Finished, Steps: r.Steps, Sent: r.Sent, LastSent: r.Finished,
	}
	if diff := cmp.Diff(want, r); diff != "" || r.State() != journal.Done || len(r.Steps) != 3 || len(r.Sent) != 3 {
		t.Errorf("%s, %d steps, %d sent\n%s", r.State(), len(r.Steps), len(r.Sent), diff)
	}
}

// TestWithoutARecordNothingIsSent.
func TestWithoutARecordNothingIsSent(t *testing.T) {
	w := newTown(t)
	run, p := w.propose(t, granting("view", amy))
	w.engine.Dir = func() (string, error) { return "", errTest }
	if _, err := run.Apply(t.Context(), p); !errors.Is(err, errTest) || len(w.Steps) > 0 || run.Begun() {
		t.Errorf("%v, sent %v", err, w.Steps)
	}
	w = newTown(t)
	run, p = w.propose(t, granting("view", amy))
	w.dir = filepath.Join(w.dir, "file")
	if err := os.WriteFile(w.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run.Apply(t.Context(), p); err == nil || len(w.Steps) > 0 {
		t.Errorf("%v, sent %v", err, w.Steps)
	}
}

// TestAFailedStepEndsItsOwnPrincipalOnly, and is not on record as sent.
func TestAFailedStepEndsItsOwnPrincipalOnly(t *testing.T) {
	for _, c := range []struct {
		err  error
		sent bool
	}{{access.ErrForbidden, false}, {errTest, true}} {
		w := newTown(t)
		w.Fail = func(s access.Step) error {
			if s.Principal() == dev {
				return c.err
			}
			return nil
		}
		request := granting("view", amy, dev)
		request.Reword = func(r access.Result) access.Result { r.Err = errors.Join(r.Err, errTest); return r }
		run, p := w.propose(t, request)
		errs := w.apply(t, run, p)
		if len(errs) != 2 || !errors.Is(errs[0], errTest) || !errors.Is(errs[1], access.ErrSkipped) {
			t.Errorf("errors %v", errs)
		}
		if !run.Partial || w.is(amy) != "view" || w.is(dev) != "no entry" {
			t.Errorf("partial %t, amy has %s, dev %s", run.Partial, w.is(amy), w.is(dev))
		}
		if left := run.Entries(p); len(left) != 1 || left[0].Principal != amy {
			t.Errorf("left are %v", left)
		}
		if r := w.record(t); r.State() != journal.PartDone || r.Did(dev, access.PartEntry) != access.MayBeDone(c.err) || !r.Did(amy, access.PartEntry) {
			t.Errorf("%v: %s, sent %v", c.err, r.State(), r.Sent)
		}
	}
}

// TestWhatIsNotReadyIsNotBegun: the record says that nothing was done.
func TestWhatIsNotReadyIsNotBegun(t *testing.T) {
	w := newTown(t)
	request := granting("view", amy)
	request.Ready = func(context.Context) ([]access.Note, error) {
		return access.Notes(access.NoteDone, "backup", "made"), errTest
	}
	run, p := w.propose(t, request)
	if _, err := run.Apply(t.Context(), p); !errors.Is(err, errTest) || len(w.Steps) > 0 || run.Begun() {
		t.Errorf("%v, sent %v", err, w.Steps)
	}
	if r := w.record(t); r.State() != journal.NotDone || !slices.Equal(kinds(run.Notes), []string{"done backup"}) {
		t.Errorf("%s, %v", r.State(), run.Notes)
	}
}

// TestAnEntryThatMovesMeanwhileIsPlannedAnew, and what was found then is what was before.
func TestAnEntryThatMovesMeanwhileIsPlannedAnew(t *testing.T) {
	w := newTown(t, entry(amy, "view:dev"))
	moved := false
	w.Fail = func(access.Step) error {
		if !moved {
			moved = true
			w.State = w.State.Put(entry(amy, "view:dev,prod"))
			return access.ErrChanged
		}
		return nil
	}
	run := w.does(t, granting("view:qa", amy))
	if w.is(amy) != "view:dev,prod,qa" {
		t.Errorf("amy has %s", w.is(amy))
	}
	changes, err := w.record(t).Changes()
	if err != nil || len(changes) != 1 || form(*changes[0].Before) != "view:dev,prod" {
		t.Errorf("on record is %v, %v", changes, err)
	}
	if _, p := w.propose(t, granting("view:qa", amy)); !p.Plan.Empty() || form(run.Entries(p)[0]) != "view:dev,prod,qa" {
		t.Errorf("left is %v", run.Entries(p))
	}
}

// TestANewRiskEndsThePartThatHasIt: nobody has accepted it.
func TestANewRiskEndsThePartThatHasIt(t *testing.T) {
	for _, accepts := range []bool{false, true} {
		w := newTown(t, entry(amy, "cluster-admin"), entry(bob, "cluster-admin"))
		moved := false
		w.Fail = func(access.Step) error {
			if !moved {
				moved = true
				w.State = w.State.Drop(bob)
				return access.ErrChanged
			}
			return nil
		}
		request := revoking("", amy)
		if accepts {
			request.Accept = []access.RiskName{access.LastAdministrator}
		}
		run, p := w.propose(t, request)
		errs := w.apply(t, run, p)
		if is := w.is(amy); run.Partial == accepts || (len(errs) == 0) != accepts || (is == "no entry") != accepts {
			t.Errorf("accepted %t: %v, amy has %s", accepts, errs, is)
		}
	}
}

// TestAnAnswerThatIsLostIsAskedFor: what was done is done, and what was not is done again.
func TestAnAnswerThatIsLostIsAskedFor(t *testing.T) {
	for _, reached := range []bool{false, true} {
		w := newTown(t)
		lost := false
		lose := func(access.Step) error {
			if !lost {
				lost = true
				return access.ErrUnknown
			}
			return nil
		}
		if w.Fail = lose; reached {
			w.Fail, w.Lose = nil, lose
		}
		if run := w.does(t, granting("view:dev", amy)); w.is(amy) != "view:dev" || run.Partial || !lost {
			t.Errorf("reached %t: %s, partial %t", reached, w.is(amy), run.Partial)
		}
	}
}

// TestTheLastAdministratorIsRestored: a colleague removes the other one after the plan was judged. Each way of taking one away
// ends as it began, whole.
func TestTheLastAdministratorIsRestored(t *testing.T) {
	whole := entry(amy, "cluster-admin view:dev group:g user:me:{{SessionName}} tag:a=b")
	for _, c := range []struct {
		name     string
		was      access.Entry
		bindings []access.Binding
		request  Request
	}{
		{"the entry", whole, nil, revoking("", amy)},
		{"the policy", whole, nil, revoking("cluster-admin", amy)},
		{"its scope", whole, nil, Request{Kind: journal.Grant, Who: []access.Principal{amy}, Takes: true, Edit: func(access.Principal) access.Edit {
			return func(s access.Snapshot) (access.Snapshot, error) {
				return s.Put(entry(amy, "cluster-admin:dev view:dev group:g user:me:{{SessionName}} tag:a=b")), nil
			}
		}}},
		{
			"a group", entry(amy, "group:admins group:g"),
			[]access.Binding{{Name: "b", Role: access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}, Groups: []string{"admins"}}},
			revoking("group:admins", amy),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, c.was, entry(bob, "cluster-admin"))
			w.State.RBAC.Bindings = c.bindings
			run, p := w.propose(t, c.request)
			w.State = w.State.Drop(bob)
			errs := w.apply(t, run, p)
			if len(errs) != 1 || !errors.Is(errs[0], errNobodyLeft) || !run.Partial {
				t.Errorf("ended with %v", errs)
			}
			if diff := cmp.Diff(form(c.was), w.is(amy)); diff != "" {
				t.Error(diff)
			}
			if r := w.record(t); len(r.Sent) > 0 || r.State() != journal.NotDone {
				t.Errorf("nothing is left to undo, on record is %v", r.Sent)
			}
		})
	}
}

func TestALastAdministratorThatCannotBeRestoredIsToldOf(t *testing.T) {
	restores := func(s access.Step) bool { _, is := s.(access.CreateEntry); return is }
	for name, c := range map[string]struct {
		fail func(*town) func(access.Step) error
		read error
		err  error
		left string
	}{
		"refused": {
			fail: func(*town) func(access.Step) error {
				return func(s access.Step) error {
					if restores(s) {
						return access.ErrForbidden
					}
					return nil
				}
			},
			err: errNotRestored, left: "no entry",
		},
		"no answer, five times": {
			fail: func(*town) func(access.Step) error {
				n := 0
				return func(s access.Step) error {
					if n++; restores(s) && n <= 6 {
						return access.ErrUnknown
					}
					return nil
				}
			},
			err: errNobodyLeft, left: "cluster-admin",
		},
		"nobody knows who is left": {read: errTest, left: "no entry"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, entry(amy, "cluster-admin"), entry(bob, "cluster-admin"))
			run, p := w.propose(t, revoking("", amy))
			w.State = w.State.Drop(bob)
			if c.fail != nil {
				w.Fail = c.fail(w)
			}
			w.onRead = func(*access.Snapshot, access.Want) error { return c.read }
			errs := w.apply(t, run, p)
			if (len(errs) == 0) != (c.err == nil) || len(errs) > 0 && !errors.Is(errs[0], c.err) {
				t.Errorf("ended with %v", errs)
			}
			if w.is(amy) != c.left || !run.Partial || (c.read != nil) != slices.Contains(kinds(run.Notes), "not-checked") {
				t.Errorf("amy has %s, partial %t, notes %v", w.is(amy), run.Partial, run.Notes)
			}
		})
	}
}

// TestMappingsOfTheLastAdministratorComeBack, unless somebody else has written since.
func TestMappingsOfTheLastAdministratorComeBack(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		w := newTown(t, entry(bob, "cluster-admin"))
		w.mapped(t, "amy system:masters", "dev g")
		before := maps.Clone(w.State.AWSAuth.Data)
		request := Request{Kind: journal.Revoke, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true, Edit: func(access.Principal) access.Edit {
			return awsauth.RemoveMappings(func(all []access.Mapping) []access.Mapping {
				return slices.DeleteFunc(slices.Clone(all), func(m access.Mapping) bool { return !m.Names(amy) })
			})
		}}
		run, p := w.propose(t, request)
		w.State = w.State.Drop(bob)
		if meanwhile {
			w.Lose = func(access.Step) error {
				m := awsauth.Understood(access.ConfigMap{Data: map[string]string{"mapUsers": "[]"}, Version: "3"})
				w.State.AWSAuth = &m
				return nil
			}
		}
		errs := w.apply(t, run, p)
		want := errNobodyLeft
		if meanwhile {
			want = errNotRestored
		}
		if len(errs) != 1 || !errors.Is(errs[0], want) || maps.Equal(w.State.AWSAuth.Data, before) == meanwhile {
			t.Errorf("%v, left is %q", errs, w.State.AWSAuth.Data)
		}
	}
}

// TestWhatAnotherMachineOverwritesIsTold: its write comes after ours was done.
func TestWhatAnotherMachineOverwritesIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		theirs func(access.Snapshot) access.Snapshot
		told   bool
	}{
		{"nothing", func(s access.Snapshot) access.Snapshot { return s }, false},
		{"the scope", func(s access.Snapshot) access.Snapshot { return s.Put(entry(amy, "view:dev,qa")) }, true},
		{"the policy", func(s access.Snapshot) access.Snapshot { return s.Put(entry(amy, "edit:dev")) }, true},
		{"the entry", func(s access.Snapshot) access.Snapshot { return s.Drop(amy) }, true},
		{"more", func(s access.Snapshot) access.Snapshot { return s.Put(entry(amy, "view:dev,prod,qa")) }, false},
		{"the groups, which this change did not set", func(s access.Snapshot) access.Snapshot { return s.Put(entry(amy, "view:dev,prod group:theirs")) }, false},
		{"what was before, which EKS may show for a while", func(s access.Snapshot) access.Snapshot { return s.Put(entry(amy, "view:dev")) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, entry(amy, "view:dev"))
			run, p := w.propose(t, granting("view:prod", amy))
			w.Lose = func(access.Step) error { w.State = c.theirs(w.State); return nil }
			errs := w.apply(t, run, p)
			if (len(errs) > 0) != c.told || run.Partial != c.told || c.told && !errors.Is(errs[0], access.ErrOverwritten) && !errors.Is(errs[0], access.ErrChanged) {
				t.Errorf("told %v, partial %t", errs, run.Partial)
			}
		})
	}
}

// TestAnAWSAuthThatMovesMeanwhileIsReadAgain: what somebody writes between the plan and the write is kept, and stands in the
// record as what was there before.
func TestAnAWSAuthThatMovesMeanwhileIsReadAgain(t *testing.T) {
	w := newTown(t)
	w.mapped(t, "amy g", "dev g")
	request := Request{Kind: journal.Revoke, Who: []access.Principal{access.Itself}, Mappings: true, Edit: func(access.Principal) access.Edit {
		return func(s access.Snapshot) (access.Snapshot, error) {
			m := access.ConfigMap{Data: maps.Clone(s.AWSAuth.Data), Version: s.AWSAuth.Version}
			m.Data["ours"] = "new"
			m = awsauth.Understood(m)
			s.AWSAuth = &m
			return s, nil
		}
	}}
	run, p := w.propose(t, request)
	theirs := maps.Clone(w.State.AWSAuth.Data)
	theirs["theirs"] = "kept\r\n"
	moved := awsauth.Understood(access.ConfigMap{Data: theirs, Version: "2"})
	w.State.AWSAuth = &moved
	if errs := w.apply(t, run, p); len(errs) > 0 {
		t.Fatal(errs)
	}
	w.later()
	if diff := cmp.Diff(theirs, w.record(t).AWSAuth.Before); diff != "" {
		t.Errorf("the record:\n%s", diff)
	}
	want := maps.Clone(theirs)
	want["ours"] = "new"
	if diff := cmp.Diff(want, w.State.AWSAuth.Data); diff != "" {
		t.Error(diff)
	}
	w.does(t, w.undoing(t, w.record(t)))
	if diff := cmp.Diff(theirs, w.State.AWSAuth.Data); diff != "" {
		t.Errorf("undone:\n%s", diff)
	}
}

// TestAChangeWaitsForTheOneBefore, for some time.
func TestAChangeWaitsForTheOneBefore(t *testing.T) {
	w := newTown(t)
	first, err := w.engine.Start(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	late, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	if _, err := w.engine.Start(late, Request{}); !errors.Is(err, journal.ErrBusy) {
		t.Errorf("two at once: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := w.engine.Start(ended, Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt: %v", err)
	}
	if _, err := w.engine.Start(late, Request{DryRun: true}); err != nil {
		t.Errorf("a dry run: %v", err)
	}
	first.Release()
	other, err := w.engine.Start(late, Request{})
	if err != nil {
		t.Error(err)
	}
	other.Release()
	run, p := w.propose(t, granting("view", amy))
	if _, _, err := run.Again(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	w.apply(t, run, p)
	if last, err := w.engine.Start(late, Request{}); err != nil {
		t.Errorf("a change that ended: %v", err)
	} else {
		last.Release()
	}
}

func TestSettleWaitsUntilTheChangeIsInEffect(t *testing.T) {
	silent := func() (bool, error) { return false, access.ErrNoServer }
	yes := func() (bool, error) { return true, nil }
	for _, c := range []struct {
		name    string
		caller  access.Principal
		request Request
		behind  int // reads that do not show the change
		acts    func() (bool, error)
		pauses  int
		notes   []string
		err     error // errTest: any
	}{
		{name: "at once", caller: bob, request: granting("view:qa", amy)},
		{name: "a moment later", caller: bob, request: granting("view:qa", amy), behind: 2, pauses: 2},
		{name: "never", caller: bob, request: granting("view:qa", amy), behind: 100, pauses: 5, err: errTest},
		{name: "oneself, at once", caller: amy, request: granting("view:qa", amy), acts: yes},
		{name: "oneself, who cannot ask", caller: amy, request: granting("view:qa", amy), acts: silent, notes: []string{"not-checked"}},
		{name: "oneself, who may not ask", caller: amy, request: granting("view:qa", amy), acts: func() (bool, error) { return false, access.ErrForbidden }, err: access.ErrForbidden},
		{name: "oneself, never", caller: amy, request: granting("view:qa", amy), acts: func() (bool, error) { return false, nil }, pauses: 5, err: errTest},
		{name: "oneself without an entry: aws-auth may answer", caller: amy, request: accepting(revoking("", amy), access.LoseOwnAccess)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, entry(amy, "view:dev"), entry(bob, "cluster-admin"))
			w.State.Caller, w.acts = c.caller, c.acts
			run, p := w.propose(t, c.request)
			if errs := w.apply(t, run, p); len(errs) > 0 {
				t.Fatal(errs)
			}
			looks, pauses := 0, 0
			w.onRead = func(s *access.Snapshot, _ access.Want) error {
				if looks++; looks <= c.behind {
					*s = s.Put(entry(amy, "view:dev"))
				}
				return nil
			}
			w.engine.Pause = func(context.Context, int) error {
				if pauses++; pauses == 5 {
					return context.DeadlineExceeded
				}
				return nil
			}
			err := run.Settle(t.Context(), p, time.Hour)
			if (err == nil) != (c.err == nil) || !errors.Is(c.err, errTest) && !errors.Is(err, c.err) || pauses != c.pauses {
				t.Errorf("%v after %d pauses", err, pauses)
			}
			if diff := cmp.Diff(c.notes, kinds(run.Notes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func accepting(r Request, risks ...access.RiskName) Request { r.Accept = risks; return r }

// TestSettleDoesNotWaitForWhatWasNotDone.
func TestSettleDoesNotWaitForWhatWasNotDone(t *testing.T) {
	w := newTown(t)
	w.Fail = func(access.Step) error { return access.ErrForbidden }
	run, p := w.propose(t, granting("view", amy))
	w.apply(t, run, p)
	w.engine.Pause = func(context.Context, int) error { t.Error("it waits"); return errTest }
	if err := run.Settle(t.Context(), p, time.Hour); err != nil {
		t.Error(err)
	}
}

// TestAModeIsOneStepAndIrreversible: the risk is named, and a change of nothing else cannot be undone.
func TestAModeIsOneStepAndIrreversible(t *testing.T) {
	w := newTown(t)
	w.State.Cluster.Mode = access.ModeConfigMap
	request := Request{Kind: journal.SetMode, Who: []access.Principal{access.Itself}, Edit: func(access.Principal) access.Edit { return edit.SetMode(access.ModeBoth) }}
	run, p := w.propose(t, request)
	if got := riskNames(p.Risks); !slices.Equal(got, []access.RiskName{access.OneWayMode}) {
		t.Errorf("risks %v", got)
	}
	w.apply(t, run, p)
	if _, err := Undo(w.record(t), false, w, nil); w.State.Cluster.Mode != access.ModeBoth || !errors.Is(err, ErrIrreversible) {
		t.Errorf("mode %s, undo: %v", w.State.Cluster.Mode, err)
	}
}
