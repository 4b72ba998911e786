package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecisionsAreReadBackAsWritten(t *testing.T) {
	want := Decisions{Cluster: "demo", Decisions: []Decision{
		{ID: "group/system:x", Question: "what: {x}?", Options: []string{"rename:  a", "leave  b"}, Answer: "rename:team"},
		{ID: "username/arn:aws:iam::111122223333:role/dev", Answer: "name:x:{{SessionName}}"},
	}}
	text, err := want.Write("migrate")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadDecisions(text)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s\n%s", err, diff, text)
	}
}

func TestDecisionsThatAreNone(t *testing.T) {
	for text, says := range map[string]string{
		"decisions: [{id: a}]":                                "no answer",
		"decisions: [{answer: a}]":                            "no id",
		"decisions: [{id: a, answer: b}, {id: a, answer: c}]": "twice",
		"decisions: [{id: a, anwser: b}]":                     "not a file that migrate",
		"decisions: {":                                        "not a file that migrate",
		"":                                                    "not a file that migrate",
	} {
		if _, err := ReadDecisions([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
