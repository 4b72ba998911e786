package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// revokeFlags say what is to be taken away.
type revokeFlags struct {
	changeFlags
	picking
	policies, namespaces, groups []string
}

func newRevokeCmd(env *Env) *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use:   "revoke PRINCIPAL... [--policy POLICY] [-n NAMESPACE] [--group GROUP]",
		Short: "Take exactly what is named from principals; nothing named: the whole entry",
		Long: `Take from IAM roles and users what is named, and nothing else. With nothing named the whole
entry goes, and with it the way into the cluster, unless aws-auth has a line for it.

What would lock you or everybody out, or take nodes off the cluster, is refused by the name
of its risk.`,
		Example: `  # Take one policy away
  kubectl access revoke role/dev --policy edit

  # Take one namespace out of a policy's scope, and leave the others
  kubectl access revoke role/dev --policy view -n qa

  # Put somebody out
  kubectl access revoke user/alice`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return usage(cmd, err)
			}
			args, err := f.ask(env, cmd, args)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return usage(cmd, errors.New("from whom to take is missing: role/NAME, user/NAME, sso/PERMISSION_SET or an ARN"))
			}
			c, err := env.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.revoke(cmd.Context(), &f, args)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.policies, "policy", nil, "Access policies to take away")
	fs.StringSliceVarP(&f.namespaces, "namespace", "n", nil, "Namespaces to take out of the policies' scopes")
	fs.StringSliceVar(&f.groups, "group", nil, "Kubernetes groups to take away")
	f.bind(fs)
	f.bindAsk(fs)
	completeFlags(cmd)
	return cmd
}

func (c *connection) revoke(ctx context.Context, f *revokeFlags, written []string) error {
	who, failed, err := c.letIn(ctx, written)
	if err != nil {
		return err
	}
	what := edit.Revocation{Namespaces: f.namespaces, Groups: f.groups}
	ch := change{connection: c, flags: &f.changeFlags, who: who, incomplete: failed, takes: true, asks: f.line != nil, args: f.line}
	ch.prepare = func(ctx context.Context) (err error) {
		if what.Policies, err = parsePolicies(f.policies, embedded()); err != nil { // newer than this program?
			var live []access.Policy
			if live, err = c.eks.Policies(ctx); err == nil {
				what.Policies, err = parsePolicies(f.policies, append(live, embedded()...))
			}
		}
		return err
	}
	ch.edit = func(p access.Principal) access.Edit { return edit.Revoke(p, what) }
	if len(f.policies)+len(f.namespaces)+len(f.groups) == 0 {
		data := c.awsAuthSoon(ctx)
		ch.remarks = func(before access.Snapshot) []string { return ch.stillIn(before, data) }
	}
	return ch.run(ctx)
}

// stillIn tells of lines of aws-auth that let in whoever loses his entry, or never had one: the entry outweighed them.
func (c *change) stillIn(before access.Snapshot, data func() (map[string]string, error)) (remarks []string) {
	for _, p := range c.who {
		for _, m := range c.connection.mappings(before.Cluster, []access.Principal{p}, data) {
			if m.State != access.InForce {
				continue
			}
			if _, had := before.Entry(p); !had {
				c.incomplete = true // nothing is taken, and the way in stays
			}
			what := "no groups"
			if len(m.Groups) > 0 {
				what = "groups " + strings.Join(m.Groups, ", ")
			}
			remarks = append(remarks, fmt.Sprintf("without an entry %s is let in by a line of aws-auth, with %s; take that line out too: kubectl -n kube-system edit configmap aws-auth",
				p.Short(before.Cluster.Account()), what))
		}
	}
	return remarks
}
