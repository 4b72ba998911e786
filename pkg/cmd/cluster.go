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
	var offline bool
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show the EKS cluster of the current context and how it was resolved",
		Example: `  # The cluster of the current context, and what AWS says about it
  kubectl access cluster

  # With access that neither entries nor aws-auth show
  kubectl access cluster -o wide

  # What the kubeconfig alone says about another context
  kubectl access cluster --context arn:aws:eks:us-west-2:111122223333:cluster/prod --offline -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := env.found(cmd.Context(), offline, out.Name == "wide")
			if err != nil {
				return err
			}
			if !out.People() {
				return out.Plain(env.IO.Out, found)
			}
			return out.Table(env.IO.Out, printer.Cluster(found))
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "Do not call AWS")
	out.bindTable(cmd.Flags(), "json", "yaml", "wide", "jsonpath=")
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
