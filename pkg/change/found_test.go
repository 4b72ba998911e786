package change

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// What the simulation has found, each as short as it can be.

// TestALostAnswerDoesNotLoseWhatAMappingGives: by the time of the second plan the new entry overrides the mapping.
func TestALostAnswerDoesNotLoseWhatAMappingGives(t *testing.T) {
	w := newTown(t)
	w.mapped(t, "amy system:masters")
	lost := false
	w.Fail = func(s access.Step) error {
		if _, policy := s.(access.Associate); policy && !lost {
			lost = true
			return access.ErrUnknown
		}
		return nil
	}
	want := access.Entry{Groups: []string{"g"}}
	if w.does(t, Grant([]access.Principal{amy}, &want, true)); !lost || w.is(amy) != "cluster-admin group:g user:amy" {
		t.Errorf("lost: %t; %s", lost, w.is(amy))
	}
}

// TestAnAWSAuthThatCannotBeReadAgainIsNotInPlace: the write was lost, and so was the first look after it.
func TestAnAWSAuthThatCannotBeReadAgainIsNotInPlace(t *testing.T) {
	w := newTown(t, entry(bob, "cluster-admin"))
	w.mapped(t, "amy g")
	lost := 0
	w.Fail = func(access.Step) error {
		if lost++; lost == 1 {
			return access.ErrUnknown
		}
		return nil
	}
	w.onRead = func(s *access.Snapshot, _ access.Want) error {
		if lost == 1 {
			lost++
			s.AWSAuth = &access.ConfigMap{Err: errTest}
		}
		return nil
	}
	remove := &revocation{who: []access.Principal{amy}, whole: true}
	w.does(t, Request{Kind: journal.Revoke, Who: []access.Principal{access.Itself}, Takes: true, Whole: true, Edit: remove.edit, Accept: []access.RiskName{access.LeaveMappings}})
	if len(w.State.AWSAuth.Mappings) > 0 || lost != 3 {
		t.Errorf("%d calls, and left is %v", lost, w.State.AWSAuth.Mappings)
	}
}

// TestAnAWSAuthThatWasNotReadStaysARisk, also where the look for other administrators reads it.
func TestAnAWSAuthThatWasNotReadStaysARisk(t *testing.T) {
	w := newTown(t, entry(amy, "cluster-admin"))
	w.mapped(t, "amy g", "bob system:masters")
	w.onRead = func(s *access.Snapshot, want access.Want) error {
		if !want.All {
			s.AWSAuth = &access.ConfigMap{Err: errTest}
		}
		return nil
	}
	if _, p := w.propose(t, revoking("", amy)); !slices.Contains(riskNames(p.Risks), access.UnreadAWSAuth) {
		t.Errorf("risks %v", p.Risks)
	}
}

// TestAnOverwrittenStepStaysOnRecord: it was carried out, whatever a look after it showed.
func TestAnOverwrittenStepStaysOnRecord(t *testing.T) {
	w := newTown(t, entry(amy, ""))
	first := true
	w.Lose = func(access.Step) error {
		if first {
			first = false
			return access.ErrOverwritten
		}
		return nil
	}
	w.does(t, granting("view:dev", amy))
	w.does(t, w.undoing(t, w.record(t)))
	if w.is(amy) != "" {
		t.Errorf("undone: %s", w.is(amy))
	}
}

// TestIdleWaitsForTheChangeUnderWay: undo reads its record, which is not whole before.
func TestIdleWaitsForTheChangeUnderWay(t *testing.T) {
	w := newTown(t)
	run, err := w.engine.Start(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	idle := make(chan error)
	go func() { idle <- w.engine.Idle(t.Context()) }()
	select {
	case err := <-idle:
		t.Error("did not wait:", err)
	default:
	}
	run.Release()
	if err := <-idle; err != nil {
		t.Error(err)
	}
}

// TestALookForOtherAdministratorsIsNotBehind: the second read may show an administrator whom this machine has just ended, also
// where the first one did not.
func TestALookForOtherAdministratorsIsNotBehind(t *testing.T) {
	w := newTown(t, entry(amy, "cluster-admin"), entry(bob, "cluster-admin"))
	run, p := w.propose(t, revoking("cluster-admin", amy))
	w.apply(t, run, p)
	old := 2
	w.onRead = func(s *access.Snapshot, want access.Want) error {
		if want.All && old > 0 {
			old--
			*s = s.Put(entry(amy, "cluster-admin"))
		}
		return nil
	}
	if _, p := w.propose(t, revoking("", bob)); old > 0 || !slices.Contains(riskNames(p.Risks), access.LastAdministrator) {
		t.Errorf("risks %v", p.Risks)
	}
}

// TestTheNextChangeWaitsForWhatWasRestored: for the record nothing was done, and EKS may still show a state in between.
func TestTheNextChangeWaitsForWhatWasRestored(t *testing.T) {
	w := newTown(t, entry(amy, "cluster-admin"), entry(bob, "cluster-admin"))
	start := w.at
	w.engine.Pause = func(_ context.Context, n int) error {
		w.at = w.at.Add(min(100*time.Millisecond<<n, 5*time.Second)) // as Pause
		return nil
	}
	run, p := w.propose(t, revoking("", amy))
	w.State = w.State.Drop(bob)
	if errs := w.apply(t, run, p); len(errs) != 1 || w.at.Sub(start) < journal.Settling {
		t.Errorf("%v after %v", errs, w.at.Sub(start))
	}
}

// TestTheClusterActsOnTheEntryAsItWasLeft, and not as the first plan would have left it: that one saw an entry which was deleted.
func TestTheClusterActsOnTheEntryAsItWasLeft(t *testing.T) {
	w := newTown(t, entry(amy, "cluster-admin"), entry(bob, "cluster-admin"))
	w.State.Caller, w.acts = amy, func() (bool, error) { return true, nil }
	run, p := w.propose(t, granting("view:dev", amy))
	w.State = w.State.Drop(amy)
	w.apply(t, run, p)
	if err := run.Settle(t.Context(), p, time.Hour); err != nil || w.wanted == nil || form(*w.wanted) != "view:dev" {
		t.Errorf("%v, %v", w.wanted, err)
	}
}

// TestAChangeKnowsItsOwnSteps: EKS does not show the first one yet when the second has to be planned again, and the first one
// would be sent once more and fail, as if another change had been faster.
func TestAChangeKnowsItsOwnSteps(t *testing.T) {
	w := newTown(t, entry(amy, ""))
	calls, old := 0, 2
	w.Fail = func(access.Step) error {
		if calls++; calls == 2 {
			return access.ErrNotSent
		}
		return nil
	}
	w.engine.Pause = func(context.Context, int) error { w.later(); return nil } // longer than other changes count
	run, p := w.propose(t, granting("edit:dev view:dev", amy))
	w.onRead = func(s *access.Snapshot, _ access.Want) error {
		if old > 0 {
			old--
			*s = s.Put(entry(amy, ""))
		}
		return nil
	}
	if errs := w.apply(t, run, p); len(errs) > 0 || len(w.Steps) != 2 || w.is(amy) != "edit:dev view:dev" {
		t.Errorf("%v after %v", errs, w.Steps)
	}
}

// TestALookForWhoIsLeftIsRepeated where a read fails: that is neither nobody nor somebody.
func TestALookForWhoIsLeftIsRepeated(t *testing.T) {
	for _, fails := range []func(access.Want) bool{
		func(want access.Want) bool { return want.Administrators },
		func(want access.Want) bool { return want.All },
	} {
		w := newTown(t, entry(amy, "cluster-admin"), entry(bob, "group:admins"))
		w.State.RBAC.Bindings = []access.Binding{{Name: "b", Role: access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}, Groups: []string{"admins"}}}
		run, p := w.propose(t, revoking("", amy))
		failed := false
		w.onRead = func(_ *access.Snapshot, want access.Want) error {
			if !failed && fails(want) {
				failed = true
				return errTest
			}
			return nil
		}
		if errs := w.apply(t, run, p); len(errs) > 0 || !failed || len(run.Notes) > 0 || w.is(amy) != "no entry" {
			t.Errorf("%v, notes %v, amy has %s", errs, run.Notes, w.is(amy))
		}
	}
}

// TestAnEntryThatWasNotReadMakesNoAdministrator: it may override the mapping that would.
func TestAnEntryThatWasNotReadMakesNoAdministrator(t *testing.T) {
	w := newTown(t, entry(amy, "view"))
	w.mapped(t, "amy system:masters", "bob system:masters")
	w.onRead = func(s *access.Snapshot, want access.Want) error {
		if want.All {
			*s = s.Drop(amy)
			s.Unread = []access.Unread{{Principal: amy, Err: errTest}}
		}
		return nil
	}
	request := granting("view", bob)
	request.Takes = true
	_, p := w.propose(t, request)
	if !slices.Contains(riskNames(p.Risks), access.LastAdministrator) || !slices.Contains(kinds(p.Notes), "not-checked") {
		t.Errorf("risks %v, notes %v", p.Risks, p.Notes)
	}
}
