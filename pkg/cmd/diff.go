package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// errDiffers says that the files and the cluster are not the same. Nothing is printed about it.
var errDiffers = errors.New("the cluster differs from the files")

// externalDiff is the variable that names another program to compare with, as kubectl has it.
const externalDiff = "KUBECTL_EXTERNAL_DIFF"

func newDiffCmd(env *Env) *cobra.Command {
	var f filesFlags
	cmd := &cobra.Command{
		Use:   "diff (-f FILE | CONTEXT CONTEXT)",
		Short: "Show what apply would change, or copy from one cluster to another",
		Long: `Show what apply would change, as rights: + what is added, - what goes. Nothing is sent.

With two contexts, show what copy would change to make the second cluster like the first, and which entries only
the second one has.

The exit code is 0 where the cluster is as the files say, 1 where it differs, and 2 for an error.
Where ` + externalDiff + ` names a program, it compares two folders instead, one file for each entry.`,
		Example: `  # What apply would change
  kubectl access diff -f access/

  # With the entries that would be deleted
  kubectl access diff -f access/ --set team --prune

  # For a pull request
  kubectl access diff -f access/ -o markdown

  # Two clusters
  kubectl access diff staging prod`,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: env.completeContexts,
		RunE: func(cmd *cobra.Command, args []string) error {
			env.comparing = true
			if len(args) > 0 {
				return env.diffClusters(cmd, &f, args)
			}
			if err := f.check(); err != nil {
				return usage(cmd, err)
			}
			files, err := env.files(&f)
			if err != nil {
				return err
			}
			return env.over(cmd.Context(), &f.fleetFlags, f.output.Format, false, func(ctx context.Context, own *Env) error {
				if err := own.diff(ctx, &f, files); !errors.Is(err, errNothing) {
					return err
				}
				return nil
			})
		},
	}
	f.bindFiles(cmd.Flags())
	f.output.bind(cmd.Flags(), "json", "yaml", "markdown")
	f.bindFleet(cmd.Flags(), true)
	return cmd
}

// diffClusters shows what would make one cluster like another one.
func (env *Env) diffClusters(cmd *cobra.Command, f *filesFlags, args []string) error {
	if len(args) != 2 || len(f.names) > 0 || f.set != "" || f.several() {
		return usage(cmd, errors.New("specify two contexts and nothing else, or files with -f"))
	}
	source, targets, err := env.copying(args[0], args[1:])
	if err != nil {
		return err
	}
	s, err := env.readSource(cmd.Context(), source)
	if err != nil {
		return err
	}
	each(cmd.Context(), targets, f.patience, func(ctx context.Context, own *Env) error {
		c, request, err := own.copied(ctx, s)
		if err != nil {
			return err
		}
		err = own.compare(ctx, f, c, request)
		if err != nil && !errors.Is(err, errDiffers) {
			return err
		}
		return own.same(cmp.Or(own.onlyHere(ctx, f, c, request), err))
	})
	sheets, _, failed := env.outcome(targets)
	return cmp.Or(f.output.Join(env.IO.Out, sheets, nil, false), failed)
}

func (env *Env) diff(ctx context.Context, f *filesFlags, files manifest.Files) error {
	c, request, err := env.filesRequest(ctx, f, files)
	if err != nil {
		return err
	}
	return env.same(env.compare(ctx, f, c, request))
}

// same says so where nothing differs.
func (env *Env) same(err error) error {
	if err == nil {
		fmt.Fprintln(env.IO.ErrOut, "No differences.")
	}
	return err
}

// onlyHere names the entries that a copy does not touch.
func (env *Env) onlyHere(ctx context.Context, f *filesFlags, c *cluster.Cluster, request change.Request) error {
	out := env.IO.ErrOut
	if f.output.People() {
		out = env.IO.Out
	}
	s, err := c.Snapshot(ctx, access.Want{All: true})
	if err != nil {
		return err
	}
	for _, e := range s.Entries {
		if !e.Managed() && !e.Node() && !slices.Contains(request.Who, e.Principal) {
			env.say(out, "only here: "+printer.Clean(e.Principal.Short(s.Cluster.Account()))+"\n")
			err = errDiffers
		}
	}
	return err
}

// compare shows what a request would change.
func (env *Env) compare(ctx context.Context, f *filesFlags, c *cluster.Cluster, request change.Request) error {
	p, err := env.proposed(ctx, c, request)
	if err != nil {
		return err
	}
	if err := env.showDiff(ctx, f, p); err != nil {
		return err
	}
	for _, risk := range p.Risks {
		env.warn("apply has a risk that must be accepted: %s: %s", risk.Name, risk.Why)
	}
	switch {
	case p.Incomplete:
		return errFailed
	case p.Plan.Empty():
		return nil
	}
	return errDiffers
}

// compared is what would make the cluster what the files say.
func (env *Env) compared(ctx context.Context, f *filesFlags) (*cluster.Cluster, change.Proposal, error) {
	files, err := env.files(f)
	if err != nil {
		return nil, change.Proposal{}, err
	}
	c, request, err := env.filesRequest(ctx, f, files)
	if err != nil {
		return c, change.Proposal{}, err
	}
	p, err := env.proposed(ctx, c, request)
	return c, p, err
}

// proposed is what a request would change.
func (env *Env) proposed(ctx context.Context, c *cluster.Cluster, request change.Request) (change.Proposal, error) {
	request.DryRun = true
	p, err := env.engine(c).Run(request).Propose(ctx)
	env.notes(p.Notes)
	return p, err
}

// showDiff prints the plan in the form that was asked for.
func (env *Env) showDiff(ctx context.Context, f *filesFlags, p change.Proposal) error {
	program := strings.Fields(os.Getenv(externalDiff))
	switch {
	case f.output.Name == "markdown":
		env.print(printer.PlanMarkdown(p.Plan, p.Risks, p.Notes, f.set))
	case f.output.Name != "":
		return f.output.Object(env.IO.Out, printer.PlanObject(p.Plan, p.Risks, p.Notes))
	case p.Plan.Empty():
	case len(program) > 0:
		return env.compareWith(ctx, program, p.Plan)
	default:
		var text strings.Builder
		printer.Plan(&text, p.Plan, printer.Colorful(env.IO.Out))
		env.print(text.String())
	}
	return nil
}

func (env *Env) print(text string) { fmt.Fprint(env.IO.Out, text) }

// compareWith hands two folders to another program: the entries as they are, and as the files say. That it ends with 1 means
// that they differ.
func (env *Env) compareWith(ctx context.Context, program []string, plan access.Plan) error {
	dir, err := os.MkdirTemp("", "kubectl-access-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	live, merged := filepath.Join(dir, "LIVE"), filepath.Join(dir, "MERGED")
	for _, folder := range []string{live, merged} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	for _, c := range plan.Changes {
		for folder, e := range map[string]*access.Entry{live: c.Before, merged: c.After} {
			if e == nil {
				continue
			}
			name, text, err := printer.EntryFile(*e, plan.Cluster)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
			}
			if err != nil {
				return err
			}
		}
	}
	cmd := exec.CommandContext(ctx, program[0], append(program[1:], live, merged)...) //nolint:gosec // the user names the program
	cmd.Stdout, cmd.Stderr = env.IO.Out, env.IO.ErrOut
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &ended) || ended.ExitCode() > exitFailed) {
		return fmt.Errorf("%s %s: %w", externalDiff, program[0], err)
	}
	return nil
}
