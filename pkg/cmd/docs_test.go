package cmd_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// documents are all texts with commands in them, but the README, from the root of the repository.
func documents(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"docs/*.md", ".github/*.md", "CHANGELOG.md"} {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	return files
}

// elsewhere are the commands in the documents that cannot run in a test, each with what stands in for it.
var elsewhere = map[string]string{
	"go run ./cmd/kubectl-access sandbox": "the sandbox command has a script",
	"go test":                             "this is one",
	"go install ./cmd/kubectl-access":     "release/install_test.go builds the same",
	".ci/run":                             "runs this",
	"kubectl krew install":                "release/install_test.go installs as krew does",
	"kubectl krew uninstall":              "release/install_test.go uninstalls as krew does",
	"brew install":                        "the cask is made by goreleaser",
	"sha256sum --check":                   "release/install_test.go checks the sums",
	"cosign verify-blob":                  "takes a signed release",
	"tar -xzf":                            "release/install_test.go unpacks",
	"git tag":                             "is what starts a release",
	"golangci-lint run":                   ".ci/run runs it",
	"goreleaser release --snapshot":       ".ci/snapshot runs it",
}

// TestDocumentsAreTrue runs the commands of each document in a sandbox of its own, one after the other, and
// compares what they print with what stands there. -update renews it.
func TestDocumentsAreTrue(t *testing.T) {
	for _, file := range documents(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			was, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkCommands(t, string(was))
			if !strings.Contains(string(was), "kubectl access ") {
				return
			}
			prepare(t)
			is := withOutput(string(was))
			if *update && timeless(string(was)) != timeless(is) { // times alone are no news
				if err := os.WriteFile(path, []byte(is), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(timeless(string(was)), timeless(is)); diff != "" && !*update {
				t.Errorf("the document says (-), the program (+):\n%s", diff)
			}
			for _, command := range embedded(string(was)) {
				if out, code := run(words(command)...); code != 0 {
					t.Errorf("kubectl access %s: exit %d\n%s", command, code, out)
				}
			}
		})
	}
}

// prepare gives a document its sandbox, and a folder with an aws-auth in a file.
func prepare(t *testing.T) {
	t.Helper()
	sandboxtest.Start(t, sandbox.Options{})
	awsOnPath(t)
	t.Chdir(t.TempDir())
	manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\ndata:\n" +
		"  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/ops\n      username: ops\n      groups: [viewers]\n"
	if err := os.WriteFile("aws-auth.yaml", []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
}

var shown = regexp.MustCompile(`(?m)^\$ (.*)$`)

// checkCommands wants every command of a document to be run here, or to be one that is known not to.
func checkCommands(t *testing.T, text string) {
	t.Helper()
	for _, match := range shown.FindAllStringSubmatch(text, -1) {
		command := match[1]
		if strings.HasPrefix(command, "kubectl access ") || strings.HasPrefix(command, "go run ./cmd/kubectl-access sandbox -- kubectl-access ") {
			continue
		}
		if !slices.ContainsFunc(keys(elsewhere), func(known string) bool { return strings.HasPrefix(command, known) }) {
			t.Errorf("nobody runs this command: %s", command)
		}
	}
}

func keys(m map[string]string) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

// embedded are the commands in blocks of other languages. Workflows are run by a test of their own.
func embedded(text string) (commands []string) {
	block := ""
	for _, w := range blocks(text, "yaml") {
		if strings.Contains(w, "runs-on:") {
			text = strings.Replace(text, w, "", 1)
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if language, ok := strings.CutPrefix(line, "```"); ok {
			if block != "" {
				language = ""
			}
			block = language
			continue
		}
		if _, command, ok := strings.Cut(line, "kubectl access "); ok && block != "" && block != "console" {
			commands = append(commands, command)
		}
	}
	return commands
}

// words takes a line apart as a shell does, as far as these documents need it.
func words(line string) (all []string) {
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(strings.TrimSpace(line), -1) {
		all = append(all, strings.Trim(word, "'"))
	}
	return all
}

var message = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// TestTroubleshootingKnowsTheMessages looks for each message of the document in the program.
func TestTroubleshootingKnowsTheMessages(t *testing.T) {
	var sources strings.Builder
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		sources.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	found := message.FindAllStringSubmatch(string(text), -1)
	if len(found) < 20 {
		t.Errorf("only %d messages", len(found))
	}
	for _, match := range found {
		if !strings.Contains(sources.String(), match[1]) {
			t.Errorf("no message of the program says %q", match[1])
		}
	}
}

// TestDocumentsKnowEachOther follows the links between the files.
func TestDocumentsKnowEachOther(t *testing.T) {
	for _, file := range append(documents(t), readme) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), match[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
