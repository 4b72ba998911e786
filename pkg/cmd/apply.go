package cmd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// filesFlags say which files, and which of the live entries belong to them.
type filesFlags struct {
	changeFlags
	fleetFlags
	names     []string
	recursive bool
	set       string
	prune     bool
}

func (f *filesFlags) bindFiles(fs *pflag.FlagSet) {
	fs.StringSliceVarP(&f.names, "filename", "f", nil, "Files or folders with AccessEntry objects, - for stdin")
	fs.BoolVarP(&f.recursive, "recursive", "R", false, "Read folders inside of the folders too")
	fs.StringVar(&f.set, "set", "", "Name of the set that these files are; their entries get the tag "+access.SetTag)
	fs.BoolVar(&f.prune, "prune", false, "With --set, delete the entries of the set that are in no file")
}

func newApplyCmd(env *Env) *cobra.Command {
	var f filesFlags
	var plan string
	cmd := &cobra.Command{
		Use:   "apply (-f FILE | --plan FILE)",
		Short: "Make access entries what files say",
		Long: `Make access entries what files say. The files hold AccessEntry objects, as list -o yaml prints them.

A field that is written is made exactly so; a field that is not written stays as it is. Because other tools
take missing accessPolicies for none, an entry that has policies needs them in its file, or an empty list.
Of tags only the written keys change. Entries that are in no file stay.

With --set, the entries become members of a set, by a tag. --prune then deletes the members of the set that
are in no file: never entries for nodes, of AWS, of other tools, or temporary ones. Changes of a set are shown
and need confirmation, or --yes.

With --plan, carry out a plan that --plan-out has written, of any command: exactly that plan, which needs
confirmation, or --yes. It is refused where the cluster has changed since, and the changes are named.`,
		Example: `  # Make the entries what a file says, which list -o yaml has printed
  kubectl access apply -f access.yaml

  # What would change
  kubectl access diff -f access/

  # Entries that were removed from the files are deleted
  kubectl access apply -f access/ --set team --prune --yes

  # Save a plan for review, and carry it out
  kubectl access apply -f access/ --set team --prune --plan-out plan.json
  kubectl access apply --plan plan.json --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if plan != "" {
				if err := f.checkPlan(); err != nil {
					return usage(cmd, err)
				}
				return env.applyPlan(cmd.Context(), &f, plan)
			}
			if err := f.check(); err != nil {
				return usage(cmd, err)
			}
			return env.apply(cmd.Context(), &f)
		},
	}
	f.bindFiles(cmd.Flags())
	f.bind(cmd.Flags(), access.OverrideMapping, access.BreakCapability, access.OwnedElsewhere, access.PruneMany)
	f.bindAsk(cmd.Flags())
	f.bindPlan(cmd.Flags(), &plan)
	return cmd
}

// setName is what the name of a set may be.
var setName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func (f *filesFlags) check() error {
	switch {
	case len(f.names) == 0:
		return errors.New("specify the files: -f FILE, a folder, or - for stdin")
	case f.set != "" && !setName.MatchString(f.set):
		return fmt.Errorf("invalid set name %q: use up to 63 letters, digits, dots, dashes and underscores", f.set)
	case f.prune && f.set == "":
		return errors.New("--prune requires --set")
	}
	return nil
}

func (env *Env) apply(ctx context.Context, f *filesFlags) error {
	files, err := env.files(f)
	if err != nil {
		return err
	}
	return env.change(ctx, &f.changeFlags, &f.fleetFlags, func(ctx context.Context, own *Env) (*cluster.Cluster, change.Request, error) {
		return own.filesRequest(ctx, f, files)
	})
}

var errNoEntries = errors.New("the files have no AccessEntry objects")

// files reads the files. None at all are refused, above all with --prune: a wrong folder would delete the whole set.
func (env *Env) files(f *filesFlags) (manifest.Files, error) {
	files, err := manifest.Load(f.names, f.recursive, env.IO.In)
	if files.Others > 0 {
		env.warn("%s skipped: only AccessEntry objects are applied", access.Count(files.Others, "object of another kind was", "objects of other kinds were"))
	}
	if err == nil && len(files.Documents) == 0 {
		err = errNoEntries
	}
	if f.set != "" && (errors.Is(err, errNoEntries) || errors.Is(err, manifest.ErrNoFiles)) {
		list := env.program.Command("list", "-l", access.SetTag+"="+f.set, "-o", "name")
		err = fmt.Errorf("%w; so that a wrong folder does no harm, --prune does not delete all entries of a set\n  to see its entries in a cluster: %s\n  to delete them: %s $(%[2]s)", err, list, env.program.Command("revoke", "--entry-only"))
	}
	if err != nil {
		return files, fmt.Errorf("%w: %w", access.ErrRefused, err)
	}
	f.fits = func(all []*part) error { return placed(files, all) }
	return files, nil
}

// placed refuses documents that are for none of the selected clusters, or may be for several of one name.
func placed(files manifest.Files, all []*part) error {
	for _, d := range files.Documents {
		var named []string
		possible := false // also where it is not known which cluster it is, or what a search would have found
		for _, p := range all {
			here := d.In(p.Target.Name, p.Target.Region)
			if possible = possible || here; here && p.Target.Name != "" {
				named = append(named, p.Name)
			}
		}
		var err error
		switch {
		case !possible:
			err = fmt.Errorf("is for cluster %s, which is not selected", d.Cluster)
		case d.Cluster != "" && len(named) > 1:
			err = fmt.Errorf("is for cluster %s, but several of the selected clusters have this name: %s; select one of them, or write its region as the annotation %s",
				d.Cluster, strings.Join(named, ", "), manifest.RegionAnnotation)
		default:
			continue
		}
		return fmt.Errorf("%w: %w", access.ErrRefused, d.Fails("clusterName", err))
	}
	return nil
}

// filesRequest is what the files want of one cluster and, with --prune, which entries of their set they lack. What the files alone
// are wrong in is refused before any call.
func (env *Env) filesRequest(ctx context.Context, f *filesFlags, files manifest.Files) (*cluster.Cluster, change.Request, error) {
	if t, err := env.target(); err == nil && env.part != nil {
		if files = files.In(t.Name, t.Region); len(files.Documents) == 0 {
			if f.prune {
				env.warn("no file is for this cluster, so --prune deletes nothing in it")
			}
			return nil, change.Request{}, errNothing
		}
	}
	if err := env.fit(files, f); err != nil {
		return nil, change.Request{}, fmt.Errorf("%w: %w", access.ErrRefused, err)
	}
	c, err := env.open(ctx)
	if err != nil {
		return nil, change.Request{}, err
	}
	if err := files.For(c.Target.Name, c.Target.Region); err != nil { // the kubeconfig alone may not have named the cluster
		return nil, change.Request{}, fmt.Errorf("%w: %w", access.ErrRefused, err)
	}
	want := &change.Files{Set: f.set, Now: env.Now(), Place: func(p access.Principal, err error) error {
		d, _ := files.Of(p)
		return d.Fails("", err)
	}}
	for _, d := range files.Documents {
		want.Wants = append(want.Wants, d.Desired)
	}
	if f.prune {
		if want.Prune, err = env.leftOut(ctx, c, files, f.set); err != nil {
			return nil, change.Request{}, err
		}
	}
	r := want.Apply()
	r.Prepare = func(ctx context.Context) error { return env.policiesExist(ctx, c, files) }
	return c, r, nil
}

// fit refuses files that cannot be meant for this cluster, or for now.
func (env *Env) fit(files manifest.Files, f *filesFlags) error {
	if t, err := env.target(); err == nil {
		if err := files.For(t.Name, t.Region); err != nil {
			return err
		}
	}
	for _, d := range files.Documents {
		if other, tagged := d.Desired.Tags[access.SetTag]; tagged && f.set != "" && other != f.set {
			return d.Fails("tags", fmt.Errorf("the entry is tagged for set %s, not %s", other, f.set))
		}
	}
	return nil
}

// leftOut are the members of a set that no file has.
func (env *Env) leftOut(ctx context.Context, c *cluster.Cluster, files manifest.Files, set string) (gone []access.Principal, err error) {
	s, err := c.Snapshot(ctx, access.Want{All: true})
	if err == nil && len(s.Unread) > 0 {
		err = s.Unread[0].Err
	}
	if err != nil {
		return nil, fmt.Errorf("which entries belong to set %s: %w", set, err)
	}
	others := 0
	for _, e := range s.Entries {
		_, written := files.Of(e.Principal)
		switch {
		case e.Tags[access.SetTag] == set && !written:
			gone = append(gone, e.Principal)
		case e.Tags[access.SetTag] == "" && !written:
			others++
		}
	}
	if others > 0 {
		env.warn("%s to no set and will not be touched", access.Count(others, "entry belongs", "entries belong"))
	}
	return gone, nil
}

// policiesExist refuses access policies that neither this version nor the region knows.
func (env *Env) policiesExist(ctx context.Context, c *cluster.Cluster, files manifest.Files) error {
	known := cluster.Embedded()
	for _, live := range []bool{false, true} {
		var unknown error
		for _, d := range files.Documents {
			for _, g := range d.Desired.Grants {
				if unknown == nil && !slices.Contains(known, g.Policy) {
					unknown = fmt.Errorf("%w: %w", access.ErrRefused, d.Fails("accessPolicies", fmt.Errorf("access policy %s does not exist", g.Policy)))
				}
			}
		}
		if unknown == nil || live {
			return unknown
		}
		var err error
		if known, err = c.EKS.Policies(ctx); err != nil {
			return err
		}
	}
	return nil
}
