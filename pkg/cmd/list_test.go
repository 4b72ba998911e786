package cmd

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

var updateLists = flag.Bool("update-lists", false, "write the files of TestListFitsTheTerminal anew")

// TestListFitsTheTerminal compares the list at several widths with files that people have looked at. Of a big cluster only the
// width counts, and that every name is there.
func TestListFitsTheTerminal(t *testing.T) {
	for _, w := range []struct {
		name, context string
		entries       int
	}{{"demo", own, 0}, {"legacy", strings.Replace(own, "demo", "legacy", 1), 0}, {"big", own, 1000}} {
		t.Run(w.name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{Entries: w.entries})
			c := linked(t, "--context", w.context)
			_, rows, _, err := c.env.rows(t.Context(), &listFlags{})
			if err != nil {
				t.Fatal(err)
			}
			rows, _ = printer.Fold(rows)
			for _, width := range []int{50, 80, 100, 120, 200} {
				var b strings.Builder
				if err := printer.Fitted(&b, rows, width, true, false); err != nil {
					t.Fatal(err)
				}
				fits(t, b.String(), rows, width)
				compareList(t, fmt.Sprintf("%s-%d.txt", w.name, width), beginning(b.String(), 40))
			}
		})
	}
}

// fits checks that no line is too wide and every name is whole.
func fits(t *testing.T, text string, rows []printer.Row, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n ")); n > width {
			t.Errorf("%d columns in %d: %s", n, width, line)
		}
	}
	for _, r := range rows {
		if name := r.Name[strings.LastIndexByte(r.Name, '/')+1:]; !strings.Contains(text, name) {
			t.Errorf("%d columns: %s is missing", width, name)
		}
	}
}

func compareList(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "list", name)
	if *updateLists {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update-lists writes it anew): %s", name, diff)
	}
}

// beginning is the first lines of a text.
func beginning(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[:min(lines, len(all))], "")
}
