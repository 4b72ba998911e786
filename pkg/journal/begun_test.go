package journal_test

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// TestWhatAMigrationBegan is known until it is finished, or somebody takes from it.
func TestWhatAMigrationBegan(t *testing.T) {
	who := access.Principal("arn:aws:iam::111122223333:role/dev")
	entry := func(groups string) *access.Entry {
		return &access.Entry{Principal: who, Kind: access.Standard, Groups: strings.Fields(groups)}
	}
	record := func(kind journal.Kind, before, after *access.Entry, finished bool, sent ...access.Part) journal.Record {
		r := journal.Of(access.Plan{Cluster: demo, Changes: []access.Change{{Before: before, After: after}}}, noon, "", nil)
		if r.Kind = kind; finished {
			r.Finished = noon
		}
		for _, part := range sent {
			r.Sent = append(r.Sent, journal.Sent{Principal: who, Part: part})
		}
		return r
	}
	groups := access.PartOf(access.UpdateEntry{})
	killed := record(journal.Migrate, nil, entry("a b"), false, access.PartEntry)
	failed := record(journal.Migrate, nil, entry("a b"), true, access.PartEntry)
	failed.Steps = []journal.Step{{What: "created"}, {What: "granted", Error: "access denied"}}
	for name, c := range map[string]struct {
		records []journal.Record // the newest first
		want    string
	}{
		"killed":                 {[]journal.Record{killed}, "a b"},
		"failed":                 {[]journal.Record{failed}, "a b"},
		"killed before anything": {[]journal.Record{record(journal.Migrate, nil, entry("a b"), false)}, ""},
		"done":                   {[]journal.Record{record(journal.Migrate, nil, entry("a b"), true, access.PartEntry)}, ""},
		"killed again":           {[]journal.Record{record(journal.Migrate, entry("a"), entry("a c"), false), killed}, "a c"},
		"killed, then done":      {[]journal.Record{record(journal.Migrate, entry("a"), entry("a b"), true, groups), killed}, ""},
		"more was granted since": {[]journal.Record{record(journal.Grant, entry("a"), entry("a c"), true, groups), killed}, "a b"},
		"something was revoked":  {[]journal.Record{record(journal.Revoke, entry("a"), entry(""), true, groups), killed}, ""},
		"a revoke was not sent":  {[]journal.Record{record(journal.Revoke, entry("a"), entry(""), false), killed}, "a b"},
		"undone":                 {[]journal.Record{record(journal.Undo, entry("a"), nil, true, access.PartEntry), killed}, ""},
		"a killed grant":         {[]journal.Record{record(journal.Grant, nil, entry("a b"), false, access.PartEntry)}, ""},
	} {
		got := strings.Join(journal.Journal{Records: c.records}.Begun(demo.ARN)[who].Groups, " ")
		if got != c.want || len(journal.Journal{Records: c.records}.Begun("another")) > 0 {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
