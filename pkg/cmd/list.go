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
		Short:   "List who is let into the cluster",
		Long: `List who is let into the cluster: every access entry with what it grants and, where the
cluster's mode still reads it, every line of the aws-auth ConfigMap.

With principals, list only their entries.`,
		Example: `  # Everybody who is let in
  kubectl access list

  # Their usernames and tags too
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
	env.notes(env.known(c, s))
	failed := access.Failed(notes) || len(s.Unread) > 0
	mappings := mappingsOf(s, who)
	names := c.Names(ctx)
	for _, p := range who {
		if !env.hasAccess(names, s, p) {
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

// known notes what makes an answer less than it seems.
func (env *Env) known(c *cluster.Cluster, s access.Snapshot) []access.Note {
	notes := c.Shown(s.Cluster)
	if !s.Cluster.Mode.ReadsEntries() {
		notes = append(notes, access.Notes(access.NoteMode, "", fmt.Sprintf("cluster %s is in mode %s and reads no access entries, only aws-auth. The cluster creator is an administrator too but is never listed. "+
			"To turn entries on (irreversible): %s", s.Cluster.Name, s.Cluster.Mode, env.program.Command("mode", string(access.ModeBoth), "--accept-risk=one-way-mode")))...)
	}
	notes = append(notes, s.Failures()...)
	if m := s.AWSAuth; m != nil && s.Cluster.Mode.ReadsConfigMap() {
		if m.Err != nil {
			notes = append(notes, access.Notes(access.NoteNotChecked, "", fmt.Sprintf("the cluster also reads the aws-auth ConfigMap, which could not be read: %v", m.Err))...)
		}
		for _, fault := range m.Faults {
			notes = append(notes, access.Notes(access.NoteMapping, "", "aws-auth: "+fault)...)
		}
	}
	return append(notes, s.DoubtNote()...)
}

// mappingsOf are the mappings of some principals, or of all; none where the cluster does not read aws-auth.
func mappingsOf(s access.Snapshot, who []access.Principal) []access.Mapping {
	if s.AWSAuth == nil || !s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.AWSAuth.Mappings), func(m access.Mapping) bool { return len(who) > 0 && !slices.ContainsFunc(who, m.For) })
}

// hasAccess reports whether a principal has an entry or a mapping. Where it has none, or the entry of a namesake overrides the
// mapping, an error was printed.
func (env *Env) hasAccess(names cluster.Names, s access.Snapshot, p access.Principal) bool {
	if _, ok := s.Entry(p); ok {
		return true
	}
	mapped := slices.ContainsFunc(mappingsOf(s, nil), func(m access.Mapping) bool { return m.For(p) })
	if slices.ContainsFunc(s.Unread, func(u access.Unread) bool { return u.Principal == p }) {
		return mapped // the entry's failure was printed already
	}
	if namesake, _ := names.Namesake(p); namesake == "" && mapped {
		return true
	}
	env.tell(names.NotFound(p, s.Cluster.Account(), "it has no entry and no aws-auth mapping"))
	return false
}
