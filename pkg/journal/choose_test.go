package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// TestTheLastChangeIsKnownOrRefused: with a newer record that cannot be read, no older change is taken for the last one.
func TestTheLastChangeIsKnownOrRefused(t *testing.T) {
	const old, newer, future = "20260101T000000.000Z-demo", "20260102T000000.000Z-demo", "20270101T000000.000Z-demo"
	done := func(id string) journal.Record { return journal.Record{ID: id, Finished: noon} }
	failed := journal.Record{ID: newer, Finished: noon, Steps: []journal.Step{{Error: "access denied"}}}
	undo := journal.Record{ID: newer, Undoes: old, Finished: noon}
	partly := journal.Record{ID: newer, Undoes: old, Finished: noon, Steps: []journal.Step{{}, {Error: "access denied"}}}
	for _, c := range []struct {
		name    string
		records []journal.Record
		files   map[string]string // broken ones
		want    string            // the ID, or part of the error
	}{
		{"none", nil, nil, ""},
		{"two", []journal.Record{done(old), done(newer)}, nil, newer},
		{"the last did nothing", []journal.Record{done(old), failed}, nil, old},
		{"undone", []journal.Record{done(old), undo}, nil, ""},
		{"undone in part", []journal.Record{done(old), partly}, nil, old},
		{"the newest is broken", []journal.Record{done(old)}, map[string]string{newer: "{"}, newer + ".json"},
		{"the only one is broken", nil, map[string]string{newer: "{"}, newer + ".json"},
		{"an older one is broken", []journal.Record{done(newer)}, map[string]string{old: "{"}, newer},
		{"a newer one of another cluster is broken", []journal.Record{done(old)}, map[string]string{"20260102T000000.000Z-prod": "{"}, old},
		{"a file with another name is broken", []journal.Record{done(old)}, map[string]string{"notes": "{", "zz-demo": "{", "": "{"}, old},
		{"the newest was not begun", []journal.Record{done(old)}, map[string]string{newer: ""}, old},
		{"from the future", []journal.Record{done(old), done(future)}, nil, "record " + future + " is dated in the future"},
		{"from a clock that is a little ahead", []journal.Record{done(old), done("20260102T120400.000Z-demo")}, nil, "20260102T120400.000Z-demo"},
		{"from the future and undone", []journal.Record{done(old), done(future), {ID: newer, Undoes: future, Finished: noon}}, nil, old},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, r := range c.records {
				r.Cluster.Name = "demo"
				if err := journal.Save(dir, r); err != nil {
					t.Fatal(err)
				}
			}
			for id, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			j, err := journal.Read(dir)
			if err != nil || len(j.Records) != len(c.records) || len(j.Broken) != len(c.files) {
				t.Fatalf("%+v, %v", j, err)
			}
			all := func(journal.Record) bool { return true }
			r, err := j.In("demo", "", "").Last(noon, all)
			got := ""
			switch {
			case err != nil:
				got = err.Error()
			case r != nil:
				got = r.ID
			}
			if got != c.want && (err == nil || c.want == "" || !strings.Contains(got, c.want)) {
				t.Errorf("%q, want %q", got, c.want)
			}
			for _, r := range c.records { // by its ID each one is found
				if found, err := j.Find(r.ID); err != nil || found.ID != r.ID {
					t.Errorf("%s: %v", r.ID, err)
				}
			}
		})
	}
}

func TestFindTakesABeginningThatIsTheOnlyOne(t *testing.T) {
	j := journal.Journal{
		Records: []journal.Record{{ID: "21"}, {ID: "12"}, {ID: "1"}},
		Broken:  []journal.Broken{{ID: "3", Err: os.ErrPermission}},
	}
	for id, want := range map[string]string{"1": "1", "12": "12", "2": "21"} {
		if r, err := j.Find(id); err != nil || r.ID != want {
			t.Errorf("%s: %s, %v", id, r.ID, err)
		}
	}
	for id, want := range map[string]string{"3": "cannot be read: permission denied", "4": "has the ID 4"} {
		if _, err := j.Find(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestAMigrationIsKnownByItsKind, in records from before there were kinds by its groups or its command.
func TestAMigrationIsKnownByItsKind(t *testing.T) {
	marked := plan()
	marked.Changes[1].After.Groups = []string{"kubectl-access:migrating:g"}
	for _, c := range []struct {
		name string
		kind journal.Kind
		args string
		mark bool
		want bool
	}{
		{"a migration", journal.Migrate, "kubectl-access --context c migrate", false, true},
		{"a grant of a group that is called so", journal.Grant, "kubectl-access grant role/x --group migrate", false, false},
		{"a grant of a migration's group", journal.Grant, "kubectl-access grant role/x --group kubectl-access:migrating:g", true, false},
		{"old: a migration", "", "kubectl-access migrate --yes", false, true},
		{"old: with flags before the command", "", "kubectl-access --context c migrate", true, true},
		{"old: a grant", "", "kubectl-access grant role/x --group migrate", false, false},
		{"old: nothing known", "", "", false, false},
	} {
		p := plan()
		if c.mark {
			p = marked
		}
		r := journal.Of(p, time.Time{}, "", strings.Fields(c.args))
		if r.Kind = c.kind; r.Migrated() != c.want {
			t.Errorf("%s: %v", c.name, r.Migrated())
		}
	}
}
