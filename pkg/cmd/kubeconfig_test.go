package cmd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// needs skips where a program is not on this machine.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(program, "is not on this machine")
	}
}

// awsOnPath puts a file of that name behind all that is on PATH: the program looks whether there is an AWS CLI, and
// tells of a kubeconfig that needs one; these tests need none.
func awsOnPath(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, executable("aws")), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+dir)
}

// executable is the file name of a program on this system.
func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// pluginOnPath puts this program where kubectl finds it, and returns the folder.
func pluginOnPath(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, executable("kubectl-access"))); err != nil {
		t.Skip(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return bin
}

// both writes the same cluster by the AWS CLI and by this program and returns what the files mean.
func both(t *testing.T, flags ...string) (theirs, ours any) {
	t.Helper()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if out, err := exec.Command("aws", append([]string{"eks", "update-kubeconfig", "--kubeconfig", a}, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("aws %v: %s", flags, out)
	}
	if _, stderr, code := command(append([]string{"kubeconfig", "--kubeconfig", b}, flags...)...); code != 0 {
		t.Fatalf("%v: exit %d, %s", flags, code, stderr)
	}
	return meaning(t, a), meaning(t, b)
}

func meaning(t *testing.T, file string) (v map[string]any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheKubeconfigIsThatOfTheAWSCLI(t *testing.T) {
	needs(t, "aws")
	sandboxtest.Start(t, sandbox.Options{})
	for _, flags := range []string{
		"--name demo",
		"--name prod --alias yes --user-alias 123 --profile alice --region us-west-2",
		"--name demo --user-alias me --role-arn arn:aws:iam::111122223333:role/ops --proxy-url socks5://127.0.0.1:1080",
	} {
		theirs, ours := both(t, strings.Fields(flags)...)
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("%s: the AWS CLI (-), this program (+):\n%s", flags, diff)
		}
	}
	t.Setenv("AWS_PROFILE", "alice")
	if theirs, ours := both(t, "--name", "demo"); !cmp.Equal(theirs, ours) {
		t.Errorf("with AWS_PROFILE: %s", cmp.Diff(theirs, ours))
	}
}

func TestKubectlGetsInByTheKubeconfig(t *testing.T) {
	needs(t, "kubectl")
	sandboxtest.Start(t, sandbox.Options{})
	file := filepath.Join(pluginOnPath(t), "kubeconfig")
	for form, program := range map[string]string{"native": "kubectl-access", "aws": "aws"} {
		t.Run(form, func(t *testing.T) {
			needs(t, program)
			if _, stderr, code := command("kubeconfig", "--name", "demo", "--exec", form, "--kubeconfig", file); code != 0 || stderr != "" {
				t.Fatalf("exit %d, %s", code, stderr)
			}
			for args, want := range map[string]string{"get ns": "kube-system", "auth whoami": "arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox"} {
				out, err := exec.Command("kubectl", append(strings.Fields(args), "--kubeconfig", file)...).CombinedOutput()
				if err != nil || !strings.Contains(string(out), want) {
					t.Errorf("kubectl %s: %v\n%s", args, err, out)
				}
			}
		})
	}
}

// odd are clusters that the sandbox has none of.
var odd = map[string]string{
	"creating":  `"status":"CREATING"`,
	"deleting":  `"status":"DELETING","endpoint":"https://x.example","certificateAuthority":{"data":"Y2E="}`,
	"no-ca":     `"status":"ACTIVE","endpoint":"https://x.example"`,
	"unreached": `"status":"ACTIVE","certificateAuthority":{"data":"Y2E="}`,
	"local": `"status":"UPDATING","endpoint":"https://x.example","certificateAuthority":{"data":"Y2E="},"id":"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
		"outpostConfig":{"controlPlaneInstanceType":"m5.large","outpostArns":["arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"]}`,
	"plain": `"status":"ACTIVE","endpoint":"https://x.example","certificateAuthority":{"data":"Y2E="}`,
}

// oddities is an EKS service with those clusters.
func oddities(t *testing.T) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clusters", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"clusters":["creating","local","gone","no-ca","plain"]}`)
	})
	mux.HandleFunc("GET /clusters/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		fields, ok := odd[name]
		if !ok {
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusNotFound)
			fields = `"x":""`
		}
		fmt.Fprintf(w, `{"cluster":{"name":%q,"arn":"arn:aws:eks:us-west-2:111122223333:cluster/%s",%s}}`, name, name, fields)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "us-west-2",
		"AWS_DEFAULT_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_SESSION_TOKEN": "", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "KUBECONFIG": "",
	} {
		t.Setenv(name, value)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		t.Setenv(name, "") // to have it restored
		os.Unsetenv(name)
	}
}

func TestTheTokensOfALocalClusterAreForItsID(t *testing.T) {
	oddities(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	for _, form := range []string{"aws", "native"} {
		if _, stderr, code := command("kubeconfig", "--name", "local", "--exec", form, "--kubeconfig", file); code != 0 {
			t.Fatal(stderr)
		}
		found, _, _ := command("cluster", "--offline", "--kubeconfig", file, "-ojsonpath={.id} {.name} {.region}")
		if found != "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 local us-west-2" {
			t.Errorf("%s: the context is %s", form, found)
		}
	}
	needs(t, "aws")
	if theirs, ours := both(t, "--name", "local"); !cmp.Equal(theirs, ours) {
		t.Error(cmp.Diff(theirs, ours))
	}
}

func TestAClusterThatNobodyCanEnterIsNotWritten(t *testing.T) {
	oddities(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	for name, says := range map[string]string{
		"creating": "cluster creating is CREATING and has no endpoint yet; wait with `aws eks wait cluster-active --name creating --region us-west-2`",
		"deleting": "cluster deleting is DELETING", "no-ca": "EKS returned no certificate authority", "unreached": "EKS returned no endpoint",
	} {
		_, stderr, code := command("kubeconfig", "--name", name, "--kubeconfig", file)
		if code != 1 || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
		if _, err := os.Stat(file); err == nil {
			t.Fatalf("%s: a file was written", name)
		}
	}
}

func TestAllWritesTheClustersThatCanBeEntered(t *testing.T) {
	oddities(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	stdout, stderr, code := command("kubeconfig", "--all", "--region", "us-west-2", "--kubeconfig", file)
	if code != 1 || strings.Count(stdout, " added to ") != 2 || strings.Count(stderr, "error: ") != 2 || !strings.Contains(stderr, "kubectl config use-context") || strings.Contains(stderr, "gone") {
		t.Errorf("exit %d\n%s\n%s", code, stdout, stderr)
	}
	if m := meaning(t, file); len(m["clusters"].([]any)) != 2 || m["current-context"] != "" {
		t.Errorf("%v", m)
	}
}

func TestCommandsThatRunAtTheSameTimeLoseNothing(t *testing.T) {
	const writers = 20
	oddities(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if _, stderr, code := command("kubeconfig", "--name", "plain", "--alias", fmt.Sprint("a", i), "--user-alias", fmt.Sprint("u", i), "--kubeconfig", file); code != 0 {
				t.Errorf("%d: exit %d, %s", i, code, stderr)
			}
		})
	}
	all.Wait()
	if m := meaning(t, file); len(m["contexts"].([]any)) != writers || len(m["users"].([]any)) != writers || len(m["clusters"].([]any)) != 1 {
		t.Errorf("%v", m)
	}
}
