package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// help prints the candidates for kubectl. Even after an error nothing else is written to the terminal.
func (env *Env) help(ctx context.Context, plugin string, words []string) int {
	env.IO.ErrOut = io.Discard
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		defer func(was *os.File) { os.Stderr = was }(os.Stderr)
		os.Stderr = null // libraries write here
	}
	root := New(env, shell.NameOf("kubectl-"+plugin))
	if meaningless(root, words) {
		fmt.Fprintf(env.IO.Out, ":%d\n", cobra.ShellCompDirectiveNoFileComp)
		return 0
	}
	root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, words...))
	_ = root.ExecuteContext(ctx)
	return 0
}

// meaningless reports whether the words before the last one are not a command line: cobra would offer files then.
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
		Short: "Set up shell completion",
		Long: `kubectl (1.26 and later) completes "kubectl access" by running a program named kubectl_complete-access.
The plugin binary also acts as that program: install creates a link of that name beside the plugin, and
uninstall removes it. Completion of kubectl itself must be set up in your shell, see kubectl completion --help.

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
			if args[0] != "install" && args[0] != "uninstall" {
				return script(cmd.Root(), args[0], env.IO.Out)
			}
			done, err := shell.Helper(env.argv0, args[0] == "install")
			if err == nil {
				_, err = fmt.Fprintln(env.IO.Out, done)
			}
			return err
		},
	}
}

// script is for the program as it is called without kubectl.
func script(root *cobra.Command, name string, out io.Writer) error {
	root.Use = "kubectl-access"
	root.Annotations = nil
	switch name {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	}
	return root.GenPowerShellCompletionWithDesc(out)
}

// askQuestions are the commands whose arguments are a question, after so many others.
var askQuestions = map[string]int{"who-can": 0, "explain": 1}

// completeArguments offers principals, and after them what the question is about.
func (env *Env) completeArguments(ask func(cluster.Written) cluster.Offer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if before, question := askQuestions[cmd.Name()]; question && len(args) >= before {
			return completeQuestion(len(args)-before, typed), cobra.ShellCompDirectiveNoFileComp
		}
		var as cluster.Written = cluster.InShort
		if strings.HasPrefix(typed, "arn:") {
			as = cluster.InFull
		}
		return env.ask(ask(as))(cmd, args, typed)
	}
}

// completeQuestion offers the verbs, then the types of Kubernetes, and after a slash their subresources.
func completeQuestion(asked int, typed string) (all []cobra.Completion) {
	switch asked {
	case 0:
		return matching(append(rights.Verbs(), "escalate"), typed)
	case 1:
		for _, t := range rights.Builtin() {
			all = append(all, t.Name)
			for _, sub := range t.Subresources {
				if strings.Contains(typed, "/") {
					all = append(all, t.Name+"/"+sub)
				}
			}
		}
	}
	return matching(all, typed)
}
