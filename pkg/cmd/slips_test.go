package cmd_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestAGrantDoesNotWaitForASilentCluster: what is only good to know is left out. A request has an hour here, so a
// grant that waited for it would not end.
func TestAGrantDoesNotWaitForASilentCluster(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	config, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	tunnel := regexp.MustCompile(`server: https://(\S+)`).ReplaceAllString(string(config), "server: https://"+silent.Addr().String()+"\n    tls-server-name: $1")
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(tunnel), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now}
	code := cmd.Run(context.Background(), env, []string{"kubectl-access", "grant", "role/idle", "--policy", "view", "-n", "devv", "--kubeconfig", file, "--request-timeout=1h", "--accept-risk=unread-aws-auth"})
	const want = "accessentry/role/idle created\naccessentry/role/idle granted view in namespace devv\n"
	if code != 0 || out.String() != want {
		t.Errorf("exit %d\n%s", code, &out)
	}
}
