package cmd_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// command is what a command prints on each stream, and its exit code.
func command(args ...string) (stdout, stderr string, code int) {
	var out, errOut bytes.Buffer
	code = runTo(&out, &errOut, args)
	return out.String(), errOut.String(), code
}

// TestNativeTokensAreThoseOfTheAWSCLI compares what the two programs make of the same flags.
func TestNativeTokensAreThoseOfTheAWSCLI(t *testing.T) {
	needs(t, "aws")
	sandboxtest.Start(t, sandbox.Options{})
	for _, flags := range [][]string{
		{"--cluster-name", "demo"},
		{"--cluster-name", "demo", "--region", "us-west-2", "--output", "json"},
		{"--cluster-id", "0e3a2b1c-0000-4000-a000-000000000000"},
		{"--cluster-name", "prod", "--profile", "alice"},
	} {
		theirs, err := exec.Command("aws", append([]string{"eks", "get-token"}, flags...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		ours, stderr, code := command(append([]string{"get-token"}, flags...)...)
		if code != 0 || stderr != "" {
			t.Fatalf("%v: exit %d, %s", flags, code, stderr)
		}
		a, b := decode(t, ours), decode(t, string(theirs))
		apart := a.token.Signed.Sub(b.token.Signed)
		a.token.Signed, a.token.Expires, a.Status = b.token.Signed, b.token.Expires, b.Status
		if a != b || apart.Abs() > 5*time.Second {
			t.Errorf("%v: %+v, the AWS CLI: %+v", flags, a, b)
		}
	}
}

type credential struct {
	login.ExecCredential
	token login.Bearer
}

func decode(t *testing.T, text string) credential {
	t.Helper()
	var c credential
	if err := json.Unmarshal([]byte(text), &c.ExecCredential); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var err error
	if c.token, err = login.ReadToken(c.Status.Token); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTheClusterSeesTheSameUserWithAndWithoutTheCredentialPlugin runs this program as the plugin, with a role to take.
func TestTheClusterSeesTheSameUserWithAndWithoutTheCredentialPlugin(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	bin := pluginOnPath(t)
	data, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "command: aws", "command: kubectl-access")
	text = strings.ReplaceAll(text, "      - eks\n      - get-token\n", "      - get-token\n      - --role-arn\n      - arn:aws:iam::111122223333:role/ops\n")
	file := filepath.Join(bin, "kubeconfig")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const path = "-ojsonpath={.kubernetes.username} {.kubernetes.uid} {.aws.arn}"
	native, _, code := command("whoami", "--kubeconfig", file, path)
	plugin, stderr, pluginCode := command("whoami", "--kubeconfig", file, path, "--no-native-token")
	if code != 0 || pluginCode != 0 || native != plugin || !strings.HasPrefix(native, "ops:EKSGetTokenAuth ") {
		t.Errorf("native %q (%d), plugin %q (%d) %s", native, code, plugin, pluginCode, stderr)
	}
}

// TestNothingSecretIsPrinted greps all that the commands say at the highest verbosity.
func TestNothingSecretIsPrinted(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for _, args := range []string{
		"whoami", "whoami -o json", "whoami -o yaml", "whoami --role-arn arn:aws:iam::111122223333:role/ops", "list", "describe me",
		"grant role/newcomer --policy view -A --wait", "cluster", "cluster -o json", "whoami --profile expired", "whoami --profile none",
	} {
		stdout, stderr, _ := command(append(strings.Fields(args), "-v", "9")...)
		all := stdout + stderr
		for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"} {
			if strings.Contains(all, os.Getenv(name)) {
				t.Errorf("%s prints %s:\n%s", args, name, all)
			}
		}
		for _, secret := range []string{"k8s-aws-v1.", "X-Amz-Signature", "X-Amz-Security-Token", "Bearer "} {
			if strings.Contains(all, secret) {
				t.Errorf("%s prints %s:\n%s", args, secret, all)
			}
		}
		if !strings.Contains(stderr, "AWS ") {
			t.Errorf("%s: -v 9 traces nothing", args)
		}
	}
}
