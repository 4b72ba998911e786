package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newClusterCmd(env *Env) *cobra.Command {
	var out output
	var offline bool
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show which EKS cluster the context is, and how that was found",
		Example: `  # The cluster of the current context, and what AWS says of it
  kubectl access cluster

  # What the kubeconfig alone tells, of another context
  kubectl access cluster --context arn:aws:eks:us-west-2:111122223333:cluster/prod --offline -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return usage(cmd, err)
			}
			found, err := env.found(cmd.Context(), offline)
			if err != nil {
				return err
			}
			if !out.people() {
				return out.plain(env.IO.Out, found)
			}
			return out.table(env.IO.Out, found.table())
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "Ask AWS nothing")
	out.bindTable(cmd.Flags(), "json", "yaml", "jsonpath=")
	return cmd
}

// foundCluster is what is known of the context's cluster.
type foundCluster struct {
	kubeconfig.Target
	Endpoint string      `json:"endpoint,omitempty"` // as AWS tells it
	Mode     access.Mode `json:"mode,omitempty"`
	Status   string      `json:"status,omitempty"`
	Version  string      `json:"version,omitempty"`
}

func (env *Env) found(ctx context.Context, offline bool) (foundCluster, error) {
	if offline {
		t, err := env.target()
		if found, ok := env.flags.Legible(); ok && errors.Is(err, kubeconfig.ErrUnreadable) {
			t = env.overridden(found)
			t.Conflicts, err = append(t.Conflicts, err.Error()), nil
		}
		return foundCluster{Target: t}, err
	}
	c, err := env.open(ctx)
	if err != nil {
		return foundCluster{}, err
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return foundCluster{}, err
	}
	f := foundCluster{Target: c.Target, Endpoint: info.Endpoint, Mode: info.Mode, Status: info.Status, Version: info.Version}
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
	return f, nil
}

func (f foundCluster) table() printer.Table {
	t := printer.Table{Columns: []printer.Column{{Name: "FIELD"}, {Name: "VALUE"}, {Name: "FROM"}}}
	row := func(name, value, from string) {
		if value != "" {
			t.Rows = append(t.Rows, []string{name, printer.Clean(value), printer.Clean(from)})
		}
	}
	row("context", f.Context, "kubeconfig")
	row("name", f.Name, f.From["name"])
	row("guess", f.Guess, "kubeconfig")
	row("id", f.ID, "exec-args")
	row("region", f.Region, f.From["region"])
	row("account", f.Account, f.From["account"])
	row("profile", f.Profile, f.From["profile"])
	row("role", f.RoleARN, f.From["roleARN"])
	row("server", f.Server, f.From["server"])
	row("endpoint", f.Endpoint, "aws")
	row("mode", string(f.Mode), "aws")
	row("status", f.Status, "aws")
	row("version", f.Version, "aws")
	for _, c := range f.Conflicts {
		row("conflict", c, "kubeconfig")
	}
	return t
}
