package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// completeFlags offers the values that are known without asking anybody.
func completeFlags(cmd *cobra.Command) {
	risks := make([]string, len(access.RiskNames))
	for i, r := range access.RiskNames {
		risks[i] = string(r)
	}
	fixed := map[string][]cobra.Completion{"dry-run": {"none", "client"}, "accept-risk": risks, "type": kindCompletions(), "exec": {"aws", "native"}}
	for flag, values := range fixed {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
}

func kindCompletions() []cobra.Completion {
	var all []cobra.Completion
	for _, k := range access.Kinds {
		all = append(all, string(k))
	}
	return all
}

// completeFormats offers the values of -o; behind jsonpath= the path follows.
func completeFormats(all []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) (fit []cobra.Completion, _ cobra.ShellCompDirective) {
		for _, format := range all {
			if strings.HasPrefix(format, typed) {
				fit = append(fit, format)
			}
		}
		if len(fit) == 1 && strings.HasSuffix(fit[0], "=") {
			return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFiles leaves it to the shell to offer files.
func completeFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func completePolicies(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var all []cobra.Completion
	for _, p := range policy.All() {
		if !p.ServiceLinkedRoleOnly {
			all = append(all, cobra.CompletionWithDesc(access.Policy(p.Name).Short(), p.Purpose))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
