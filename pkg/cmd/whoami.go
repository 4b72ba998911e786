package cmd

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

func newWhoamiCmd(env *Env) *cobra.Command {
	var out output
	var several fleetFlags
	var file, namespace string
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Show your identity and access in this cluster, or why you have none",
		Long: `Show your identity in AWS and in the cluster, and what gives you access: an access entry, an aws-auth mapping,
or having created the cluster. Where you have no access, show why, and the command that solves it,
for you or for a cluster administrator.

The exit code is 0 if you have access, and 1 if you have none.`,
		Example: `  # My identity and access
  kubectl access whoami

  # With another profile of the AWS configuration
  kubectl access whoami --profile developer

  # As JSON
  kubectl access whoami -o json

  # Whether I have access to several clusters
  kubectl access whoami --contexts demo --contexts prod`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			mappings, err := env.readMappings(file)
			if err != nil {
				return err
			}
			return env.over(cmd.Context(), &several, out.Format, false, func(ctx context.Context, own *Env) error {
				return own.whoami(ctx, &out, namespace, mappings)
			})
		},
	}
	out.bind(cmd.Flags(), "json", "yaml", "jsonpath=")
	several.bindFleet(cmd.Flags(), true)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "Show what you may do in this namespace, instead of that of the context")
	cmd.Flags().StringVar(&file, "aws-auth", "", "File with the aws-auth ConfigMap, if you cannot read it in the cluster")
	return cmd
}

// readMappings reads aws-auth from a file; nil where none was given.
func (env *Env) readMappings(file string) (*awsauth.Map, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // no file, no map: the caller asks the cluster
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read aws-auth: %w", err)
	}
	m, err := awsauth.ParseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, text := range m.Remarks {
		env.warn("%s: %s", file, text)
	}
	return &m, nil
}

func (env *Env) whoami(ctx context.Context, out *output, namespace string, mappings *awsauth.Map) error {
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	c.Settings.Namespace = namespace
	facts := c.Probe(ctx, mappings)
	facts.Program, facts.Kubeconfig = env.program, env.persist.Lookup("kubeconfig").Value.String()
	env.notes(facts.Notes)
	r := whoami.Judge(facts)
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, several := env.IO.Out.(*printer.Sheet); several && out.People() {
		return cmp.Or(out.Table(env.IO.Out, printer.WhoamiRow(r)), errIf(!r.HasAccess))
	}
	if out.People() {
		env.say(env.IO.Out, printer.Whoami(r, printer.Colorful(env.IO.Out), env.verbosity >= 6))
		return errIf(!r.HasAccess)
	}
	return cmp.Or(out.Plain(env.IO.Out, printer.IdentityOf(r, c.Target.Region, c.Target.Account)), errIf(!r.HasAccess))
}
