package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// revokeFlags are the flags of revoke.
type revokeFlags struct {
	changeFlags
	fleetFlags
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
		Short:      "Revoke a policy, namespace or group, or all access of a principal",
		Long: `Revoke exactly what is named. With nothing named, revoke all access of the principals: the access
entry and, where the cluster reads aws-auth, their mappings. A change of aws-auth is shown and needs
confirmation, or --yes. Use --entry-only to keep the mappings.

A change that would lock out you or everyone else, or disconnect nodes, is refused with the name of the risk.`,
		Example: `  # Revoke one policy
  kubectl access revoke role/dev --policy edit

  # Remove one namespace from the scope of a policy
  kubectl access revoke role/dev --policy view -n qa

  # Revoke two policies, each in a namespace of its own
  kubectl access revoke role/ci/deployer --policy edit:staging --policy view:dev

  # Revoke all access of a user
  kubectl access revoke user/alice

  # In every cluster of the kubeconfig, with one question
  kubectl access revoke role/team/dev --contexts demo --contexts staging --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.Check(); err != nil {
				return usage(cmd, err)
			}
			if !f.several() {
				var err error
				if args, err = f.ask(env, cmd, args); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				return usage(cmd, errors.New("specify at least one principal: role/NAME, user/NAME, sso/PERMISSION_SET or an ARN"))
			}
			return env.change(cmd.Context(), &f.changeFlags, &f.fleetFlags, f.asking(args))
		},
	}
	f.bindRevoke(cmd.Flags())
	return cmd
}

func (f *revokeFlags) bindRevoke(fs *pflag.FlagSet) {
	f.bindScopes(fs, "Access policies to revoke. POLICY:NAMESPACE,... revokes a policy in these namespaces only",
		"Namespaces to remove from the scopes of the policies without their own; without --policy, of all policies", "")
	fs.StringSliceVar(&f.groups, "group", nil, "Kubernetes groups to remove")
	fs.BoolVar(&f.entryOnly, "entry-only", false, "Revoke the access entry and leave the principal's aws-auth mappings")
	f.bind(fs, access.RestoreMapping, access.BreakCapability)
	f.bindAsk(fs)
	f.bindSave(fs)
	f.bindFleet(fs, false)
}

func (f *revokeFlags) asking(args []string) asking {
	return func(ctx context.Context, own *Env) (*cluster.Cluster, change.Request, error) {
		return own.revoke(ctx, f, args)
	}
}

// revoke is the request for one cluster.
func (env *Env) revoke(ctx context.Context, f *revokeFlags, written []string) (*cluster.Cluster, change.Request, error) {
	c, who, notes, err := env.resolve(ctx, written, true)
	if err != nil {
		return nil, change.Request{}, err
	}
	what := &edit.Revocation{Groups: f.groups}
	whole := len(f.Policies)+len(f.Namespaces)+len(f.groups) == 0
	r := change.Revoke(who, what, whole, f.entryOnly, c.Names(ctx), c)
	r.Incomplete, r.Asks, r.Told = access.Failed(notes), f.line != nil, f.line
	r.Prepare = func(ctx context.Context) (err error) {
		if len(f.Policies) == 0 && len(f.Namespaces) > 0 {
			what.Grants = []access.Grant{{Scope: access.Scope{Namespaces: f.Namespaces}}}
			return nil
		}
		what.Grants, err = c.Granted(ctx, f.Scoped())
		return err
	}
	return c, r, nil
}
