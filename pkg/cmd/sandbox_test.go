//go:build unix

package cmd_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// runningSandbox is the program with a command in it that runs until its input ends.
type runningSandbox struct {
	*exec.Cmd
	input io.Closer
	dir   string // where its folder is
}

func runSandbox(t *testing.T, tmp, command string) *runningSandbox {
	t.Helper()
	c := exec.Command("kubectl-access", "sandbox", "--", "sh", "-c", command)
	c.Env = append(os.Environ(), "TMPDIR="+tmp)
	c.Stderr = os.Stderr
	input, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = input.Close() })
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return &runningSandbox{c, input, filepath.Dir(strings.TrimSpace(line))}
}

// untilInputEnds says where the folder is, and waits.
const untilInputEnds = "echo $KUBECONFIG; exec cat"

// TestASignalEndsTheSandboxAndItsFolder: one that the sandbox gets is passed on to its command, unless a terminal
// has sent it to both; then the folder is removed, and the exit code is a shell's.
func TestASignalEndsTheSandboxAndItsFolder(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		x := runSandbox(t, t.TempDir(), untilInputEnds)
		if err := x.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = x.Wait()
		if code := x.ProcessState.ExitCode(); code != 128+int(signal) {
			t.Errorf("%s: exit %d", signal, code)
		}
		if _, err := os.Stat(x.dir); err == nil {
			t.Errorf("%s: %s is still there", signal, x.dir)
		}
	}
}

// TestTheFolderGoesWithAKilledCommand: the exit code says by which signal.
func TestTheFolderGoesWithAKilledCommand(t *testing.T) {
	x := runSandbox(t, t.TempDir(), "echo $KUBECONFIG; kill -9 $$")
	_ = x.Wait()
	if _, err := os.Stat(x.dir); err == nil || x.ProcessState.ExitCode() != 128+9 {
		t.Errorf("exit %d, %s: %v", x.ProcessState.ExitCode(), x.dir, err)
	}
}

// TestTheNextSandboxRemovesTheFolderOfAKilledOne, and of no other.
func TestTheNextSandboxRemovesTheFolderOfAKilledOne(t *testing.T) {
	tmp := t.TempDir()
	alive, killed := runSandbox(t, tmp, untilInputEnds), runSandbox(t, tmp, untilInputEnds)
	_ = killed.Process.Kill()
	_ = killed.Wait()
	if _, err := os.Stat(killed.dir); err != nil {
		t.Fatal(err)
	}
	next := runSandbox(t, tmp, untilInputEnds)
	if _, err := os.Stat(killed.dir); err == nil {
		t.Error("the folder of the killed one is still there")
	}
	for _, x := range []*runningSandbox{alive, next} {
		if _, err := os.Stat(x.dir); err != nil {
			t.Error(err)
		}
		_ = x.input.Close()
		if err := x.Wait(); err != nil {
			t.Error(err)
		}
	}
}
