package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newListCmd(env *Env) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:     "list [PRINCIPAL...]",
		Aliases: []string{"ls", "get"},
		Short:   "List who has access to the cluster",
		Long: `List who has access to the cluster: every access entry with its grants and, where the cluster's mode
reads the aws-auth ConfigMap, every mapping in it.

With principals, list only their access.`,
		Example: `  # Everyone with access
  kubectl access list

  # With usernames and tags
  kubectl access list -o wide

  # One role, as a manifest for AWS Controllers for Kubernetes
  kubectl access list role/team/dev -o yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.list(cmd.Context(), &out, args)
		},
	}
	out.bindTable(cmd.Flags(), "json", "yaml", "name", "wide", "jsonpath=")
	return cmd
}

func (env *Env) list(ctx context.Context, out *output, written []string) error {
	c, who, notes, err := env.resolve(ctx, written, true)
	if err != nil || access.Failed(notes) && len(who) == 0 {
		return cmp.Or(err, errIf(access.Failed(notes)))
	}
	want := access.Want{All: len(written) == 0, Principals: who, AWSAuth: true, Lives: access.AllLives}
	if out.Name == "name" {
		want.Lives = access.NoLives
	}
	s, err := c.Snapshot(ctx, want)
	if err != nil {
		return err
	}
	env.notes(c.Known(s, env.program.Command))
	failed := access.Failed(notes) || len(s.Unread) > 0
	mappings := cluster.MappingsOf(s, who...)
	names := c.Names(ctx)
	for _, p := range who {
		if has, notes := names.HasAccess(s, p); !has {
			env.notes(notes)
			failed = true
			mappings = slices.DeleteFunc(mappings, func(m access.Mapping) bool { return m.For(p) && !m.Outweighed(s) })
		}
	}
	if err := env.printList(out, s, mappings, len(written) == 1); err != nil {
		return err
	}
	return errIf(failed)
}

func (env *Env) printList(out *output, s access.Snapshot, mappings []access.Mapping, one bool) error {
	if !out.People() {
		switch {
		case one && len(s.Entries) == 0 && len(mappings) > 0:
			return fmt.Errorf("accessentry/%s: %w: only an aws-auth mapping gives it access, and mappings are not in this output; run %s",
				mappings[0].Short(s.Cluster.Account()), access.ErrNotFound, env.program.Command("list", mappings[0].Short(s.Cluster.Account())))
		case len(mappings) > 0:
			env.warn("%d aws-auth mappings are not included; to see them, run %s", len(mappings), env.program.Command("list"))
		}
		return out.Snapshot(env.IO.Out, s, one)
	}
	rows := printer.Entries(s, mappings, env.Now())
	if len(rows) == 0 && !one {
		_, err := fmt.Fprintf(env.IO.ErrOut, "No access entries found in cluster %s.\n", printer.Clean(s.Cluster.Name))
		return err
	}
	if len(rows) == 0 {
		return nil // the failure was printed already
	}
	return out.Table(env.IO.Out, printer.EntryTable(rows))
}
