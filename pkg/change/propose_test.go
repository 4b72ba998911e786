package change

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

var errTest = errors.New("for this test")

// unread makes every read of somebody's entry fail.
func unread(p access.Principal) func(*access.Snapshot, access.Want) error {
	return func(s *access.Snapshot, _ access.Want) error {
		*s = s.Drop(p)
		s.Unread = append(s.Unread, access.Unread{Principal: p, Err: access.ErrForbidden})
		return nil
	}
}

func TestProposeLeavesOutWhomItCannotChange(t *testing.T) {
	for _, c := range []struct {
		name       string
		entries    []access.Entry
		request    Request
		spoil      func(*town)
		left       []access.Principal
		incomplete bool
		notes      []string
		err        error
	}{
		{name: "nobody", request: granting("view", amy, dev), left: []access.Principal{amy, dev}},
		{
			name: "an entry that cannot be read", request: granting("view", amy, dev), spoil: func(w *town) { w.onRead = unread(dev) },
			left: []access.Principal{amy}, incomplete: true, notes: []string{"failed role/dev"},
		},
		{
			name: "one of another type", entries: []access.Entry{entry(dev, "kind:EC2")}, request: granting("group:g", amy, dev),
			left: []access.Principal{amy}, incomplete: true, notes: []string{"typo", "failed"},
		},
		{
			name: "a namespace of a wider grant", entries: []access.Entry{entry(amy, "view:dev"), entry(dev, "view")}, request: revoking("view:dev", amy, dev),
			left: []access.Principal{amy}, incomplete: true, notes: []string{"failed", "emptied role/amy"},
		},
		{name: "everybody", entries: []access.Entry{entry(dev, "kind:EC2")}, request: granting("group:g", dev), err: access.ErrRule},
		{name: "another cluster", request: granting("view", amy), spoil: func(w *town) { w.wrong = errTest }, err: errTest},
		{name: "a cluster without entries", request: granting("view", amy), spoil: func(w *town) { w.State.Cluster.Mode = access.ModeConfigMap }, err: access.ErrMode},
		{
			name: "a read that fails", request: granting("view", amy),
			spoil: func(w *town) { w.onRead = func(*access.Snapshot, access.Want) error { return errTest } }, err: errTest,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, c.entries...)
			if c.spoil != nil {
				c.spoil(w)
			}
			p, err := w.engine.Run(c.request).Propose(t.Context())
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if !slices.Equal(p.Who, c.left) || p.Incomplete != c.incomplete {
				t.Errorf("left %v, incomplete %t", p.Who, p.Incomplete)
			}
			if diff := cmp.Diff(c.notes, kinds(p.Notes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatIsLeftOutIsOnRecord: undo and the next run know that it was asked for.
func TestWhatIsLeftOutIsOnRecord(t *testing.T) {
	w := newTown(t, entry(dev, "kind:EC2"))
	run, p := w.propose(t, granting("group:g", amy, dev))
	w.apply(t, run, p)
	r := w.record(t)
	if !run.Partial || r.State() != journal.PartDone || !slices.ContainsFunc(r.Steps, func(s journal.Step) bool { return s.Principal == dev && s.Error != "" }) {
		t.Errorf("partial %t, %s: %+v", run.Partial, r.State(), r.Steps)
	}
}

func TestACheckLeavesOutAndIsNoted(t *testing.T) {
	w := newTown(t)
	r := granting("view", amy, bob, dev)
	r.Check = func(_ context.Context, s access.Snapshot) Checked {
		return Checked{Notes: []access.Note{access.Failure("role/bob", errTest)}, Leave: []access.Principal{bob}}
	}
	_, p := w.propose(t, r)
	if !slices.Equal(p.Who, []access.Principal{amy, dev}) || !p.Incomplete || !slices.Equal(kinds(p.Notes), []string{"failed role/bob"}) {
		t.Errorf("%v, incomplete %t, %v", p.Who, p.Incomplete, p.Notes)
	}
	if !slices.Equal(r.Who, []access.Principal{amy, bob, dev}) {
		t.Errorf("the request is changed: %v", r.Who)
	}
}

func TestNotesOfAProposal(t *testing.T) {
	dry := func(r Request) Request { r.DryRun = true; return r }
	for _, c := range []struct {
		name    string
		entries []access.Entry
		lives   map[access.Principal]access.Life
		request Request
		notes   []string
	}{
		{"all is known", nil, nil, granting("view:dev", amy), nil},
		{"no such namespace", nil, nil, granting("view:devv", amy), []string{"typo"}},
		{"no such group", nil, nil, granting("group:g", amy), []string{"typo"}},
		{"an expiry", nil, nil, granting("view tag:"+access.ExpiresTag+"=2026-01-31T18:00:00Z", amy), []string{"expiry"}},
		{"a share in an expiry", []access.Entry{entry(amy, "view:dev tag:"+access.ExpiresTag+"=2026-01-31T18:00:00Z")}, nil, granting("view:qa", amy), []string{"expiry"}},
		{"a deleted role", []access.Entry{entry(amy, "")}, map[access.Principal]access.Life{amy: access.Gone}, granting("view", amy), []string{"stale role/amy"}},
		{"a recreated role", []access.Entry{entry(amy, "")}, map[access.Principal]access.Life{amy: access.Recreated}, granting("view", amy), []string{"stale role/amy"}},
		{"which loses what it has", []access.Entry{entry(amy, "view")}, map[access.Principal]access.Life{amy: access.Gone}, revoking("view", amy), []string{"emptied role/amy"}},
		{"another owner", []access.Entry{entry(amy, "tag:aws:cloudformation:stack-name=s")}, nil, granting("view", amy), []string{"owner role/amy"}},
		{"a policy for services", nil, nil, granting("compute", amy), []string{"policy compute"}},
		{"a policy that reaches the controllers", []access.Entry{entry(amy, "edit:dev")}, nil, granting("edit:kube-system", amy), []string{"typo", "policy edit"}},
		{"a policy that reaches every namespace", nil, nil, granting("edit", amy), []string{"policy edit"}},
		{"a policy that reaches them already", []access.Entry{entry(amy, "edit:kube-system")}, nil, granting("view", amy), nil},
		{"which says that it is everything", nil, nil, granting("cluster-admin", amy), nil},
		{"which it has already", []access.Entry{entry(amy, "compute:dev")}, nil, granting("compute:qa", amy), nil},
		{"a dry run for nobody", nil, map[access.Principal]access.Life{amy: access.Gone}, dry(granting("view", amy)), []string{"failed role/amy"}},
		{"for whom IAM does not know", nil, map[access.Principal]access.Life{amy: access.LifeUnknown}, dry(granting("view", amy)), []string{"not-checked role/amy"}},
		{"for who has an entry", []access.Entry{entry(amy, "")}, map[access.Principal]access.Life{amy: access.LifeUnknown}, dry(granting("view", amy)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, c.entries...)
			w.lives = c.lives
			_, p := w.propose(t, c.request)
			if diff := cmp.Diff(c.notes, kinds(p.Notes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRisksOfARequest(t *testing.T) {
	admins := []access.Entry{entry(amy, "cluster-admin"), entry(bob, "cluster-admin")}
	for _, c := range []struct {
		name    string
		request Request
		spoil   func(*town)
		risks   []access.RiskName
		notes   []string
	}{
		{"one of two administrators goes", revoking("", amy), nil, nil, nil},
		{"both go", revoking("", amy, bob), nil, []access.RiskName{access.LastAdministrator}, nil},
		{"who stays is deleted", revoking("", amy), func(w *town) { w.lives = map[access.Principal]access.Life{bob: access.Gone} }, []access.RiskName{access.LastAdministrator}, nil},
		{"or recreated", revoking("", amy), func(w *town) { w.lives = map[access.Principal]access.Life{bob: access.Recreated} }, []access.RiskName{access.LastAdministrator}, nil},
		{
			"or nobody knows", revoking("", amy), func(w *town) { w.lives = map[access.Principal]access.Life{bob: access.LifeUnknown} }, nil,
			[]string{"not-checked"},
		},
		{"oneself goes", revoking("", amy), func(w *town) { w.State.Caller = amy }, []access.RiskName{access.LoseOwnAccess}, nil},
		{"the kubeconfig's login goes", revoking("", amy), func(w *town) { w.State.Caller, w.logins = bob, []access.Principal{amy} }, []access.RiskName{access.LoseOwnAccess}, nil},
		{"and is the caller", revoking("", amy), func(w *town) { w.State.Caller, w.logins = amy, []access.Principal{amy} }, []access.RiskName{access.LoseOwnAccess}, nil},
		{"the account is another", granting("view", dev), func(w *town) { w.other = []access.Risk{{Name: access.OtherAccount}} }, []access.RiskName{access.OtherAccount}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, admins...)
			if c.spoil != nil {
				c.spoil(w)
			}
			_, p := w.propose(t, c.request)
			if got := riskNames(p.Risks); !slices.Equal(got, c.risks) {
				t.Errorf("risks %v, want %v", got, c.risks)
			}
			if diff := cmp.Diff(c.notes, kinds(p.Notes)); diff != "" {
				t.Error(diff)
			}
			foreseen, err := w.engine.Foresee(t.Context(), c.request, p.Before)
			if err != nil || !foreseen.Plan.Same(p.Plan) || !slices.Equal(riskNames(foreseen.Risks), c.risks) {
				t.Errorf("foreseen: %v, %v", foreseen.Risks, err)
			}
		})
	}
}

// TestAdministratorsByMappingCountWhereTheyStillExist: IAM is asked by the name in aws-auth.
func TestAdministratorsByMappingCountWhereTheyStillExist(t *testing.T) {
	for _, c := range []struct {
		id    access.Identity
		risks []access.RiskName
		notes []string
	}{
		{access.Identity{Principal: bob}, nil, nil},
		{access.Identity{Missing: true}, []access.RiskName{access.LastAdministrator}, nil},
		{access.Identity{Doubt: "no answer"}, nil, []string{"not-checked"}},
	} {
		w := newTown(t, entry(amy, "cluster-admin"))
		w.mapped(t, "bob system:masters")
		w.ids = map[access.Principal]access.Identity{bob: c.id}
		_, p := w.propose(t, revoking("", amy))
		if got := riskNames(p.Risks); !slices.Equal(got, c.risks) || !slices.Equal(kinds(p.Notes), c.notes) {
			t.Errorf("%+v: risks %v, notes %v", c.id, got, p.Notes)
		}
	}
}

// TestWithoutTheOtherEntriesNoMappingMakesAnAdministrator: an entry that is not known may override it.
func TestWithoutTheOtherEntriesNoMappingMakesAnAdministrator(t *testing.T) {
	w := newTown(t, entry(amy, "cluster-admin"))
	w.mapped(t, "bob system:masters")
	w.onRead = func(_ *access.Snapshot, want access.Want) error {
		if want.All {
			return errTest
		}
		return nil
	}
	_, p := w.propose(t, revoking("", amy))
	if got := riskNames(p.Risks); !slices.Equal(got, []access.RiskName{access.LastAdministrator}) || !slices.Contains(kinds(p.Notes), "not-checked") {
		t.Errorf("risks %v, notes %v", got, p.Notes)
	}
}

func TestOnlyRisksThatAreNamedAreAccepted(t *testing.T) {
	p := Proposal{Risks: []access.Risk{{Name: access.LoseOwnAccess}, {Name: access.BriefGap}}}
	for _, c := range []struct{ accepted, left []access.RiskName }{
		{nil, []access.RiskName{access.LoseOwnAccess, access.BriefGap}},
		{[]access.RiskName{access.BriefGap}, []access.RiskName{access.LoseOwnAccess}},
		{[]access.RiskName{access.OneWayMode}, []access.RiskName{access.LoseOwnAccess, access.BriefGap}},
		{[]access.RiskName{access.BriefGap, access.LoseOwnAccess}, nil},
	} {
		err := p.Refused(c.accepted)
		var refusal Refusal
		if errors.As(err, &refusal) != (c.left != nil) || !slices.Equal(riskNames(refusal.Risks), c.left) || err != nil && !errors.Is(err, access.ErrRefused) {
			t.Errorf("%v accepted: %v", c.accepted, err)
		}
	}
	if len(p.Risks) != 2 {
		t.Errorf("the proposal is changed: %v", p.Risks)
	}
}

func TestAProposalAsksForWhatIsMoreThanWasNamed(t *testing.T) {
	entries := access.Plan{Changes: []access.Change{{After: &access.Entry{Principal: amy}}}}
	mappings := access.Plan{AWSAuth: &access.ConfigMapChange{}}
	for _, c := range []struct {
		name string
		plan access.Plan
		asks bool // the request
		want bool
	}{
		{"nothing", access.Plan{}, true, false},
		{"an entry", entries, false, false},
		{"an entry of a migration", entries, true, true},
		{"mappings", mappings, false, true},
	} {
		if got := (Proposal{Plan: c.plan}).Asks(Request{Asks: c.asks}); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	both := Proposal{Plan: access.Plan{Changes: entries.Changes, AWSAuth: mappings.AWSAuth}}
	if !both.Touches(amy) || both.Touches(bob) || !both.Touches(access.Itself) || (Proposal{Plan: entries}).Touches(access.Itself) {
		t.Error("a proposal touches others than it changes")
	}
}

// TestAYesIsToWhatWasShown: while somebody thinks about it, the cluster becomes another one.
func TestAYesIsToWhatWasShown(t *testing.T) {
	w := newTown(t, entry(amy, "view:dev"))
	run, shown := w.propose(t, revoking("view", amy))
	w.State = w.State.Put(entry(amy, "view:dev,qa"))
	for _, want := range []bool{false, true} {
		now, same, err := run.Again(t.Context(), shown)
		if err != nil || same != want {
			t.Errorf("the same: %t, want %t, %v", same, want, err)
		}
		shown = now
		run.Release()
	}
	if was := form(*shown.Plan.Changes[0].Before); was != "view:dev,qa" {
		t.Errorf("agreed to the end of %s", was)
	}
}

// TestAReadWaitsForThisMachinesLastChange: EKS may show what was before for some seconds.
func TestAReadWaitsForThisMachinesLastChange(t *testing.T) {
	for name, c := range map[string]struct {
		behind int // reads that show the state before
		looks  int
		notes  []string
	}{
		"at once": {0, 1, nil}, "a moment later": {3, 4, nil}, "never": {100, 8, []string{"not-checked role/amy"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, entry(amy, "view:dev"))
			run, p := w.propose(t, granting("view:qa", amy))
			w.apply(t, run, p) // and the clock stands still
			looks, told := 0, 0
			w.engine.Waiting = func(string) { told++ }
			w.onRead = func(s *access.Snapshot, _ access.Want) error {
				if looks++; looks <= c.behind {
					*s = s.Put(entry(amy, "view:dev"))
				}
				return nil
			}
			s, notes, err := w.engine.Fresh(t.Context(), granting("view:prod", amy))
			if err != nil || looks != c.looks || !slices.Equal(kinds(notes), c.notes) {
				t.Errorf("%d looks, %v, %v", looks, notes, err)
			}
			if want := min(1, c.looks/5); told != want {
				t.Errorf("said %d times that it waits, want %d", told, want)
			}
			if e, _ := s.Entry(amy); c.notes == nil && form(e) != "view:dev,qa" {
				t.Errorf("read %s", form(e))
			}
		})
	}
}

// TestAnEntryThatWasMadeInTheSameWordsIsCompleted: with what the mapping gave, which the entry overrides now.
func TestAnEntryThatWasMadeInTheSameWordsIsCompleted(t *testing.T) {
	for _, c := range []struct {
		told []string
		want string
	}{
		{[]string{"grant", "amy"}, "edit:dev view group:g user:amy"},
		{[]string{"grant", "amy", "again"}, "view group:g user:amy"},
	} {
		w := newTown(t)
		w.mapped(t, "amy g")
		want := entry("", "edit:dev")
		want.Username = ""
		first := Grant([]access.Principal{amy}, &want, true)
		first.Told = []string{"grant", "amy"}
		w.Fail = func(s access.Step) error {
			if _, ok := s.(access.Associate); ok {
				return errTest
			}
			return nil
		}
		run, p := w.propose(t, first)
		if errs := w.apply(t, run, p); len(errs) != 1 || w.is(amy) != "group:g user:amy" {
			t.Fatalf("%v, %s", errs, w.is(amy))
		}
		w.later()
		w.Fail = nil
		then := granting("view", amy)
		then.Told = c.told
		w.does(t, then)
		if got := form(mustEntry(t, w, amy)); got != form(entry(amy, c.want)) {
			t.Errorf("%v: %s, want %s", c.told, got, c.want)
		}
	}
}

func mustEntry(t *testing.T, w *town, p access.Principal) access.Entry {
	t.Helper()
	e, ok := w.State.Entry(p)
	if !ok {
		t.Fatal("no entry of", p)
	}
	return e
}

// TestAGrantCopiesWhatItWants: one wanted entry is for all principals, and none of them gets another's ARN.
func TestAGrantCopiesWhatItWants(t *testing.T) {
	w := newTown(t)
	w.does(t, granting("view:dev group:g", amy, bob))
	if w.is(amy) != "group:g view:dev" || w.is(bob) != w.is(amy) {
		t.Errorf("amy has %s, bob %s", w.is(amy), w.is(bob))
	}
	for _, c := range []struct {
		keep bool
		want string
	}{{true, "group:h user:ci view:dev"}, {false, "view:dev"}} {
		w := newTown(t)
		w.mapped(t, "ci h")
		want := entry("", "view:dev")
		want.Username = ""
		r := Grant([]access.Principal{ci}, &want, c.keep)
		r.Accept = []access.RiskName{access.OverrideMapping}
		w.does(t, r)
		if w.is(ci) != c.want {
			t.Errorf("keep %t: %s", c.keep, w.is(ci))
		}
	}
}
