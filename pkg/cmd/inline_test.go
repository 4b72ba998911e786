package cmd_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cmd"
)

// TestInlineCommandsAreTrue takes what stands in the middle of a sentence as far as the tree of commands, its flags
// and their values go. Commands in blocks are run, see TestDocumentsAreTrue.
func TestInlineCommandsAreTrue(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	found := 0
	for _, file := range append(documents(t), readme, "../../.krew.yaml", "../../.github/ISSUE_TEMPLATE/bug.yml", "../../.github/ISSUE_TEMPLATE/feature.yml") {
		for _, line := range inline(t, file) {
			found++
			if wrong := fault(t, line); wrong != "" {
				t.Errorf("%s: %s: %s", file, line, wrong)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d commands and flags were found", found)
	}
}

// TestInlineFaultsAreSeen shows what the test above can see.
func TestInlineFaultsAreSeen(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for line, wrong := range map[string]bool{
		"completion remove-it": true, "completion instal": true, "completion install": false, "completion": false,
		"policies show edit": true, "policies edot": true, "policies edit": false, "policies POLICY": false,
		"kubeconfig --exec nativ": true, "--exec nativ": true, "--exec native": false, "--frob": true, "list --frob": true,
		"claster": true, "cluster --offline": false, "mode NOTHING_LIKE_IT": true, "mode API": false, "undo ID": false,
		"grant role/newcomer --policy viev -n dev": true, "grant PRINCIPAL --policy POLICY -n NAMESPACE": false,
		"grant role/newcomer --policy edit:dev,qa --policy view:prod": false, "grant role/newcomer --policy edot:dev": true, "--policy POLICY:NAMESPACE": false,
		"-o json|yaml|jsonpath=…": false, "-o jsom": true, "--accept-risk=one-way": true, "--accept-risk=NAME": false,
		"sandbox -- COMMAND": false, "migrate --from-file": false, "whoami me": true,
	} {
		if got := fault(t, line); (got != "") != wrong {
			t.Errorf("%s: %q", line, got)
		}
	}
}

var (
	span      = regexp.MustCompile("`([^`]+)`")
	block     = regexp.MustCompile("(?s)```.*?```|<!-- commands -->.*?<!-- /commands -->")
	unquoted  = regexp.MustCompile(`kubectl access((?: [\w./*=-]+)*)`)
	standsFor = regexp.MustCompile(`^[A-Z][A-Z_]*(\.\.\.|…)?$|^…$`)
)

// inline are the commands and flags of this program in a document's sentences.
func inline(t *testing.T, file string) (lines []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) != ".md" {
		for _, match := range unquoted.FindAllStringSubmatch(string(data), -1) {
			lines = append(lines, strings.TrimSpace(match[1]))
		}
		return lines
	}
	names := map[string]bool{}
	for _, c := range cmd.New(&cmd.Env{}, "kubectl access").Commands() {
		names[c.Name()] = true
	}
	for _, match := range span.FindAllStringSubmatch(block.ReplaceAllString(string(data), ""), -1) {
		words := strings.Fields(match[1])
		rest, ours := strings.CutPrefix(strings.Join(words, " "), "kubectl access")
		if ours || len(words) > 1 && names[words[0]] || len(words) > 0 && strings.HasPrefix(words[0], "-") {
			lines = append(lines, strings.TrimSpace(rest))
		}
	}
	return lines
}

// fault is what is wrong with a command line of this program, or with flags that at least one command must have.
func fault(t *testing.T, line string) (wrong string) {
	t.Helper()
	if !strings.HasPrefix(line, "-") {
		return commandFault(t, words(line))
	}
	for _, c := range cmd.New(&cmd.Env{}, "kubectl access").Commands() {
		if wrong = commandFault(t, append([]string{c.Name()}, words(line)...)); wrong == "" {
			return ""
		}
	}
	return wrong
}

func commandFault(t *testing.T, line []string) string {
	t.Helper()
	c, rest, err := cmd.New(&cmd.Env{}, "kubectl access").Find(line)
	if err != nil {
		return err.Error()
	}
	for i, arg := range rest { // values are checked when they are set: of several the first, and a risk where NAME stands for one
		rest[i], _, _ = strings.Cut(arg, "|")
		if name, value, ok := strings.Cut(arg, "="); ok && name == "--accept-risk" && standsFor.MatchString(value) {
			rest[i] = name + "=" + string(access.RiskNames[0])
		}
	}
	var unfinished *pflag.ValueRequiredError // a flag may be named without its value
	var refused *pflag.InvalidValueError     // by the flag itself; the value may be several, or stand for something
	err = c.ParseFlags(rest)
	if err != nil && !errors.As(err, &unfinished) && !errors.As(err, &refused) && !strings.Contains(err.Error(), "help requested") {
		return err.Error()
	}
	wrong := ""
	if refused != nil {
		if wrong = err.Error(); slices.Contains([]string{"dry-run", "accept-risk", "output"}, refused.GetFlag().Name) {
			wrong = ""
		}
	}
	check := func(f *pflag.Flag) {
		if !slices.Contains([]string{"dry-run", "accept-risk", "type", "exec", "output", "policy"}, f.Name) {
			return
		}
		values := strings.FieldsFunc(f.Value.String(), func(r rune) bool { return strings.ContainsRune("[,|]", r) })
		if f.Name == "policy" {
			values = nil
			scoped, _ := access.ParseScoped(f.Value.String()) // it was parsed before
			for _, s := range scoped {
				values = append(values, s.Policy)
			}
		}
		for _, value := range values {
			if known := complete(t, c.Name(), "--"+f.Name+"="); !standsFor.MatchString(value) && !among(known, value) {
				wrong = "--" + f.Name + " takes no " + value
			}
		}
	}
	c.Flags().Visit(check)
	if refused != nil && wrong == "" {
		check(refused.GetFlag())
	}
	if wrong != "" {
		return wrong
	}
	return argumentFault(t, c)
}

func argumentFault(t *testing.T, c *cobra.Command) string {
	t.Helper()
	args := c.Flags().Args()
	if len(args) == 0 {
		return ""
	}
	if len(c.ValidArgs) > 0 || c.Name() == "policies" {
		known := complete(t, c.Name(), "")
		for i, arg := range args {
			if standsFor.MatchString(arg) && !strings.Contains(arg, "_") { // modes look like words that stand for something
				args[i] = known[0]
			} else if !among(known, arg) {
				return c.Name() + " takes no " + arg
			}
		}
	}
	if err := c.ValidateArgs(args); err != nil {
		return err.Error()
	}
	return ""
}

// among tells whether a value is one of those that are known; a path follows jsonpath=.
func among(known []string, value string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return value == k || strings.HasSuffix(k, "=") && strings.HasPrefix(value, k) })
}

// TestDocumentsNameFilesThatAreThere looks for what stands there as a path of the repository.
func TestDocumentsNameFilesThatAreThere(t *testing.T) {
	file, found := regexp.MustCompile(`^[\w-]+\.(go|txtar|ya?ml)$`), 0
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range span.FindAllStringSubmatch(block.ReplaceAllString(string(text), ""), -1) {
			top, _, deep := strings.Cut(match[1], "/")
			if _, err := os.Stat("../../" + top); !strings.ContainsAny(match[1], " *") && deep && top != "" && err == nil {
				found++
				if _, err := os.Stat("../../" + match[1]); err != nil {
					t.Errorf("%s: %v", document, err)
				}
			} else if file.MatchString(match[1]) {
				found++
				if !somewhere(t, match[1]) {
					t.Errorf("%s: there is no %s", document, match[1])
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d paths were found", found)
	}
}

// somewhere tells whether a file of that name is in the repository.
func somewhere(t *testing.T, name string) (found bool) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		found = found || filepath.Base(path) == name
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestDocumentsNameActionsThatThereAre compares with what the sandbox answers.
func TestDocumentsNameActionsThatThereAre(t *testing.T) {
	known := actions(t)
	known["sts:AssumeRoleWithWebIdentity"] = true // is what a workflow logs in with
	found := 0
	for _, file := range append(documents(t), readme) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range regexp.MustCompile(`\b(eks|iam|sts):[A-Z]\w+`).FindAllString(string(text), -1) {
			found++
			if !known[action] {
				t.Errorf("%s: there is no action %s among %q", file, action, slices.Sorted(maps.Keys(known)))
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d actions were found", found)
	}
}
