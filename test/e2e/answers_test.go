package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
)

// answers is the plugin's side of the tests of who-can.
var answers = sync.OnceValues(func() (string, error) { return buildAnswers(filepath.Join(workspace, "answers")) })

// buildAnswers builds it with the flags of go build.
func buildAnswers(path string, flags ...string) (string, error) {
	return path, build(repository, path, "./test/answers", flags...)
}

// converse gives it values and reads as many answers.
func converse[In, Out any](program string, env []string, mode string, in []In) (out []Out, err error) {
	var lines, failed bytes.Buffer
	for _, v := range in {
		if err := json.NewEncoder(&lines).Encode(v); err != nil {
			return nil, err
		}
	}
	command := exec.Command(program, mode)
	command.Env, command.Stdin, command.Stderr = env, &lines, &failed
	data, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("answers %s: %w: %s", mode, err, failed.String())
	}
	for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
		var v Out
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if len(out) != len(in) {
		return nil, fmt.Errorf("answers %s: %d answers to %d lines", mode, len(out), len(in))
	}
	return out, nil
}
