package printer_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func TestLinesAreBrokenAtWordsAndCommandsAreNot(t *testing.T) {
	for _, row := range []struct {
		name, text, want string
		width            int
	}{
		{"no limit", strings.Repeat("a ", 99), strings.Repeat("a ", 99), 0},
		{"what fits", "a b\n", "a b\n", 3},
		{"at words", "one two three four", "one two\nthree\nfour", 8},
		{"a word is whole", "a loooooong word", "a\nloooooong\nword", 5},
		{"under the value of a label", "Status:  one two three four", "Status:  one two\n         three four", 20},
		{"with its indent", "    one two three", "    one\n    two\n    three", 10},
		{"a command to the end of the line", "to see it: kubectl access describe role/x --context y", "to see it:\nkubectl access describe role/x --context y", 10},
		{"a command between backquotes, with the dot behind it", "run `aws sso login`. Then again.", "run\n`aws sso login`.\nThen\nagain.", 8},
		{"prose that begins with kubectl", "kubectl (1.26 and later) completes it", "kubectl\n(1.26 and\nlater)\ncompletes\nit", 10},
		{"kubectl as the subject of a sentence", "see kubectl completes it", "see\nkubectl\ncompletes\nit", 10},
		{"a line to paste", "  unset A B; export C=d", "  unset A B; export C=d", 10},
		{"a command alone", "    kubectl access grant role/x -A", "    kubectl access grant role/x -A", 10},
		{"under a sign, with its blanks", "-     Role developer in dev", "-     Role\n      developer\n      in dev", 14},
		{"under a name in capitals", "  API     one two three four", "  API     one two\n          three four", 22},
		{"under a coloured sign", "\x1b[31m-     Role developer\x1b[0m", "\x1b[31m-     Role\n      developer\x1b[0m", 15},
		{"blanks within", "a  b ccccc", "a  b\nccccc", 6},
		{"colours take no place", "\x1b[31merror:\x1b[0m one two", "\x1b[31merror:\x1b[0m one\ntwo", 10},
	} {
		if got := printer.Wrap(row.text, row.width); got != row.want {
			t.Errorf("%s:\n%s", row.name, got)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("Status:  kubectl access `x y` z", 12)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		same := func(s string) string {
			return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' }), "")
		}
		if got := printer.Wrap(text, width); same(got) != same(text) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
