package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// fit makes a line exactly width cells wide.
func fit(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if n := ansi.StringWidth(s); n < width {
		return s + strings.Repeat(" ", width-n)
	} else if n > width {
		s = ansi.Truncate(s, width, "…")
		return s + strings.Repeat(" ", width-ansi.StringWidth(s)) // a wide character may have left a gap
	}
	return s
}

// shortened makes a cell at most width cells wide. It is cut between words, where that leaves half of it.
func shortened(s string, width int) string {
	if ansi.StringWidth(s) <= width {
		return s
	}
	if _, rest, ok := strings.Cut(s, "::"); ok && strings.HasPrefix(s, "arn:") {
		return shortened("…"+rest, width)
	}
	s = ansi.Truncate(s, width-1, "")
	if at := strings.LastIndexAny(s, " ,;:/-_"); at >= width/2 {
		s = strings.TrimRight(s[:at+1], " ")
	}
	return s + "…"
}

// clip makes a block exactly width by height.
func clip(s string, width, height int) []string {
	lines := strings.Split(s, "\n")
	for len(lines) < height {
		lines = append(lines, "")
	}
	lines = lines[:max(height, 0)]
	for i := range lines {
		lines[i] = fit(lines[i], width)
	}
	return lines
}

// clipMore is clip, and says where something is left out.
func clipMore(s string, width, height int) []string {
	lines, all := clip(s, width, height), strings.Split(s, "\n")
	if height > 0 && len(all) > height {
		lines[height-1] = fit(fit(all[height-1], width-8)+"  ↓ more", width)
	}
	return lines
}

// wrap breaks the lines of a text that are too long and keeps their indentation.
func wrap(s string, width int) string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		body := strings.TrimLeft(line, " ")
		indent := min(len(line)-len(body), width/2)
		if ansi.StringWidth(line) <= width || width < 8 {
			out = append(out, line)
			continue
		}
		for i, part := range filled(body, width-indent-2) {
			if i > 0 {
				part = "  " + strings.TrimLeft(part, " ")
			}
			out = append(out, strings.Repeat(" ", indent)+part)
		}
	}
	return strings.Join(out, "\n")
}

// filled breaks a line between words, and a word that is wider than a line within. The wrapping of package ansi lets
// a comma or a hyphen exceed the width.
func filled(text string, width int) (lines []string) {
	for i, word := range strings.Split(text, " ") {
		last := len(lines) - 1
		if i > 0 && ansi.StringWidth(lines[last])+1+ansi.StringWidth(word) <= width {
			lines[last] += " " + word
			continue
		}
		for ansi.StringWidth(word) > width { // rather behind a sign than within a name
			part := ansi.Truncate(word, width, "")
			if at := strings.LastIndexAny(part, ":/,"); at >= 0 && ansi.StringWidth(part[:at+1]) > width/3 {
				part = part[:at+1]
			}
			if part == "" {
				break
			}
			lines, word = append(lines, part), word[len(part):]
		}
		lines = append(lines, word)
	}
	return lines
}

// beside puts blocks of the same height next to each other.
func beside(gap string, blocks ...[]string) []string {
	lines := make([]string, len(blocks[0]))
	for i := range lines {
		parts := make([]string, len(blocks))
		for j, b := range blocks {
			parts[j] = b[i]
		}
		lines[i] = strings.Join(parts, gap)
	}
	return lines
}
