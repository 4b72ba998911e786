package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
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
			if err := out.check(); err != nil {
				return usage(cmd, err)
			}
			c, err := env.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.list(cmd.Context(), &out, args)
		},
	}
	out.bindTable(cmd.Flags(), "json", "yaml", "name", "wide", "jsonpath=")
	return cmd
}

func (c *connection) list(ctx context.Context, out *output, written []string) error {
	who, failed, err := c.letIn(ctx, written)
	if err != nil || failed && len(who) == 0 {
		return errors.Join(err, errIf(failed))
	}
	data := c.awsAuthSoon(ctx)
	s, err := c.eks.Snapshot(ctx, access.Want{All: len(written) == 0, Principals: who})
	if err != nil {
		return err
	}
	c.checkRead(s)
	mappings := c.mappings(s.Cluster, who, data)
	names := c.names(ctx)
	for _, p := range who {
		if !c.lets(names, s, p, mappings) {
			failed = true
			mappings = slices.DeleteFunc(mappings, func(m access.Mapping) bool { return m.For(p) && !m.Outweighed(s) })
		}
	}
	if err := c.printList(ctx, out, s, mappings, len(written) == 1); err != nil {
		return err
	}
	return errIf(failed || len(s.Unread) > 0)
}

func errIf(failed bool) error {
	if failed {
		return errFailed
	}
	return nil
}

func (c *connection) printList(ctx context.Context, out *output, s access.Snapshot, mappings []access.Mapping, one bool) error {
	env := c.env
	if out.format != "name" {
		s = c.withStale(ctx, s, mappings)
	}
	if !out.people() {
		switch {
		case one && len(s.Entries) == 0 && len(mappings) > 0:
			return fmt.Errorf("accessentry/%s: %w: aws-auth lets it in without an entry, and its lines have no form of their own: %s",
				mappings[0].Short(s.Cluster.Account()), access.ErrNotFound, env.command("list", mappings[0].Short(s.Cluster.Account())))
		case len(mappings) > 0:
			env.warn("mappings of aws-auth are no entries and not in this output, there are %d: %s", len(mappings), env.command("list"))
		}
		return out.snapshot(env.IO.Out, s, one)
	}
	t := printer.Entries(s, mappings, env.Now())
	if len(t.Rows) == 0 && !one {
		_, err := fmt.Fprintf(env.IO.ErrOut, "No access entries found in cluster %s.\n", printer.Clean(s.Cluster.Name))
		return err
	}
	if len(t.Rows) == 0 {
		return nil // who was asked for and is not there was told already
	}
	return out.table(env.IO.Out, t)
}

// checkRead warns of what makes the answer less than it seems.
func (c *connection) checkRead(s access.Snapshot) {
	c.tellCluster(s.Cluster)
	if !s.Cluster.Mode.ReadsEntries() {
		c.env.warn("cluster %s is in mode %s and reads no access entries, only aws-auth; its creator is an administrator that no list shows. "+
			"Entries are turned on, a step that cannot be taken back, by: %s", s.Cluster.Name, s.Cluster.Mode, c.env.command("mode", string(access.ModeBoth), "--accept-risk=one-way-mode"))
	}
	for _, u := range s.Unread {
		c.env.tell(fmt.Errorf("accessentry/%s: %w", u.Principal.Short(s.Cluster.Account()), u.Err))
	}
}

// mappings are the lines of aws-auth, of some principals or of all. Where the ConfigMap cannot be
// read, one warning says so.
func (c *connection) mappings(cluster access.Info, who []access.Principal, read func(access.Info) (map[string]string, error)) []access.Mapping {
	if !cluster.Mode.ReadsConfigMap() {
		return nil
	}
	data, err := read(cluster)
	if errors.Is(err, access.ErrNotFound) {
		return nil
	}
	if err != nil {
		c.env.warn("the cluster also reads the aws-auth ConfigMap, which could not be read: %v", err)
		return nil
	}
	m := awsauth.Parse(data)
	for _, d := range m.Defects {
		if d.Item == 0 { // what is wrong with a single line stands beside it
			c.env.warn("aws-auth: %s: %s", d.Key, d.Text)
		}
	}
	if len(who) == 0 {
		return m.Mappings
	}
	var theirs []access.Mapping
	for _, line := range m.Mappings {
		if slices.ContainsFunc(who, line.For) {
			theirs = append(theirs, line)
		}
	}
	return theirs
}

// lets tells whether an entry or a line of aws-auth is there for somebody. Where none is, or an entry of a namesake wins over
// the line, an error was told.
func (c *connection) lets(names names, s access.Snapshot, p access.Principal, mappings []access.Mapping) bool {
	if _, ok := s.Entry(p); ok {
		return true
	}
	if slices.ContainsFunc(s.Unread, func(u access.Unread) bool { return u.Principal == p }) {
		return mapped(mappings, p) // of the entry it was told already
	}
	if namesake, _ := names.namesake(p); namesake == "" && mapped(mappings, p) {
		return true
	}
	c.env.tell(names.notFound(p, s.Cluster.Account(), "no entry and no line of aws-auth lets it in"))
	return false
}

func mapped(mappings []access.Mapping, p access.Principal) bool {
	return slices.ContainsFunc(mappings, func(m access.Mapping) bool { return m.For(p) })
}
