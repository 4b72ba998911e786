// Package e2e tests the plugin, through kubectl, in clusters whose API server is a real one.
//
//	kubectl ──► plugin ──SigV4──► sandbox ◄──webhooks── kube-apiserver ──► etcd
//	kubectl ──────────────token─────────────────────────────▲
package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// workspace holds what is built for this run.
var workspace string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if workspace, err = os.MkdirTemp("", "e2e-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(workspace)
	return m.Run()
}

const (
	startPatience = 90 * time.Second // for a machine that does other things too
	region        = "us-west-2"
)

// world is a sandbox, one of whose clusters is a real API server.
type world struct {
	cluster string
	url     string
	dir     string
	env     []string // of whoever lives in it
	client  *http.Client
	stops   []func()
}

// start makes a world of the plugin at that path. close ends it, also one that was not made to the end.
func start(program, cluster string) (*world, error) {
	dir, err := os.MkdirTemp(workspace, cluster+"-*")
	if err != nil {
		return nil, err
	}
	w := &world{cluster: cluster, dir: dir}
	if err := w.start(program); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) start(program string) error {
	client, err := certificates(w.dir)
	if err != nil {
		return err
	}
	w.client = client
	port, err := freePort()
	if err != nil {
		return err
	}
	w.url = fmt.Sprintf("https://127.0.0.1:%d", port)
	if err := w.startSandbox(program); err != nil {
		return err
	}
	if err := w.startServer(port); err != nil {
		return err
	}
	if err := w.useOwnTokens(); err != nil {
		return err
	}
	return w.ready()
}

func (w *world) close() {
	for _, stop := range slices.Backward(w.stops) {
		stop()
	}
}

// startSandbox runs the plugin's own command, with a child that tells its environment and waits.
func (w *world) startSandbox(program string) error {
	sandbox := exec.Command(program, "sandbox", "--log", filepath.Join(w.dir, "sandbox.log"),
		"--api-server", w.cluster+"="+w.url, "--api-server-ca", filepath.Join(w.dir, "ca.crt"),
		"--", "sh", "-c", `env -0; printf '\0'; exec cat`)
	sandbox.Stderr = os.Stderr
	sandbox.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TMPDIR=" + os.TempDir()} // nothing of the machine's own
	in, err := sandbox.StdinPipe()
	if err != nil {
		return err
	}
	out, err := sandbox.StdoutPipe()
	if err != nil {
		return err
	}
	if err := sandbox.Start(); err != nil {
		return err
	}
	w.stops = append(w.stops, func() { _ = in.Close(); _ = sandbox.Wait() })
	kubectl, err := kubectl()
	if err != nil {
		return err
	}
	for r := bufio.NewReader(out); ; {
		variable, err := r.ReadString(0)
		if err != nil {
			return fmt.Errorf("the sandbox did not start: %w", err)
		}
		if variable = strings.TrimSuffix(variable, "\x00"); variable == "" {
			return nil
		}
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			variable = "PATH=" + path + string(os.PathListSeparator) + filepath.Dir(kubectl)
		}
		w.env = append(w.env, variable)
	}
}

// getenv reads a variable of the world.
func (w *world) getenv(name string) string {
	for _, variable := range w.env {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

func (w *world) startServer(port int) error {
	program, err := apiserver()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(w.dir, "apiserver.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	webhooks := filepath.Join(filepath.Dir(w.getenv("KUBECONFIG")), w.cluster)
	in := func(name string) string { return filepath.Join(w.dir, name) }
	server := exec.Command(program, in("etcd"),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file="+in("server.crt"), "--tls-private-key-file="+in("server.key"), "--cert-dir="+in("certs"),
		"--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+in("server.key"), "--service-account-signing-key-file="+in("server.key"),
		"--disable-admission-plugins=ServiceAccount", "--profiling=false",
		"--authentication-token-webhook-config-file="+filepath.Join(webhooks, "authentication.yaml"),
		"--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=1s",
		"--authorization-config="+filepath.Join(webhooks, "authorization.yaml"))
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Wait() }()
	w.stops = append(w.stops, func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = server.Process.Kill()
			<-ended
		}
	})
	return nil
}

// useOwnTokens makes the plugin the credential plugin of the context, so that no AWS CLI is needed.
func (w *world) useOwnTokens() error {
	_, err := w.run("", "kubectl", "access", "kubeconfig", "--name", w.cluster, "--region", region, "--exec", "native")
	return err
}

// ready waits until the server says so to the administrator whom the webhooks let in.
func (w *world) ready() error {
	deadline := time.Now().Add(startPatience)
	for {
		token, err := w.token("")
		if err != nil {
			return err
		}
		code, body, err := w.ask(token, http.MethodGet, "/readyz", nil)
		if err == nil && code == http.StatusOK {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(w.dir, "apiserver.log"))
			return fmt.Errorf("the API server did not get ready: %d %s %w\n%s", code, body, err, log[max(0, len(log)-4000):])
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// as is the environment of another profile of the account.
func (w *world) as(profile string) []string {
	env := slices.Clone(w.env)
	if profile != "" {
		env = append(env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_PROFILE="+profile)
	}
	return env
}

// run runs a program found on the world's PATH and returns what it prints.
func (w *world) run(profile, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Env = w.as(profile)
	for _, dir := range filepath.SplitList(w.getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			command.Path, command.Err = path, nil
			break
		}
	}
	var out, failed bytes.Buffer
	command.Stdout, command.Stderr = &out, &failed
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, failed.String())
	}
	return out.String(), nil
}

// access runs the plugin as kubectl does.
func (w *world) access(t *testing.T, args ...string) {
	t.Helper()
	if _, err := w.run("", "kubectl", append([]string{"access"}, args...)...); err != nil {
		t.Fatal(err)
	}
}

// ask sends one request to the API server.
func (w *world) ask(token, method, path string, body io.Reader) (int, []byte, error) {
	r, err := http.NewRequest(method, w.url+path, body)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch { // server-side apply
		r.Header.Set("Content-Type", "application/apply-patch+yaml")
	}
	resp, err := w.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, errors.Join(err, resp.Body.Close())
}
