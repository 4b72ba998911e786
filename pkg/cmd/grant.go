package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// grantFlags say what is to be granted.
type grantFlags struct {
	changeFlags
	picking
	scopeFlags
	groups         []string
	username, kind string
	tags           map[string]string
	lasts          span
	keep           bool
}

// span is a flag for a time that is longer than those that Go writes.
type span time.Duration

func (s *span) String() string {
	if *s == 0 {
		return "0" // as a default, which help does not show
	}
	return time.Duration(*s).String()
}

func (s *span) Type() string { return "duration" }

func (s *span) Set(text string) error {
	d, err := access.ParseSpan(text)
	*s = span(d)
	return err
}

func (f *grantFlags) bind(fs *pflag.FlagSet) {
	f.bindScopes(fs, "Access policies to grant: view, edit, admin, cluster-admin, … or their AWS names or ARNs. POLICY:NAMESPACE,... gives a policy its own namespaces",
		"Namespaces of the policies that have none of their own; dev-* matches all that begin with dev-",
		"Grant the policies that have no namespaces of their own in the whole cluster")
	fs.StringSliceVar(&f.groups, "group", nil, "Kubernetes groups to add, for RBAC bindings")
	fs.StringVar(&f.username, "username", "", "Kubernetes username, instead of the one that EKS derives")
	fs.StringVar(&f.kind, "type", "", "Type of a new entry: "+kindNames())
	fs.StringToStringVar(&f.tags, "tag", nil, "Tags to set, key=value")
	fs.Var(&f.lasts, "for", "How long the entry is meant to last, such as 8h or 2w; kept in the tag "+access.ExpiresTag+", and nothing takes it away by itself")
	fs.BoolVar(&f.keep, "keep-mapping-access", false, "Let a new entry carry what the principal's aws-auth mapping gives")
	f.changeFlags.bind(fs)
	f.bindAsk(fs)
}

func kindNames() string {
	names := make([]string, len(access.Kinds))
	for i, k := range access.Kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

func newGrantCmd(env *Env) *cobra.Command {
	var f grantFlags
	cmd := &cobra.Command{
		Use:        "grant PRINCIPAL... --policy POLICY (-n NAMESPACE | -A)",
		SuggestFor: []string{"create", "add", "allow"},
		Short:      "Let principals into the cluster, or add to what they may do",
		Long: `Let IAM roles and users into the cluster, or add to what they may do there.

A principal is role/NAME, user/NAME, sso/PERMISSION_SET, me, or an ARN. A grant adds
namespaces, groups and tags to those that are there; only --username and the value of a tag replace
what was.

-n and -A apply to every policy that has no namespaces of its own, in whatever order the flags are
given. To grant policies in different namespaces, write the namespaces after a colon, as list does.`,
		Example: `  # Let a role read two namespaces
  kubectl access grant role/dev --policy view -n dev,qa

  # Let a role change two namespaces and read a third
  kubectl access grant role/dev --policy edit:dev,qa --policy view:prod

  # Let everybody with an Identity Center permission set change things in namespaces that begin with dev-
  kubectl access grant sso/Developer --policy edit -n 'dev-*'

  # See first what would change
  kubectl access grant user/alice --policy cluster-admin -A --dry-run=client

  # Put a role into a Kubernetes group that RBAC knows
  kubectl access grant role/ci/deployer --group deployers`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(f.check(), f.consistent()); err != nil {
				return usage(cmd, err)
			}
			args, err := f.ask(env, cmd, args)
			if err != nil {
				return err
			}
			if err := f.complete(args); err != nil {
				return usage(cmd, err)
			}
			c, err := env.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.grant(cmd.Context(), &f, args)
		},
	}
	f.bind(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

// complete refuses a command line that leaves open what to grant. The scope is never guessed.
func (f *grantFlags) complete(args []string) error {
	f.kind = strings.ToUpper(strings.ReplaceAll(f.kind, "-", "_"))
	switch scoped := f.all || len(f.namespaces) > 0; {
	case len(args) == 0:
		return errors.New("whom to let in is missing: role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me")
	case len(f.bare()) > 0 && !scoped:
		return errors.New("the scope is missing: -n NAMESPACE for some namespaces, or -A for the whole cluster")
	case len(f.policies) == 0 && scoped:
		return errors.New("--policy is missing: -n and -A say where a policy holds")
	case len(f.policies) == 0 && len(f.groups) == 0 && len(f.tags) == 0 && f.username == "" && f.kind == "" && f.lasts == 0:
		return errors.New("what to grant is missing: --policy with -n or -A, or --group")
	case f.lasts < 0:
		return fmt.Errorf("--for %s lies in the past", &f.lasts)
	case f.lasts > 0 && f.tags[access.ExpiresTag] != "":
		return fmt.Errorf("--for and --tag %s exclude each other", access.ExpiresTag)
	case slices.ContainsFunc(f.groups, func(s string) bool { return strings.TrimSpace(s) == "" }):
		return errors.New("a group has no name")
	}
	return nil
}

func (c *connection) grant(ctx context.Context, f *grantFlags, written []string) error {
	who, failed, err := c.anybody(ctx, written)
	if err != nil {
		return err
	}
	var want access.Entry
	ch := c.granting(&f.changeFlags, who, &want, f.keep)
	ch.incomplete, ch.asks, ch.args = failed, f.line != nil, f.line
	ch.prepare = func(ctx context.Context) error {
		grants, err := c.grants(ctx, f.scoped())
		want = f.entry(grants, c.env.Now())
		return err
	}
	return ch.run(ctx)
}

// granting is the change that grants what an entry holds, which may not be complete before the change is planned.
func (c *connection) granting(f *changeFlags, who []access.Principal, want *access.Entry, keep bool) *change {
	ch := &change{connection: c, flags: f, who: who, typos: true}
	ch.edit = func(p access.Principal) access.Edit {
		e := *want
		e.Principal = p
		if keep {
			return edit.Keep(e)
		}
		return edit.Grant(e)
	}
	ch.remarks = func(before access.Snapshot) []string {
		notes := before.Typos(*want)
		if at := want.Tags[access.ExpiresTag]; at != "" {
			notes = append(notes, fmt.Sprintf("--for only adds an expiry tag (%s); access is not removed automatically", at))
		}
		return notes
	}
	return ch
}

func (f *grantFlags) entry(grants []access.Grant, now time.Time) access.Entry {
	e := access.Entry{Kind: access.Kind(f.kind), Username: f.username, Groups: f.groups, Grants: grants, Tags: f.tags}
	if f.lasts > 0 {
		e.Tags = map[string]string{access.ExpiresTag: now.Add(time.Duration(f.lasts)).UTC().Format(time.RFC3339)}
		for k, v := range f.tags {
			e.Tags[k] = v
		}
	}
	return e
}

// grants finds the policies that were written in the live list of the region, or in the embedded one
// where AWS does not tell it.
func (c *connection) grants(ctx context.Context, written []access.Scoped) ([]access.Grant, error) {
	if len(written) == 0 {
		return nil, nil
	}
	known, err := c.eks.Policies(ctx)
	if err != nil {
		known = embedded()
	}
	found, err := access.ParseGrants(written, known)
	for _, g := range found {
		if doc, ok := policy.Find(string(g.Policy)); ok && doc.ServiceLinkedRoleOnly {
			return nil, fmt.Errorf("%w: %s is for AWS's own service-linked roles", access.ErrRule, g.Policy)
		}
	}
	return found, err
}

func embedded() []access.Policy {
	var names []access.Policy
	for _, p := range policy.All() {
		names = append(names, access.Policy(p.Name))
	}
	return names
}
