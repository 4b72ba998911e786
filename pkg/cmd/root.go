// Package cmd is the command line: flags in, one edit or one look at the cluster, text out.
package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Run executes the command line and returns the exit code: 0 done, 1 failed, 2 refused or cancelled.
func Run(ctx context.Context, env *Env, args []string) int {
	if plugin, ok := shell.HelperOf(args[0]); ok {
		return env.help(ctx, plugin, args[1:])
	}
	env.argv0, env.typed = args[0], args
	var out *data
	if !printer.Terminal(env.IO.Out) {
		out = &data{Writer: env.IO.Out}
		env.IO.Out = out
	}
	root := New(env, shell.NameOf(args[0]))
	root.SetArgs(args[1:])
	spoken := printer.CleanStderr(env.IO.ErrOut)
	err := root.ExecuteContext(ctx)
	env.ending()
	spoken()
	switch {
	case out == nil || out.lost == nil:
	case errors.Is(out.lost, syscall.EPIPE) && !env.sent.Load() && (err == nil || errors.Is(err, syscall.EPIPE)):
		if err != nil && env.changing {
			return exitFailed // a change that was not begun
		}
		return exitDone // the reader has seen enough, as head does
	case err == nil:
		err = out.lost
	}
	if err == nil {
		return exitDone
	}
	return env.finish(err)
}

// data is a file or a pipe on stdout. It remembers write errors: printers drop them, and half of the output would look complete.
type data struct {
	io.Writer
	lost error
}

func (d *data) Write(p []byte) (int, error) {
	n, err := d.Writer.Write(p)
	if err != nil && d.lost == nil {
		d.lost = fmt.Errorf("write the output: %w", err)
	}
	return n, err
}

// New is the whole tree of commands.
func New(env *Env, name string) *cobra.Command {
	root := &cobra.Command{
		Use:           "access",
		Short:         "See who has access to an Amazon EKS cluster, grant it and revoke it",
		Long:          long,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Args:          known,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if printer.Terminal(env.IO.In) && printer.Terminal(env.IO.Out) && !printer.Dumb() {
				return env.screen(cmd.Context())
			}
			return fmt.Errorf("%w: the full-screen interface needs a terminal; to list who has access: %s", access.ErrRefused, env.program.Command("list"))
		},
	}
	root.SetIn(env.IO.In)
	root.SetOut(env.IO.Out)
	root.SetErr(env.IO.ErrOut)
	env.program.Name = name
	env.bind(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		env.program.Flags, env.program.Kube = env.typedFlags(), env.kubectlWords
		return cmp.Or(noneBlank(cmd), notTogether(cmd))
	}
	root.SuggestionsMinimumDistance = 2
	root.SetHelpCommand(helpCommand(root))
	root.SetUsageFunc(env.usage)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { env.helpOn(cmd) })
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, meantFlag(cmd, err)) })
	root.AddCommand(
		newListCmd(env), newDescribeCmd(env), newWhoCanCmd(env), newExplainCmd(env), newAuditCmd(env), newHistoryCmd(env), newWhyCmd(env), newWhoamiCmd(env), newGrantCmd(env), newRevokeCmd(env), newApplyCmd(env), newDiffCmd(env), newCopyCmd(env), newExportCmd(env),
		newMigrateCmd(env), newModeCmd(env), newUndoCmd(env), newPoliciesCmd(env), newClusterCmd(env), newGetTokenCmd(env), newKubeconfigCmd(env), newSandboxCmd(env), newCompletionCmd(env), newOptionsCmd(env), newVersionCmd(env),
	)
	env.completeLive(root)
	for _, c := range root.Commands() {
		c.Example = strings.ReplaceAll(c.Example, "kubectl access", name)
	}
	return root
}

// known refuses an unknown command, and names similar ones.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant, all := "", cmd.SuggestionsFor(args[0])
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > 0 {
		meant = " (did you mean " + strings.Join(all, " or ") + "?)"
	}
	return usage(cmd, fmt.Errorf("unknown command %q%s", args[0], meant))
}

// kubectlWords select the cluster for kubectl itself, which takes full names of contexts only. With --eks-cluster it may be another
// cluster than that of the current context.
func (env *Env) kubectlWords() []string {
	words, typed := env.typedFlags("kubeconfig", "cluster", "user"), env.persist.Lookup("context").Value.String()
	if typed == "" && env.override.name == "" {
		return words
	}
	targets, _, _ := env.flags.Contexts() // none where the kubeconfig cannot be read
	targets = slices.DeleteFunc(targets, func(t kubeconfig.Target) bool {
		if typed != "" {
			return t.Context != typed && t.Short != typed
		}
		return t.Name != env.override.name || env.override.region != "" && t.Region != env.override.region
	})
	if len(targets) == 1 {
		typed = targets[0].Context
	}
	return append(words, "--context", cmp.Or(typed, shell.BlankContext))
}

// helpCommand is cobra's, but help about an unknown command is an error.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(_ *cobra.Command, _ []string, typed string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			for _, c := range root.Commands() {
				names = append(names, c.Name())
			}
			return matching(names, typed), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return known(root, args)
			}
			return about.Help()
		},
	}
}

// usual are flags that people know from other programs, and what they are here.
var usual = map[string]string{"p": "policy", "policies": "policy", "role": "role-arn", "ns": "namespace", "cluster-name": "eks-cluster", "all": "all-namespaces", "principal-arn": "", "user-arn": "", "role-name": ""}

// meantFlag names the flag that an unknown one may mean.
func meantFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &invalid) && invalid.GetFlag().Hidden:
		return errors.Unwrap(invalid) // it is there to say what to do instead
	case errors.As(err, &bare) && bare.GetSpecifiedName() == "v":
		return fmt.Errorf("%w: -v 6 shows each call to AWS", err)
	case !errors.As(err, &unknown):
		return err
	}
	typed := unknown.GetSpecifiedName()
	several := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(fleetFlags).bindFleet(several, false)
	if several.Lookup(typed) != nil {
		return fmt.Errorf("%w; this command is about one cluster: select it with --context", err)
	}
	if known, ok := usual[typed]; ok && known == "" {
		return fmt.Errorf("%w; write the principal without a flag: role/NAME, user/NAME or an ARN", err)
	} else if f := cmd.Flags().Lookup(known); ok && f != nil {
		return fmt.Errorf("%w (did you mean --%s?)", err, known)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	meant := access.DidYouMean(typed, names)
	return fmt.Errorf("%w%s", err, strings.Replace(meant, "mean ", "mean --", 1))
}

// flagInstead refuses an argument that must be the value of a flag.
func flagInstead(flag string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usage(cmd, fmt.Errorf("%s takes no arguments (did you mean %s %s?)", cmd.CommandPath(), flag, shell.Quote(args[0])))
	}
}

// noArgs refuses arguments where a command takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fmt.Errorf("%s takes no arguments: %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

// noneBlank refuses a flag with an empty value, as from "$UNSET": an empty list would look as if nothing had been named, which
// means the whole entry, or the current cluster.
func noneBlank(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		text := strings.Trim(f.Value.String(), "[]")
		if f.Value.Type() == "bool" || f.Value == cmd.Flags().Lookup("role-arn").Value {
			return // --role-arn "" says: no role, whatever the kubeconfig has
		}
		for word := range strings.SplitSeq(text, ",") {
			if strings.TrimSpace(word) == "" && err == nil {
				err = usage(cmd, fmt.Errorf("--%s has an empty value; is a variable unset?", f.Name))
			}
		}
	})
	return err
}

// notTogether refuses flags that exclude each other, before cobra does it in words for programmers.
func notTogether(cmd *cobra.Command) (err error) {
	var set []string
	cmd.Flags().Visit(func(f *pflag.Flag) { set = append(set, f.Name) })
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, group := range f.Annotations["cobra_annotation_mutually_exclusive"] {
			for _, name := range strings.Fields(group) {
				if name != f.Name && slices.Contains(set, name) && err == nil {
					err = usage(cmd, fmt.Errorf("--%s and --%s cannot be used together", f.Name, name))
				}
			}
		}
	})
	return err
}

const long = `See who has access to an Amazon EKS cluster, grant it and revoke it.

The cluster is the one that the current kubeconfig context points to. Access comes from access entries: an entry
names one IAM principal, and access policies that apply to the whole cluster or to some namespaces.
Older clusters also use the aws-auth ConfigMap.`
