package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
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
	fs.BoolVar(&f.entryOnly, "entry-only", false, "Revoke the access entry and leave the principal's aws-auth mappings")
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
	whole := len(f.policies)+len(f.namespaces)+len(f.groups) == 0
	ch := c.revoking(ctx, &f.changeFlags, who, &what, whole, f.entryOnly)
	ch.incomplete, ch.asks, ch.args = failed, f.line != nil, f.line
	ch.prepare = func(ctx context.Context) (err error) {
		what.Grants, err = c.revoked(ctx, &f.scopeFlags)
		return err
	}
	return ch.run(ctx)
}

// revoking is the change that revokes what is named, which may not be complete before the change is planned; whole says
// that nothing is named.
func (c *connection) revoking(ctx context.Context, f *changeFlags, who []access.Principal, what *edit.Revocation, whole, entryOnly bool) *change {
	ch := &change{connection: c, flags: f, who: who, takes: true}
	ch.edit = func(p access.Principal) access.Edit { return edit.Revoke(p, *what) }
	ch.remarks = func(before access.Snapshot) []string {
		if whole {
			return append(ch.missed(ctx, before), ch.remaining(before)...)
		}
		return append(ch.missed(ctx, before), ch.absent(before, *what)...)
	}
	if whole && !entryOnly {
		ch.revokeMappings()
	}
	return ch
}

// revokeMappings makes the change remove the mappings of its principals, too: all access, from every source.
func (c *change) revokeMappings() {
	entries := c.edit
	c.whole = true
	c.who = append([]access.Principal{access.Itself}, c.who...)
	c.edit = func(p access.Principal) access.Edit {
		if p != access.Itself {
			return entries(p)
		}
		return func(s access.Snapshot) (access.Snapshot, error) {
			if s.AWSAuth != nil && s.AWSAuth.Err != nil {
				return s, nil // what that leaves is a risk or an error of its own
			}
			return removeMappings(c.theirs)(s)
		}
	}
}

// theirs are the mappings that name a principal of the change.
func (c *change) theirs(all []access.Mapping) []access.Mapping {
	return slices.DeleteFunc(slices.Clone(all), func(m access.Mapping) bool {
		return m.State == access.Dropped || !slices.ContainsFunc(c.who, m.Belongs)
	})
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
		if _, has := before.Entry(p); has || p == access.Itself || slices.Contains(names.former(), p) {
			continue
		}
		mapped := before.AWSAuth != nil && slices.ContainsFunc(before.AWSAuth.Mappings, func(m access.Mapping) bool { return m.Belongs(p) })
		if namesake, _ := names.namesake(p); mapped && namesake == "" {
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

// remaining says of principals without an entry what a revoke does not remove, or may not have found.
func (c *change) remaining(before access.Snapshot) (remarks []string) {
	if before.AWSAuth == nil || !before.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	for _, p := range c.who {
		name := p.Short(before.Cluster.Account())
		if _, has := before.Entry(p); !has && before.AWSAuth.Err != nil && p != access.Itself {
			c.incomplete = true
			remarks = append(remarks, fmt.Sprintf("%s has no entry, and aws-auth could not be read: whether a mapping gives it access is not known: %v", name, before.AWSAuth.Err))
			continue
		}
		for _, m := range before.AWSAuth.InForce() {
			if m.Kind == access.MappedAccount && m.For(p) {
				_, had := before.Entry(p)
				c.incomplete = c.incomplete || !had && len(c.theirs(before.AWSAuth.Mappings)) == 0 // nothing is revoked, and the access stays
				remarks = append(remarks, fmt.Sprintf("everyone in account %s has access without groups (aws-auth %s), and so has %s until that mapping is removed for all of them", m.ARN, m.Place(), name))
			}
		}
	}
	return remarks
}
