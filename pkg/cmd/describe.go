package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newDescribeCmd(env *Env) *cobra.Command {
	var out output
	var several fleetFlags
	var rules, history bool
	cmd := &cobra.Command{
		Use:   "describe PRINCIPAL...",
		Short: "Show the access of principals in detail: status, rights and their sources, tags, times and hints",
		Long: `Show the access of principals in detail. What each access policy allows is put into words; --rules lists its
Kubernetes rules. What RBAC gives to the groups and the username is listed with its bindings.`,
		Example: `  # The access of one role
  kubectl access describe role/team/dev

  # With the Kubernetes rules of its policies
  kubectl access describe role/team/dev --rules

  # Your own access
  kubectl access describe me

  # The access of a permission set in every cluster of the kubeconfig
  kubectl access describe sso/Developer --all-contexts`,
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := env.askWhom(cmd, args)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return usage(cmd, errors.New("specify at least one principal: role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me"))
			}
			return env.over(cmd.Context(), &several, out.Format, true, func(ctx context.Context, own *Env) error {
				if !out.People() {
					return own.list(ctx, &listFlags{output: out, written: args})
				}
				return own.describe(ctx, args, rules, history)
			})
		},
	}
	cmd.Flags().BoolVar(&rules, "rules", false, "List the Kubernetes rules of each access policy")
	cmd.Flags().BoolVar(&history, "history", false, "Read from CloudTrail since when and from which person it has its access; takes some seconds")
	out.bind(cmd.Flags(), "json", "yaml", "name", "jsonpath=")
	several.bindFleet(cmd.Flags(), true)
	return cmd
}

func (env *Env) describe(ctx context.Context, written []string, rules, history bool) error {
	c, who, notes, err := env.resolve(ctx, written, true)
	if err != nil || len(who) == 0 {
		return cmp.Or(err, errFailed)
	}
	s, err := c.Snapshot(ctx, access.Want{Principals: who, AWSAuth: true, RBAC: true, Lives: access.AllLives})
	if err != nil {
		return err
	}
	env.notes(c.Known(s, env.program.Command))
	failed := access.Failed(notes) || len(s.Unread) > 0
	names := c.Names(ctx)
	for i, p := range who {
		if i > 0 {
			fmt.Fprintln(env.IO.Out)
		}
		if has, notes := names.HasAccess(s, p); !has {
			env.notes(notes)
			failed = true
			continue
		}
		d := env.description(s, p)
		d.Brief, d.Since = !rules, env.since(ctx, c, s, p, history)
		env.say(env.IO.Out, d.String())
	}
	return errIf(failed)
}

// description is one principal's.
func (env *Env) description(s access.Snapshot, p access.Principal) printer.Description {
	d := printer.Description{
		Principal: p, Cluster: s.Cluster, Mappings: cluster.MappingsOf(s, p), Now: env.Now(), Rights: s.Access(p), Width: printer.TerminalWidth(env.IO.Out),
	}
	for _, m := range s.Missing() {
		if m.What == access.ReadBindings {
			d.NoRBAC = m.Reason()
		}
	}
	e, ok := s.Entry(p)
	if !ok {
		return d
	}
	d.Entry, d.Stale = &e, s.Stale(p)
	d.Hints = env.hintsOn(e, s.Cluster, d.Stale)
	if slices.Contains(s.Doubtful, p) {
		d.Doubt = s.Doubt.Error()
	}
	if d.Doubt != "" && slices.ContainsFunc(d.Mappings, func(m access.Mapping) bool { return m.State == access.InForce }) {
		d.Hints = append(d.Hints, "If the "+p.Kind()+" was deleted and recreated after this entry, the entry no longer works, and the aws-auth mapping is active.")
	}
	return d
}

// hintsOn are the hints on an entry.
func (env *Env) hintsOn(e access.Entry, info access.Info, stale access.Stale) []string {
	return printer.Hints(e, info, stale, env.namespace(), env.Now(), env.program.Command)
}
