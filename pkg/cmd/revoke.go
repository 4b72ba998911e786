package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// revokeFlags say what is to be taken away.
type revokeFlags struct {
	changeFlags
	picking
	scopeFlags
	groups    []string
	entryOnly bool
}

func newRevokeCmd(env *Env) *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use:        "revoke PRINCIPAL... [--policy POLICY] [-n NAMESPACE] [--group GROUP]",
		SuggestFor: []string{"delete", "remove", "rm", "deny"},
		Short:      "Take exactly what is named from principals; nothing named: the whole entry",
		Long: `Revoke exactly what is named. With nothing named, revoke all access of the principals: the access
entry and, where the cluster reads aws-auth, their mappings. A change of aws-auth is shown and needs a
yes, or --yes. Use --entry-only to leave the mappings.

A change that would lock you or everybody out, or disconnect nodes, is refused by the name of its risk.`,
		Example: `  # Take one policy away
  kubectl access revoke role/dev --policy edit

  # Take one namespace out of a policy's scope, and leave the others
  kubectl access revoke role/dev --policy view -n qa

  # Revoke two policies, each in a namespace of its own
  kubectl access revoke role/ci/deployer --policy edit:staging --policy view:dev

  # Put somebody out
  kubectl access revoke user/alice`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.Check(); err != nil {
				return usage(cmd, err)
			}
			args, err := f.ask(env, cmd, args)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return usage(cmd, errors.New("from whom to take is missing: role/NAME, user/NAME, sso/PERMISSION_SET or an ARN"))
			}
			return env.revoke(cmd.Context(), &f, args)
		},
	}
	fs := cmd.Flags()
	f.bindScopes(fs, "Access policies to revoke. POLICY:NAMESPACE,... revokes a policy in these namespaces only",
		"Namespaces to remove from the scopes of the policies that have none of their own; without --policy, of all policies", "")
	fs.StringSliceVar(&f.groups, "group", nil, "Kubernetes groups to take away")
	fs.BoolVar(&f.entryOnly, "entry-only", false, "Revoke the access entry and leave the principal's aws-auth mappings")
	f.bind(fs)
	f.bindAsk(fs)
	return cmd
}

func (env *Env) revoke(ctx context.Context, f *revokeFlags, written []string) error {
	c, who, notes, err := env.resolve(ctx, written, true)
	if err != nil {
		return err
	}
	what := edit.Revocation{Groups: f.groups}
	whole := len(f.Policies)+len(f.Namespaces)+len(f.groups) == 0
	r := change.Revoke(who, &what, whole, f.entryOnly, c.Names(ctx), c)
	r.Incomplete, r.Asks, r.Told = access.Failed(notes), f.line != nil, f.line
	r.Prepare = func(ctx context.Context) (err error) {
		if len(f.Policies) == 0 && len(f.Namespaces) > 0 {
			what.Grants = []access.Grant{{Scope: access.Scope{Namespaces: f.Namespaces}}}
			return nil
		}
		what.Grants, err = c.Granted(ctx, f.Scoped())
		return err
	}
	_, err = env.run(ctx, c, &f.changeFlags, r)
	return err
}
