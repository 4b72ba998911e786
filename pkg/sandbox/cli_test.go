package sandbox_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// step is one command line and what its output, or its error, must hold.
type step struct{ line, want string }

const newcomerFlags = " --cluster-name demo --principal-arn " + roleARN + "newcomer "

var cliSteps = []step{
	{"sts get-caller-identity", `"Arn": "arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox"`},
	{"eks create-access-entry" + newcomerFlags + "--kubernetes-groups viewers --tags a=b", `"username": "arn:aws:sts::111122223333:assumed-role/newcomer/{{SessionName}}"`},
	{"eks describe-access-entry" + newcomerFlags, `"viewers"`},
	{"eks list-access-entries --cluster-name demo --page-size 4", "user/alice"},
	{"eks update-access-entry" + newcomerFlags + "--username nina --kubernetes-groups []", `"kubernetesGroups": []`},
	{"eks associate-access-policy" + newcomerFlags + "--policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=namespace,namespaces=dev", `"associatedAt": `},
	{"eks disassociate-access-policy" + newcomerFlags + "--policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "exit 0"},
	{"eks delete-access-entry" + newcomerFlags, "exit 0"},
	{"eks describe-access-entry" + newcomerFlags, "(ResourceNotFoundException) when calling the DescribeAccessEntry operation: The specified principalArn could not be found."},
	{"eks update-cluster-config --name legacy --access-config authenticationMode=API_AND_CONFIG_MAP", `"type": "AccessConfigUpdate"`},
	{"eks describe-update --name legacy --update-id UPDATE", `"type": "AccessConfigUpdate"`},
	{"eks tag-resource --resource-arn arn:aws:eks:us-west-2:111122223333:cluster/demo --tags team=new", "exit 0"},
	{"cloudtrail lookup-events --max-items 1", `"EventName": "TagResource"`},
	{"iam get-role --profile no-iam --role-name ops", "(AccessDenied) when calling the GetRole operation: User: arn:aws:sts::111122223333:assumed-role/eks-operator/sandbox"},
}

func TestAWSCLI(t *testing.T) {
	t.Parallel() // its time goes into starting Python
	s := sandboxtest.New(t, sandbox.Options{})
	run := cli(t, s)
	update, id := "", regexp.MustCompile(`"id": "([^"]*)"`)
	for _, step := range cliSteps {
		out := run(strings.Replace(step.line, "UPDATE", update, 1))
		if !strings.Contains(out, step.want) {
			t.Errorf("aws %s: want %s, got\n%s", step.line, step.want, out)
		}
		if m := id.FindStringSubmatch(out); m != nil {
			update = m[1]
		}
	}
}

// cli runs lines by the AWS CLI and returns what it prints. Python takes longer to load it than it takes
// for all the work, so where it can be imported one process runs every line.
// Only a profile, once chosen, stays.
func cli(t *testing.T, s sandboxtest.Box) func(line string) string {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	if exec.Command("python3", "-c", "import awscli.clidriver").Run() != nil {
		return func(line string) string {
			cmd := exec.CommandContext(t.Context(), "sh", "-c", "aws "+line+"; echo exit $?")
			cmd.Env = s.Environ(os.Environ())
			out, _ := cmd.CombinedOutput() // a refusal is an answer too
			return string(out)
		}
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-uc", `
import sys
sys.stderr = sys.stdout
from awscli.clidriver import create_clidriver
driver = create_clidriver()
for line in iter(sys.stdin.readline, ''):
    chosen = create_clidriver() if '--profile' in line else driver
    print('exit', chosen.main(line.split()), end='\0')
`)
	cmd.Env = s.Environ(os.Environ())
	in, out := pipes(t, cmd)
	return func(line string) string {
		if _, err := io.WriteString(in, line+"\n"); err != nil {
			t.Fatal(err)
		}
		text, err := out.ReadString(0)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

func pipes(t *testing.T, cmd *exec.Cmd) (io.Writer, *bufio.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // killed by the test's context at the latest
	})
	return in, bufio.NewReader(out)
}

// TestKubectl signs in as a kubeconfig of EKS does; each step starts the AWS CLI.
func TestKubectl(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"aws", "kubectl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	s := sandboxtest.New(t, sandbox.Options{})
	for _, step := range []step{
		{"get namespaces", "dev-blue "},
		{"auth whoami", "arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox"},
	} {
		cmd := exec.CommandContext(t.Context(), "kubectl", strings.Fields(step.line)...)
		cmd.Env = append(s.Environ(os.Environ()), "HOME="+t.TempDir()) // where kubectl caches what it discovers
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), step.want) {
			t.Errorf("kubectl %s: %v\n%s", step.line, err, out)
		}
	}
}
