package access_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestWhatTakesIsToldFromWhatAdds: steps that take come last and stop when something failed.
func TestWhatTakesIsToldFromWhatAdds(t *testing.T) {
	all, ab, a := access.Scope{}, access.Scope{Namespaces: []string{"a", "b"}}, access.Scope{Namespaces: []string{"a"}}
	set := func(scope access.Scope, was *access.Scope) access.Step {
		return access.Associate{To: dev, Grant: access.Grant{Policy: view, Scope: scope}, Was: was}
	}
	update := func(before, after string) access.Step {
		return access.UpdateEntry{Before: entry(dev, before), After: entry(dev, after)}
	}
	for name, c := range map[string]struct {
		step  access.Step
		takes bool
	}{
		"a new policy":          {set(a, nil), false},
		"a wider scope":         {set(ab, &a), false},
		"the whole cluster":     {set(all, &a), false},
		"a narrower scope":      {set(a, &ab), true},
		"off the whole cluster": {set(ab, &all), true},
		"another namespace":     {set(access.Scope{Namespaces: []string{"b"}}, &a), true},
		"a group more":          {update("group:g", "group:g group:h"), false},
		"a group less":          {update("group:g group:h", "group:g"), true},
		"another group":         {update("group:g", "group:h"), true},
		"another username":      {update("user:a:x", "user:a:y"), true},
		"an entry":              {access.CreateEntry{Entry: entry(dev, "")}, false},
		"an entry's end":        {access.DeleteEntry{Entry: entry(dev, "")}, true},
		"a policy's end":        {access.Disassociate{From: dev}, true},
		"a tag":                 {access.TagEntry{}, false},
		"a tag's end":           {access.UntagEntry{}, false},
		"aws-auth":              {access.WriteAWSAuth{}, true},
		"entries turned on":     {access.SetMode{To: access.ModeBoth}, false},
		"aws-auth turned off":   {access.SetMode{To: access.ModeAPI}, true},
	} {
		if c.step.Takes() != c.takes {
			t.Errorf("%s: takes %v", name, !c.takes)
		}
	}
}

// TestAWholeEntryIsGivenOrTaken, and a mode that nobody asked for is no change.
func TestAWholeEntryIsGivenOrTaken(t *testing.T) {
	e := entry(dev, "view group:g user:u:x")
	if (access.Change{After: &e}).Takes() || !(access.Change{Before: &e}).Takes() || (access.Change{Before: &e, After: &e}).Takes() {
		t.Error("an entry that is made takes, or one that is deleted does not")
	}
	if plan := access.Diff(state("dev=view"), access.Snapshot{}); plan.Mode != nil || allDid(plan.Steps()) != "delete dev" {
		t.Errorf("a mode that is not known: %s", allDid(plan.Steps()))
	}
}

// TestAStepCarriesWhatItExpects, so that whoever carries it out sees that the cluster moved.
func TestAStepCarriesWhatItExpects(t *testing.T) {
	before, after := state("mode=CONFIG_MAP; auth=role/x x; dev=view:a edit group:g tag:k=v tag:m=w tag:l=w"), state("auth; dev=view:a,b admin group:h tag:k=x; ops=view")
	now, _ := before.Entry(dev)
	will, _ := after.Entry(dev)
	own, _ := after.Entry(ops)
	grant := func(e access.Entry, p access.Policy) access.Grant { g, _ := e.Grant(p); return g }
	was := grant(now, view).Scope
	want := []access.Step{
		access.SetMode{Cluster: "demo", From: access.ModeConfigMap, To: access.ModeBoth},
		access.CreateEntry{Entry: own},
		access.Associate{To: ops, Grant: grant(own, view), New: true},
		access.Associate{To: dev, Grant: grant(will, access.ClusterAdmin)},
		access.Associate{To: dev, Grant: grant(will, view), Was: &was},
		access.TagEntry{Entry: now, Tags: map[string]string{"k": "x"}},
		access.UntagEntry{Entry: now, Keys: []string{"l", "m"}},
		access.Disassociate{From: dev, Grant: grant(now, edit)},
		access.UpdateEntry{Before: now, After: will},
		access.WriteAWSAuth{Before: *before.AWSAuth, After: *after.AWSAuth},
	}
	if diff := cmp.Diff(want, access.Diff(before, after).Steps()); diff != "" {
		t.Error(diff)
	}
}

// TestAnUnreadAWSAuthIsNeverWritten: a plan cannot know what it would change.
func TestAnUnreadAWSAuthIsNeverWritten(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"auth=role/x x", "auth", "aws-auth"},
		{"auth=unread", "auth", ""},
		{"auth=role/x x", "", ""},
		{"", "auth", ""},
		{"auth", "auth", ""},
	} {
		plan := access.Diff(state(c.before), state(c.after))
		if got := allDid(plan.Steps()); got != c.want || plan.Empty() != (c.want == "") {
			t.Errorf("%q to %q: %s, empty %v", c.before, c.after, got, plan.Empty())
		}
	}
	none, empty := state("auth"), state("auth")
	none.AWSAuth.Data = nil
	if got := allDid(access.Diff(none, empty).Steps()); got != "aws-auth" {
		t.Errorf("an empty aws-auth is made: %s", got)
	}
	sameText := state("auth=role/x x")
	sameText.AWSAuth.Version, sameText.AWSAuth.Mappings = "2", nil
	if got := allDid(access.Diff(state("auth=role/x x"), sameText).Steps()); got != "" {
		t.Errorf("only what stands in it counts: %s", got)
	}
}

// TestNothingIsGivenBackOfWhatTookNothing, and AWS's own tags are AWS's to set.
func TestNothingIsGivenBackOfWhatTookNothing(t *testing.T) {
	for _, step := range access.Diff(state("mode=CONFIG_MAP; auth=role/x x; dev=tag:a=b"), state("auth; dev=view tag:c=d; ops=")).Steps() {
		if back := access.Restore(step); back != nil {
			t.Errorf("%s is taken back by %s", did(step), allDid(back))
		}
	}
	tagged := entry(dev, "tag:k=v")
	tagged.Tags["aws:x"], tagged.Tags["AWS:y"], tagged.Tags["awsz"] = "1", "1", "1"
	for _, s := range access.Restore(access.DeleteEntry{Entry: tagged}) {
		if e := s.(access.CreateEntry).Entry; !cmp.Equal(e.Tags, map[string]string{"k": "v", "awsz": "1"}) {
			t.Errorf("%v", e.Tags)
		}
	}
	if len(tagged.Tags) != 4 {
		t.Errorf("the entry that was deleted changed: %v", tagged.Tags)
	}
}

// TestMakeIsAnEditAndItsPlan, and a refused edit is neither.
func TestMakeIsAnEditAndItsPlan(t *testing.T) {
	before := state("dev=view")
	plan, after, err := access.Make(before, func(s access.Snapshot) (access.Snapshot, error) { return s.Drop(dev), nil })
	if err != nil || allDid(plan.Steps()) != "delete dev" || len(after.Entries) != 0 || len(before.Entries) != 1 {
		t.Errorf("%v, %v, %v", plan, after, err)
	}
	plan, after, err = access.Make(before, func(s access.Snapshot) (access.Snapshot, error) { return s.Drop(dev), access.ErrRule })
	if err == nil || !plan.Empty() || len(after.Entries) > 0 || after.Cluster.Name != "" {
		t.Errorf("refused: %v, %v, %v", plan, after, err)
	}
	if same, _, _ := access.Make(before, func(s access.Snapshot) (access.Snapshot, error) { return s, nil }); !same.Empty() || len(same.Steps()) > 0 {
		t.Errorf("no difference: %v", same)
	}
}

// TestRemovedMappingsAreNamedByTheirPlace, where the change removes lines and nothing else.
func TestRemovedMappingsAreNamedByTheirPlace(t *testing.T) {
	for _, c := range []struct{ before, after, places string }{
		{"auth=role/x x; auth=role/y y; auth=role/z z", "auth=role/y y", "mapRoles[0], mapRoles[2]"},
		{"auth=role/x x; auth=111122223333", "auth=role/x x", "mapAccounts[1]"},
		{"auth=role/x x", "auth=role/x y", ""},
		{"auth=role/x x", "auth=role/y y; auth=role/z z", ""},
	} {
		step := access.WriteAWSAuth{Before: *state(c.before).AWSAuth, After: *state(c.after).AWSAuth}
		if got := step.String(); (c.places == "") != !strings.Contains(got, "[") || !strings.HasSuffix(got, c.places) {
			t.Errorf("%s to %s: %s", c.before, c.after, got)
		}
	}
	exists, none := *state("auth=role/x x").AWSAuth, access.ConfigMap{}
	made, gone, changed := access.WriteAWSAuth{Before: none, After: exists}.String(), access.WriteAWSAuth{Before: exists, After: none}.String(), access.WriteAWSAuth{Before: exists, After: exists}.String()
	if made == gone || gone == changed || made == changed {
		t.Errorf("made, deleted and changed read %q, %q, %q", made, gone, changed)
	}
}
