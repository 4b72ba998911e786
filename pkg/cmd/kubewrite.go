package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/kubefile"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// writeKubeconfig describes the clusters and writes those that can be entered.
func (env *Env) writeKubeconfig(ctx context.Context, f kubeconfigFlags) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	paths, err := kubefile.Paths(f.path, os.Getenv("KUBECONFIG"), home)
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
	env.warnOfProgram(entries[0].Command)
	change := kubefile.Change{Paths: paths, Entries: entries, Switch: !f.all}
	if f.dryRun == "client" {
		return errors.Join(env.preview(change), failed)
	}
	report, err := change.Write(ctx)
	if err != nil {
		return err
	}
	env.tellReport(report)
	if f.verbose {
		fmt.Fprintf(env.IO.Out, "Entries:\n\n")
		for _, e := range entries {
			fmt.Fprintln(env.IO.Out, printer.CleanLines(e.YAML()))
		}
	}
	return failed
}

// describer looks at no kubeconfig: which cluster is meant is in the flags and the environment, as for the AWS CLI.
func (env *Env) describer(ctx context.Context, f kubeconfigFlags) (cluster.Region, error) {
	t := kubeconfig.Target{Region: env.override.region, Profile: env.override.profile, RoleARN: f.describeBy, From: map[string]string{}}
	if t.Profile == "" {
		t.Profile, t.From["profile"] = envProfile(), "env"
	}
	return cluster.OpenRegion(ctx, env.settings(t), t)
}

// entries are the clusters as they are written. With --all, each one that cannot be is told at once;
// the error says then that there were such.
func (env *Env) entries(ctx context.Context, region cluster.Region, f kubeconfigFlags) (entries []kubefile.Entry, failed error) {
	names := []string{f.name}
	if f.all {
		var err error
		if names, err = region.Clusters(ctx); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			env.warn("there are no EKS clusters in %s; nothing was written", region.Name)
		}
	}
	infos, errs := region.Describe(ctx, names)
	for i, info := range infos {
		e, err := f.form.Entry(info)
		if err = cmp.Or(errs[i], err); err == nil {
			entries = append(entries, e)
			continue
		}
		gone := errors.Is(err, access.ErrNotFound)
		switch {
		case f.all && !gone: // gone: deleted since the list was made
			env.tell(err)
			failed = errFailed
		case gone && !f.all:
			return nil, fmt.Errorf("there is no EKS cluster %q in %s%s; another region or account: --region, --profile",
				f.name, region.Name, others(ctx, region))
		case !f.all:
			return nil, err
		}
	}
	return entries, failed
}

// others names the clusters that there are, for those who mistyped one. It is help, so it may fail.
func others(ctx context.Context, region cluster.Region) string {
	const enough = 10
	names, err := region.Clusters(ctx)
	if err != nil {
		return ""
	}
	more := ""
	if len(names) > enough {
		names, more = names[:enough], ", …"
	}
	return " (there is " + cmp.Or(strings.Join(names, ", "), "none") + more + ")"
}

// nameMissing says on a terminal which names there are.
func (env *Env) nameMissing(ctx context.Context, f kubeconfigFlags) error {
	const text = "the cluster is missing: --name CLUSTER, or --all for every one of the region"
	if terminal(env.IO.ErrOut) {
		if region, err := env.describer(ctx, f); err == nil {
			return errors.New(text + others(ctx, region))
		}
	}
	return errors.New(text)
}

func (env *Env) preview(change kubefile.Change) error {
	report, err := change.Preview()
	if err != nil {
		return err
	}
	for _, note := range report.Notes {
		env.warn("%s", note)
	}
	if report.Hidden > 0 {
		env.warn("%d secrets of users in the kubeconfig are not shown; what is printed does not replace the file", report.Hidden)
	}
	_, err = fmt.Fprint(env.IO.Out, printer.CleanLines(report.Text))
	return err
}

func (env *Env) tellReport(r kubefile.Report) {
	for _, res := range r.Results {
		preposition := map[string]string{"added": "added to", "updated": "updated in", "unchanged": "unchanged in"}[res.Did]
		fmt.Fprintf(env.IO.Out, "context/%s %s %s\n", printer.Clean(res.Context), preposition, printer.Clean(res.Path))
	}
	for _, note := range r.Notes {
		env.warn("%s", note)
	}
}

// warnOfProgram tells that kubectl would not find what the entries name.
func (env *Env) warnOfProgram(name string) {
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	advice := "install it, or let this program make the tokens with --exec native"
	if name != "aws" {
		advice = "put it there, or let the AWS CLI make the tokens with --exec aws"
	}
	env.warn("kubectl will run %s for tokens, which is not on PATH: %s", name, advice)
}
