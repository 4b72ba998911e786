package kubeconfig

import (
	"maps"
	"slices"
	"strings"
)

// word is one word of a command line, or what stands between two commands.
type word struct {
	text string
	op   bool // a separator: its text, or nothing where a script was opened in place
}

func words(texts ...string) []word {
	ws := make([]word, len(texts))
	for i, t := range texts {
		ws[i].text = t
	}
	return ws
}

// lexer splits a script as a shell does, as far as token commands need: quotes, escapes, comments,
// separators, redirections, and variables whose value the kubeconfig tells.
type lexer struct {
	in       string
	vars     map[string]string
	windows  bool // cmd and PowerShell: \ is a letter, ^ and ` escape, nothing is expanded
	out      []word
	cur      strings.Builder
	open     bool // a word has begun, be it empty
	redirect bool // the next word is a file, not an argument
}

func split(script string, vars map[string]string, windows bool) []word {
	l := &lexer{in: script, vars: maps.Clone(vars), windows: windows}
	if l.vars == nil {
		l.vars = map[string]string{}
	}
	for l.in != "" {
		l.next()
	}
	l.flush()
	return joined(l.out)
}

// joined takes $env:NAME = VALUE, as PowerShell may have it, for one word.
func joined(ws []word) []word {
	for i := 0; i+2 < len(ws); i++ {
		if hasEnvPrefix(ws[i].text) && ws[i+1].text == "=" && !ws[i+2].op {
			ws[i].text += "=" + ws[i+2].text
			ws = slices.Delete(ws, i+1, i+3)
		}
	}
	return ws
}

// hasEnvPrefix knows PowerShell's way to name a variable of the environment; it ignores case.
func hasEnvPrefix(text string) bool {
	return len(text) > len(psEnv) && strings.EqualFold(text[:len(psEnv)], psEnv)
}

const psEnv = "$env:"

func (l *lexer) next() {
	c := l.in[0]
	switch {
	case strings.IndexByte(" \t\r", c) >= 0:
		l.flush()
		l.in = l.in[1:]
	case c == '#' && !l.open:
		l.in = l.in[strings.IndexByte(l.in+"\n", '\n'):]
	case strings.IndexByte(";&|()\n", c) >= 0:
		l.flush()
		l.out = append(l.out, word{text: string(c), op: true})
		l.in = l.in[1:]
	case c == '\'' || c == '"':
		l.quoted(c)
	case l.angle():
	default:
		l.plain(true)
	}
}

// flush ends a word. Assignments are remembered, for $NAME further on.
func (l *lexer) flush() {
	if !l.open {
		return
	}
	text := l.cur.String()
	l.cur.Reset()
	l.open = false
	if l.redirect {
		l.redirect = false
		return
	}
	if name, value, ok := assignment(text); ok {
		l.vars[name] = value
	}
	l.out = append(l.out, word{text: text})
}

func (l *lexer) quoted(quote byte) {
	l.open = true
	l.in = l.in[1:]
	for l.in != "" && l.in[0] != quote {
		if quote == '\'' {
			l.take(1)
			continue
		}
		l.plain(false)
	}
	l.in = strings.TrimPrefix(l.in, string(quote))
}

// angle takes a redirection with all of its sign; <NAME> is a placeholder and a plain word.
func (l *lexer) angle() bool {
	if l.in[0] != '<' && l.in[0] != '>' {
		return false
	}
	if end := strings.IndexByte(l.in, '>'); l.in[0] == '<' && end > 1 && isLetter(l.in[1]) {
		l.take(end + 1)
		return true
	}
	if l.open && all(l.cur.String(), isDigit) {
		l.cur.Reset()
		l.open = false
	}
	l.flush()
	l.in = strings.TrimLeft(l.in, "<>&")
	l.redirect = true
	return true
}

// plain takes one letter, an escaped letter or a variable.
func (l *lexer) plain(bare bool) {
	escapes := "\\"
	if l.windows {
		escapes = "^`"
	}
	switch c := l.in[0]; {
	case strings.IndexByte(escapes, c) >= 0 && len(l.in) > 1 && (bare || strings.IndexByte("\"\\$`\n", l.in[1]) >= 0):
		l.in = l.in[1:]
		for _, end := range []string{"\n", "\r\n"} {
			if rest, ok := strings.CutPrefix(l.in, end); ok { // the line goes on
				l.in = rest
				return
			}
		}
		l.take(1)
	case c == '$' && !l.windows:
		l.variable()
	default:
		l.take(1)
	}
}

func (l *lexer) take(n int) {
	l.open = true
	l.cur.WriteString(l.in[:n])
	l.in = l.in[n:]
}

// longest bounds a word: variables that hold each other double with every line.
const longest = 1 << 14

// variable takes $NAME, ${…} or $(…); what the kubeconfig does not tell stays as it is written.
func (l *lexer) variable() {
	name, length := reference(l.in)
	value, known := l.vars[name]
	if !known || l.cur.Len()+len(value) > longest {
		l.take(length)
		return
	}
	l.open = true
	l.cur.WriteString(value)
	l.in = l.in[length:]
}

// reference is the name that s, which begins with $, refers to, and how long that is.
func reference(s string) (name string, length int) {
	if len(s) > 1 && (s[1] == '{' || s[1] == '(') {
		end := closing(s, s[1])
		return strings.Trim(s[1:end], "{}"), end
	}
	n := 1
	for n < len(s) && isNameByte(s[n]) && (n < 2 || !isDigit(s[1])) {
		n++
	}
	return s[1:n], n
}

// closing is where the bracket ends that s opens with its second letter.
func closing(s string, bracket byte) int {
	other := map[byte]byte{'{': '}', '(': ')'}[bracket]
	depth := 0
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case bracket:
			depth++
		case other:
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}

func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// assignment reads NAME=value, PowerShell's $env:NAME=value, and what containers are given: --env=NAME=value, -eNAME=value.
func assignment(s string) (name, value string, ok bool) {
	switch {
	case hasEnvPrefix(s):
		s = s[len(psEnv):]
	case strings.HasPrefix(s, "-eAWS_"):
		s = s[len("-e"):]
	}
	name, value, ok = strings.Cut(strings.TrimPrefix(s, "--env="), "=")
	if !ok || name == "" || isDigit(name[0]) || !all(name, isNameByte) {
		return "", "", false
	}
	return name, strings.TrimRight(value, "&|;"), true
}
