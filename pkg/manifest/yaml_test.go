package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestYAMLHidesNothingAndMeansTheSame: no control or invisible characters, and what is read back is what was written.
func TestYAMLHidesNothingAndMeansTheSame(t *testing.T) {
	texts := []string{"plain", "escaped-0-", "true", "", " \u202e ", "a\u202eb: \"c\" \\ #d\te", "two\nlines\u2066\n", "\u200d", "\ufeffx", "\u2028", "\u0085\x7f\x1b[31m\r\n", "\U000e0041", "\ufffd\u202e", strings.Repeat("long \u202e", 60), strings.Repeat("longer \u202e", 600)}
	for _, text := range texts {
		want := map[string]any{"text": text, "list": []any{text, "b", []any{text}}, "n": 1.5, "none": nil, text: map[string]any{text + "\u202e": true}}
		data, err := YAML(want)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsFunc(data, hostile) {
			t.Errorf("%q is written as\n%q", text, data)
		}
		var got any
		err = yaml.Unmarshal(data, &got)
		if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s\n%s", text, err, data, diff)
		}
	}
	var all []any
	for r := rune(1); r < 0x2ffff; r++ {
		if hostile(r) {
			all = append(all, fmt.Sprintf("%c", r))
		}
	}
	data, err := YAML(all)
	if bytes.ContainsFunc(data, hostile) || err != nil {
		t.Errorf("%v\n%q", err, data)
	}
	var got any
	err = yaml.Unmarshal(data, &got)
	if diff := cmp.Diff(any(all), got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestHostileKeysHaveOneOrder(t *testing.T) {
	v := map[string]string{"a\x1b": "1", "b\x1b": "2", "c\x1b": "3", "d\x1b": "4"}
	first, err := YAML(v)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := YAML(v); string(again) != string(first) {
			t.Fatalf("%s became\n%s", first, again)
		}
	}
}
