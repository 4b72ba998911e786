package printer

import (
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Columns is how wide a terminal is, and 0 for what is none.
func Columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !Terminal(f) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

var (
	// copied are command lines that somebody copies: between backquotes, and from the name of a program to the end of a line.
	copied = regexp.MustCompile("`[^`]*`|\\b(?:kubectl|aws) [a-z-].*$")
	// labelled is the beginning of a line such as "Status:     ok", under whose value the rest belongs.
	labelled = regexp.MustCompile(`^[A-Z][A-Za-z -]{0,14}:\s+`)
	colours  = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// Wrap breaks lines at words to a width, and none of the command lines in them. With 0 it does nothing.
func Wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if columns(line) > width {
			lines[i] = wrapLine(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	indent := len(labelled.FindString(line))
	if indent == 0 {
		lead := line[:len(line)-len(strings.TrimLeft(line, "+-~* "))]
		indent = len(lead)
	}
	if indent >= width/2 {
		indent = 2
	}
	var b strings.Builder
	at := 0
	for i, word := range unbroken(line) {
		n := columns(word)
		switch {
		case i == 0:
		case at+1+n > width && at > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// unbroken are the words of a line, each command line as one. The blanks at its beginning and after a label belong to the first word.
func unbroken(line string) (words []string) {
	head := len(line) - len(strings.TrimLeft(line, " "))
	if label := labelled.FindString(line); label != "" {
		head = len(label)
	}
	add := func(text string) {
		for i, word := range strings.Split(text, " ") {
			if i == 0 && len(words) > 0 && text[0] != ' ' { // it follows a command line without a blank
				words[len(words)-1] += word
			} else if word != "" {
				words = append(words, word)
			}
		}
	}
	at := head
	for _, found := range copied.FindAllStringIndex(line, -1) {
		if found[0] < at {
			continue
		}
		before := line[at:found[0]]
		if before != "" {
			add(before)
		}
		command := line[found[0]:found[1]]
		if len(words) > 0 && !strings.HasSuffix(before, " ") {
			words[len(words)-1] += command
		} else {
			words = append(words, command)
		}
		at = found[1]
	}
	if at < len(line) {
		add(line[at:])
	}
	if len(words) == 0 {
		return []string{line}
	}
	words[0] = line[:head] + words[0]
	return words
}

// columns is how many columns a text takes without its colours.
func columns(text string) int { return utf8.RuneCountInString(colours.ReplaceAllString(text, "")) }
