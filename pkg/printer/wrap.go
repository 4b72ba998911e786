package printer

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// copied are command lines that somebody copies: between backquotes, and from the name of a program to the end of a line.
	copied = regexp.MustCompile("(`[^`]*`|\\bkubectl [a-z_-]*access .*$|\\b(?:unset|export) [A-Z_]+[ =].*$)|(?:^ +|[:;$] |\\brun )((?:kubectl|aws) [a-z].*$)")
	// head is what the rest of a line belongs under: a label such as "Status:     ", a name in capitals before its text, or a sign
	// with its blanks.
	head    = regexp.MustCompile("^(?:\x1b\\[[0-9;]*m)?" + `(?:[A-Z][A-Za-z -]{0,14}:\s+|[* ] [A-Z_]{3,}\s{2,}|\s*(?:[-+~*?!→]\s+)?)`)
	colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// Wrap breaks lines at words to a width, and none of the command lines in them. With 0 it does nothing.
func Wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if wide(line) > width {
			lines[i] = wrapLine(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	lead := head.FindString(line)
	indent := wide(lead)
	if indent >= width/2 {
		indent = 2
	}
	var b strings.Builder
	b.WriteString(lead)
	at, empty := wide(lead), true
	for _, w := range unbroken(line[len(lead):]) {
		n := wide(w.text)
		switch {
		case empty:
		case at+w.blanks+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteString(strings.Repeat(" ", w.blanks))
			at += w.blanks
		}
		b.WriteString(w.text)
		at += n
		empty = false
	}
	return b.String()
}

// word is what stays in one line, and the blanks before it.
type word struct {
	blanks int
	text   string
}

// unbroken are the words of a text, each command line as one.
func unbroken(text string) (words []word) {
	blanks := 0
	add := func(part string, whole bool) {
		for i, w := range strings.SplitAfter(part, " ") {
			bare := strings.TrimSuffix(w, " ")
			if whole {
				bare, w = part, part
			}
			if bare != "" && len(words) > 0 && blanks == 0 && i == 0 { // it follows without a blank
				words[len(words)-1].text += bare
			} else if bare != "" {
				words = append(words, word{blanks, bare})
				blanks = 0
			}
			if blanks += len(w) - len(bare); whole {
				return
			}
		}
	}
	at := 0
	for _, found := range copied.FindAllStringSubmatchIndex(text, -1) {
		from := max(found[2], found[4]) // of the group that matched
		add(text[at:from], false)
		add(text[from:found[1]], true)
		at = found[1]
	}
	add(text[at:], false)
	return words
}

// wide is how many columns a text takes without its colours.
//
//go:noinline
func wide(text string) int { return utf8.RuneCountInString(colours.ReplaceAllString(text, "")) }
