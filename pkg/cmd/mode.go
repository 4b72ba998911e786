package cmd

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newModeCmd(env *Env) *cobra.Command {
	var f changeFlags
	var several fleetFlags
	cmd := &cobra.Command{
		Use:   "mode [MODE]",
		Short: "Show or change the cluster's authentication mode (changes are irreversible)",
		Long: `Show which sources the cluster reads, and what each mode would mean for it: which mappings and nodes have
no access entry.

With MODE, change the mode: from CONFIG_MAP to API_AND_CONFIG_MAP, and from there to API. Each change is
irreversible. Mode API is refused while an active mapping has no entry.`,
		Example: `  # The mode, and what the next one means for this cluster
  kubectl access mode

  # Which clusters still read aws-auth
  kubectl access mode --all-contexts

  # Turn on access entries beside aws-auth
  kubectl access mode API_AND_CONFIG_MAP --context arn:aws:eks:us-west-2:111122223333:cluster/legacy --accept-risk=one-way-mode --yes`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []cobra.Completion{string(access.ModeBoth), string(access.ModeAPI)},
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := edit.ParseMode(strings.Join(args, ""))
			if err != nil && len(args) > 0 {
				return usage(cmd, err)
			}
			if to == "" {
				return env.over(cmd.Context(), &several, f.output.Format, false, func(ctx context.Context, own *Env) error { return own.showMode(ctx, &f) })
			}
			if several.several() {
				return errors.New("the mode is changed in one cluster at a time, because that is irreversible: select it with --context")
			}
			c, err := env.open(cmd.Context())
			if err != nil {
				return err
			}
			return env.setMode(cmd.Context(), c, &f, to)
		},
	}
	f.bind(cmd.Flags(), access.OneWayMode, access.LeaveMappings)
	f.bindAsk(cmd.Flags())
	f.bindSave(cmd.Flags())
	several.bindFleet(cmd.Flags(), false)
	return cmd
}

func (env *Env) setMode(ctx context.Context, c *cluster.Cluster, f *changeFlags, to access.Mode) error {
	_, err := env.run(ctx, c, f, modeRequest(to))
	return err
}

// modeRequest is the change to another mode.
func modeRequest(to access.Mode) change.Request {
	return change.Request{
		Kind: journal.SetMode, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true, Asks: true,
		Edit: func(access.Principal) access.Edit { return edit.SetMode(to) },
		Check: func(_ context.Context, s access.Snapshot) change.Checked {
			if s.Cluster.Mode.Next() != to {
				return change.Checked{}
			}
			return change.Checked{Notes: access.Notes(access.NoteMode, "", printer.ModeOf(s).Meaning(to))}
		},
	}
}

func (env *Env) showMode(ctx context.Context, f *changeFlags) error {
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	s, err := c.Snapshot(ctx, access.Want{All: true, AWSAuth: true, Lives: access.RivalLives})
	if err != nil {
		return err
	}
	env.notes(append(c.Shown(s.Cluster), s.Failures()...))
	r := printer.ModeOf(s)
	switch {
	case !f.output.People():
		err = f.output.Plain(env.IO.Out, r)
	case env.part != nil:
		err = f.output.Table(env.IO.Out, r.Row())
	default:
		env.say(env.IO.Out, r.Text(env.program.Command))
	}
	return cmp.Or(err, errIf(len(s.Unread) > 0))
}
