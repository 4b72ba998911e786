package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newPoliciesCmd(env *Env) *cobra.Command {
	var out output
	var offline, rules bool
	cmd := &cobra.Command{
		Use:   "policies [POLICY]",
		Short: "List the access policies, or show what one allows",
		Example: `  # All access policies of the region
  kubectl access policies

  # What edit allows
  kubectl access policies edit

  # Its Kubernetes rules
  kubectl access policies edit --rules

  # Without calling AWS, as known to this version
  kubectl access policies --offline`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rules && len(args) == 0 {
				return usage(cmd, errors.New("--rules requires a policy, such as edit"))
			}
			docs := env.policyDocs(cmd.Context(), offline)
			if len(args) == 1 {
				return env.printPolicy(&out, docs, args[0], rules)
			}
			if out.People() {
				t := printer.Policies(docs)
				if out.Name == "" {
					t = t.FitLast(printer.TerminalWidth(env.IO.Out))
				}
				return out.Table(env.IO.Out, t)
			}
			return out.Object(env.IO.Out, printer.PolicyList(docs))
		},
		ValidArgsFunction: env.ask(cluster.OfferPolicies),
	}
	cmd.Flags().BoolVar(&rules, "rules", false, "With POLICY, list its Kubernetes rules")
	cmd.Flags().BoolVar(&offline, "offline", false, "Do not call AWS; list the policies that this version knows")
	out.bindTable(cmd.Flags(), "json", "yaml", "wide", "jsonpath=")
	return cmd
}

// policyDocs are the policies of the region; where AWS does not answer, a warning and those that this version knows. It needs a
// region and credentials, but no cluster.
func (env *Env) policyDocs(ctx context.Context, offline bool) []policy.Policy {
	if offline {
		return policy.All()
	}
	docs := policy.All()
	target, err := env.target()
	if err == nil || env.override.region != "" {
		var region cluster.Region
		if region, err = cluster.OpenRegion(ctx, env.settings(target), target); err == nil {
			docs, err = region.Policies(ctx)
		}
	}
	if err != nil {
		env.warn("showing the policies that this version knows, because AWS could not be read: %v", err)
	}
	return docs
}

func (env *Env) printPolicy(out *output, docs []policy.Policy, written string, rules bool) error {
	var names []access.Policy
	for _, d := range docs {
		names = append(names, access.Policy(d.Name))
	}
	name, err := access.ParsePolicy(written, names)
	if err != nil {
		return err
	}
	doc := docs[slices.Index(names, name)]
	if !out.People() {
		return out.Object(env.IO.Out, printer.PolicyObject(doc))
	}
	if rules {
		_, err = fmt.Fprint(env.IO.Out, printer.Policy(doc, cmp.Or(printer.TerminalWidth(env.IO.Out), printer.Width)))
		return err
	}
	env.say(env.IO.Out, printer.PolicyBrief(doc, env.program.Command("policies", access.Policy(doc.Name).Short(), "--rules")))
	return nil
}
