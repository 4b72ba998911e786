package printer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestAPlanShowsTheClusterItself(t *testing.T) {
	plan := access.Plan{
		Cluster: access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo"},
		Mode:    &access.ModeChange{From: access.ModeBoth, To: access.ModeAPI},
		AWSAuth: &access.ConfigMapChange{
			Before: access.ConfigMap{Data: map[string]string{"mapRoles": "- a\n- b\n- c\n", "same": "x", "gone": "1", "end": "x\n"}},
			After:  access.ConfigMap{Data: map[string]string{"mapRoles": "- a\n- \x1b[31m\n- c\n", "same": "x", "new": "", "end": "x"}},
		},
	}
	var b strings.Builder
	Plan(&b, plan, Color(false))
	want := `cluster demo (us-west-2, account 111122223333)
~ mode API_AND_CONFIG_MAP -> API
~ configmap/aws-auth
~     end
-         x
+         x  (no line break)
-     gone
-         1  (no line break)
~     mapRoles
-         - b
+         - ^[[31m
+     new
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheWholeConfigMapComesOrGoes(t *testing.T) {
	m := access.ConfigMap{Data: map[string]string{"a": "1\n"}}
	for want, change := range map[string]access.ConfigMapChange{
		"+ configmap/aws-auth  (new)\n+     a\n+         1\n":                 {After: m},
		"- configmap/aws-auth  (the whole ConfigMap)\n-     a\n-         1\n": {Before: m},
	} {
		var b strings.Builder
		Plan(&b, access.Plan{AWSAuth: &change}, Color(false))
		if _, got, _ := strings.Cut(b.String(), "\n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestADiffLeadsFromOneTextToTheOther: taking the lines with a minus and adding those with a plus makes
// of each text the other, and no line is taken and added for nothing where the texts are the same.
func TestADiffLeadsFromOneTextToTheOther(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	text := func() (lines []string) {
		for range random.IntN(8) {
			lines = append(lines, fmt.Sprint(random.IntN(3)))
		}
		return lines
	}
	for range 2000 {
		before, after := text(), text()
		count := map[string]int{}
		for _, l := range before {
			count[l]++
		}
		taken, added := 0, 0
		for _, l := range textDiff(before, after) {
			if l.sign == '-' {
				count[l.text]--
				taken++
			} else {
				count[l.text]++
				added++
			}
		}
		for _, l := range after {
			count[l]--
		}
		for l, n := range count {
			if n != 0 {
				t.Fatalf("%q to %q: %d of %q", before, after, n, l)
			}
		}
		if len(before)-taken != len(after)-added || cmp.Equal(before, after) && taken > 0 {
			t.Fatalf("%q to %q: %d taken, %d added", before, after, taken, added)
		}
	}
	long := strings.Split(strings.Repeat("a\n", 3000), "\n")
	other := strings.Split(strings.Repeat("b\n", 3000), "\n")
	if got := textDiff(long, other); len(got) != 6000 {
		t.Errorf("%d lines", len(got))
	}
}

func TestResultsNameWhatTheyAreAbout(t *testing.T) {
	for want, step := range map[string]access.Step{
		"cluster/demo set to mode API":        access.SetMode{Cluster: "demo", To: access.ModeAPI},
		"configmap/aws-auth created":          access.WriteAWSAuth{After: access.ConfigMap{Data: map[string]string{}}},
		"accessentry/role/dev deleted":        access.DeleteEntry{Entry: access.Entry{Principal: "arn:aws:iam::111122223333:role/dev"}},
		"configmap/aws-auth not deleted: why": access.WriteAWSAuth{Before: access.ConfigMap{Data: map[string]string{}}},
	} {
		r := access.Result{Step: step}
		if strings.Contains(want, "not") {
			r.Err = fmt.Errorf("why")
		}
		if got := Result(r, "111122223333"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestAPullRequestShowsRisksAndNotes, none of which ends its line, and all of it fits into a comment.
func TestAPullRequestShowsRisksAndNotes(t *testing.T) {
	plan := access.Plan{Cluster: access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo"}}
	notes := append(access.Notes(access.NoteTypo, "", "namespace <qaa> does not exist"), access.Failure("", errors.New("not\nread")))
	want := `<!-- kubectl-access:arn:aws:eks:us-west-2:111122223333:cluster/demo:team -->
**Access to cluster demo: no differences.**

- Risk ` + "`prune-many`" + `: 9 of 10
- Risk ` + "`lose-own-access`" + `: you

Notes:

- namespace &lt;qaa> does not exist
- not\nread
`
	risks := []access.Risk{{Name: access.PruneMany, Why: "9 of 10"}, {Name: access.LoseOwnAccess, Why: "you"}}
	if diff := cmp.Diff(want, PlanMarkdown(plan, risks, notes, "team")); diff != "" {
		t.Error(diff)
	}
	object, err := json.Marshal(PlanObject(plan, nil, notes))
	if err != nil || !strings.Contains(string(object), `"notes":["namespace \u003cqaa\u003e does not exist","not\nread"]`) {
		t.Errorf("%s, %v", object, err)
	}
	for i := range 2000 {
		e := access.Entry{Principal: access.Principal(fmt.Sprintf("arn:aws:iam::111122223333:role/%d", i)), Kind: access.Standard}
		plan.Changes = append(plan.Changes, access.Change{After: &e})
		notes = append(notes, access.Notes(access.NoteOwner, "", strings.Repeat("x", 50))...)
	}
	text := PlanMarkdown(plan, nil, notes, "")
	for _, part := range []string{"2000 to create", "\n\nNotes:\n\n- namespace", "\n```diff\ncluster demo", "\n+ role/9  ", "see it\n```\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %d bytes", part, len(text))
		}
	}
	if len(text) > markdownLimit+100 || strings.Count(text, "… the rest is left out") != 2 {
		t.Errorf("%d bytes", len(text))
	}
}
