package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// repository is where the module of the plugin is, seen from here.
const repository = "../.."

// programs are what the tests run; each is built once for the process, if at all.
var (
	apiserver = sync.OnceValues(func() (string, error) { return cached("apiserver", "./apiserver") })
	plugin    = sync.OnceValues(func() (string, error) { return buildPlugin("kubectl-access") })
	kubectl   = sync.OnceValues(findKubectl)
)

// findKubectl takes the machine's own, as a user would, or else builds the one that belongs to the API server.
func findKubectl() (string, error) {
	if path, err := exec.LookPath("kubectl"); err == nil {
		return path, nil
	}
	return cached("kubectl", "k8s.io/kubernetes/cmd/kubectl")
}

// cached builds a program of this module unless the user's cache has it, under a name that changes with
// what it is built from. The API server takes minutes the first time.
func cached(name, pkg string) (string, error) {
	sum := sha256.New()
	for _, file := range []string{"go.mod", "go.sum", "apiserver/main.go"} {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		sum.Write(data)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "kubectl-access-e2e", hex.EncodeToString(sum.Sum(nil))[:16], name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fmt.Fprintf(os.Stderr, "building %s; the first time takes minutes\n", name)
	return path, build(".", path, pkg)
}

// buildPlugin makes the program under test, in a folder of its own so that it is found under that name.
func buildPlugin(name string, flags ...string) (string, error) {
	path := filepath.Join(workspace, hex.EncodeToString([]byte(fmt.Sprint(flags)))[:2]+fmt.Sprint(len(flags)), name)
	return path, build(repository, path, "./cmd/kubectl-access", flags...)
}

func build(dir, to, pkg string, flags ...string) error {
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	partial := fmt.Sprintf("%s.%d", to, os.Getpid()) // whoever is killed here leaves no half program
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", partial}, flags...)
	command := exec.Command("go", append(args, pkg)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return os.Rename(partial, to)
}
