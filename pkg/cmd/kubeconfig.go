package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/kubefile"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// kubeconfigFlags are those of `aws eks update-kubeconfig`, and --all, --check and --exec.
type kubeconfigFlags struct {
	name, path, exec, dryRun string
	roleARN, describeBy      string
	form                     kubefile.Form
	all, check, verbose      bool
}

func newKubeconfigCmd(env *Env) *cobra.Command {
	var f kubeconfigFlags
	cmd := &cobra.Command{
		Use:   "kubeconfig (--name CLUSTER | --all | --check)",
		Short: "Write clusters into the kubeconfig, like aws eks update-kubeconfig",
		Long: `Write EKS clusters into the kubeconfig: a cluster, a user and a context for each, and make that context
the current one. The flags of aws eks update-kubeconfig have the same result. The rest of the file stays
unchanged.

The file is the one in KUBECONFIG that already has the cluster, or the first one in it, or ~/.kube/config.
--all does not change the current context.

EKS replaces the certificate authorities of its clusters, and kubectl cannot connect to a cluster whose new one
the kubeconfig does not trust. --all without --region updates every EKS context that is not ready, each with its
own login; --check only reports them, and exits with 1 if there are any.`,
		Example: `  # Add a cluster
  kubectl access kubeconfig --name demo --alias demo

  # Every cluster of a region, for use without the AWS CLI
  kubectl access kubeconfig --all --region us-west-2 --exec native

  # Trust the certificate authorities that the clusters of the kubeconfig have now
  kubectl access kubeconfig --all

  # Fail if a context is not ready for a new certificate authority
  kubectl access kubeconfig --check

  # With a role, and only print what would be written
  kubectl access kubeconfig --name demo --role-arn arn:aws:iam::111122223333:role/ops --dry-run`,
		Args: flagInstead("--name"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			regional := env.override.region+env.override.profile+f.describeBy != ""
			if err := errors.Join(f.valid(regional), contextless(cmd.Flags())); err != nil {
				return usage(cmd, err)
			}
			if f.check || f.all && !regional {
				return env.refreshKubeconfig(cmd.Context(), f)
			}
			if f.name == "" && !f.all {
				return usage(cmd, env.nameMissing(cmd.Context(), f))
			}
			f.form.Program = f.program(env.program.Name)
			return env.writeKubeconfig(cmd.Context(), f)
		},
	}
	f.bind(cmd.Flags())
	return cmd
}

// bind replaces two flags that have another meaning in other commands: the file to read, and the role for AWS calls.
func (f *kubeconfigFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.name, "name", "", "The name of the EKS cluster")
	fs.BoolVar(&f.all, "all", false, "Write every cluster of the region of --region or --profile; without them, update every EKS context that is not ready")
	fs.BoolVar(&f.check, "check", false, "Write nothing, and exit with 1 if an EKS context is not ready for the certificate authorities of its cluster")
	fs.StringVar(&f.form.Alias, "alias", "", "The name of the context; by default that of the user")
	fs.StringVar(&f.form.UserAlias, "user-alias", "", "The name of the user; by default the cluster's ARN")
	fs.StringVar(&f.roleARN, "role-arn", "", "The role that kubectl assumes to access the cluster")
	fs.StringVar(&f.describeBy, "assume-role-arn", "", "The role to assume to describe the cluster, for another account")
	fs.StringVar(&f.form.ProxyURL, "proxy-url", "", "The proxy through which kubectl reaches the cluster")
	fs.StringVar(&f.path, "kubeconfig", "", "The file to write to, instead of those in KUBECONFIG")
	fs.StringVar(&f.exec, "exec", "aws", "What makes the tokens: aws (the AWS CLI) or native (this program)")
	bindDryRun(fs, &f.dryRun, "With client, print the kubeconfig, without secrets, and write nothing")
	fs.BoolVar(&f.verbose, "verbose", false, "Also print the entries that were written")
}

func (f *kubeconfigFlags) valid(regional bool) error {
	switch existing := f.check || f.all && !regional; {
	case f.name != "" && f.all:
		return errors.New("--name and --all cannot be used together")
	case f.all && f.form.Alias+f.form.UserAlias != "":
		return errors.New("--alias and --user-alias cannot be used with --all")
	case f.exec != "aws" && f.exec != "native":
		return fmt.Errorf("--exec %q: must be aws or native", f.exec)
	case f.check && regional:
		return errors.New("--check uses the login of each context; --region, --profile and --assume-role-arn cannot be used with it")
	case existing && (f.exec != "aws" || f.roleARN+f.form.ProxyURL != ""):
		return errors.New("--exec, --role-arn and --proxy-url are for new entries; specify --name, or --all with --region")
	}
	f.form.RoleARN = f.roleARN
	return errors.Join(f.form.Check(),
		kubefile.CheckRole("--role-arn", f.roleARN), kubefile.CheckRole("--assume-role-arn", f.describeBy))
}

// contextless refuses flags that choose a cluster from the kubeconfig, which is about to be written.
func contextless(fs *pflag.FlagSet) error {
	for _, name := range []string{"context", "cluster", "user", "as", "as-group", "eks-cluster"} {
		if fs.Changed(name) {
			return fmt.Errorf("--%s cannot be used here: --name says which cluster to write, and --all and --check are about every context", name)
		}
	}
	if fs.Changed("role-arn") && fs.Lookup("role-arn").Value.String() == "" {
		return errors.New("--role-arn has an empty value; is a variable unset?") // elsewhere that means: no role
	}
	return nil
}

// program makes the tokens: this one, under the name that kubectl finds it by. Empty: the AWS CLI.
func (f *kubeconfigFlags) program(shown string) string {
	if f.exec == "aws" {
		return ""
	}
	return strings.NewReplacer("-", "_", " ", "-").Replace(shown)
}

// envProfile is the profile that the AWS CLI takes from the environment.
func envProfile() string {
	return cmp.Or(os.Getenv("AWS_DEFAULT_PROFILE"), os.Getenv("AWS_PROFILE"))
}

// refreshKubeconfig compares the EKS contexts of the kubeconfig with their clusters, and updates those that are not ready.
func (env *Env) refreshKubeconfig(ctx context.Context, f kubeconfigFlags) error {
	if f.path != "" {
		_ = env.persist.Set("kubeconfig", f.path) // which is a flag of the command's own here
	}
	targets, _, err := env.flags.Contexts()
	if err != nil {
		return err
	}
	targets = access.Where(targets, func(t *kubeconfig.Target) bool { return f.name == "" || t.Name == f.name })
	if len(targets) == 0 {
		return errors.New("the kubeconfig has no such EKS context; to write every cluster of a region: --all --region REGION")
	}
	contexts := cluster.Readinesses(ctx, env.settings(kubeconfig.Target{}), targets)
	trusts, left := cluster.Trusts(contexts)
	notes := cluster.NotCompared(left)
	failed := errIf(access.Failed(notes))
	env.notes(notes)
	if f.check {
		return cmp.Or(env.tellReadiness(contexts), failed)
	}
	paths, err := f.paths()
	if err != nil {
		return err
	}
	return cmp.Or(env.write(ctx, kubefile.Change{Paths: paths, Trusts: trusts}, f), failed)
}

func (env *Env) tellReadiness(contexts []cluster.Readiness) error {
	unready := 0
	for _, r := range contexts {
		state := "ready"
		if problem := r.Trust.Problem(r.Name); problem != "" {
			unready++
			state = "not ready: " + problem
		}
		if r.Compared() {
			fmt.Fprintf(env.IO.Out, "context/%s %s\n", printer.Clean(r.Context), printer.Clean(state))
		}
	}
	if unready == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d EKS contexts are not ready; to update them, run %s", unready, len(contexts), env.refreshing())
}

// writeKubeconfig describes the clusters and writes them.
func (env *Env) writeKubeconfig(ctx context.Context, f kubeconfigFlags) error {
	paths, err := f.paths()
	if err != nil {
		return err
	}
	region, err := env.describer(ctx, f)
	if err != nil {
		return err
	}
	f.form.Profile = cmp.Or(env.override.profile, envProfile())
	entries, failed := env.entries(ctx, region, f)
	if len(entries) == 0 {
		return failed
	}
	if note := entries[0].Unusable(); note != "" {
		env.warn("%s", note)
	}
	return cmp.Or(env.write(ctx, kubefile.Change{Paths: paths, Entries: entries, Switch: !f.all}, f), failed)
}

// write makes a change of the kubeconfig, or prints what it would be.
func (env *Env) write(ctx context.Context, change kubefile.Change, f kubeconfigFlags) error {
	if f.dryRun == "client" {
		return env.preview(change)
	}
	report, err := change.Write(ctx)
	if err != nil {
		return err
	}
	for _, res := range report.Results {
		preposition := map[string]string{"added": "added to", "updated": "updated in", "unchanged": "unchanged in"}[res.Did]
		fmt.Fprintf(env.IO.Out, "context/%s %s %s\n", printer.Clean(res.Context), preposition, printer.Clean(res.Path))
	}
	env.notes(access.Notes(access.NoteContext, "", report.Notes...))
	if f.verbose {
		fmt.Fprintf(env.IO.Out, "Entries:\n\n")
		for _, e := range change.Entries {
			fmt.Fprintln(env.IO.Out, printer.CleanLines(e.YAML()))
		}
	}
	return nil
}

// paths are the files that kubectl would read.
func (f *kubeconfigFlags) paths() ([]string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	return kubefile.Paths(f.path, os.Getenv("KUBECONFIG"), home)
}

// describer reads no kubeconfig: the flags and the environment name the region, as for the AWS CLI.
func (env *Env) describer(ctx context.Context, f kubeconfigFlags) (cluster.Region, error) {
	t := kubeconfig.Target{Region: env.override.region, Profile: env.override.profile, RoleARN: f.describeBy, From: map[string]string{}}
	if t.Profile == "" {
		t.Profile, t.From["profile"] = envProfile(), "env"
	}
	return cluster.OpenRegion(ctx, env.settings(t), t)
}

// entries are the clusters as they are written. With --all, the error of each one is printed at once, and errFailed returned.
func (env *Env) entries(ctx context.Context, region cluster.Region, f kubeconfigFlags) (entries []kubefile.Entry, failed error) {
	names := []string{f.name}
	if f.all {
		var err error
		if names, err = region.Clusters(ctx); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			env.warn("no EKS clusters found in %s; nothing was written", region.Name)
		}
	}
	entries, errs := region.Entries(ctx, names, f.form)
	for _, err := range errs {
		switch gone := errors.Is(err, access.ErrNotFound); {
		case f.all && !gone: // gone: deleted since the list was made
			env.tell(err)
			failed = errFailed
		case gone && !f.all:
			return nil, fmt.Errorf("EKS cluster %q does not exist in %s%s; for another region or account: --region, --profile", f.name, region.Name, region.Others(ctx))
		case !f.all:
			return nil, err
		}
	}
	return entries, failed
}

// nameMissing names the clusters on a terminal.
func (env *Env) nameMissing(ctx context.Context, f kubeconfigFlags) error {
	const text = "specify a cluster: --name CLUSTER, or --all for every EKS context of the kubeconfig"
	if printer.Terminal(env.IO.ErrOut) {
		if region, err := env.describer(ctx, f); err == nil {
			return errors.New(text + region.Others(ctx))
		}
	}
	return errors.New(text)
}

func (env *Env) preview(change kubefile.Change) error {
	report, err := change.Preview()
	if err != nil {
		return err
	}
	env.notes(access.Notes(access.NoteContext, "", report.Notes...))
	if report.Hidden > 0 {
		env.warn("%d secrets of users are not shown; do not replace the file with this output", report.Hidden)
	}
	_, err = fmt.Fprint(env.IO.Out, printer.CleanLines(report.Text))
	return err
}
