package pkg_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// retired are expressions that messages, help texts, documents and comments no longer use, each with the better one.
var retired = []struct{ pattern, better string }{
	{`whom`, "who, or the principal"},
	{`whoever`, "a principal that"},
	{`shall`, "will, must or should"},
	{`(tell|tells|told) (whether|of|that|what|which|how|how often)`, "reports whether, says that"},
	{`is told|was told|are told`, "is reported, is configured"},
	{`lets? (\w+ )?in|lets? (\w+ ){0,2}into|let in|way in|doors?`, "access"},
	{`gets? in`, "has access"},
	{`anew|made again|makes? again`, "again, or recreated"},
	{`(go|goes|going|went) on`, "continue"},
	{`way back|way out`, "irreversible"},
	{`in force`, "active"},
	{`(the entry|a later line|a later mapping) wins`, "overridden by"},
	{`lines? of (the )?aws-auth|aws-auth lines?|map(Roles|Users|Accounts) item`, "mapping, mapRoles[0]"},
	{`all the same`, "anyway"},
	{`(take|takes|took|taken|taking) (\w+ )?back`, "undo"},
	{`take away|takes away|taken away|takes? off`, "revoke, remove"},
	{`nobody (knows|can tell|gets)|no one (knows|can tell)`, "it is unknown"},
	{`(is|are|was|were) no (?:[a-km-z]|l[^o])\w*`, "is not a"}, // no longer is fine
	{`not missed`, "ignored"},
	{`(stand|stands|stood) (twice|in|there|at|before|behind)`, "is in, appears"},
	{`for good`, "permanently"},
	{`may not be asked|asks? nobody|is asked`, "cannot be read, is read"},
	{`slip of the pen`, "typo"},
	{`under way`, "in progress"},
	{`makes? (access )?entries of`, "create entries for"},
	{`what is (there|not there)`, "the current state, what is missing"},
	{`knows? no`, "does not know"},
	{`cannot be (given|told|taken)`, "is not allowed, is unknown"},
	{`one-way step|ground rule`, "irreversible change"},
}

// plainPlaces are the directories and files in plain English; sources below a directory are included, tests are not.
var plainPlaces = []string{
	"access", "audit", "awsauth", "change", "cluster", "cmd", "edit", "eks", "export", "iam", "journal", "kube", "kubeconfig", "kubefile", "login", "manifest", "migrate", "policy", "printer", "shell", "trail", "tui", "whoami",
	"../cmd", "../hack", "../release", "../README.md", "../CHANGELOG.md", "../.github",
	"../docs/architecture.md", "../docs/audit.md", "../docs/automation.md", "../docs/export.md", "../docs/iam.md", "../docs/troubleshooting.md", "../plugins.yaml", "../.krew.yaml",
}

// exceptions match retired expressions that stay.
var exceptions = []struct{ pattern, reason string }{
	{`(?i)\bthere (is|are|was|were) no\b`, "says that something does not exist, not what it is"},
}

func TestTextsAreInPlainEnglish(t *testing.T) {
	var patterns []*regexp.Regexp
	for _, r := range retired {
		patterns = append(patterns, regexp.MustCompile(`(?i)\b(?:`+r.pattern+`)\b`))
	}
	var allowed []*regexp.Regexp
	for _, e := range exceptions {
		allowed = append(allowed, regexp.MustCompile(e.pattern))
	}
	check := func(where, text string) {
		for _, e := range allowed {
			text = e.ReplaceAllString(text, "…")
		}
		text = strings.Join(strings.Fields(text), " ")
		for i, p := range patterns {
			if found := p.FindString(text); found != "" {
				t.Errorf("%s: %q: better: %s\n\t%s", where, found, retired[i].better, text)
			}
		}
	}
	for _, place := range plainPlaces {
		err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir():
				return err
			case strings.HasSuffix(path, "_test.go"):
				return nil
			case strings.HasSuffix(path, ".go"):
				return goTexts(path, check)
			case strings.HasSuffix(path, ".md"):
				return proseOf(path, check)
			case strings.HasSuffix(path, ".yaml"), strings.HasSuffix(path, ".yml"):
				text, err := os.ReadFile(path)
				check(path, string(text))
				return err
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// goTexts checks the comments and the string literals of a file.
func goTexts(path string, check func(where, text string)) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, c := range file.Comments {
		check(files.Position(c.Pos()).String(), c.Text())
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				check(files.Position(lit.Pos()).String(), text)
			}
		}
		return true
	})
	return nil
}

// proseOf checks the paragraphs of a document. What the program prints in it is checked where the program says it.
func proseOf(path string, check func(where, text string)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, printed := range []string{"(?s)```.*?```", "(?s)<!-- commands -->.*?<!-- /commands -->", "`[^`\n]*`"} {
		text = regexp.MustCompile(printed).ReplaceAll(text, []byte("…"))
	}
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		check(path, paragraph)
	}
	return nil
}
