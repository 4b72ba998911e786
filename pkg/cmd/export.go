package cmd

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/export"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newExportCmd(env *Env) *cobra.Command {
	var to string
	var temporary bool
	forms := export.Forms()
	one := strings.Join(forms, ", ")
	cmd := &cobra.Command{
		Use:   "export --to FORM [PRINCIPAL...]",
		Short: "Write access entries as code for Terraform, CloudFormation and other tools",
		Long: `Write access entries as code for another tool, which then takes them over: nothing is created twice, and nothing
is deleted by accident. The first lines of the output say what to do with it. Nothing is sent to the cluster.

With principals, only their entries. Entries that AWS keeps for itself are left out; so are entries for nodes unless
they are named, and temporary ones without --include-temporary. What a form cannot say is a comment in it, and a warning.`,
		Example: `  # All entries, with import blocks
  kubectl access export --to terraform > access.tf

  # The input of the module terraform-aws-modules/eks
  kubectl access export --to terraform-module role/team/dev

  # For a GitOps cluster with the controller of AWS
  kubectl access export --to ack > access.yaml

  # For a stack
  kubectl access export --to cloudformation > template.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return usage(cmd, errors.New("specify the form: --to FORM, one of: "+one))
			}
			return env.export(cmd.Context(), to, temporary, args)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&to, "to", "", "The form to write. One of: "+one)
	_ = fs.SetAnnotation("to", values, forms)
	checkFlag(fs, "to", func() error {
		if !slices.Contains(forms, to) {
			return errors.New("must be one of: " + one)
		}
		return nil
	})
	fs.BoolVar(&temporary, "include-temporary", false, "Include entries with an expiry")
	return cmd
}

func (env *Env) export(ctx context.Context, to string, temporary bool, written []string) error {
	c, who, notes, err := env.resolve(ctx, written, true)
	if err != nil || access.Failed(notes) && len(who) == 0 {
		return cmp.Or(err, errFailed)
	}
	s, err := c.Snapshot(ctx, access.Want{All: len(written) == 0, Principals: who})
	if err != nil {
		return err
	}
	env.notes(c.Known(s, env.program.Command))
	failed := access.Failed(notes) || len(s.Unread) > 0
	names := c.Names(ctx)
	for _, p := range who {
		_, has := s.Entry(p)
		if unread := slices.ContainsFunc(s.Unread, func(u access.Unread) bool { return u.Principal == p }); !has && !unread {
			failed = true
			env.tell(names.NotFound(p, s.Cluster.Account(), "only access entries are exported, and it has none"))
		}
	}
	x := export.Choose(&s, who, temporary)
	if left := x.LeftOut(); left != "" {
		env.say(env.IO.ErrOut, "Left out: "+left+".\n")
	}
	if s.Cluster.Mode.ReadsConfigMap() && len(written) == 0 {
		env.warn("aws-auth mappings are not exported; to turn them into entries first, run %s", env.program.Command("migrate"))
	}
	if len(x.Entries) == 0 {
		env.say(env.IO.ErrOut, "No access entries to export in cluster "+printer.Clean(s.Cluster.Name)+".\n")
		return errIf(failed || len(written) > 0)
	}
	env.printExport(x.Write(to, env.program.Elsewhere().Command(append([]string{"export", "--to", to}, written...)...)))
	return errIf(failed)
}

func (env *Env) printExport(t export.Text) {
	for _, warning := range t.Warnings {
		env.warn("%s", warning)
	}
	if t.JSON {
		t.Text = printer.EscapeJSON(t.Text)
	}
	env.print(t.Text)
	if t.Next != "" {
		env.say(env.IO.ErrOut, t.Next+"\n")
	}
}
