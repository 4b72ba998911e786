package tui

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "renew the screens in testdata")

// screens are what a user sees on the main paths.
var screens = []struct{ name, keys string }{
	{"entries", "down down"},
	{"filter", "/ dev"},
	{"details", "/ team enter enter"},
	{"help", "?"},
	{"clusters", "c"},
	{"rules", "2"},
	{"changes", "4"},
	{"record", "4 enter"},
	{"me", "5"},
	{"mode", "m"},
	{"goto", ": cl"},
	{"who", "a"},
	{"policies", "a newc enter edit space"},
	{"scope", "a newc enter edit enter down down down space apps-* space"},
	{"options", "a newc enter edit enter down enter viewers"},
	{"plan", "a newc enter edit enter down down down space down space enter enter"},
	{"result", "a newc enter edit enter down down down space down space enter enter y"},
	{"revoke", "/ team enter d down down"},
	{"lockout", "/ platform enter d end enter"},
}

var themes = []struct {
	name    string
	dark    bool
	profile colorprofile.Profile
}{
	{"dark", true, colorprofile.TrueColor},
	{"light", false, colorprofile.TrueColor},
	{"nocolor", true, colorprofile.ASCII},
}

// TestScreens keeps what was looked at. Each file holds one theme and size; hack/screenshot makes pictures of them.
func TestScreens(t *testing.T) {
	for _, theme := range themes {
		for _, size := range [][2]int{{60, 15}, {80, 24}, {120, 40}, {200, 50}} {
			t.Run(fmt.Sprintf("%s-%dx%d", theme.name, size[0], size[1]), func(t *testing.T) {
				var all bytes.Buffer
				for _, s := range screens {
					d := drive(t, newFake())
					d.restyle(theme.dark, theme.profile)
					d.size(size[0], size[1])
					d.keys(s.keys)
					d.fits()
					fmt.Fprintf(&all, "\f%s\n", s.name)
					w := colorprofile.Writer{Forward: &all, Profile: theme.profile}
					_, _ = w.WriteString(trimmed(d.View().Content) + "\n")
				}
				golden(t, t.Name(), all.Bytes())
			})
		}
	}
}

// trimmed cuts the blanks at the ends of lines, which nobody sees.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if rest := ansi.Strip(l); strings.HasSuffix(rest, " ") && !strings.Contains(l, "\x1b[") {
			lines[i] = strings.TrimRight(l, " ")
		}
	}
	return strings.Join(lines, "\n")
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.Base(name)+".screens")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("the screens changed; look at them, then renew with -update:\n%s", diff)
	}
}
