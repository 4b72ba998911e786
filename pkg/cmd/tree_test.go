package cmd_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func commands() []*cobra.Command { return cmd.New(&cmd.Env{}, "kubectl access").Commands() }

func TestEveryCommandIsDocumented(t *testing.T) {
	for _, c := range commands() {
		if !unicode.IsUpper(rune(c.Short[0])) || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: %q begins with a capital and ends without a dot", c.Name(), c.Short)
		}
		if n := len(examples(c)); n < 2 {
			t.Errorf("%s has %d examples, two at least", c.Name(), n)
		}
		if c.RunE == nil || c.Run != nil {
			t.Errorf("%s returns no error", c.Name())
		}
	}
}

func examples(c *cobra.Command) (lines []string) {
	for _, line := range strings.Split(c.Example, "\n") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "kubectl access "); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}

// TestExamplesRun runs the examples of all commands in one sandbox. Those of sandbox itself start
// programs and are run by its own script, and those of completion make links beside the program.
func TestExamplesRun(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	t.Chdir(t.TempDir())
	files(t)
	for _, c := range commands() {
		for _, line := range examples(c) {
			if c.Name() == "sandbox" || c.Name() == "completion" {
				continue
			}
			command, _, _ := strings.Cut(strings.ReplaceAll(line, "'", ""), " > ")
			args := strings.Fields(command)
			if out, code := run(args...); code != 0 && (code != 1 || c.Name() != "diff") && (code != 3 || !slices.Contains(args, "--fail-on")) { // it finds something
				t.Errorf("kubectl access %s: exit %d\n%s", line, code, out)
			}
		}
	}
}

// files are those that examples name, as list prints them.
func files(t *testing.T) {
	t.Helper()
	text, code := run("list", "role/team/dev", "-o", "yaml")
	last, codeToo := run("audit", "-o", "json")
	if err := errors.Join(os.Mkdir("access", 0o700), os.Mkdir("trail", 0o700)); err != nil || code+codeToo != 0 {
		t.Fatal(err, text, last)
	}
	for name, text := range map[string]string{"access.yaml": text, "access/dev.yaml": text, "last.json": last, "trail/1.json": `{"Records":[{"eventVersion":"1.11","eventSource":"eks.amazonaws.com","eventName":"DeleteAccessEntry","eventTime":"2026-01-02T03:04:05Z","awsRegion":"us-west-2","eventID":"1","recipientAccountId":"111122223333","userIdentity":{"type":"Root"},"requestParameters":{"name":"demo","principalArn":"arn:aws:iam::111122223333:role/dev"}}]}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheShownNameIsWhatTheUserTyped(t *testing.T) {
	for _, name := range []string{"kubectl access", "kubectl eks-access"} {
		root := cmd.New(&cmd.Env{}, name)
		for _, c := range root.Commands() {
			if !strings.HasPrefix(c.UseLine(), name+" ") || !strings.Contains(c.Example, name+" ") {
				t.Errorf("%s %s: %q\n%s", name, c.Name(), c.UseLine(), c.Example)
			}
		}
	}
}

func TestHelpKeepsSwitchesShort(t *testing.T) {
	for _, c := range append(commands(), cmd.New(&cmd.Env{}, "kubectl access")) {
		out, code := run(append(strings.Fields(strings.TrimPrefix(c.Name(), "access")), "--help")...)
		if code != 0 || strings.Contains(out, "true|false") || strings.Contains(out, "--request-timeout") || !strings.Contains(out, "options\" for the flags that every command accepts") || strings.Contains(out, "[]") {
			t.Errorf("%s: exit %d\n%s", c.Name(), code, out)
		}
	}
}

// TestTheAddressesAreThoseOfTheRelease: krew's manifest knows where the project lives.
func TestTheAddressesAreThoseOfTheRelease(t *testing.T) {
	manifest, err := os.ReadFile("../../.krew.yaml")
	if err != nil {
		t.Fatal(err)
	}
	home := regexp.MustCompile(`homepage: (\S+)`).FindStringSubmatch(string(manifest))
	source, err := os.ReadFile("errors.go")
	if err != nil || home == nil {
		t.Fatal(err, home)
	}
	if !strings.Contains(string(source), `homepage = "`+home[1]+`"`) {
		t.Errorf("the hints do not lead to %s", home[1])
	}
	if _, err := os.Stat("../../docs/iam.md"); err != nil {
		t.Error(err)
	}
}
