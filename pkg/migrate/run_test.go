package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

var errTest = errors.New("for this test")

// town is a cluster in memory, whose records are on disk. A program that is killed gets no further answer, and the disk stays
// as it was.
type town struct {
	*accesstest.Cluster
	mu    sync.Mutex
	at    time.Time
	dir   string
	ends  int  // calls that change something until the program is killed; 0: never
	late  bool // the last one is carried out
	calls int
	dead  bool
	left  string // the records of the killed program
	read  func(*access.Snapshot)
	deny  error // of calls about bindings
	t     *testing.T
}

// tempDir is in memory, where there is such a place: records are flushed to the disk.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "migrate-*") //nolint:usetesting // that has no place in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// newTown has mappings, each "name username group,group", and a binding of a group that no entry can have.
func newTown(t *testing.T, mode access.Mode, lines ...string) *town {
	t.Helper()
	w := &town{Cluster: accesstest.New(), at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), dir: tempDir(t), t: t}
	var text strings.Builder
	for _, line := range lines {
		words := strings.Fields(line)
		fmt.Fprintf(&text, "- rolearn: %srole/%s\n  username: %q\n  groups: [%s]\n", account, words[0], words[1], words[2])
	}
	m := awsauth.Understood(access.ConfigMap{Data: map[string]string{"mapRoles": text.String()}})
	if len(m.Mappings) != len(lines) {
		t.Fatal(m)
	}
	w.State.Cluster.Mode, w.State.AWSAuth, w.State.Caller = mode, &m, account+"role/me"
	w.State.RBAC = &access.RBAC{Bindings: []access.Binding{{Name: "x", Role: viewers, Groups: []string{"iam:x"}}}}
	return w
}

// call counts one that changes something.
func (w *town) call(do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errTest
	}
	w.calls++
	last := w.calls == w.ends
	if last {
		w.dead, w.left = true, tempDir(w.t)
		if err := os.CopyFS(w.left, os.DirFS(w.dir)); err != nil {
			w.t.Error(err)
		}
	}
	if !last || w.late {
		if err := do(); err != nil {
			return err
		}
	}
	if last {
		return errTest
	}
	return nil
}

func (w *town) Do(ctx context.Context, step access.Step) error {
	return w.call(func() error {
		err := w.Cluster.Do(ctx, step)
		if e, is := w.State.Entry(step.Principal()); err == nil && is && e.Username == "" && !e.Node() {
			e.Username = access.DefaultUsername(e.Principal)
			w.State = w.State.Put(e)
		}
		return err
	})
}

func (w *town) Snapshot(ctx context.Context, want access.Want) (access.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return access.Snapshot{}, errTest
	}
	s, err := w.Cluster.Snapshot(ctx, want)
	if w.read != nil {
		w.read(&s)
	}
	return s, errors.Join(err, ctx.Err())
}

func (w *town) Bind(_ context.Context, bindings []access.Binding) (made []access.Binding, err error) {
	for _, b := range bindings {
		if err := w.call(func() error {
			if w.deny != nil {
				return w.deny
			}
			if !slices.ContainsFunc(w.State.RBAC.Bindings, func(have access.Binding) bool { return have.Gives(b) }) {
				w.State.RBAC = &access.RBAC{Bindings: append(slices.Clone(w.State.RBAC.Bindings), b)}
				made = append(made, b)
			}
			return nil
		}); err != nil {
			return made, err
		}
	}
	return made, nil
}

func (w *town) Unbind(_ context.Context, bindings []access.Binding) (errs []error) {
	for _, b := range bindings {
		errs = append(errs, w.call(func() error {
			if w.deny != nil {
				return w.deny
			}
			w.State.RBAC = &access.RBAC{Bindings: slices.DeleteFunc(slices.Clone(w.State.RBAC.Bindings), func(have access.Binding) bool { return have.Name == b.Name })}
			return nil
		}))
	}
	return errs
}

func (w *town) Lives(_ context.Context, entries []access.Entry) ([]access.Life, error) {
	return slices.Repeat([]access.Life{access.Alive}, len(entries)), nil
}

func (w *town) LookUp(_ context.Context, p access.Principal) access.Identity {
	return access.Identity{Principal: p}
}

func (w *town) Right(access.Info) error                           { return nil }
func (w *town) OtherAccount(access.Info) []access.Risk            { return nil }
func (w *town) Logins(context.Context) []access.Principal         { return nil }
func (w *town) Acts(context.Context, *access.Entry) (bool, error) { return true, nil }
func (w *town) pause(ctx context.Context, n int) error            { w.read = nil; return ctx.Err() }
func (w *town) accepted() []access.RiskName                       { return []access.RiskName{access.OneWayMode} }
func (w *town) records() (string, error)                          { return w.dir, nil }
func (w *town) now() time.Time                                    { return w.at }
func (w *town) hasEntry(name string) (e access.Entry, has bool) {
	return w.State.Entry(access.Principal(account + "role/" + name))
}

// facts are what a migration asks for.
func (w *town) facts() Facts {
	f := facts(w.State.AWSAuth.Mappings...)
	f.Cluster, f.Entries, f.Bindings = w.State.Cluster, w.State.Entries, w.State.RBAC.Bindings
	records, _ := journal.Read(w.dir)
	f.Begun = records.Begun(w.State.Cluster.ARN)
	return f
}

// migration is one run of the program.
func (w *town) migration(answers map[string]string, remove bool) (*Run, error) {
	w.at = w.at.Add(time.Hour) // whatever was changed before is to be seen
	w.calls, w.dead = 0, false
	r := &Run{Facts: w.facts(), RBAC: w, Timeout: time.Hour, Remove: remove}
	r.Engine = &change.Engine{Cluster: w, Region: "us-west-2", Name: "demo", Now: w.now, Dir: w.records, Pause: w.pause, Command: func(words ...string) string { return strings.Join(words, " ") }}
	r.Carry = func(ctx context.Context, request change.Request) (bool, error) {
		run, err := r.Engine.Start(ctx, request)
		if err != nil {
			return false, err
		}
		defer run.Release()
		p, err := run.Propose(ctx)
		if err != nil || p.Plan.Empty() {
			return p.Incomplete, err
		}
		if err := p.Refused(append(w.accepted(), request.Accept...)); err != nil {
			return false, err
		}
		results, err := run.Apply(ctx, p)
		if err != nil {
			return false, err
		}
		for range results {
		}
		r.Notes = append(r.Notes, run.Notes...)
		return run.Partial, nil
	}
	return r, r.Decide(Choices{Answers: answers, ApplyRBAC: true})
}

// run is all stages of a migration.
func (w *town) run(ctx context.Context, answers map[string]string, remove bool) (*Run, error) {
	r, err := w.migration(answers, remove)
	if err != nil {
		return r, err
	}
	for _, stage := range r.Stages() {
		if err := stage(ctx); err != nil {
			return r, err
		}
	}
	return r, nil
}

// all is everything about the cluster.
func (w *town) all() map[string]string {
	all := map[string]string{"mode": string(w.State.Cluster.Mode), "aws-auth": fmt.Sprintf("%q", w.State.AWSAuth.Data)}
	for _, e := range w.State.Entries {
		all[string(e.Principal)] = fmt.Sprint(e.Kind, e.Username, e.Groups, e.Grants, e.Tags)
	}
	for _, b := range w.State.RBAC.Bindings {
		all["binding "+b.Name] = b.String() + fmt.Sprint(b.Role, b.Users, b.Groups)
	}
	return all
}

var (
	answersOfAll = map[string]string{"group/iam:x": "rename:y", "username/" + account + "role/raw": "name:raw:{{SessionName}}"}
	linesOfAll   = []string{
		"dev dev system:masters", "ops ops viewers,iam:x", "raw {{SessionName}} viewers", "n system:node:{{EC2PrivateDNSName}} system:nodes,system:bootstrappers",
		"me me system:masters",
	}
)

// TestKilledAtAnyMomentASecondRunEndsTheSame: before a call is carried out, or after.
func TestKilledAtAnyMomentASecondRunEndsTheSame(t *testing.T) {
	for mode, remove := range map[access.Mode]bool{access.ModeConfigMap: true, access.ModeBoth: false} {
		whole := newTown(t, mode, linesOfAll...)
		r, err := whole.run(t.Context(), answersOfAll, remove)
		if err != nil || r.Partial || len(whole.State.Entries) != 5 {
			t.Fatalf("%v, partial %t, %v", err, r.Partial, whole.State.Entries)
		}
		if n := len(awsauth.Parse(whole.State.AWSAuth.Data).Mappings); (n == 0) != remove {
			t.Fatalf("%d mappings are left", n)
		}
		want, kills := whole.all(), 0
		for n := 1; n <= whole.calls; n++ {
			for _, late := range []bool{false, true} {
				w := newTown(t, mode, linesOfAll...)
				w.ends, w.late = n, late
				if _, err := w.run(t.Context(), answersOfAll, remove); err == nil && !w.dead {
					t.Fatalf("not killed at call %d", n)
				}
				kills++
				w.dir, w.ends = w.left, 0
				r, err := w.run(t.Context(), answersOfAll, remove)
				if err != nil || r.Partial {
					t.Errorf("%s, call %d, late %t: %v, partial %t", mode, n, late, err, r.Partial)
				}
				if diff := cmp.Diff(want, w.all()); diff != "" {
					t.Errorf("%s, call %d, late %t:\n%s", mode, n, late, diff)
				}
			}
		}
		if kills < 16 {
			t.Errorf("%d kills show little", kills)
		}
	}
}

// TestASecondRunChangesNothing.
func TestASecondRunChangesNothing(t *testing.T) {
	w := newTown(t, access.ModeConfigMap, linesOfAll...)
	for n, want := range []bool{true, false} {
		if _, err := w.run(t.Context(), answersOfAll, true); err != nil || w.calls > 0 != want {
			t.Errorf("run %d: %d calls, %v", n, w.calls, err)
		}
	}
}

// TestWhatSomebodyGaveAnUnfinishedEntryStays: between a migration that was killed and the next one.
func TestWhatSomebodyGaveAnUnfinishedEntryStays(t *testing.T) {
	w := newTown(t, access.ModeBoth, "dev dev system:masters,viewers", "me me system:masters")
	w.ends, w.late = 1, true // the entry, without its policy
	if _, err := w.run(t.Context(), nil, true); err == nil && !w.dead {
		t.Fatal("not killed")
	}
	w.dir, w.ends = w.left, 0
	e := w.State.Entries[0]
	if len(w.State.Entries) != 1 || len(e.Grants) > 0 {
		t.Fatalf("%v", w.State.Entries)
	}
	view := access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"prod"}}}
	e.Groups, e.Grants, e.Tags = append(e.Groups, "extra"), []access.Grant{view}, map[string]string{"a": "b"}
	w.State = w.State.Put(e)
	r, err := w.run(t.Context(), nil, true)
	is, _ := w.hasEntry(e.Principal.Name())
	if err != nil || len(r.Plan.Resumed) != 1 || !is.Administers() || !slices.Contains(is.Groups, "extra") || is.Tags["a"] != "b" || len(is.Grants) != 2 {
		t.Errorf("%v, resumed %v, %+v", err, r.Plan.Resumed, is)
	}
}

// TestNothingIsRemovedThatIsNotProved: EKS does not show an entry, or nobody may read it.
func TestNothingIsRemovedThatIsNotProved(t *testing.T) {
	dev := access.Principal(account + "role/dev")
	for _, row := range []struct {
		name    string
		spoil   func(*access.Snapshot)
		pauses  bool // it is waited for
		partial bool
		left    int // mappings
		notes   int // failures
	}{
		{"all is shown", func(*access.Snapshot) {}, false, false, 0, 0},
		{"a moment later", func(s *access.Snapshot) { *s = s.Drop(dev) }, true, false, 0, 0},
		{"never", func(s *access.Snapshot) { *s = s.Drop(dev) }, false, true, 1, 0},
		{"nobody may read it", func(s *access.Snapshot) {
			*s = s.Drop(dev)
			s.Unread = []access.Unread{{Principal: dev, Err: access.ErrForbidden}}
		}, true, true, 1, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newTown(t, access.ModeBoth, "dev dev system:masters", "me me system:masters")
			r, err := w.migration(nil, true)
			if err != nil {
				t.Fatal(err)
			}
			pauses := 0
			r.Engine.Pause = func(context.Context, int) error {
				if pauses++; row.pauses {
					w.read = nil
					return nil
				}
				return context.DeadlineExceeded
			}
			if err := r.create(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.read = row.spoil
			if err := r.verify(t.Context()); err != nil || r.Partial != row.partial {
				t.Errorf("%v, partial %t", err, r.Partial)
			}
			w.read = nil
			if err := r.remove(t.Context()); err != nil || len(w.State.AWSAuth.Mappings) != row.left {
				t.Errorf("%v, left are %v", err, w.State.AWSAuth.Mappings)
			}
			failures := slices.DeleteFunc(slices.Clone(r.Notes), func(n access.Note) bool { return n.Err == nil })
			if len(failures) != row.notes || row.notes > 0 && pauses > 0 {
				t.Errorf("%d pauses, %v", pauses, failures)
			}
		})
	}
}

// TestAMigrationThatCannotBeginIsNoChange: without the backup and the bindings there is no entry, and nothing to undo.
func TestAMigrationThatCannotBeginIsNoChange(t *testing.T) {
	for name, spoil := range map[string]func(*town){
		"no binding may be made": func(w *town) { w.deny = access.ErrForbidden },
		"aws-auth is not read":   func(w *town) { w.read = func(s *access.Snapshot) { s.AWSAuth = &access.ConfigMap{Err: errTest} } },
	} {
		w := newTown(t, access.ModeBoth, linesOfAll...)
		r, err := w.migration(answersOfAll, true)
		if err != nil {
			t.Fatal(err)
		}
		spoil(w)
		if err := r.create(t.Context()); err == nil || len(w.State.Entries) > 0 {
			t.Errorf("%s: %v, %v", name, err, w.State.Entries)
		}
		if records, _ := journal.Read(w.dir); len(records.Records) > 1 || len(records.Records) == 1 && records.Records[0].State() != journal.NotDone {
			t.Errorf("%s: %+v", name, records.Records)
		}
	}
}

// TestADecisionRemovesMappingsOfNobody, and only with Remove.
func TestADecisionRemovesMappingsOfNobody(t *testing.T) {
	for _, remove := range []bool{false, true} {
		w := newTown(t, access.ModeBoth, "gone gone viewers", "me me system:masters")
		r, err := w.migration(nil, remove)
		if err != nil {
			t.Fatal(err)
		}
		r.Facts.Identities[account+"role/gone"] = access.Identity{Missing: true}
		if err := r.Decide(Choices{Answers: map[string]string{"missing/" + account + "role/gone": "remove"}}); err != nil {
			t.Fatal(err)
		}
		for _, stage := range r.Stages() {
			if err := stage(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(w.State.AWSAuth.Mappings); n != map[bool]int{true: 0, false: 2}[remove] {
			t.Errorf("remove %t: %d mappings are left", remove, n)
		}
		if n := r.Remaining(); n != map[bool]int{true: 0, false: 1}[remove] {
			t.Errorf("remove %t: %d remain active", remove, n)
		}
	}
}

// TestTidyRemovesWhatAnEarlierVersionLeft, unless somebody uses it.
func TestTidyRemovesWhatAnEarlierVersionLeft(t *testing.T) {
	earlier := access.Binding{Namespace: "dev", Name: access.HelpPrefix + "x", Role: viewers, Groups: []string{access.HelpPrefix + "x"}}
	dev := access.Entry{Principal: account + "role/dev", Kind: access.Standard, Groups: earlier.Groups}
	for _, row := range []struct {
		name    string
		spoil   func(*town)
		left    bool
		partial bool
		notes   []access.NoteKind
	}{
		{"nobody is in its group", func(*town) {}, false, false, []access.NoteKind{access.NoteDone}},
		{"somebody is", func(w *town) { w.State = w.State.Put(dev) }, true, false, []access.NoteKind{access.NoteMigration}},
		{"somebody may be", func(w *town) {
			w.read = func(s *access.Snapshot) {
				s.Unread = []access.Unread{{Principal: dev.Principal, Err: access.ErrForbidden}}
			}
		}, true, false, []access.NoteKind{access.NoteMigration}},
		{"RBAC cannot be read", func(w *town) {
			w.read = func(s *access.Snapshot) { s.RBAC = &access.RBAC{Err: errTest} }
		}, true, false, []access.NoteKind{access.NoteNotChecked}},
		{"it may not be deleted", func(w *town) { w.deny = access.ErrForbidden }, true, true, []access.NoteKind{access.NoteFailed}},
	} {
		w := newTown(t, access.ModeAPI)
		w.State.RBAC.Bindings = append(w.State.RBAC.Bindings, earlier)
		r, err := w.migration(nil, false)
		if err != nil {
			t.Fatal(err)
		}
		r.Facts.Program.Kube = func() []string { return []string{"--context", "demo"} }
		row.spoil(w)
		err = r.Tidy(t.Context())
		if err != nil || len(Leftover(w.State.RBAC.Bindings)) > 0 != row.left || len(w.State.RBAC.Bindings) == 0 || r.Partial != row.partial {
			t.Errorf("%s: %v, left are %v, partial %t", row.name, err, w.State.RBAC.Bindings, r.Partial)
		}
		var notes []access.NoteKind
		for _, n := range r.Notes {
			notes = append(notes, n.Kind)
		}
		if diff := cmp.Diff(row.notes, notes); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
		if got, want := r.deletes(earlier), "kubectl delete rolebinding "+earlier.Name+" --namespace dev --context demo"; got != want {
			t.Errorf("%s", got)
		}
	}
}

// TestAnEntryOfAnEarlierVersionIsCompletedAndItsBindingGoes.
func TestAnEntryOfAnEarlierVersionIsCompletedAndItsBindingGoes(t *testing.T) {
	w := newTown(t, access.ModeBoth, "dev dev system:masters", "me me system:masters")
	group := access.HelpPrefix + masters
	w.State.RBAC.Bindings = append(w.State.RBAC.Bindings, access.Binding{Name: group, Role: viewers, Groups: []string{group}})
	w.State = w.State.Put(access.Entry{Principal: account + "role/dev", Kind: access.Standard, Username: "dev", Groups: []string{group}})
	r, err := w.run(t.Context(), nil, false)
	e, _ := w.hasEntry("dev")
	if err != nil || r.Partial || !e.Administers() || len(e.Groups) > 0 || len(Leftover(w.State.RBAC.Bindings)) > 0 {
		t.Errorf("%v, partial %t, %+v, %v", err, r.Partial, e, w.State.RBAC.Bindings)
	}
}

func TestLeftTellsARecordOfAnEarlierVersion(t *testing.T) {
	e := access.Entry{Principal: account + "role/dev", Kind: access.Standard, Groups: []string{access.HelpPrefix + "x"}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		change access.Change
		left   bool
	}{
		{access.Change{After: &e}, true},
		{access.Change{Before: &e}, true},
		{access.Change{After: &access.Entry{Principal: e.Principal, Kind: access.Standard, Groups: []string{"x"}}}, false},
	} {
		if Left(journal.Of(access.Plan{Cluster: cluster, Changes: []access.Change{row.change}}, now, "", nil)) != row.left {
			t.Errorf("%+v", row.change)
		}
	}
}

// TestAnswersAreAskedUntilNothingIsOpen, one that is not possible once more.
func TestAnswersAreAskedUntilNothingIsOpen(t *testing.T) {
	w := newTown(t, access.ModeBoth, linesOfAll...)
	r, err := w.migration(map[string]string{"node/" + account + "role/n": "entry"}, false)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string][]string{"group/iam:x": {"rename:system:y", "policy:view"}, "username/" + account + "role/raw": {"default"}}
	var asked, unfit []string
	err = r.Answer(func(q Question) (string, error) {
		asked = append(asked, q.ID)
		answer := given[q.ID][0]
		given[q.ID] = given[q.ID][1:]
		return answer, nil
	}, func(u Unfit) { unfit = append(unfit, u.Given) })
	if err != nil || !r.Answered || !slices.Equal(unfit, []string{"rename:system:y"}) || len(asked) != 3 {
		t.Errorf("%v, asked %v, unfit %v", err, asked, unfit)
	}
	want := map[string]string{"group/iam:x": "policy:view", "username/" + account + "role/raw": "default", "node/" + account + "role/n": "entry"}
	if diff := cmp.Diff(want, r.Choices.Answers); diff != "" {
		t.Error(diff)
	}
	file := map[string]string{}
	for _, d := range r.Given().Decisions {
		file[d.ID] = d.Answer
	}
	if diff := cmp.Diff(want, file); diff != "" || r.Given().Cluster != "demo" {
		t.Errorf("the file:\n%s", diff)
	}
	r.Choices.Answers = map[string]string{}
	if r.Plan, err = Make(r.Facts, r.Choices); err != nil {
		t.Fatal(err)
	}
	if err := r.Answer(func(Question) (string, error) { return "", errTest }, nil); !errors.Is(err, errTest) || len(r.Choices.Answers) > 0 {
		t.Errorf("%v, %v", err, r.Choices.Answers)
	}
}

// TestTheFileOfDecisionsHasEachQuestionWithItsAnswer.
func TestTheFileOfDecisionsHasEachQuestionWithItsAnswer(t *testing.T) {
	w := newTown(t, access.ModeBoth, linesOfAll...)
	r, err := w.migration(map[string]string{"group/iam:x": "drop"}, false)
	if err != nil {
		t.Fatal(err)
	}
	file := map[string]string{}
	for _, d := range r.Plan.File().Decisions {
		file[d.ID] = d.Answer
		if d.Question == "" || len(d.Options) < 2 {
			t.Errorf("%+v", d)
		}
	}
	want := map[string]string{"group/iam:x": "drop", "username/" + account + "role/raw": "default", "node/" + account + "role/n": "entry"}
	if diff := cmp.Diff(want, file); diff != "" {
		t.Error(diff)
	}
	if err := r.Decide(Choices{Answers: file}); err != nil {
		t.Errorf("it is not read back: %v", err)
	}
	if err := r.Decide(Choices{Answers: map[string]string{"group/iam:x": "nonsense"}}); !errors.Is(err, access.ErrRefused) {
		t.Errorf("%v", err)
	}
}

// TestRisksAreNotedBeforeAnyoneAnswers: those that no answer changes, and those of the default answers.
func TestRisksAreNotedBeforeAnyoneAnswers(t *testing.T) {
	for _, row := range []struct {
		name     string
		mode     access.Mode
		lines    []string
		accepted []access.RiskName
		notes    int
	}{
		{"nothing", access.ModeBoth, []string{"dev dev viewers"}, nil, 0},
		{"no entry", access.ModeConfigMap, nil, nil, 0},
		{"the mode, whatever the answers are", access.ModeConfigMap, []string{"dev dev viewers"}, nil, 1},
		{"the mode, accepted", access.ModeConfigMap, []string{"dev dev viewers"}, []access.RiskName{access.OneWayMode}, 0},
		{"the mode, by the default answer", access.ModeConfigMap, []string{"n system:node:{{EC2PrivateDNSName}} system:nodes"}, nil, 1},
		{"the mode, by the default answer, accepted", access.ModeConfigMap, []string{"n system:node:{{EC2PrivateDNSName}} system:nodes"}, []access.RiskName{access.OneWayMode}, 0},
	} {
		w := newTown(t, row.mode, row.lines...)
		r, err := w.migration(map[string]string{}, false)
		if err != nil {
			t.Fatal(err)
		}
		notes, err := r.Foresee(t.Context(), row.accepted)
		if err != nil || len(notes) != row.notes || w.calls > 0 {
			t.Errorf("%s: %v, %v", row.name, err, notes)
		}
	}
}
