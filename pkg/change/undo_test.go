package change

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// undoing is the request that undoes a record.
func (w *town) undoing(t *testing.T, r journal.Record) Request {
	t.Helper()
	request, err := Undo(r, false, w, func(context.Context) access.ConfigMap { return *w.State.AWSAuth })
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// TestUndoReversesWhatTheChangeDid: what others did since stays, or is named before it is lost.
func TestUndoReversesWhatTheChangeDid(t *testing.T) {
	none := "no entry"
	for _, c := range []struct {
		name, before string
		request      Request
		since        string // what others have made of it; "": nothing
		after        string
		risks        []access.RiskName
		notes        []string
	}{
		{name: "a new entry", before: none, request: granting("view:dev group:g", amy), after: none},
		{name: "more for an entry", before: "view:dev", request: granting("view:qa edit group:g tag:a=b user:x", amy), after: "view:dev"},
		{name: "an entry gone", before: "view:dev group:g tag:a=b", request: revoking("", amy), after: "view:dev group:g tag:a=b", notes: []string{"undo"}},
		{name: "a namespace gone", before: "view:dev,qa", request: revoking("view:qa", amy), after: "view:dev,qa"},
		{name: "a new entry that others added to", before: none, request: granting("view:dev", amy), since: "view:dev group:theirs", after: "group:theirs", notes: []string{"undo"}},
		{name: "more, of which others took some", before: "view:dev", request: granting("view:qa,prod", amy), since: "view:dev,qa", after: "view:dev"},
		{name: "more, and others added", before: "view:dev", request: granting("view:qa", amy), since: "view:dev,prod,qa", after: "view:dev,prod"},
		{name: "more, and the entry is gone", before: "view:dev", request: granting("view:qa", amy), since: none, after: none, notes: []string{"undo"}},
		{
			name: "a username that others have set again", before: "user:a", request: granting("user:b", amy), since: "user:c", after: "user:a",
			risks: []access.RiskName{access.OverwriteLater},
		},
		{
			name: "a tag that others have set again", before: "tag:a=1", request: granting("tag:a=2", amy), since: "tag:a=3", after: "tag:a=1",
			risks: []access.RiskName{access.OverwriteLater},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, entry(bob, "cluster-admin"))
			set := func(text string) {
				if w.State = w.State.Drop(amy); text != none {
					w.State = w.State.Put(entry(amy, text))
				}
			}
			set(c.before)
			w.does(t, c.request)
			if c.since != "" {
				set(c.since)
			}
			r := w.record(t)
			request := w.undoing(t, r)
			run, p := w.propose(t, request)
			if got := riskNames(p.Risks); !slices.Equal(got, c.risks) || !p.Asks(request) && !p.Plan.Empty() {
				t.Errorf("risks %v", got)
			}
			var notes []string
			for _, n := range p.Notes {
				notes = append(notes, string(n.Kind))
			}
			if diff := cmp.Diff(c.notes, notes); diff != "" {
				t.Error(diff)
			}
			if errs := w.apply(t, run, p); len(errs) > 0 {
				t.Fatal(errs)
			}
			want := c.after
			if want != none {
				want = form(entry(amy, c.after))
			}
			if w.is(amy) != want {
				t.Errorf("amy has %q, want %q", w.is(amy), want)
			}
			if u := w.record(t); u.Undoes != r.ID || u.Kind != journal.Undo {
				t.Errorf("on record is %s of %q", u.Kind, u.Undoes)
			}
		})
	}
}

// TestUndoTakesBackOnlyWhatWasDone: a policy that EKS refused is not taken from an entry that got it later from somebody else.
func TestUndoTakesBackOnlyWhatWasDone(t *testing.T) {
	w := newTown(t)
	w.Fail = func(s access.Step) error {
		if a, ok := s.(access.Associate); ok && a.Grant.Policy == edits {
			return access.ErrForbidden
		}
		return nil
	}
	run, p := w.propose(t, granting("view:dev edit:dev", amy))
	if errs := w.apply(t, run, p); len(errs) == 0 {
		t.Fatal("it was granted")
	}
	w.later()
	w.Fail, w.State = nil, w.State.Put(entry(amy, w.is(amy)+" edit:dev"))
	w.does(t, w.undoing(t, w.record(t)))
	if w.is(amy) != "edit:dev" {
		t.Errorf("amy has %s", w.is(amy))
	}
}

// TestUndoOfAKilledChangeTakesBackWhatHadBegun: what was never sent is somebody else's.
func TestUndoOfAKilledChangeTakesBackWhatHadBegun(t *testing.T) {
	for _, c := range []struct {
		calls int // that were begun
		after string
	}{{0, "edit:qa view:dev"}, {1, "edit:qa view:dev"}, {2, "edit:qa"}} {
		w := newTown(t)
		_, p := w.propose(t, granting("view:dev", amy))
		r := journal.Of(p.Plan, w.at, bob, nil)
		r.Kind = journal.Grant
		if err := journal.Begin(w.dir, &r); err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Plan.Steps()[:c.calls] {
			if err := journal.Send(w.dir, r.ID, journal.Sent{Principal: amy, Part: access.PartOf(s)}, w.engine.Now()); err != nil {
				t.Fatal(err)
			}
		}
		w.later()
		w.State = w.State.Put(entry(amy, "view:dev edit:qa"))
		killed := w.record(t)
		if killed.State() != journal.Interrupted || len(killed.Sent) != c.calls {
			t.Fatalf("%s, sent %v", killed.State(), killed.Sent)
		}
		run, p := w.propose(t, w.undoing(t, killed))
		if errs := w.apply(t, run, p); len(errs) > 0 || w.is(amy) != c.after {
			t.Errorf("%d calls: %v, amy has %s, want %s", c.calls, errs, w.is(amy), c.after)
		}
		if !slices.Contains(kinds(p.Notes), "undo "+killed.ID) {
			t.Errorf("%d calls: notes %v", c.calls, kinds(p.Notes))
		}
	}
}

// TestUndoDoesNotRestoreWhoIsGone: EKS refuses an entry for nobody, and IAM knows it before.
func TestUndoDoesNotRestoreWhoIsGone(t *testing.T) {
	w := newTown(t, entry(amy, "view:dev"), entry(dev, "view"), entry(bob, "cluster-admin"))
	w.does(t, revoking("", amy, dev))
	w.lives = map[access.Principal]access.Life{amy: access.Gone}
	_, p := w.propose(t, w.undoing(t, w.record(t)))
	if !p.Incomplete || !slices.Equal(p.Who, []access.Principal{dev}) || !slices.ContainsFunc(p.Notes, func(n access.Note) bool { return errors.Is(n.Err, access.ErrRule) }) {
		t.Errorf("left %v, incomplete %t, notes %v", p.Who, p.Incomplete, p.Notes)
	}
	w.State = w.State.Put(entry(amy, "group:theirs"))
	if _, p := w.propose(t, w.undoing(t, w.record(t))); p.Incomplete || len(p.Who) != 2 {
		t.Errorf("an entry that exists: left %v", p.Who)
	}
	w.State = w.State.Drop(amy)
	w.lives = map[access.Principal]access.Life{amy: access.LifeUnknown}
	w.Fail = func(s access.Step) error {
		if s.Principal() == amy {
			return access.ErrNoPrincipal
		}
		return nil
	}
	run, p := w.propose(t, w.undoing(t, w.record(t)))
	errs := w.apply(t, run, p)
	if len(errs) == 0 || errors.Is(errs[0], access.ErrNoPrincipal) || w.is(dev) != "view" {
		t.Errorf("EKS's refusal is told as it came: %v", errs)
	}
}

func TestUndoIsOfTheClusterOfItsRecord(t *testing.T) {
	w := newTown(t)
	w.does(t, granting("view", amy))
	w.State.Cluster.ARN = "arn:aws:eks:us-west-2:444455556666:cluster/demo"
	if _, err := w.engine.Run(w.undoing(t, w.record(t))).Propose(t.Context()); !errors.Is(err, access.ErrRefused) {
		t.Errorf("it is planned: %v", err)
	}
}

// TestUndoOfAMigrationWhoseMappingsAreGone would leave nobody access.
func TestUndoOfAMigrationWhoseMappingsAreGone(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  journal.Kind
		spoil func(*testing.T, *town)
		risks []access.RiskName
	}{
		{"they are there", journal.Migrate, func(*testing.T, *town) {}, nil},
		{"they are gone", journal.Migrate, func(t *testing.T, w *town) { t.Helper(); w.mapped(t, "ci g") }, []access.RiskName{access.LeaveMappings}},
		{"it was no migration", journal.Grant, func(t *testing.T, w *town) { t.Helper(); w.mapped(t, "ci g") }, nil},
		{"the cluster no longer reads them", journal.Grant, func(_ *testing.T, w *town) { w.State.Cluster.Mode = access.ModeAPI }, []access.RiskName{access.LeaveMappings}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t)
			w.mapped(t, "dev g")
			request := granting("group:g user:dev", dev)
			request.Kind = c.kind
			w.does(t, request)
			c.spoil(t, w)
			_, p := w.propose(t, w.undoing(t, w.record(t)))
			if got := riskNames(p.Risks); !slices.Equal(got, c.risks) {
				t.Errorf("risks %v, want %v", got, c.risks)
			}
		})
	}
}

// TestMappingsComeBackKeyByKey: what others wrote under another key stays.
func TestMappingsComeBackKeyByKey(t *testing.T) {
	for _, c := range []struct {
		key   string
		risks []access.RiskName
	}{{"mapUsers", nil}, {"mapRoles", []access.RiskName{access.OverwriteLater}}} {
		w := newTown(t)
		w.mapped(t, "dev g", "ci g")
		before := w.State.AWSAuth.Data["mapRoles"]
		w.does(t, accepting(Request{
			Kind: journal.Revoke, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true,
			Edit: func(access.Principal) access.Edit {
				return awsauth.RemoveMappings(func(all []access.Mapping) []access.Mapping { return all[:1] })
			},
		}, access.LeaveMappings))
		w.State.AWSAuth.Data[c.key] += "# theirs\n"
		request := w.undoing(t, w.record(t))
		run, p := w.propose(t, request)
		if got := riskNames(p.Risks); !slices.Equal(got, c.risks) || !request.Mappings || !p.Asks(request) {
			t.Errorf("%s: risks %v", c.key, got)
		}
		if errs := w.apply(t, run, p); len(errs) > 0 || w.State.AWSAuth.Data["mapRoles"] != before {
			t.Errorf("%s: %v, %q", c.key, errs, w.State.AWSAuth.Data)
		}
		if c.key == "mapUsers" && w.State.AWSAuth.Data["mapUsers"] != "# theirs\n" {
			t.Errorf("left is %q", w.State.AWSAuth.Data)
		}
	}
}

// known is what tells a mistyped name from one without access.
type known struct {
	namesake access.Principal
	doubt    error
	had      bool
}

func (k known) Namesake(access.Principal) (access.Principal, error) { return k.namesake, k.doubt }
func (k known) HadEntry(access.Principal) bool                      { return k.had }
func (known) NotFound(access.Principal, string, string) error       { return access.ErrNotFound }

func TestRevokeTellsAMistypedNameFromOneWithoutAccess(t *testing.T) {
	for _, c := range []struct {
		name    string
		mapped  bool
		id      access.Identity
		known   known
		leaves  bool
		notes   []string
		entries []access.Entry
	}{
		{name: "who has an entry", entries: []access.Entry{entry(dev, "view")}, id: access.Identity{Missing: true}},
		{name: "who had one", known: known{had: true}, id: access.Identity{Missing: true}},
		{name: "who has a mapping", mapped: true, id: access.Identity{Missing: true}},
		{name: "who exists", id: access.Identity{Principal: dev}},
		{name: "who does not", id: access.Identity{Missing: true}, leaves: true, notes: []string{"failed role/dev"}},
		{name: "who has an entry by another ARN", known: known{namesake: amy}, leaves: true, notes: []string{"failed role/dev"}},
		{name: "and a mapping", mapped: true, known: known{namesake: amy}, leaves: true, notes: []string{"failed role/dev"}},
		{name: "whom IAM does not know", id: access.Identity{Doubt: "no answer"}, notes: []string{"typo role/dev"}},
		{name: "of whom nobody knows other ARNs", known: known{doubt: errTest}, notes: []string{"typo role/dev"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, c.entries...)
			if c.mapped {
				w.mapped(t, "dev g", "ci g")
			}
			w.ids = map[access.Principal]access.Identity{dev: c.id}
			request := Revoke([]access.Principal{dev}, &edit.Revocation{}, true, false, c.known, w)
			checked := request.Check(t.Context(), w.State)
			if slices.Contains(checked.Leave, dev) != c.leaves {
				t.Errorf("left out: %v", checked.Leave)
			}
			if diff := cmp.Diff(c.notes, kinds(checked.Notes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRevokeTakesTheEntryAndTheMappings, and only the entry where that is asked for.
func TestRevokeTakesTheEntryAndTheMappings(t *testing.T) {
	for _, c := range []struct {
		name             string
		what             edit.Revocation
		only             bool
		accept           []access.RiskName
		left             string
		mappings         int
		whole            bool
		risksWithoutThem []access.RiskName
	}{
		{name: "all access", left: "no entry", mappings: 1, whole: true},
		{name: "the entry only", only: true, accept: []access.RiskName{access.RestoreMapping}, left: "no entry", mappings: 2, risksWithoutThem: []access.RiskName{access.RestoreMapping}},
		{name: "a group", what: edit.Revocation{Groups: []string{"g"}}, left: "view:dev", mappings: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, entry(dev, "view:dev group:g"))
			w.State.RBAC.Bindings = []access.Binding{{Name: "b", Role: access.RoleRef{Kind: "ClusterRole", Name: "edit"}, Groups: []string{"h"}}}
			w.mapped(t, "dev h", "ci h")
			request := Revoke([]access.Principal{dev}, &c.what, c.what.Whole(), c.only, known{}, w)
			if request.Whole != c.whole || !request.Takes {
				t.Errorf("whole %t, takes %t", request.Whole, request.Takes)
			}
			run, p := w.propose(t, request)
			if got := riskNames(p.Risks); !slices.Equal(got, c.risksWithoutThem) {
				t.Errorf("risks %v", got)
			}
			if errs := w.apply(t, run, p); len(errs) > 0 || w.is(dev) != c.left || len(w.State.AWSAuth.Mappings) != c.mappings {
				t.Errorf("%v, dev has %s, %d mappings are left", errs, w.is(dev), len(w.State.AWSAuth.Mappings))
			}
		})
	}
}

// TestRevokeNotesWhatItDoesNotFind.
func TestRevokeNotesWhatItDoesNotFind(t *testing.T) {
	whole := func(p access.Principal, w *town) Request {
		return Revoke([]access.Principal{p}, &edit.Revocation{}, true, false, known{had: true}, w)
	}
	part := func(text string) func(access.Principal, *town) Request {
		return func(p access.Principal, w *town) Request {
			e := entry("", text)
			return Revoke([]access.Principal{p}, &edit.Revocation{Grants: e.Grants, Groups: e.Groups}, false, false, known{had: true}, w)
		}
	}
	account := awsauth.Understood(access.ConfigMap{Data: map[string]string{"mapAccounts": `["111122223333"]`}})
	for _, c := range []struct {
		name       string
		who        access.Principal
		request    func(access.Principal, *town) Request
		awsAuth    access.ConfigMap
		notes      []string
		incomplete bool
	}{
		{"all of it is there", dev, part("view:dev group:g"), access.ConfigMap{}, nil, false},
		{"a policy is not", dev, part("edit"), access.ConfigMap{}, []string{"absent role/dev"}, false},
		{"a namespace is not", dev, part("view:qa"), access.ConfigMap{}, []string{"absent role/dev"}, false},
		{"a group is not", dev, part("group:h"), access.ConfigMap{}, []string{"absent role/dev"}, false},
		{"nothing is", amy, part("group:h"), access.ConfigMap{}, nil, false},
		{"aws-auth cannot be read, and an entry goes", dev, whole, access.ConfigMap{Err: errTest}, nil, false},
		{"aws-auth cannot be read, and nothing goes", amy, whole, access.ConfigMap{Err: errTest}, []string{"not-checked role/amy"}, true},
		{"the account's mapping stays, and an entry goes", dev, whole, account, []string{"mapping mapAccounts[0]"}, false},
		{"the account's mapping stays, and nothing goes", amy, whole, account, []string{"mapping mapAccounts[0]"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, entry(dev, "view:dev group:g"))
			w.State.AWSAuth = &c.awsAuth
			checked := c.request(c.who, w).Check(t.Context(), w.State)
			if diff := cmp.Diff(c.notes, kinds(checked.Notes)); diff != "" || checked.Incomplete != c.incomplete {
				t.Errorf("incomplete %t\n%s", checked.Incomplete, diff)
			}
		})
	}
}
