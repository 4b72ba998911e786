package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// prompt begins the shell's.
const prompt = "(sandbox) "

// Command is a command in an environment, which also says where to find it. Without args it is the user's shell, whose prompt
// names the sandbox.
func (s *Sandbox) Command(environ, args []string) (*exec.Cmd, error) {
	if len(args) == 0 {
		var more []string
		var err error
		if args, more, err = promptingShell(userShell(), s.dir); err != nil {
			return nil, err
		}
		environ = append(environ, more...)
	}
	path := args[0]
	if !strings.ContainsRune(path, filepath.Separator) {
		found, err := lookPath(path, environ)
		if err != nil {
			return nil, err
		}
		path = found
	}
	c := exec.Command(path, args[1:]...)
	c.Args[0], c.Env = args[0], environ
	return c, nil
}

// promptingShell is the user's shell with another prompt: by a start file, which reads the user's own first, or by the
// environment.
func promptingShell(path, dir string) (args, environ []string, err error) {
	switch strings.TrimSuffix(filepath.Base(path), ".exe") {
	case "bash":
		file := filepath.Join(dir, "bashrc")
		return []string{path, "--rcfile", file}, nil, writeStart(file, `"$HOME"/.bashrc`)
	case "zsh":
		own := "'" + strings.ReplaceAll(filepath.Join(cmp.Or(os.Getenv("ZDOTDIR"), os.Getenv("HOME")), ".zshrc"), "'", `'\''`) + "'"
		return []string{path}, []string{"ZDOTDIR=" + dir}, writeStart(filepath.Join(dir, ".zshrc"), own)
	}
	return []string{path}, []string{"PS1=" + prompt + "$ "}, nil
}

//go:noinline
func writeStart(file, own string) error {
	return os.WriteFile(file, []byte("[ ! -f "+own+" ] || . "+own+"\nPS1=\""+prompt+"$PS1\"\n"), 0o600)
}

func userShell() string {
	if runtime.GOOS == "windows" {
		return cmp.Or(os.Getenv("COMSPEC"), "cmd.exe")
	}
	return cmp.Or(os.Getenv("SHELL"), "/bin/sh")
}

// lookPath searches the PATH of the environment that the command gets.
func lookPath(name string, environ []string) (string, error) {
	var path string
	for _, kv := range environ {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%q: %w", name, exec.ErrNotFound)
}

// Run runs a command to its end and passes signals on to it: those that passOn returns.
func Run(c *exec.Cmd, signals <-chan os.Signal, passOn func(os.Signal) os.Signal) error {
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case s := <-signals:
			if s = passOn(s); s != nil {
				_ = c.Process.Signal(s) // impossible on Windows, where the console has sent it to both
			}
		case err := <-ended:
			return statusOf(err)
		}
	}
}

// Status is the exit code of a command as a shell has it: 128 and the signal for one that was killed. The command has already
// said what went wrong.
type Status int

func (s Status) Error() string { return fmt.Sprintf("the command ended with %d", int(s)) }

func statusOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return Status(128 + int(w.Signal()))
	}
	return Status(exit.ExitCode())
}
