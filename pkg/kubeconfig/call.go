package kubeconfig

import (
	"maps"
	"slices"
	"strings"
)

// call is a call of a program that makes EKS tokens, found in a command line.
type call struct {
	tool  string
	known bool // the program was recognized, and a token made here equals its own
	flags map[string]string
	start int // index of its first word
}

// findCall finds the first such call: by the program's name, else by the words "eks get-token" after another name, such
// as an alias.
func findCall(ws []word) (call, bool) {
	for i := range ws {
		if c, ok := callAt(ws, i); ok {
			return c, true
		}
	}
	start := 0
	for i, w := range ws {
		if w.op {
			start = i + 1
		}
		if w.op || w.text != "eks" {
			continue
		}
		if after, plain := tools[0].parse(ws[i:]); len(plain) > 1 && plain[1] == "get-token" {
			flags, _ := tools[0].parse(ws[start:i])
			maps.Copy(flags, after)
			return call{tool: toolAWS, flags: flags, start: i}, true
		}
	}
	return call{}, false
}

// callAt skips words between the program and its verbs, such as values of flags and the image of a container.
func callAt(ws []word, i int) (call, bool) {
	p, ok := programOf(tools, ws[i])
	if !ok {
		return call{}, false
	}
	flags, plain := p.parse(ws[i+1:])
	_, foreign := flags[keyForeign]
	return call{tool: p.tool, flags: flags, known: !p.foreign && !foreign, start: i},
		strings.Contains(" "+strings.Join(plain, " ")+" ", " "+p.verbs+" ")
}

// posixShells run scripts that this package can read.
var posixShells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh"}

// otherShells have a syntax of their own.
var otherShells = []string{"cmd", "powershell", "pwsh", "fish", "csh", "tcsh", "nu"}

const blanks = " \t\n"

// reader replaces the scripts of one command line by their words.
type reader struct {
	room   int    // bytes that variables may still add: they can contain each other endlessly
	unread string // the shell whose script could not be read
}

// open replaces each script by its words. A script follows sh -c, or is any word that contains a token call.
func (r *reader) open(ws []word, env map[string]string) []word {
	var out []word
	for i, w := range ws {
		if name := baseName(w.text); slices.Contains(otherShells, name) && i+1 < len(ws) && strings.IndexAny(ws[i+1].text, "-/") == 0 {
			r.unread = name
		}
		shell := slices.IndexFunc(ws[:i], func(w word) bool { return slices.Contains(posixShells, baseName(w.text)) })
		run := shell >= 0 && strings.LastIndex(ws[i-1].text, "-") == 0 && strings.HasSuffix(ws[i-1].text, "c")
		if w.op || !run && !strings.ContainsAny(w.text, blanks) {
			out = append(out, w)
			continue
		}
		script, ok := r.split(w.text, env, ws[i+1:])
		if _, holds := findCall(script); ok && (run || holds) {
			out = append(append(append(out, word{op: true}), script...), word{op: true})
			continue
		}
		if run {
			r.unread = baseName(ws[shell].text)
		}
		out = append(out, w)
	}
	return out
}

// split splits a script, and the scripts in it, into words. The arguments are $0, $1, …
func (r *reader) split(script string, env map[string]string, args []word) ([]word, bool) {
	l := lexer{in: script, vars: maps.Clone(env), room: &r.room}
	for n, arg := range args[:min(len(args), 10)] {
		l.vars[string(rune('0'+n))] = arg.text
	}
	ws := l.run()
	return r.open(ws, env), !l.bad
}
