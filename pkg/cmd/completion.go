package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	pluginPrefix = "kubectl-"
	// helperPrefix begins the name of the program that kubectl asks for completions of a plugin.
	helperPrefix = "kubectl_complete-"
)

// helper is the plugin's name where the program was started as kubectl's helper for completion.
func helper(argv0 string) (string, bool) {
	return strings.CutPrefix(strings.TrimSuffix(filepath.Base(argv0), ".exe"), helperPrefix)
}

// help answers kubectl's question for candidates. Whatever goes wrong, nothing may reach the terminal but them.
func (env *Env) help(ctx context.Context, plugin string, words []string) int {
	env.IO.ErrOut = io.Discard
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		defer func(was *os.File) { os.Stderr = was }(os.Stderr)
		os.Stderr = null // libraries write here
	}
	root := New(env, displayName(pluginPrefix+plugin))
	if meaningless(root, words) {
		fmt.Fprintf(env.IO.Out, ":%d\n", cobra.ShellCompDirectiveNoFileComp)
		return 0
	}
	root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, words...))
	_ = root.ExecuteContext(ctx)
	return 0
}

// meaningless tells whether what stands before the last word means nothing: cobra would offer files then.
func meaningless(root *cobra.Command, words []string) bool {
	command, rest, err := root.Find(words[:max(0, len(words)-1)])
	if err == nil {
		err = command.ParseFlags(rest)
	}
	var value *pflag.ValueRequiredError // it is what is being typed
	return err != nil && !errors.As(err, &value)
}

func newCompletionCmd(env *Env) *cobra.Command {
	words := []string{"install", "uninstall", "bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion (install | uninstall | bash | zsh | fish | powershell)",
		Short: "Let the Tab key complete principals, policies, namespaces and all else",
		Long: `kubectl (1.26 and later) completes what follows "kubectl access" by asking a program that is named
kubectl_complete-access. This program is that too: install makes a link of that name beside the one
by which kubectl finds the plugin, and uninstall removes it. kubectl's own completion must be set up
in your shell, see kubectl completion --help.

The names of shells print a script that completes kubectl-access, without kubectl.`,
		Example: `  # Complete after "kubectl access"
  kubectl access completion install

  # Remove the link; do this before you uninstall the plugin
  kubectl access completion uninstall

  # Complete after "kubectl-access", in this shell
  kubectl access completion bash`,
		ValidArgs: words,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && slices.Contains(words, args[0]) {
				return nil
			}
			return usage(cmd, fmt.Errorf("%s takes one of: %s", cmd.CommandPath(), strings.Join(words, ", ")))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "install":
				return env.installHelper()
			case "uninstall":
				return env.uninstallHelper()
			}
			return script(cmd.Root(), args[0], env.IO.Out)
		},
	}
}

// script is for the program as it is called without kubectl.
func script(root *cobra.Command, shell string, out io.Writer) error {
	root.Use = "kubectl-access"
	root.Annotations = nil
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	}
	return root.GenPowerShellCompletionWithDesc(out)
}

// helperPaths are the file by which kubectl found the plugin, and the helper's beside it.
func (env *Env) helperPaths() (plugin, link string, err error) {
	plugin, err = exec.LookPath(env.argv0)
	if err != nil {
		return "", "", err
	}
	name, ok := strings.CutPrefix(filepath.Base(plugin), pluginPrefix)
	if !ok {
		return "", "", fmt.Errorf("%s is no name of a kubectl plugin: put the program on PATH as kubectl-access, and run kubectl access completion install", plugin)
	}
	return plugin, filepath.Join(filepath.Dir(plugin), helperPrefix+name), nil
}

// installHelper makes a relative link, which stays right when the plugin is upgraded in its place.
func (env *Env) installHelper() error {
	plugin, link, err := env.helperPaths()
	if err != nil {
		return err
	}
	if ours(link, plugin) {
		_, err = fmt.Fprintf(env.IO.Out, "%s unchanged\n", link)
		return err
	}
	if _, err := os.Lstat(link); err == nil {
		return fmt.Errorf("%s is there already and no link to %s: remove it first", link, filepath.Base(plugin))
	}
	err = os.Symlink(filepath.Base(plugin), link)
	if err != nil && runtime.GOOS == "windows" { // links take a privilege there
		err = copyFile(plugin, link)
	}
	if err != nil {
		return fmt.Errorf("make the link for completion: %w", err)
	}
	_, err = fmt.Fprintf(env.IO.Out, "%s created\n", link)
	return err
}

func (env *Env) uninstallHelper() error {
	plugin, link, err := env.helperPaths()
	if err != nil {
		return err
	}
	_, err = os.Lstat(link)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = fmt.Fprintf(env.IO.Out, "%s is not there\n", link)
		return err
	}
	if !ours(link, plugin) {
		return fmt.Errorf("%s is no link to %s: left as it is", link, filepath.Base(plugin))
	}
	if err := os.Remove(link); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.IO.Out, "%s removed\n", link)
	return err
}

// ours tells whether the helper was made by installHelper: a link to the plugin, on Windows perhaps a copy.
func ours(link, plugin string) bool {
	to, err := os.Readlink(link)
	if err == nil {
		return to == filepath.Base(plugin)
	}
	if runtime.GOOS != "windows" {
		return false
	}
	a, err := os.Stat(link)
	b, failed := os.Stat(plugin)
	return errors.Join(err, failed) == nil && a.Size() == b.Size()
}
