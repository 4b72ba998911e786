package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

func newGetTokenCmd(env *Env) *cobra.Command {
	var name, id, format string
	cmd := &cobra.Command{
		Use:   "get-token (--cluster-name NAME | --cluster-id ID)",
		Short: "Print a token, like aws eks get-token",
		Long: `Print a token for an EKS cluster, as the ExecCredential that kubectl reads from a credential plugin.
The flags are those of aws eks get-token. The token is made on this machine; AWS is called only to
assume a role.

The token is a credential for 15 minutes. It is printed and not stored.`,
		Example: `  # What kubectl runs, as kubectl access kubeconfig writes it
  kubectl access get-token --cluster-name demo --region us-west-2

  # With another role
  kubectl access get-token --cluster-name demo --role-arn arn:aws:iam::111122223333:role/ops`,
		Args: flagInstead("--cluster-name"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkTokenFlags(name, id, format); err != nil {
				return usage(cmd, err)
			}
			return env.getToken(cmd.Context(), name+id)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&name, "cluster-name", "", "The name of the EKS cluster")
	fs.StringVar(&id, "cluster-id", "", "The ID of a local cluster on AWS Outposts")
	fs.Var(&env.override.role, "role", "Same as --role-arn")
	fs.StringVar(&format, "output", "json", "Output format: json")
	_ = fs.SetAnnotation("output", formats, []string{"json"})
	return cmd
}

func checkTokenFlags(name, id, format string) error {
	switch {
	case name == "" && id == "":
		return errors.New("specify a cluster: --cluster-name NAME, or --cluster-id ID for a local cluster on Outposts")
	case name != "" && id != "":
		return errors.New("--cluster-name and --cluster-id cannot be used together")
	case format != "json":
		return fmt.Errorf("--output %s: the only format is json", format)
	}
	return nil
}

// getToken reads no kubeconfig: the flags and the environment say everything, as for the AWS CLI.
func (env *Env) getToken(ctx context.Context, name string) error {
	t := kubeconfig.Target{
		Region: env.override.region, Profile: env.override.profile, RoleARN: env.override.role.value,
		Exec: kubeconfig.Exec{SessionName: kubeconfig.TokenSession},
	}
	region, err := cluster.OpenRegion(ctx, env.settings(t), t)
	if err != nil {
		return err
	}
	token, end, err := region.Token(ctx, name, env.Now())
	if err != nil {
		return err
	}
	version, doubt := login.ExecVersion(os.Getenv("KUBERNETES_EXEC_INFO"))
	if doubt != "" {
		env.warn("%s", doubt)
	}
	return json.NewEncoder(env.IO.Out).Encode(login.NewExecCredential(version, token, end))
}
