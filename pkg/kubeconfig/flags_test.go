package kubeconfig

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func parseFlags(t *testing.T, args ...string) *Flags {
	t.Helper()
	f, fs := &Flags{}, pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.Bind(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	contextsFile = `{apiVersion: v1, kind: Config, current-context: a, contexts: [
{name: a, context: {cluster: x, user: u}}, {name: b, context: {cluster: x, user: v}}]}`
	partsFile = `{apiVersion: v1, kind: Config, current-context: b,
clusters: [{name: x, cluster: {server: "https://0123.gr7.us-east-2.eks.amazonaws.com"}}],
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [eks, get-token, --cluster-name, shop]}}},
{name: v, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [eks, get-token, --cluster-name, till]}}}]}`
)

func TestFlagsLoadAsKubectlDoes(t *testing.T) {
	first, second := write(t, "first", contextsFile), write(t, "second", partsFile)
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("KUBECONFIG", strings.Join([]string{missing, first, second}, string(os.PathListSeparator)))
	for _, c := range []struct{ args, name string }{
		{"", "shop"},
		{"--context=b", "till"},
		{"--user=v", "till"},
		{"--context=b --cluster=x --user=u --as=me --as-group=g --request-timeout=5s", "shop"},
	} {
		got, err := parseFlags(t, strings.Fields(c.args)...).Target()
		if err != nil || got.Name != c.name {
			t.Errorf("%s: %q, %v, want %s", c.args, got.Name, err, c.name)
		}
	}
	if _, err := parseFlags(t, "--kubeconfig", second).Target(); !errors.Is(err, ErrNoEntry) {
		t.Errorf("--kubeconfig replaces the list, but: %v", err)
	}
}

func TestFlagsWithoutKubeconfigNameTheFiles(t *testing.T) {
	missing, empty := filepath.Join(t.TempDir(), "missing"), write(t, "empty", "")
	t.Setenv("KUBECONFIG", missing)
	for _, args := range [][]string{nil, {"--context=a"}, {"--kubeconfig", missing}, {"--kubeconfig", empty}} {
		_, err := parseFlags(t, args...).Target()
		if !errors.Is(err, ErrNoContext) || !strings.Contains(err.Error(), filepath.Dir(missing)) && !strings.Contains(err.Error(), empty) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestFlagsTellOfBrokenFiles(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"users: [", "read the kubeconfig"},
		{"clusters: [{name: x, cluster: {certificate-authority-data: '${ca}'}}]", "illegal base64"},
	} {
		broken := write(t, "broken", c.text)
		_, err := parseFlags(t, "--kubeconfig", broken).Target()
		if err == nil || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v", err)
		}
	}
}

func TestFlagsLeaveNamespaceToOthers(t *testing.T) {
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	new(Flags).Bind(fs)
	for _, name := range []string{"namespace", "server", "token", "client-key"} {
		if fs.Lookup(name) != nil {
			t.Errorf("--%s is bound", name)
		}
	}
	if fs.ShorthandLookup("n") != nil {
		t.Error("-n is bound")
	}
}
