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
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) < 2 {
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
		if w.Permissions == nil || len(w.Jobs) == 0 {
			t.Errorf("%s: permissions %v, %d jobs", file, w.Permissions, len(w.Jobs))
		}
		for name, job := range w.Jobs {
			if job.Timeout == 0 || len(job.Steps) == 0 {
				t.Errorf("%s: %s: %d minutes, %d steps", file, name, job.Timeout, len(job.Steps))
			}
			for _, step := range job.Steps {
				if strings.Contains(step.Run, "${{ github.") {
					t.Errorf("%s: %s: a script with a name from outside in its text: %s", file, name, step.Run)
				}
			}
		}
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
