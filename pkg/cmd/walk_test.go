package cmd_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// mostOfAGrant is how many files of the command line, the engine and the cluster a grant may pass through.
const mostOfAGrant = 12

// TestTheWalkNamesEveryFileOfAGrant: CONTRIBUTING walks a grant from argv to the wire. What really runs is what a build with
// coverage counts, without what runs at every start.
func TestTheWalkNamesEveryFileOfAGrant(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program once more")
	}
	program := filepath.Join(t.TempDir(), "kubectl-access")
	build := exec.Command("go", "build", "-cover", "-coverpkg=./cmd/...,./pkg/...", "-o", program, "./cmd/kubectl-access")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sandboxtest.Start(t, sandbox.Options{})
	always := covered(t, program, "version")
	passed := map[string]bool{}
	for block := range covered(t, program, "grant", "role/newcomer", "--policy", "view", "-n", "dev") {
		if !always[block] {
			file, _, _ := strings.Cut(block, ":")
			passed[file] = true
		}
	}
	passed["pkg/cmd/root.go"], passed["cmd/kubectl-access/main.go"] = true, true // these run at every start
	text, err := os.ReadFile("../../.github/CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	walk, _, _ := strings.Cut(string(text[strings.Index(string(text), "## One command"):]), "\n## ")
	named := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `.*?\\|").FindAllString(walk, -1) {
		for _, file := range regexp.MustCompile("`([^`]+[.]go)`").FindAllStringSubmatch(row, -1) {
			named[file[1]] = true
		}
	}
	n := 0
	for _, file := range slices.Sorted(maps.Keys(passed)) {
		if !named[file] && !strings.HasSuffix(file, "_unix.go") && !strings.HasSuffix(file, "_windows.go") {
			t.Errorf("a grant passes through %s, and the walk does not name it", file)
		}
		for _, counted := range []string{"pkg/cmd/", "pkg/change/", "pkg/cluster/"} {
			if strings.HasPrefix(file, counted) {
				n++
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(named)) {
		if !passed[file] {
			t.Errorf("the walk names %s, and a grant does not pass through it", file)
		}
	}
	if n > mostOfAGrant {
		t.Errorf("a grant passes through %d files of pkg/cmd, pkg/change and pkg/cluster, %d at most", n, mostOfAGrant)
	}
}

// covered are the blocks that one run of a program passes through.
func covered(t *testing.T, program string, args ...string) map[string]bool {
	t.Helper()
	dir, text := t.TempDir(), filepath.Join(t.TempDir(), "blocks")
	run := exec.Command(program, args...)
	run.Env = append(os.Environ(), "GOCOVERDIR="+dir)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command("go", "tool", "covdata", "textfmt", "-i="+dir, "-o="+text).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if path, ok := strings.CutPrefix(words[0], "github.com/kubectl-access/kubectl-access/"); ok && words[2] != "0" {
			blocks[path] = true
		}
	}
	return blocks
}
