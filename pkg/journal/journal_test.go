package journal_test

import (
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

var (
	demo = access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth}
	noon = time.Date(2026, 1, 2, 12, 0, 0, 6, time.UTC)
)

// plan changes everything that there is: two entries, the mode and a ConfigMap with odd bytes.
func plan() access.Plan {
	view := access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev", "qa-*"}}}
	dev := access.Entry{
		Principal: "arn:aws:iam::111122223333:role/team/dev", Kind: access.Standard, Username: "u:{{SessionName}}", Groups: []string{"g"},
		Grants: []access.Grant{{Policy: access.ClusterAdmin}, view}, Tags: map[string]string{"a": "\x1b[31m", "b": ""},
	}.Canonical()
	node := access.Entry{Principal: "arn:aws:iam::111122223333:role/node", Kind: access.EC2Linux}.Canonical()
	return access.Plan{
		Cluster: demo,
		Mode:    &access.ModeChange{From: access.ModeBoth, To: access.ModeAPI},
		AWSAuth: &access.ConfigMapChange{Before: access.ConfigMap{Data: map[string]string{"mapRoles": "- a: <b>\r\n\t\u2028\"", "empty": ""}}},
		Changes: []access.Change{{Before: &dev}, {After: &node}},
	}
}

func TestWhatUndoNeedsIsReadBackAsItWas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	want := plan()
	r := journal.Of(want, noon, "arn:aws:iam::111122223333:role/me", []string{"revoke"})
	if err := journal.Begin(dir, &r); err != nil {
		t.Fatal(err)
	}
	all, err := read(dir)
	if err != nil || len(all) != 1 || all[0].State() != journal.Interrupted {
		t.Fatalf("%+v, %v", all, err)
	}
	changes, err := all[0].Changes()
	if diff := cmp.Diff(want.Changes, changes); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if diff := cmp.Diff(&journal.AWSAuth{Before: want.AWSAuth.Before.Data}, all[0].AWSAuth); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r, all[0]); diff != "" {
		t.Error(diff)
	}
	if m := all[0].Mode; m.Before != access.ModeBoth || m.After != access.ModeAPI || all[0].Cluster.Mode != access.ModeBoth {
		t.Errorf("%+v", all[0])
	}
}

func TestARecordIsPrivateAndAlone(t *testing.T) {
	dir := t.TempDir()
	first := journal.Of(plan(), noon, "", nil)
	second := journal.Of(plan(), noon, "", nil)
	for _, r := range []*journal.Record{&first, &second} {
		if err := journal.Begin(dir, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := journal.Finish(dir, &first, noon); err != nil || first.ID >= second.ID {
		t.Errorf("%v, IDs %s and %s", err, first.ID, second.ID)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 2 {
		t.Errorf("%d files are left", len(files))
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if all, err := read(dir); err != nil || all[0].ID != second.ID || all[1].State() != journal.Done {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestTheStateTellsWhatBecameOfAChange(t *testing.T) {
	ok, bad := access.Result{Step: access.DeleteEntry{}}, access.Result{Step: access.DeleteEntry{}, Err: access.ErrForbidden}
	for _, c := range []struct {
		results []access.Result
		want    journal.State
	}{
		{nil, journal.Done},
		{[]access.Result{ok}, journal.Done},
		{[]access.Result{ok, bad}, journal.PartDone},
		{[]access.Result{bad}, journal.NotDone},
	} {
		r := journal.Of(plan(), noon, "", nil)
		for _, result := range c.results {
			r.Add(result)
		}
		if r.State() != journal.Interrupted {
			t.Errorf("%v before its end", r.State())
		}
		if r.Finished = noon; r.State() != c.want {
			t.Errorf("%v: %v", c, r.State())
		}
		if r.Sent = []journal.Sent{{Part: access.PartMode}}; c.want == journal.NotDone && r.State() != journal.PartDone {
			t.Errorf("%v, which may have been done: %v", c, r.State())
		}
	}
}

func TestARecordFollowsWhatWasFoundBeforeAnythingWasDone(t *testing.T) {
	r := journal.Of(plan(), noon, "", nil)
	found := plan()
	found.Changes[0].Before.Groups = []string{"later"}
	found.Changes = found.Changes[:1]
	found.Mode, found.AWSAuth.After.Data = nil, map[string]string{}
	const dev, node access.Principal = "arn:aws:iam::111122223333:role/team/dev", "arn:aws:iam::111122223333:role/node"
	r.Rebase(found, []access.Principal{dev})
	changes, err := r.Changes()
	if err != nil || len(changes) != 2 || changes[0].Principal() != node || changes[1].Before.Groups[0] != "later" || r.Mode == nil {
		t.Errorf("%+v, %v", changes, err)
	}
	r.Rebase(found, []access.Principal{node, access.Itself})
	if changes, err = r.Changes(); err != nil || len(changes) != 1 || r.Mode != nil || r.AWSAuth.After == nil {
		t.Errorf("%+v, %v, %+v", changes, err, r)
	}
}

func TestAnUndoThatWasUndoneCountsNoMore(t *testing.T) {
	record := func(id, undoes string, finished bool) journal.Record {
		r := journal.Record{ID: id, Undoes: undoes}
		if finished {
			r.Finished = noon
		}
		return r
	}
	for _, c := range []struct {
		name string
		all  []journal.Record
		want string
	}{
		{"nothing", []journal.Record{record("1", "", true)}, ""},
		{"undone", []journal.Record{record("1", "", true), record("2", "1", true)}, "1"},
		{"half undone", []journal.Record{record("1", "", true), record("2", "1", false)}, ""},
		{"done again", []journal.Record{record("1", "", true), record("2", "1", true), record("3", "2", true)}, "2"},
		{"done again by a clock that was set back", []journal.Record{record("1", "", true), record("3", "1", true), record("2", "3", true)}, "3"},
		{"undone before it was done", []journal.Record{record("2", "", true), record("1", "2", true)}, "2"},
		{"undone by itself, which ends", []journal.Record{record("1", "1", true)}, "1"},
		{"and undone again", []journal.Record{record("1", "", true), record("2", "1", true), record("3", "2", true), record("4", "1", true)}, "1 2"},
	} {
		var got []string
		undone := journal.Undone(c.all)
		for _, r := range c.all {
			if undone[r.ID] {
				got = append(got, r.ID)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestBrokenFilesAreNamedAndDoNotHideTheOthers(t *testing.T) {
	dir := t.TempDir()
	r := journal.Of(plan(), noon, "", nil)
	if err := journal.Begin(dir, &r); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.json": "", "b.json": "{", "c.json": `{"id":"other"}`, "d.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "e.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Read(dir)
	if len(j.Records) != 1 || err != nil || len(j.Broken) != 4 {
		t.Errorf("%+v, %v", j, err)
	}
	for _, b := range j.Broken {
		if !strings.Contains(b.Err.Error(), filepath.Join(dir, b.ID+".json")) {
			t.Errorf("%s: %v", b.ID, b.Err)
		}
	}
	if all, err := read(filepath.Join(dir, "nothing")); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func read(dir string) ([]journal.Record, error) {
	j, err := journal.Read(dir)
	return j.Records, err
}

func TestAFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := journal.Begin(filepath.Join(file, "sub"), &journal.Record{}); err == nil {
		t.Error("no error")
	}
}
