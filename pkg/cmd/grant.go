package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// grantFlags are the flags of grant.
type grantFlags struct {
	changeFlags
	fleetFlags
	picking
	scopeFlags
	groups         []string
	username, kind string
	tags           map[string]string
	lasts          span
	keep           bool
}

// span is the value of a flag for a duration with days and weeks.
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
	f.bindScopes(fs, "Access policies to grant: view, edit, admin, cluster-admin, … or their AWS names or ARNs. POLICY:NAMESPACE,... sets the namespaces of one policy",
		"Namespaces of the policies without their own; dev-* matches all that begin with dev-",
		"Grant the policies without namespaces of their own in the whole cluster")
	fs.StringSliceVar(&f.groups, "group", nil, "Kubernetes groups to add, for RBAC bindings")
	fs.StringVar(&f.username, "username", "", "Kubernetes username; EKS derives one by default")
	fs.StringVar(&f.kind, "type", "", "Type of a new entry: "+strings.Join(texts(access.Kinds), ", "))
	fs.StringToStringVar(&f.tags, "tag", nil, "Tags to set, key=value")
	fs.Var(&f.lasts, "for", "Add an expiry tag ("+access.ExpiresTag+"), such as 8h or 2w from now. Access is not removed automatically")
	fs.BoolVar(&f.keep, "keep-mapping-access", false, "Add the rights of the principal's aws-auth mapping to a new entry")
	f.changeFlags.bind(fs, access.OverrideMapping)
	f.bindAsk(fs)
	f.bindSave(fs)
	f.bindFleet(fs, false)
}

func newGrantCmd(env *Env) *cobra.Command {
	var f grantFlags
	cmd := &cobra.Command{
		Use:        "grant PRINCIPAL... --policy POLICY (-n NAMESPACE | -A)",
		SuggestFor: []string{"create", "add", "allow"},
		Short:      "Grant access to the cluster",
		Long: `Grant IAM roles and users access to the cluster, or add to the access that they have.

A principal is role/NAME, user/NAME, sso/PERMISSION_SET, me, or an ARN. A grant adds namespaces, groups
and tags to the existing ones; only --username and the value of a tag are replaced.

-n and -A apply to every policy without namespaces of its own, in any order of the flags. To grant policies
in different namespaces, write the namespaces after a colon, as list does.`,
		Example: `  # Let a role read two namespaces
  kubectl access grant role/dev --policy view -n dev,qa

  # Let a role change two namespaces and read a third
  kubectl access grant role/dev --policy edit:dev,qa --policy view:prod

  # Grant edit to an Identity Center permission set in namespaces that begin with dev-
  kubectl access grant sso/Developer --policy edit -n 'dev-*'

  # Preview the change
  kubectl access grant user/alice --policy cluster-admin -A --dry-run=client

  # Add a role to a Kubernetes group for RBAC
  kubectl access grant role/ci/deployer --group deployers

  # In several clusters, with one question
  kubectl access grant sso/Developer --policy view -n dev --contexts demo --contexts prod --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.Check(); err != nil {
				return usage(cmd, err)
			}
			if missing := f.missing(args); missing != (tui.Missing{}) && env.asks() && !f.several() {
				var err error
				if args, err = f.ask(env, cmd, args, missing); err != nil {
					return err
				}
			}
			if err := f.complete(args); err != nil {
				return usage(cmd, err)
			}
			return env.change(cmd.Context(), &f.changeFlags, &f.fleetFlags, f.asking(args))
		},
	}
	f.bind(cmd.Flags())
	return cmd
}

// missing is what the picker asks for.
func (f *grantFlags) missing(args []string) tui.Missing {
	scoped := f.All || len(f.Namespaces) > 0
	other := len(f.groups) > 0 || len(f.tags) > 0 || f.username != "" || f.kind != "" || f.lasts != 0
	m := tui.Missing{Who: len(args) == 0, Policy: len(f.Policies) == 0 && (scoped || !other)}
	m.Scope = !scoped && (m.Policy || len(f.Bare()) > 0)
	return m
}

// complete refuses a command line that does not say what to grant. The scope is never guessed.
func (f *grantFlags) complete(args []string) error {
	f.kind = strings.ToUpper(strings.ReplaceAll(f.kind, "-", "_"))
	switch scoped := f.All || len(f.Namespaces) > 0; {
	case f.kind != "" && !slices.Contains(access.Kinds, access.Kind(f.kind)):
		return fmt.Errorf("invalid type %q: the types are %s%s", f.kind, strings.Join(texts(access.Kinds), ", "), access.DidYouMean(f.kind, texts(access.Kinds)))
	case len(args) == 0:
		return errors.New("specify at least one principal: role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me")
	case len(f.Bare()) > 0 && !scoped:
		return errors.New("specify a scope: -n NAMESPACE, or -A for the whole cluster")
	case len(f.Policies) == 0 && scoped:
		return errors.New("-n and -A require --policy")
	case len(f.Policies) == 0 && len(f.groups) == 0 && len(f.tags) == 0 && f.username == "" && f.kind == "" && f.lasts == 0:
		return errors.New("specify what to grant: --policy with -n or -A, or --group")
	case f.lasts < 0:
		return fmt.Errorf("--for %s is in the past", &f.lasts)
	case f.lasts > 0 && f.tags[access.ExpiresTag] != "":
		return fmt.Errorf("--for and --tag %s cannot be used together", access.ExpiresTag)
	case slices.ContainsFunc(f.groups, func(s string) bool { return strings.TrimSpace(s) == "" }):
		return errors.New("a group name is empty")
	}
	return nil
}

func (f *grantFlags) asking(args []string) asking {
	return func(ctx context.Context, own *Env) (*cluster.Cluster, change.Request, error) {
		return own.grant(ctx, f, args)
	}
}

// grant is the request for one cluster.
func (env *Env) grant(ctx context.Context, f *grantFlags, written []string) (*cluster.Cluster, change.Request, error) {
	c, who, notes, err := env.resolve(ctx, written, false)
	if err != nil {
		return nil, change.Request{}, err
	}
	var want access.Entry
	r := change.Grant(who, &want, f.keep)
	r.Incomplete, r.Asks, r.Told = access.Failed(notes), f.line != nil, f.line
	r.Prepare = func(ctx context.Context) error {
		grants, err := c.Grants(ctx, f.Scoped())
		want = f.entry(grants, env.Now())
		return err
	}
	return c, r, nil
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

// change carries out a command in the one cluster of the context, or in several.
func (env *Env) change(ctx context.Context, f *changeFlags, several *fleetFlags, ask asking) error {
	if !several.several() {
		c, r, err := ask(ctx, env)
		if err != nil {
			return err
		}
		_, err = env.run(ctx, c, f, r)
		return err
	}
	all, err := env.parts(ctx, several)
	if err != nil {
		return err
	}
	return env.changeAll(ctx, f, all, ask)
}
