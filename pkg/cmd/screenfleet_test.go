package cmd_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// fleetOf adds to the account contexts with these names, of the cluster in the second place and with the login in the third.
func fleetOf(t *testing.T, all ...[3]string) {
	t.Helper()
	text := "apiVersion: v1\nkind: Config\nclusters:\n- {name: gone, cluster: {server: \"https://127.0.0.1:1\"}}\ncontexts:\n"
	users := "users:\n"
	for _, c := range all {
		text += "- {name: " + c[0] + ", context: {cluster: gone, user: " + c[0] + "}}\n"
		users += "- name: " + c[0] + "\n  user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [--region, us-west-2, --profile, " + c[2] + ", eks, get-token, --cluster-name, " + c[1] + "]}}\n"
	}
	more := filepath.Join(t.TempDir(), "more.yaml")
	if err := os.WriteFile(more, []byte(text+users), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", os.Getenv("KUBECONFIG")+string(filepath.ListSeparator)+more)
}

// profiles adds to the AWS configuration; the account is where the profiles say.
func profiles(t *testing.T, config, credentials string) {
	t.Helper()
	for name, more := range map[string]string{"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials} {
		text, err := os.ReadFile(os.Getenv(name))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, append(text, more...), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, file)
	}
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_STS", "")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
}

func worldOf(t *testing.T) tui.World {
	t.Helper()
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now, Patience: time.Minute, TrailPace: time.Nanosecond}
	w, done, err := cmd.Screens(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return w
}

// TestScreenAsksEachClusterOnce, however many contexts it has, and none before somebody wants to see all.
func TestScreenAsksEachClusterOnce(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	config := filepath.Join(t.TempDir(), "config")
	t.Setenv("KUBECONFIG", config)
	for _, alias := range []string{"demo-b", "demo-a", "demo-c"} {
		if out, code := run("kubeconfig", "--name", "demo", "--alias", alias, "--user-alias", alias); code != 0 {
			t.Fatal(out)
		}
	}
	before := box.Calls()["eks.ListAccessEntries"]
	w := worldOf(t)
	if n := box.Calls()["eks.ListAccessEntries"]; n != before {
		t.Errorf("%d calls before the tab is opened", n-before)
	}
	for _, c := range w.Contexts {
		if c.First != w.Current {
			t.Errorf("%+v, in %s", c, w.Current)
		}
	}
	var got []tui.Overview
	for o, err := range w.Survey(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		got = append(got, o)
	}
	if len(got) != 1 || got[0].Context != w.Current || got[0].Entries != 15 || got[0].Admins != 3 || got[0].Info.Mode != access.ModeBoth || got[0].Partly {
		t.Errorf("%+v", got)
	}
	if n := box.Calls()["eks.ListAccessEntries"]; n != before+1 {
		t.Errorf("%d calls for one cluster", n-before)
	}
}

// TestScreenSaysWhyClustersCannotBeRead: one that is dead, one without permission, one whose login has expired and one whose login
// may ask do not hide the others, and a silent one does not delay them. Each says what to do.
func TestScreenSaysWhyClustersCannotBeRead(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	profiles(t, "\n[profile dead]\nregion = us-west-2\nendpoint_url = http://127.0.0.1:1\n[profile silent]\nregion = us-west-2\nendpoint_url = http://"+silent.Addr().String()+"\n[profile asks]\nregion = us-west-2\ncredential_process = none\n",
		"\n[dead]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = none\n[silent]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = none\n")
	fleetOf(t, [3]string{"dead", "staging", "dead"}, [3]string{"denied", "legacy", "newcomer"}, [3]string{"gone", "prod", "expired"}, [3]string{"asks", "asking", "asks"}, [3]string{"silent", "other", "silent"})
	w := worldOf(t)
	want := map[string]struct {
		err  error
		hint string
	}{
		"dead":   {login.ErrUnreachable, "check the network"},
		"denied": {access.ErrForbidden, "whoami --context denied"},
		"gone":   {login.ErrExpired, "aws sso login --profile expired"},
		"asks":   {cmd.ErrAsks, ""},
	}
	var read []string
	for o, err := range w.Survey(t.Context()) {
		if o.Context == "silent" {
			t.Error("it came before all others:", err)
		}
		name := o.Context[strings.LastIndexByte(o.Context, '/')+1:]
		read = append(read, name)
		if expected := want[o.Context]; !errors.Is(err, expected.err) || err != nil && !strings.Contains(w.Hint(o.Context, err), expected.hint) {
			t.Errorf("%s: %v: %s", o.Context, err, w.Hint(o.Context, err))
		}
		if len(read) == len(w.Contexts)-1 {
			break
		}
	}
	slices.Sort(read)
	if got := strings.Join(read, " "); got != "asks dead demo denied gone legacy private prod staging" {
		t.Error(got)
	}
}
