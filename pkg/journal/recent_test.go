package journal_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

const recentRole access.Principal = "arn:aws:iam::111122223333:role/dev"

// shape is an entry in words: "view:dev edit group:g"; "-" is none.
func shape(words string) *access.Entry {
	if words == "-" {
		return nil
	}
	e := access.Entry{Principal: recentRole, Kind: access.Standard}
	for _, word := range strings.Fields(words) {
		switch name, rest, _ := strings.Cut(word, ":"); name {
		case "bare":
		case "group":
			e.Groups = append(e.Groups, rest)
		case "view":
			e.Grants = append(e.Grants, access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: strings.Split(rest, ",")}})
		case "admin":
			e.Grants = append(e.Grants, access.Grant{Policy: access.ClusterAdmin})
		}
	}
	e = e.Canonical()
	return &e
}

// recorded is a change that ended some time ago: "- > view:dev". After a bar are the parts that were begun when it was
// killed: "- > view:dev | entry".
func recorded(text string, ago time.Duration) journal.Record {
	text, sent, killed := strings.Cut(text, " | ")
	before, after, _ := strings.Cut(text, " > ")
	c := access.Change{Before: shape(before), After: shape(after)}
	r := journal.Of(access.Plan{Cluster: demo, Changes: []access.Change{c}}, noon.Add(-ago), "", nil)
	r.ID = "another"
	for _, s := range (access.Plan{Changes: []access.Change{c}}).Steps() {
		r.Sent = append(r.Sent, journal.Sent{Principal: recentRole, Part: access.PartOf(s)})
	}
	if r.Finished = r.Time; killed {
		r.Finished, r.Sent = time.Time{}, []journal.Sent{}
		for _, part := range strings.Split(sent, ", ") {
			r.Sent = append(r.Sent, journal.Sent{Principal: recentRole, Part: access.Part(part)})
		}
	}
	return r
}

func TestASnapshotIsBehindWhileItShowsWhatWasSoBefore(t *testing.T) {
	const moment, over = time.Second, journal.Settling + time.Second
	view := "policy AmazonEKSViewPolicy"
	for _, c := range []struct {
		changes string // one a line, the oldest first
		ago     time.Duration
		now     string
		want    bool
	}{
		{"", moment, "-", false},
		// Created, and deleted.
		{"- > view:dev", moment, "-", true},
		{"- > view:dev", moment, "bare", true},
		{"- > view:dev", moment, "view:dev", false},
		{"- > view:dev", moment, "view:qa", false}, // somebody else's
		{"- > view:dev", over, "-", false},
		{"- > view:dev", -moment, "-", false}, // from the future
		{"view:dev > -", moment, "view:dev", true},
		{"view:dev > -", moment, "-", false},
		// Every state in between.
		{"view:dev group:a > view:dev,qa group:b", moment, "view:dev,qa group:a", true},
		{"view:dev group:a > view:dev,qa group:b", moment, "view:dev group:b", true},
		{"view:dev group:a > view:dev,qa group:b", moment, "view:dev,qa group:b", false},
		{"view:dev group:a > view:dev,qa group:a", moment, "view:dev,qa group:c", false}, // somebody else's groups
		// Several changes in a row.
		{"- > view:dev\nview:dev > view:dev,qa", moment, "-", true},
		{"- > view:dev\nview:dev > view:dev,qa", moment, "view:dev", true},
		{"- > view:dev\nview:dev > view:dev,qa", moment, "view:dev,qa", false},
		{"- > view:dev\nview:dev > -", moment, "view:dev", true},
		{"- > view:dev\nview:dev > -", moment, "-", false},
		{"view:dev > -\n- > view:dev", moment, "-", true},
		{"view:dev > -\n- > view:dev", moment, "view:dev", false},
		{"group:a > group:b\ngroup:b > group:a", moment, "group:a", false},
		{"group:a > group:b\ngroup:b > group:a", moment, "group:b", true},
		// Killed: what was begun last may have been done or not, what was begun before was done.
		{"- > view:dev | entry", moment, "-", false},
		{"- > view:dev | entry", moment, "bare", false},
		{"- > view:dev | entry, " + view, moment, "-", true},
		{"- > view:dev | entry, " + view, moment, "bare", false},
		{"- > view:dev | entry, " + view, moment, "view:dev", false},
		{"view:dev > - | entry", moment, "view:dev", false},
		{"- > view:dev\nview:dev > view:dev,qa | " + view, moment, "-", true},
		{"- > view:dev\nview:dev > view:dev,qa | " + view, moment, "view:dev", false},
	} {
		var records []journal.Record
		for _, change := range strings.Split(c.changes, "\n") {
			if change != "" {
				records = append(records, recorded(change, c.ago))
			}
		}
		s := access.Snapshot{Cluster: demo}
		if e := shape(c.now); e != nil {
			s = s.Put(*e)
		}
		got := journal.RecentChanges(records, demo.ARN, "", noon).Behind(s, access.Want{Principals: []access.Principal{recentRole}}, false)
		if (len(got) > 0) != c.want {
			t.Errorf("after %q, %v ago, %q is behind: %v", c.changes, c.ago, c.now, got)
		}
	}
}

// TestWhatAKilledChangeMayHaveDoneCanBeBehind for whoever wants to be sure, but not for the change itself.
func TestWhatAKilledChangeMayHaveDoneCanBeBehind(t *testing.T) {
	for _, c := range []struct {
		change, own, now string
		behind           bool
	}{
		{"view:dev > - | entry", "", "view:dev", true},
		{"view:dev > - | entry", "", "-", false},
		{"- > view:dev | entry", "", "-", true},
		{"- > view:dev | entry", "", "bare", false},
		{"- > view:dev | entry", "own", "-", false},
		{"admin > - | entry", "", "-", true}, // where nobody else was left, it may have been restored
		{"admin > - | entry", "own", "-", false},
	} {
		r := recorded(c.change, time.Second)
		r.ID = cmp.Or(c.own, r.ID)
		s := access.Snapshot{Cluster: demo}
		if e := shape(c.now); e != nil {
			s = s.Put(*e)
		}
		got := journal.RecentChanges([]journal.Record{r}, demo.ARN, c.own, noon).Behind(s, access.Want{Principals: []access.Principal{recentRole}}, true)
		if (len(got) > 0) != c.behind {
			t.Errorf("after %q of %q, %q is behind: %v", c.change, r.ID, c.now, got)
		}
	}
}

// TestALostAnswerAfterAnotherChange: what the read shows may be the own step, or the state from before the other change.
func TestALostAnswerAfterAnotherChange(t *testing.T) {
	own := recorded("view:dev,qa > view:dev | policy AmazonEKSViewPolicy", time.Second)
	own.ID = "own"
	for now, behind := range map[string]bool{"view:dev": true, "view:dev,qa": false, "-": false} {
		s := access.Snapshot{Cluster: demo}
		if e := shape(now); e != nil {
			s = s.Put(*e)
		}
		recent := journal.RecentChanges([]journal.Record{recorded("view:dev > view:dev,qa", 2*time.Second), own}, demo.ARN, "own", noon)
		if got := recent.Behind(s, access.Want{Principals: []access.Principal{recentRole}}, true); (len(got) > 0) != behind {
			t.Errorf("%s: %v", now, got)
		}
	}
}

// TestAKilledChangeIsAsOldAsItsLastCall and not as old as its begin: a migration waits for minutes for the mode.
func TestAKilledChangeIsAsOldAsItsLastCall(t *testing.T) {
	for ago, behind := range map[time.Duration]bool{time.Second: true, time.Minute: false} {
		r := recorded("view:dev > - | entry", 10*time.Minute)
		r.LastSent = noon.Add(-ago)
		s := access.Snapshot{Cluster: demo}.Put(*shape("view:dev"))
		got := journal.RecentChanges([]journal.Record{r}, demo.ARN, "", noon).Behind(s, access.Want{Principals: []access.Principal{recentRole}}, true)
		if (len(got) > 0) != behind {
			t.Errorf("%v ago: %v", ago, got)
		}
	}
}

// TestWhatIsSentAgainStandsOnceInTheRecord with the time of the last call.
func TestWhatIsSentAgainStandsOnceInTheRecord(t *testing.T) {
	dir := t.TempDir()
	r := journal.Of(access.Plan{Cluster: demo}, noon, "", nil)
	if err := journal.Begin(dir, &r); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		if err := journal.Send(dir, r.ID, journal.Sent{Principal: recentRole, Part: access.PartEntry}, noon.Add(time.Duration(n)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Read(dir)
	if err != nil || len(j.Records[0].Sent) != 1 || !j.Records[0].LastSent.Equal(noon.Add(time.Minute)) {
		t.Errorf("%v, %+v", err, j.Records)
	}
}

// TestOnlyWhatWasReadCanBeBehind: an entry that was not asked for is missing, and not of a former time.
func TestOnlyWhatWasReadCanBeBehind(t *testing.T) {
	for _, c := range []struct {
		change string
		want   access.Want
		behind bool
	}{
		{"- > view:dev", access.Want{}, false},
		{"- > view:dev", access.Want{Administrators: true}, false},
		{"- > view:dev", access.Want{All: true}, true},
		{"- > admin", access.Want{Administrators: true}, true},
		{"admin > -", access.Want{Administrators: true}, false},
	} {
		recent := journal.RecentChanges([]journal.Record{recorded(c.change, time.Second)}, demo.ARN, "", noon)
		if got := recent.Behind(access.Snapshot{Cluster: demo}, c.want, false); (len(got) > 0) != c.behind {
			t.Errorf("%s, %+v: %v", c.change, c.want, got)
		}
		unread := access.Snapshot{Cluster: demo, Unread: []access.Unread{{Principal: recentRole}}}
		if got := recent.Behind(unread, c.want, false); len(got) > 0 {
			t.Errorf("%s: what could not be read is behind", c.change)
		}
		if other := journal.RecentChanges([]journal.Record{recorded(c.change, time.Second)}, "arn:aws:eks:us-west-2:111122223333:cluster/other", "", noon); len(other) > 0 {
			t.Errorf("%s: a change of another cluster counts", c.change)
		}
	}
}

func TestLatelyReadsWhatMayBeRecent(t *testing.T) {
	dir := t.TempDir()
	for n, name := range []string{"old", "new"} {
		r := journal.Of(access.Plan{Cluster: access.Info{Name: name}}, noon.Add(time.Duration(n)*time.Second), "", nil)
		if err := journal.Begin(dir, &r); err != nil {
			t.Fatal(err)
		}
		at := noon.Add(time.Duration(n-1) * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, r.ID+".json"), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all := journal.Lately(dir, "own", noon); len(all) != 1 || all[0].Cluster.Name != "new" {
		t.Errorf("%+v", all)
	}
	if all := journal.Lately(filepath.Join(dir, "none"), "own", noon); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}
