package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "renew the expected output")

// TestScenarios plays each script in a world of its own. The first word of a script's name is the cluster
// that is real in it.
func TestScenarios(t *testing.T) {
	program, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, scenarios(program))
}

func scenarios(program string) testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			cluster, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(env.WorkDir), "script-"), "-")
			w, err := start(program, cluster)
			if err != nil {
				return err
			}
			env.Defer(w.close)
			env.Vars = append(env.Vars, w.env...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"profile": profile, "until": until},
	}
}

// profile makes the commands that follow those of another identity of the account.
func profile(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		ts.Setenv(name, "")
	}
	ts.Setenv("AWS_PROFILE", args[0])
}

// patience is for the API server, which trusts a token that it has seen for ten seconds more.
const patience = 30 * time.Second

// until repeats a command until it ends as it should and prints what matches:
//
//	until web kubectl get pods -n dev
//	! until Unauthorized kubectl get pods -n dev
func until(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if (err != nil) == neg && want.MatchString(out) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v: %v\n%s", args[1:], err, out)
		}
	}
}

// token is one of the profile's, as kubectl would get it.
func (w *world) token(profile string) (string, error) {
	out, err := w.run(profile, "kubectl-access", "get-token", "--cluster-name", w.cluster, "--region", region)
	if err != nil {
		return "", err
	}
	var credential struct{ Status struct{ Token string } }
	if err := json.Unmarshal([]byte(out), &credential); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return credential.Status.Token, nil
}
