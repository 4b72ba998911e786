package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const readme = "../../README.md"

// TestReadmeIsTrue runs the commands of the README in a sandbox, one after the other, and compares
// what they print, and the table of commands, with what stands there. -update renews both.
func TestReadmeIsTrue(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	awsOnPath(t)
	was, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	checkCommands(t, string(was))
	is := withCommands(withOutput(string(was)))
	if *update && timeless(string(was)) != timeless(is) { // times alone are no news
		if err := os.WriteFile(readme, []byte(is), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(timeless(string(was)), timeless(is)); diff != "" && !*update {
		t.Errorf("the README says (-), the program (+):\n%s", diff)
	}
}

// timeless hides what differs from day to day and from run to run.
func timeless(text string) string {
	for pattern, instead := range map[string]string{
		`\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\dZ?)?`: "TIME", `127\.0\.0\.1:\d+`: "127.0.0.1:PORT",
		`\d{8}T\d{6}\.\d{3}Z`: "TIME", `\b\d+[smhd]\b`: "AGE", ` {2,}`: "  ",
		`AccessEntry/demo/\S+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`: "ID",
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, instead)
	}
	return text
}

// run is what a command prints, on both streams.
func run(args ...string) (string, int) {
	var out bytes.Buffer
	code := runTo(&out, &out, args)
	return out.String(), code
}

// runQuietly is what a command prints on stdout.
func runQuietly(args ...string) (string, int) {
	var out bytes.Buffer
	code := runTo(&out, io.Discard, args)
	return out.String(), code
}

func runTo(out, errOut io.Writer, args []string) int {
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: errOut}, Now: time.Now, Patience: time.Minute, TrailPace: time.Nanosecond}
	return cmd.Run(context.Background(), env, append([]string{"kubectl-access"}, args...))
}

// withOutput puts behind each command of the README what it prints.
func withOutput(text string) string {
	var b strings.Builder
	console, ours := false, false
	for _, line := range strings.SplitAfter(text, "\n") {
		switch command, isCommand := strings.CutPrefix(line, "$ "); {
		case strings.HasPrefix(line, "```"):
			console, ours = line == "```console\n", false
		case console && isCommand:
			command = strings.Replace(command, "go run ./cmd/kubectl-access sandbox -- kubectl-access", "kubectl access", 1)
			args, isOurs := strings.CutPrefix(strings.TrimSpace(command), "kubectl access ")
			if ours = isOurs; ours {
				b.WriteString(line + typed(words(args)))
				continue
			}
		case console && ours: // what stood there
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

// typed is what a command prints that was typed as it stands there.
func typed(args []string) string {
	out, _ := run(args...)
	for here, instead := range map[string]string{ // on Windows with its drives and its slashes
		`(?:\w:)?[/\\]\S*-sandbox-\d+[/\\]kubeconfig`:         "~/.kube/config",
		`(?:\w:)?[/\\]\S*[/\\]kubectl-access[/\\]backup[/\\]`: "~/.local/state/kubectl-access/backup/",
		`\S*[/\\]kubectl_complete-access(?:\.exe)?`:           "~/.krew/bin/kubectl_complete-access",
	} {
		out = regexp.MustCompile(here).ReplaceAllString(out, instead)
	}
	if out != "" && !strings.HasSuffix(out, "\n") {
		out += "\n"
	}
	return out
}

func withCommands(text string) string {
	const begin, end = "<!-- commands -->\n", "<!-- /commands -->"
	head, rest, _ := strings.Cut(text, begin)
	_, tail, _ := strings.Cut(rest, end)
	var b strings.Builder
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range cmd.New(&cmd.Env{}, "kubectl access").Commands() {
		if c.IsAvailableCommand() {
			use := strings.ReplaceAll(strings.TrimSuffix(c.UseLine(), " [flags]"), "|", `\|`) // also in code it would end the cell
			fmt.Fprintf(&b, "| `%s` | %s |\n", use, c.Short)
		}
	}
	return head + begin + b.String() + end + tail
}

// TestTheReadmeHasTheTwoCommandsThatDoAllTheSetUp: one runs the main job, one passes the tests.
func TestTheReadmeHasTheTwoCommandsThatDoAllTheSetUp(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"go run ./cmd/kubectl-access sandbox -- kubectl-access list", "go test ./..."} {
		if !strings.Contains(string(text), "\n$ "+command+"\n") {
			t.Errorf("the README does not show: %s", command)
		}
	}
}
