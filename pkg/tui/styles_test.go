package tui

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// TestTheSelectedRowIsReadableIn16Colours: what these look like is the user's choice, so nothing but red and green is used,
// no background, and the row is the terminal's own two colours in reverse.
func TestTheSelectedRowIsReadableIn16Colours(t *testing.T) {
	colours := map[colorprofile.Profile]*regexp.Regexp{
		colorprofile.ANSI:  regexp.MustCompile(`\x1b\[([0-9]+;)*(3[03-9]|4[0-9]|9[0-7]|10[0-7])[;m]`),
		colorprofile.ASCII: regexp.MustCompile(`\x1b\[([0-9]+;)*(3[0-9]|4[0-9]|9[0-7]|10[0-7])[;m]`),
	}
	for profile, wrong := range colours {
		for _, dark := range []bool{true, false} {
			for _, s := range screens {
				d := drive(t, newFake())
				d.send(tea.ColorProfileMsg{Profile: profile})
				d.restyle(dark, d.styles.profile)
				var drawn bytes.Buffer
				w := colorprofile.Writer{Forward: &drawn, Profile: profile}
				_, _ = w.WriteString(d.keys(s.keys).View().Content)
				for line := range strings.Lines(drawn.String()) {
					if wrong.MatchString(line) {
						t.Errorf("%s, %s: %q", s.name, profile, line)
					}
					if strings.Contains(line, "› ") && !strings.Contains(line, "\x1b[7m› ") {
						t.Errorf("%s, %s: not in reverse: %q", s.name, profile, line)
					}
				}
				if s.name == "entries" && !strings.Contains(drawn.String(), "\x1b[2m") {
					t.Error("nothing is dim")
				}
			}
		}
	}
}
