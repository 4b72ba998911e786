package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newClusterCmd(env *Env) *cobra.Command {
	var out output
	var several fleetFlags
	var offline bool
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show the EKS cluster of the current context and how it was resolved",
		Example: `  # The cluster of the current context, and what AWS says about it
  kubectl access cluster

  # With access that neither entries nor aws-auth show
  kubectl access cluster -o wide

  # What the kubeconfig alone says about another context
  kubectl access cluster --context arn:aws:eks:us-west-2:111122223333:cluster/prod --offline -o json

  # All clusters of the kubeconfig
  kubectl access cluster --all-contexts`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.over(cmd.Context(), &several, out.Format, false, func(ctx context.Context, own *Env) error {
				found, err := own.found(ctx, offline, out.Name == "wide" && !several.several())
				if err != nil {
					return err
				}
				if !out.People() {
					return out.Plain(own.IO.Out, found)
				}
				if several.several() {
					return out.Table(own.IO.Out, printer.ClusterRow(found))
				}
				return out.Table(own.IO.Out, printer.Cluster(found))
			})
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "Do not call AWS")
	out.bindTable(cmd.Flags(), "json", "yaml", "wide", "jsonpath=")
	several.bindFleet(cmd.Flags(), true)
	return cmd
}

// found is the cluster; with others, also who has access that neither entries nor aws-auth show.
func (env *Env) found(ctx context.Context, offline, others bool) (printer.FoundCluster, error) {
	if offline {
		t, err := env.target()
		if found, ok := env.flags.Legible(); ok && errors.Is(err, kubeconfig.ErrUnreadable) {
			t = env.overridden(found)
			t.Conflicts, err = append(t.Conflicts, err.Error()), nil
		}
		return printer.FoundCluster{Target: t}, err
	}
	c, err := env.open(ctx)
	if err != nil {
		return printer.FoundCluster{}, err
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return printer.FoundCluster{}, err
	}
	f := printer.FoundCluster{Target: c.Target, Endpoint: info.Endpoint, Mode: info.Mode, Status: info.Status, Version: info.Version}
	if f.Account != info.Account() {
		f.Account, f.From["account"] = info.Account(), "aws"
	}
	if f.Partition == "" {
		f.Partition = info.Partition()
	}
	for _, contradiction := range c.Match(info).Contradicted {
		f.Conflicts = append(f.Conflicts, contradiction.String())
	}
	env.notes(c.Shown(info))
	if t, err := c.Trust(ctx, info); err == nil {
		f.Authorities = printer.AuthoritiesOf(&t)
		env.notes(c.TrustNotes(&t))
	}
	if others {
		facts, _, err := c.Audit(ctx, nil)
		if err != nil {
			return f, err
		}
		f.Others = audit.Others(*facts)
	}
	return f, nil
}
