package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
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
			c, err := env.connect(cmd.Context())
			if err != nil {
				return err
			}
			if !out.people() {
				return c.list(cmd.Context(), &out, args)
			}
			return c.describe(cmd.Context(), args)
		},
	}
	out.bind(cmd.Flags(), "json", "yaml", "name", "jsonpath=")
	return cmd
}

func (c *connection) describe(ctx context.Context, written []string) error {
	who, failed, err := c.letIn(ctx, written)
	if err != nil || len(who) == 0 {
		return errors.Join(err, errIf(failed))
	}
	data := c.awsAuthSoon(ctx)
	s, err := c.eks.Snapshot(ctx, access.Want{Principals: who})
	if err != nil {
		return err
	}
	c.checkRead(s)
	mappings := c.mappings(s.Cluster, who, data)
	names := c.names(ctx)
	for i, p := range who {
		if i > 0 {
			fmt.Fprintln(c.env.IO.Out)
		}
		failed = !c.describeOne(ctx, names, s, p, mappings) || failed
	}
	return errIf(failed || len(s.Unread) > 0)
}

// describeOne tells of one principal; false when nothing lets it in.
func (c *connection) describeOne(ctx context.Context, names names, s access.Snapshot, p access.Principal, mappings []access.Mapping) bool {
	if !c.lets(names, s, p, mappings) {
		return false
	}
	theirs := slices.DeleteFunc(slices.Clone(mappings), func(m access.Mapping) bool { return !m.For(p) })
	e, ok := s.Entry(p)
	d := printer.Description{Principal: p, Cluster: s.Cluster, Mappings: theirs, Now: c.env.Now()}
	if ok {
		d.Entry = &e
		lives, err := c.iam.Lives(ctx, []access.Entry{e})
		d.Hints = c.hintsOn(e, s.Cluster, lives[0])
		if !e.Managed() {
			d.Stale = marked(access.Snapshot{}, []access.Entry{e}, lives).Stale(p)
			d.Doubt = c.doubt(e, lives[0], err)
		}
		if d.Doubt != "" && slices.ContainsFunc(theirs, func(m access.Mapping) bool { return m.State == access.InForce }) {
			d.Hints = append(d.Hints, "If the "+p.Kind()+" was deleted and recreated after this entry, the entry no longer works, and the aws-auth mapping is active.")
		}
	}
	fmt.Fprint(c.env.IO.Out, d)
	return true
}

// doubt says why it is not known what became of the principal; "" where it is.
func (c *connection) doubt(e access.Entry, life iam.Life, err error) string {
	switch {
	case life != iam.LifeUnknown:
		return ""
	case err != nil:
		return err.Error()
	}
	return "only IAM of account " + e.Principal.Account() + " knows it"
}

// hintsOf says what about an entry may surprise, for which IAM is asked.
func (c *connection) hintsOf(ctx context.Context, e access.Entry, cluster access.Info) []string {
	return c.hintsOn(e, cluster, c.iam.Life(ctx, e))
}

func (c *connection) hintsOn(e access.Entry, cluster access.Info, life iam.Life) []string {
	who := e.Principal.Short(cluster.Account())
	revoke := c.env.command("revoke", string(e.Principal)) // the short form may mean another role by now
	var hints []string
	_, given := e.Grant(access.BatchNamespace)
	switch batch := e.Owner().Kind == access.ByBatch; {
	case batch && !given:
		hints = append(hints, "Jobs stay RUNNABLE in namespaces without: "+c.env.command("grant", who, "--policy", access.BatchNamespace.Short(), "-n", "NAMESPACE"))
	case e.Managed() && !batch:
		hints = append(hints, "AWS owns this entry; it cannot be changed.")
	}
	if e.Empty() && !e.Node() {
		hints = append(hints, "It lets in and grants nothing: "+c.env.command("grant", who, "--policy", "view", "-n", c.env.namespace()))
	}
	if at := e.Expires(); !at.IsZero() && at.Before(c.env.Now()) {
		hints = append(hints, "It was meant to end: "+revoke)
	}
	if o := e.Owner(); o.Instead != "" {
		hints = append(hints, "To change it: "+o.Instead)
	}
	switch {
	case life == iam.Gone:
		hints = append(hints, "The "+e.Principal.Kind()+" was deleted: "+revoke)
	case life == iam.Recreated && !e.Managed():
		hints = append(hints, "The "+e.Principal.Kind()+" was deleted and recreated after this entry, which is tied to the former one's ID. Revoke the entry, then grant it again: "+revoke)
	}
	return hints
}
