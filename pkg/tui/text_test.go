package tui

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestWrapLosesNothing wraps lists and sentences to every width: no line is too long, and no letter is gone.
func TestWrapLosesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 49))
	words := []string{"a", "dev-blue-,", "namespaces-that-have-hyphens,", "a,b,c,d-e,f,", "deployments.apps/status,", "get,", "資料分析,", "arn:aws:iam::111122223333:role/team/dev", "on", "é́,", strings.Repeat("x", 70) + ","}
	for range 5000 {
		text := strings.Repeat(" ", random.IntN(7))
		for range 1 + random.IntN(12) {
			text += words[random.IntN(len(words))] + " "
		}
		width := 8 + random.IntN(120)
		wrapped := wrap(text, width)
		for line := range strings.SplitSeq(wrapped, "\n") {
			if ansi.StringWidth(line) > width {
				t.Fatalf("wider than %d: %q of %q", width, line, text)
			}
		}
		if bare(text) != bare(wrapped) {
			t.Fatalf("%q became %q", text, wrapped)
		}
	}
}

func bare(s string) string { return strings.Join(strings.Fields(s), "") }
