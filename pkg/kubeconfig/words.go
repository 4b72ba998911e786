package kubeconfig

import (
	"maps"
	"slices"
	"strings"
)

// word is one word of a command line, or a separator between two commands.
type word struct {
	text string
	op   bool // a separator; without a text, the edge of a script that replaced its word
}

func words(texts ...string) []word {
	ws := make([]word, len(texts))
	for i, t := range texts {
		ws[i].text = t
	}
	return ws
}

// lexer splits a script of a POSIX shell, as far as token commands need: quotes, escapes, comments, separators,
// redirections, and variables whose value the kubeconfig contains. A library would add 270 kB (mvdan.cc/sh), or does not
// distinguish quoted variables, comments and separators (shlex, go-shellwords, go-shellquote).
type lexer struct {
	in     string
	until  string // its terminator; empty: the end of the script
	vars   map[string]string
	room   *int // bytes that variables may still add
	out    []word
	inner  []word // the words of $(…), which follow the command that uses its output
	text   []byte
	open   bool // a word has begun, even if it is empty
	quoted bool
	file   bool // the next word belongs to a redirection
	bad    bool // the script cannot be read
}

func (l *lexer) run() []word {
	for l.in != "" && !l.bad && (l.quoted || l.in[:1] != l.until) {
		l.next()
	}
	l.bad = l.bad || l.quoted || l.in == "" && l.until != ""
	l.endCommand()
	return l.out
}

func (l *lexer) next() {
	c := l.in[:1]
	l.in = l.in[1:]
	switch {
	case c == "$":
		l.variable()
	case c == "`": // rare, and with rules of its own for escapes
		l.bad = true
	case c == `\`:
		l.escape()
	case c == `"`:
		l.open, l.quoted = true, !l.quoted
	case l.quoted:
		l.add(c)
	case c == "'":
		text, rest, ok := strings.Cut(l.in, "'")
		l.add(text)
		l.in, l.bad = rest, !ok
	case c == " " || c == "\t":
		l.endWord()
	case strings.Contains(";&|()\n", c):
		l.endCommand()
		l.out = append(l.out, word{c, true})
		l.bad = c == "(" && l.until == ")"
	case c == "<" || c == ">":
		l.redirection(c)
	case c == "#" && !l.open:
		l.in = l.in[strings.IndexByte(l.in+"\n", '\n'):]
	default:
		l.add(c)
	}
}

func (l *lexer) add(text string) { l.open, l.text = true, append(l.text, text...) }

// endWord remembers assignments, for a later $NAME.
func (l *lexer) endWord() {
	if l.open && !l.file {
		text := string(l.text)
		if name, value, ok := assignment(text); ok {
			l.vars[name] = value
		}
		l.out = append(l.out, word{text: text})
	}
	l.file = l.file && !l.open
	l.text, l.open = nil, false
}

//go:noinline
func (l *lexer) endCommand() {
	l.endWord()
	l.out, l.inner, l.file = append(l.out, l.inner...), nil, false
}

// escape reads the character after a backslash: a line break, which is dropped, or a literal. In quotes only some are.
func (l *lexer) escape() {
	if l.in == "" || l.quoted && !strings.Contains("\"\\$`\n", l.in[:1]) {
		l.add(`\`)
		return
	}
	if l.in[0] != '\n' {
		l.add(l.in[:1])
	}
	l.in = l.in[1:]
}

// redirection reads its operator. <<TEXT, <(…) and the <NAME> of templates cannot be read.
func (l *lexer) redirection(sign string) {
	if all(string(l.text), isDigit) {
		l.text, l.open = nil, false
	}
	l.endWord()
	name, _, closed := strings.Cut(l.in, ">")
	template := sign == "<" && closed && !strings.ContainsAny(name, " \t\n")
	l.bad = template || sign == "<" && strings.HasPrefix(l.in, "<")
	l.in = strings.TrimLeft(l.in, "<>&|")
	l.bad, l.file = l.bad || strings.HasPrefix(l.in, "("), true
}

// variable replaces $NAME and ${NAME} by the value. Without one it stays a placeholder, and so does $(…).
func (l *lexer) variable() {
	if command, ok := strings.CutPrefix(l.in, "("); ok {
		sub := lexer{in: command, until: ")", vars: maps.Clone(l.vars), room: l.room}
		l.inner = slices.Concat(l.inner, []word{{"$(", true}}, sub.run(), []word{{")", true}})
		l.in, l.bad = strings.TrimPrefix(sub.in, ")"), sub.bad
		l.add("$()")
		return
	}
	n := 0
	for n < len(l.in) && isNameByte(l.in[n]) && (n == 0 || !isDigit(l.in[0])) {
		n++
	}
	name, rest := l.in[:n], l.in[n:]
	if braced, ok := strings.CutPrefix(l.in, "{"); ok {
		name, rest, ok = strings.Cut(braced, "}")
		l.bad = !ok
	}
	value, known := l.vars[name]
	if !known || len(value) > *l.room {
		value = "${" + name + "}"
	}
	*l.room -= len(value)
	l.in = rest
	l.add(value)
}

func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// assignment reads NAME=value, and the forms for containers: --env=NAME=value, -eNAME=value.
func assignment(s string) (name, value string, ok bool) {
	if strings.HasPrefix(s, "-eAWS_") {
		s = s[len("-e"):]
	}
	name, value, ok = strings.Cut(strings.TrimPrefix(s, "--env="), "=")
	return name, value, ok && name != "" && !isDigit(name[0]) && all(name, isNameByte)
}
