package access_test

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
)

// TestARestoredEntryIsWhatItWas takes a step of each kind that takes something, and gives it back.
func TestARestoredEntryIsWhatItWas(t *testing.T) {
	was := entry(dev, "admin view:a,b group:g").Canonical()
	was.Tags = map[string]string{"a": "b", "aws:cloudformation:stack-name": "x"}
	less := was
	less.Groups = nil
	g, _ := was.Grant(view)
	for name, step := range map[string]access.Step{
		"delete":       access.DeleteEntry{Entry: was},
		"disassociate": access.Disassociate{From: dev, Grant: g},
		"narrow":       access.Associate{To: dev, Grant: access.Grant{Policy: view, Scope: access.Scope{Namespaces: []string{"a"}}}, Was: &g.Scope},
		"groups":       access.UpdateEntry{Before: was, After: less},
	} {
		c := accesstest.New(was)
		for _, s := range append([]access.Step{step}, access.Restore(step)...) {
			if err := c.Do(t.Context(), s); err != nil {
				t.Errorf("%s: %s: %v", name, s, err)
			}
		}
		now, _ := c.State.Entry(dev)
		if now.Tags["aws:cloudformation:stack-name"] = "x"; !now.Same(was) {
			t.Errorf("%s: %+v", name, now)
		}
	}
}

func TestAStepIsKeptByWhatWasAddedLater(t *testing.T) {
	for _, c := range []struct {
		before, after, now string // of which the first step is looked at
		want               bool
	}{
		{"view:a", "view:a,b", "view:a,b", true},
		{"view:a", "view:a,b", "view:a,b,c", true},
		{"view:a", "view:a,b", "view:b", true}, // a was taken later
		{"view:a", "view:a,b", "view:a,c", false},
		{"view:a", "view:a,b", "view", true}, // the whole cluster has b too
		{"view:a", "view:a,b", "", false},
		{"view:a", "view", "view:a", false},
		{"view:a,b", "view:a", "view:a,c", true},
		{"view:a,b", "view:a", "view:a,b,c", false},
		{"view:a edit:a", "view:a", "view:a", true},
		{"view:a edit:a", "view:a", "view:a edit:b", false},
		{"group:a", "group:a group:b", "group:b group:c", true},
		{"group:a", "group:a group:b", "group:a group:c", false},
		{"group:a user:u:1", "group:a group:b user:u:1", "group:b user:u:2", true}, // somebody else's change
		{"group:a user:u:1", "group:a group:b user:u:2", "group:b user:u:1", false},
		{"group:a group:b", "group:a", "group:a group:b group:c", false},
	} {
		before := entry(dev, c.before)
		plan := access.Diff(snapshot(before), snapshot(entry(dev, c.after)))
		if got := access.Kept(plan.Steps()[0], entry(dev, c.now)); got != c.want {
			t.Errorf("%s to %s, now %s: %v", c.before, c.after, c.now, got)
		}
	}
	named := access.UpdateEntry{Before: access.Entry{Username: "a:"}, After: access.Entry{Username: "b:"}}
	for _, name := range strings.Fields("a: b: c:") {
		if got := access.Kept(named, access.Entry{Username: name}); got != (name == "b:") {
			t.Errorf("username %s: %v", name, got)
		}
	}
}
