package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newDescribeCmd(env *Env) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "describe PRINCIPAL...",
		Short: "Show entries in full: what each grant allows, tags, times and hints",
		Example: `  # All about one role's access
  kubectl access describe role/team/dev

  # About your own
  kubectl access describe me`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return usage(cmd, err)
			}
			args, err := env.askWhom(cmd, args)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return usage(cmd, errors.New("whom to describe is missing: role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me"))
			}
			if !out.people() {
				return env.list(cmd.Context(), &out, args)
			}
			return env.describe(cmd.Context(), args)
		},
	}
	out.bind(cmd.Flags(), "json", "yaml", "name", "jsonpath=")
	return cmd
}

func (env *Env) describe(ctx context.Context, written []string) error {
	c, who, notes, err := env.resolve(ctx, written, true)
	if err != nil || len(who) == 0 {
		return cmp.Or(err, errFailed)
	}
	s, err := c.Snapshot(ctx, access.Want{Principals: who, AWSAuth: true, Lives: access.AllLives})
	if err != nil {
		return err
	}
	env.notes(env.known(c, s))
	failed := access.Failed(notes) || len(s.Unread) > 0
	names := c.Names(ctx)
	for i, p := range who {
		if i > 0 {
			fmt.Fprintln(env.IO.Out)
		}
		if !env.hasAccess(names, s, p) {
			failed = true
			continue
		}
		fmt.Fprint(env.IO.Out, env.description(s, p))
	}
	return errIf(failed)
}

// description is one principal's.
func (env *Env) description(s access.Snapshot, p access.Principal) printer.Description {
	d := printer.Description{Principal: p, Cluster: s.Cluster, Mappings: mappingsOf(s, []access.Principal{p}), Now: env.Now()}
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

// hintsOn says what about an entry may surprise.
func (env *Env) hintsOn(e access.Entry, cluster access.Info, stale access.Stale) []string {
	who := e.Principal.Short(cluster.Account())
	revoke := env.command("revoke", string(e.Principal)) // the short form may mean another role by now
	var hints []string
	_, given := e.Grant(access.BatchNamespace)
	switch batch := e.Owner().Kind == access.ByBatch; {
	case batch && !given:
		hints = append(hints, "Jobs stay RUNNABLE in namespaces without: "+env.command("grant", who, "--policy", access.BatchNamespace.Short(), "-n", "NAMESPACE"))
	case e.Managed() && !batch:
		hints = append(hints, "AWS owns this entry; it cannot be changed.")
	}
	if e.Empty() && !e.Node() {
		hints = append(hints, "It lets in and grants nothing: "+env.command("grant", who, "--policy", "view", "-n", env.namespace()))
	}
	if at := e.Expires(); !at.IsZero() && at.Before(env.Now()) {
		hints = append(hints, "It was meant to end: "+revoke)
	}
	if o := e.Owner(); o.Instead != "" {
		hints = append(hints, "To change it: "+o.Instead)
	}
	switch {
	case stale == access.StaleDeleted:
		hints = append(hints, "The "+e.Principal.Kind()+" was deleted: "+revoke)
	case stale == access.StaleRecreated && !e.Managed():
		hints = append(hints, "The "+e.Principal.Kind()+" was deleted and recreated after this entry, which is tied to the former one's ID. Revoke the entry, then grant it again: "+revoke)
	}
	return hints
}
