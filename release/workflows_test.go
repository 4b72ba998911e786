package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what is checked of a workflow.
type workflow struct {
	On          any            `json:"on"`
	Permissions map[string]any `json:"permissions"`
	Jobs        map[string]struct {
		RunsOn  string `json:"runs-on"`
		Timeout int    `json:"timeout-minutes"`
		Steps   []struct {
			Uses string         `json:"uses"`
			Run  string         `json:"run"`
			With map[string]any `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`
}

var pinned = regexp.MustCompile(`uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)

// TestWorkflowsRunWhatWasLookedAt asks each action to be named by a commit, and each job to have an end.
func TestWorkflowsRunWhatWasLookedAt(t *testing.T) {
	files, err := filepath.Glob("../.github/workflows/*.y*ml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	hashes := map[string]string{} // of one action everywhere the same
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "uses:") {
				continue
			}
			if !pinned.MatchString(strings.TrimSpace(line)) {
				t.Errorf("%s: not pinned by hash and release: %s", file, line)
			}
			action, hash, _ := strings.Cut(strings.TrimSpace(line), "@")
			action = strings.TrimPrefix(action, "- ")
			if was, ok := hashes[action]; ok && was != hash {
				t.Errorf("%s: %s is %s elsewhere", file, action, was)
			}
			hashes[action] = hash
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if w.Permissions == nil {
			t.Errorf("%s: no permissions for all of it: without them a job has what the repository's settings say", file)
		}
		if len(w.Jobs) == 0 {
			t.Errorf("%s: no jobs", file)
		}
		for name, job := range w.Jobs {
			if job.Timeout == 0 || len(job.Steps) == 0 {
				t.Errorf("%s: %s: %d minutes, %d steps", file, name, job.Timeout, len(job.Steps))
			}
			for _, step := range job.Steps {
				script, _ := step.With["script"].(string)
				if fromOutside.MatchString(step.Run + script) {
					t.Errorf("%s: %s: a script with a name from outside in its text: %s%s", file, name, step.Run, script)
				}
			}
		}
	}
}

// fromOutside is an expression of what others can name: the shell would run what is in it.
var fromOutside = regexp.MustCompile(`\$\{\{(?:[^}]|\}[^}])*?\b(github|inputs)\b`)

func TestNamesFromOutsideAreSeen(t *testing.T) {
	for script, want := range map[string]bool{
		"echo ${{ github.head_ref }}": true, "echo ${{github.event.issue.title}}": true, "echo ${{  inputs.tag }}": true,
		"echo ${{ format('{0}', github['actor']) }}": true, `echo "$GITHUB_REF_NAME"`: false, "echo ${{ runner.os }} github": false,
	} {
		if fromOutside.MatchString(script) != want {
			t.Errorf("%s: %t", script, !want)
		}
	}
}

// TestAReleaseIsCheckedBeforeItIsPublic reads the order of the steps.
func TestAReleaseIsCheckedBeforeItIsPublic(t *testing.T) {
	text, err := os.ReadFile("../.github/workflows/release.yml")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, step := range []string{"args: release --clean", "go test ./release -args -dist=", "gh release upload ", "gh release edit \"$GITHUB_REF_NAME\" --draft=false", "homebrew-tap", "krew-release-bot@"} {
		i := strings.Index(string(text)[at:], step)
		if i < 0 {
			t.Fatalf("there is no %q where it belongs", step)
		}
		at += i
	}
}

// TestLineEndsStayAsTheyAre: git on Windows would change them, and with them what the tests compare.
func TestLineEndsStayAsTheyAre(t *testing.T) {
	out, err := exec.Command("git", "-C", "..", "ls-files", "--eol").Output()
	if err != nil {
		t.Skip("this is no clone:", err)
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) < 4 || fields[2] != "attr/-text" || strings.Contains(fields[1], "crlf") {
			t.Errorf("git may change line ends: %s", line)
		}
	}
}
