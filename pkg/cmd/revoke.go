package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// revokeFlags say what is to be taken away.
type revokeFlags struct {
	changeFlags
	picking
	scopeFlags
	groups []string
}

func newRevokeCmd(env *Env) *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use:        "revoke PRINCIPAL... [--policy POLICY] [-n NAMESPACE] [--group GROUP]",
		SuggestFor: []string{"delete", "remove", "rm", "deny"},
		Short:      "Take exactly what is named from principals; nothing named: the whole entry",
		Long: `Take from IAM roles and users what is named, and nothing else. With nothing named the whole
entry goes, and with it the way into the cluster, unless aws-auth has a line for it.

What would lock you or everybody out, or take nodes off the cluster, is refused by the name
of its risk.`,
		Example: `  # Take one policy away
  kubectl access revoke role/dev --policy edit

  # Take one namespace out of a policy's scope, and leave the others
  kubectl access revoke role/dev --policy view -n qa

  # Revoke two policies, each in a namespace of its own
  kubectl access revoke role/ci/deployer --policy edit:staging --policy view:dev

  # Put somebody out
  kubectl access revoke user/alice`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(f.check(), f.consistent()); err != nil {
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
	f.bindScopes(fs, "Access policies to revoke. POLICY:NAMESPACE,... revokes a policy in these namespaces only",
		"Namespaces to remove from the scopes of the policies that have none of their own; without --policy, of all policies", "")
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
	what := edit.Revocation{Groups: f.groups}
	ch := change{connection: c, flags: &f.changeFlags, who: who, incomplete: failed, takes: true, asks: f.line != nil, args: f.line}
	ch.prepare = func(ctx context.Context) (err error) {
		what.Grants, err = c.revoked(ctx, &f.scopeFlags)
		return err
	}
	ch.edit = func(p access.Principal) access.Edit { return edit.Revoke(p, what) }
	ch.remarks = func(before access.Snapshot) []string {
		return append(ch.missed(ctx, before), ch.absent(before, what)...)
	}
	if len(f.policies)+len(f.namespaces)+len(f.groups) == 0 {
		data := c.awsAuthSoon(ctx)
		ch.remarks = func(before access.Snapshot) []string {
			return append(ch.missed(ctx, before), ch.stillIn(before, data)...)
		}
	}
	return ch.run(ctx)
}

// revoked are the policies to take away. One that this version does not know may be newer, so AWS is asked for it.
func (c *connection) revoked(ctx context.Context, f *scopeFlags) ([]access.Grant, error) {
	if len(f.policies) == 0 && len(f.namespaces) > 0 {
		return []access.Grant{{Scope: access.Scope{Namespaces: f.namespaces}}}, nil
	}
	grants, err := access.ParseGrants(f.scoped(), embedded())
	if err == nil {
		return grants, nil
	}
	live, err := c.eks.Policies(ctx)
	if err != nil {
		return nil, err
	}
	return access.ParseGrants(f.scoped(), append(live, embedded()...))
}

// missed leaves out, and tells of, principals whom nothing can be taken from because nobody is called so. Who had an
// entry once, or could have one, is as the command wants it.
func (c *change) missed(ctx context.Context, before access.Snapshot) (remarks []string) {
	names := c.names(ctx)
	for _, p := range slices.Clone(c.who) {
		if _, has := before.Entry(p); has || slices.Contains(names.former(), p) {
			continue
		}
		doubt, err := c.nobody(ctx, names, p)
		if doubt != nil {
			remarks = append(remarks, fmt.Sprintf("%s has no entry, and whether there is such a %s is not known, so this may be a slip of the pen: %v", p.Short(before.Cluster.Account()), p.Kind(), doubt))
		}
		if err != nil {
			c.incomplete = true
			c.env.tell(err)
			c.who = slices.DeleteFunc(slices.Clone(c.who), func(q access.Principal) bool { return q == p })
		}
	}
	return remarks
}

// nobody is an error where an ARN that has no entry is one that IAM does not know, or a namesake has one.
func (c *change) nobody(ctx context.Context, names names, p access.Principal) (doubt, err error) {
	namesake, doubt := names.namesake(p)
	id := c.lookUp(ctx, p)
	switch {
	case namesake != "" || id.Missing:
		return nil, names.notFound(p, c.cluster.Account(), "it has no entry, and IAM has no such "+p.Kind())
	case id.Doubt != "":
		return errors.New(id.Doubt), nil
	}
	return doubt, nil
}

// stillIn tells of lines of aws-auth that let in whoever loses his entry, or never had one: the entry outweighed them.
func (c *change) stillIn(before access.Snapshot, data func(access.Info) (map[string]string, error)) (remarks []string) {
	for _, p := range c.who {
		for _, m := range c.connection.mappings(before.Cluster, []access.Principal{p}, data) {
			if m.State != access.InForce {
				continue
			}
			if _, had := before.Entry(p); !had {
				c.incomplete = true // nothing is taken, and the way in stays
			}
			remarks = append(remarks, fmt.Sprintf("without an entry %s is let in by %s: kubectl -n kube-system edit configmap aws-auth",
				p.Short(before.Cluster.Account()), wayOf(m)))
		}
	}
	return remarks
}

// wayOf names a line as a way in, and what closes it.
func wayOf(m access.Mapping) string {
	switch {
	case m.Kind == access.MappedAccount:
		return "the line of aws-auth for everybody in account " + m.ARN + ", without groups; it goes on until that line is taken out for all of them"
	case len(m.Groups) == 0:
		return "a line of aws-auth, with no groups; take that line out too"
	}
	return "a line of aws-auth, with groups " + strings.Join(m.Groups, ", ") + "; take that line out too"
}
