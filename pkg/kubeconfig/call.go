package kubeconfig

import (
	"maps"
	"slices"
	"strings"
)

// The programs that make EKS tokens.
const (
	toolAWS           = "aws"
	toolAuthenticator = "aws-iam-authenticator"
	toolOwn           = "kubectl-access"
	toolKubergrunt    = "kubergrunt"
	toolArgoCD        = "argocd-k8s-auth"
)

// call is a call of a program that makes EKS tokens, found somewhere in a command line.
type call struct {
	parsed
	tool string
	// known: the program itself was seen, not just its arguments behind an unknown name.
	known      bool
	start, end int // its words
}

// findCall looks for the first such call: by the program's name, else by the words "eks get-token".
func findCall(ws []word) (call, bool) {
	for i := range ws {
		if c, ok := callAt(ws, i); ok {
			return c, true
		}
	}
	for i, w := range ws {
		if w.text != "eks" || w.op {
			continue
		}
		if c, ok := nameless(ws, i); ok {
			return c, true
		}
	}
	return call{}, false
}

func callAt(ws []word, i int) (call, bool) {
	g, ok := grammarOf(ws[i])
	if !ok {
		return call{}, false
	}
	p := g.parse(ws[i+1:])
	if isEntrypoint(ws, i) && len(p.plain) > 0 { // the image stands between the program and its arguments
		p.plain = p.plain[1:]
	}
	if len(p.plain) < len(g.verbs) || !slices.Equal(p.plain[:len(g.verbs)], g.verbs) {
		return call{}, false
	}
	p.foreign = p.foreign || g.foreign
	return call{parsed: p, tool: g.tool, known: true, start: i, end: endOf(ws, i)}, true
}

// isEntrypoint knows the program that a container is told to run: --entrypoint PROGRAM IMAGE ARGUMENTS.
func isEntrypoint(ws []word, i int) bool {
	const flag = "--entrypoint"
	return strings.HasPrefix(ws[i].text, flag+"=") || i > 0 && ws[i-1].text == flag
}

// nameless reads "eks get-token" behind a program of another name: an alias, a script.
func nameless(ws []word, i int) (call, bool) {
	start := i
	for start > 0 && !ws[start-1].op {
		start--
	}
	g := grammar{tool: toolAWS, flags: awsFlags, abbreviates: true}
	after := g.parse(ws[i+1:])
	if len(after.plain) == 0 || after.plain[0] != "get-token" {
		return call{}, false
	}
	return call{parsed: g.parse(ws[start:]), tool: toolAWS, start: i, end: endOf(ws, i)}, true
}

func endOf(ws []word, i int) int {
	for i < len(ws) && !ws[i].op {
		i++
	}
	return i
}

// grammarOf tells by its name how a program reads its arguments.
func grammarOf(w word) (grammar, bool) {
	name := baseName(w.text)
	switch {
	case w.op:
		return grammar{}, false
	case slices.Contains([]string{"aws", "aws2", "awsv2", "aws-cli", "aws-cli.aws", "awscli", "awslocal"}, name):
		return grammar{tool: toolAWS, verbs: []string{"eks", "get-token"}, flags: awsFlags, abbreviates: true}, true
	case isAuthenticator(name):
		return grammar{tool: toolAuthenticator, verbs: []string{"token"}, flags: authenticatorFlags}, true
	case isOwn(name):
		return grammar{tool: toolOwn, verbs: []string{"get-token"}, flags: ownFlags}, true
	case name == toolKubergrunt:
		return grammar{tool: toolKubergrunt, verbs: []string{"eks", "token"}, flags: kubergruntFlags, foreign: true}, true
	case name == toolArgoCD:
		return grammar{tool: toolArgoCD, verbs: []string{"aws"}, flags: argoCDFlags, foreign: true}, true
	case name == "kubectl":
		return grammar{tool: toolOwn, verbs: []string{"access", "get-token"}, flags: ownFlags}, true
	}
	return grammar{}, false
}

// isAuthenticator knows aws-iam-authenticator, also with a version in its name, and the name
// that it had first, heptio-authenticator-aws. Other clouds have authenticators of their own.
func isAuthenticator(name string) bool {
	return strings.Contains(name, "authenticator") && (strings.Contains(name, "aws") || strings.Contains(name, "heptio"))
}

// isOwn knows this program, also under another plugin name, such as kubectl-eks_access.
func isOwn(name string) bool {
	return name == toolOwn || strings.HasPrefix(name, "kubectl-") && strings.HasSuffix(name, "_access")
}

// baseName is a program's name without its folder, its ending on Windows and an image's tag.
func baseName(path string) string {
	name := strings.ToLower(path[strings.LastIndexAny(path, `/\`)+1:])
	for _, ext := range []string{".exe", ".cmd", ".bat", ".ps1", ".py", ".sh"} {
		name = strings.TrimSuffix(name, ext)
	}
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// scripts bounds how many scripts are opened in search of one call: variables can nest them without end.
const scripts = 64

// locate finds the call among words, or in a script that is one of the words (sh -c "…",
// --exec "…"), which it then opens in place.
func locate(ws []word, vars map[string]string, left *int) ([]word, call, bool) {
	if c, ok := findCall(ws); ok {
		return ws, c, true
	}
	for i, w := range ws {
		if *left == 0 || w.op || !strings.ContainsAny(w.text, " \t\n") {
			continue
		}
		*left--
		script := split(unquote(w.text), positional(vars, ws[i+1:]), isWindows(ws[:i]))
		inner, _, ok := locate(script, vars, left)
		if !ok {
			continue
		}
		opened := slices.Concat(ws[:i], []word{{op: true}}, inner, []word{{op: true}}, ws[i+1:])
		c, ok := findCall(opened)
		return opened, c, ok
	}
	return ws, call{}, false
}

// unquote opens $(SCRIPT), `SCRIPT`, and both where a variable is set to what it prints.
func unquote(text string) string {
	if _, value, ok := assignment(text); ok && (strings.HasPrefix(value, "$(") || strings.HasPrefix(value, "`")) {
		text = value
	}
	if inner, ok := strings.CutPrefix(text, "$("); ok {
		return strings.TrimSuffix(inner, ")")
	}
	return strings.Trim(text, "`")
}

// positional adds $0, $1, … as `sh -c SCRIPT WORDS` sets them.
func positional(vars map[string]string, rest []word) map[string]string {
	out := map[string]string{}
	maps.Copy(out, vars)
	for i, w := range rest {
		if i > 9 || w.op {
			break
		}
		out[string(rune('0'+i))] = w.text
	}
	return out
}

func isWindows(ws []word) bool {
	return slices.ContainsFunc(ws, func(w word) bool {
		return slices.Contains([]string{"cmd", "powershell", "pwsh"}, baseName(w.text))
	})
}
