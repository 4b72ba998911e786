package awsauth

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestOnlyTheLineGoes(t *testing.T) {
	const dev, ops = "arn:aws:iam::111122223333:role/dev", "arn:aws:iam::111122223333:role/ops"
	for _, row := range []struct{ name, text, want string }{
		{"first", "- rolearn: " + dev + "\n  username: dev\n- rolearn: " + ops + "\n", "- rolearn: " + ops + "\n"},
		{"last", "- rolearn: " + ops + "\n- rolearn: " + dev + "\n  username: dev\n", "- rolearn: " + ops + "\n"},
		{"last without a line break", "- rolearn: " + ops + "\n- rolearn: " + dev + "\n  username: dev", "- rolearn: " + ops + "\n"},
		{"only", "- rolearn: " + dev + "\n  username: dev\n", "[]\n"},
		{"comments", "# all\n\n- rolearn: " + dev + " # mine\n  # who\n  username: dev\n\n# theirs\n- rolearn: " + ops + "   # x\n", "# all\n\n\n# theirs\n- rolearn: " + ops + "   # x\n"},
		{"only comments stay", "# all\n- rolearn: " + dev + "\n  username: dev\n# end\n", "# all\n# end\n"},
		{"indented, other order", "  - groups:\n    - a\n    username: dev\n    rolearn: " + dev + "\n  -   rolearn: " + ops + "\n", "  -   rolearn: " + ops + "\n"},
		{"groups at the dash", "- rolearn: " + dev + "\n  username: dev\n  groups:\n  - a\n  - b\n- rolearn: " + ops + "\n  groups:\n  - c\n", "- rolearn: " + ops + "\n  groups:\n  - c\n"},
		{"carriage returns", "- rolearn: " + dev + "\r\n  username: dev\r\n- rolearn: " + ops + "\r\n", "- rolearn: " + ops + "\r\n"},
		{"a lone dash", "-\n  rolearn: " + dev + "\n  username: dev\n-\n  rolearn: " + ops + "\n", "-\n  rolearn: " + ops + "\n"},
		{"keys nobody reads", "- rolearn: " + dev + "\n  username: dev\n- rolearn: " + ops + "\n  note: 'it''s [x'\n", "- rolearn: " + ops + "\n  note: 'it''s [x'\n"},
		{"a block text", "- rolearn: " + ops + "\n  note: |\n    - rolearn: x\n\n    y\n- rolearn: " + dev + "\n  username: dev\n", "- rolearn: " + ops + "\n  note: |\n    - rolearn: x\n\n    y\n"},
		{"flow items", "- {rolearn: " + dev + ", username: dev}\n- {rolearn: " + ops + "}\n", "- {rolearn: " + ops + "}\n"},
		{"JSON", `[{"rolearn":"` + dev + `","username":"dev"}, {"rolearn":"` + ops + `","username":"a,]\"b"}]`, `[ {"rolearn":"` + ops + `","username":"a,]\"b"}]`},
		{"JSON, last", "[\n {\"rolearn\":\"" + ops + "\"},\n {\"rolearn\":\"" + dev + "\",\"username\":\"dev\"}]\n", "[\n {\"rolearn\":\"" + ops + "\"}]\n"},
		{"a second document", "- rolearn: " + dev + "\n  username: dev\n---\n- rolearn: x\n", "---\n- rolearn: x\n"},
	} {
		data := map[string]string{"mapRoles": row.text, "mapUsers": "- userarn: x #\n", "mapAccounts": "- \"111122223333\"\n", "notes": "kept"}
		was := maps.Clone(data)
		var gone []access.Mapping
		for _, m := range Parse(data).Mappings {
			if m.ARN == dev {
				gone = append(gone, m)
			}
		}
		got, err := Remove(data, gone)
		was["mapRoles"] = row.want
		if err != nil && row.name != "a second document" || err == nil && !maps.Equal(got, was) {
			t.Errorf("%s: %v, %q, want %q", row.name, err, got["mapRoles"], row.want)
		}
		if data["mapRoles"] != row.text {
			t.Errorf("%s: the input changed", row.name)
		}
	}
}

func TestWhatIsNoLongerThereIsNotMissed(t *testing.T) {
	data := map[string]string{"mapRoles": "- rolearn: " + devRole + "\n  username: other\n"}
	got, err := Remove(data, []access.Mapping{{Kind: access.MappedRole, ARN: devRole, Username: "dev"}})
	if err != nil || !maps.Equal(got, data) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAccountsAreRemovedToo(t *testing.T) {
	data := map[string]string{"mapAccounts": "# all\n- \"111122223333\"\n- \"444455556666\" # partner\n"}
	got, err := Remove(data, Parse(data).Mappings[1:])
	if want := "# all\n- \"111122223333\"\n"; err != nil || got["mapAccounts"] != want {
		t.Errorf("%q, %v, want %q", got["mapAccounts"], err, want)
	}
}

func TestWhatCannotBeTakenOutIsAnErrorAndNoDamage(t *testing.T) {
	data := map[string]string{"mapRoles": "- &a {rolearn: " + devRole + ", username: dev}\n- <<: *a\n  username: ops\n"}
	got, err := Remove(data, []access.Mapping{{Kind: access.MappedRole, ARN: devRole, Username: "dev"}})
	if err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("%v, %v", got, err)
	}
}

// TestRandomLinesGo takes random lines out of random texts: what stays is read as before, and no line
// of the text is new.
func TestRandomLinesGo(t *testing.T) {
	forms := []string{"- rolearn: ARN # c\n  username: NAME\n", "-   username: NAME\n    rolearn: ARN\n\n", "- {rolearn: \"ARN\", username: 'NAME'}\n# between\n", "- groups:\n  - a\n  - b\n  username: NAME\n  rolearn: ARN\n"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var b strings.Builder
		b.WriteString("# head\n")
		for n := range 1 + r.IntN(6) {
			form := strings.ReplaceAll(forms[r.IntN(len(forms))], "NAME", "u"+string(rune('a'+n)))
			b.WriteString(strings.ReplaceAll(form, "ARN", devRole+string(rune('a'+r.IntN(4)))))
		}
		data := map[string]string{"mapRoles": b.String()}
		all := Parse(data).Mappings
		gone := slices.DeleteFunc(slices.Clone(all), func(access.Mapping) bool { return r.IntN(2) == 0 })
		got, err := Remove(data, gone)
		if err != nil {
			t.Fatalf("%q: %v", b.String(), err)
		}
		var stay []string
		for _, m := range all {
			if !slices.ContainsFunc(gone, func(g access.Mapping) bool { return same(g, m) }) {
				stay = append(stay, m.ARN+m.Username)
			}
		}
		var left []string
		for _, m := range Parse(got).Mappings {
			left = append(left, m.ARN+m.Username)
		}
		if !slices.Equal(left, stay) {
			t.Fatalf("%q: %v stays of %v", b.String(), left, stay)
		}
		was := strings.Split(b.String(), "\n")
		for _, line := range strings.Split(got["mapRoles"], "\n") {
			if line != "[]" && !slices.Contains(was, line) {
				t.Fatalf("%q is new in %q", line, got["mapRoles"])
			}
		}
	}
}
