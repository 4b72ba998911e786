package cmd

import (
	"cmp"
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// completionTime is how long AWS and the cluster may take, so that candidates appear within 300 ms.
const completionTime = 230 * time.Millisecond

// completionTimeout is the environment variable to allow more.
const completionTimeout = "KUBECTL_ACCESS_COMPLETION_TIMEOUT"

// completionLimit ignores a value that is not a duration: completion prints candidates only.
func (env *Env) completionLimit() time.Duration {
	wanted, _ := time.ParseDuration(os.Getenv(completionTimeout))
	return cmp.Or(env.Patience, max(wanted, 0), completionTime)
}

// completeLive registers completion with values from the kubeconfig, the cluster or AWS.
func (env *Env) completeLive(root *cobra.Command) {
	for flag, names := range map[string]func(api.Config) []cobra.Completion{
		"context": func(c api.Config) []cobra.Completion { return slices.Collect(maps.Keys(c.Contexts)) },
		"cluster": func(c api.Config) []cobra.Completion { return slices.Collect(maps.Keys(c.Clusters)) },
		"user":    func(c api.Config) []cobra.Completion { return slices.Collect(maps.Keys(c.AuthInfos)) },
	} {
		_ = root.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			raw, err := env.flags.Loader().RawConfig()
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return matching(names(raw), typed), cobra.ShellCompDirectiveNoFileComp
		})
	}
	_ = root.RegisterFlagCompletionFunc("eks-cluster", env.ask(cluster.OfferClusters))
	_ = root.RegisterFlagCompletionFunc("profile", completeProfiles)
	_ = root.RegisterFlagCompletionFunc("kubeconfig", completeFiles)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	for _, c := range root.Commands() {
		completeFlags(c)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if held, ok := heldFlags[f.Name]; ok && c.Name() == "revoke" {
				_ = c.RegisterFlagCompletionFunc(f.Name, env.completeHeld(held))
			} else if f.Name == "policy" {
				_ = c.RegisterFlagCompletionFunc(f.Name, env.completeScoped)
			} else if ask, ok := env.askFlags()[f.Name]; ok {
				_ = c.RegisterFlagCompletionFunc(f.Name, env.ask(ask))
			} else if complete, ok := env.completeFleet(f.Name); ok && f.Annotations[values] == nil {
				_ = c.RegisterFlagCompletionFunc(f.Name, complete)
			} else if slices.Contains(fileFlags, f.Name) {
				_ = c.RegisterFlagCompletionFunc(f.Name, completeFiles)
			} else if all, ok := f.Annotations[values]; ok {
				_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp))
			} else if all, ok := f.Annotations[formats]; ok {
				_ = c.RegisterFlagCompletionFunc(f.Name, completeFormats(all))
			}
		})
		if ask, ok := askArguments[c.Name()]; ok && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = env.completeArguments(ask)
		}
	}
}

// fileFlags are the flags whose values are files.
var fileFlags = []string{"kubeconfig", "from-file", "aws-auth", "decisions", "write-decisions", "state", "log", "api-server-ca", "baseline", "ignore-file", "filename", "plan", "plan-out"}

func completeProfiles(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return matching(login.Settings{}.ProfileNames(), typed), cobra.ShellCompDirectiveNoFileComp
}

// askFlags are the flags of single commands whose values come from the cluster or AWS.
func (env *Env) askFlags() map[string]cluster.Offer {
	return map[string]cluster.Offer{
		"namespace": cluster.OfferNamespaces, "group": cluster.OfferGroups, "name": env.askRegion, "cluster-name": env.askRegion,
	}
}

// askArguments are the commands whose arguments are principals.
var askArguments = map[string]func(cluster.Written) cluster.Offer{
	"list": cluster.OfferAdmitted, "describe": cluster.OfferAdmitted, "revoke": cluster.OfferAdmitted, "explain": cluster.OfferAdmitted, "history": cluster.OfferAdmitted, "why": cluster.OfferAdmitted, "export": cluster.OfferAdmitted,
	"grant": cluster.OfferPrincipals, "who-can": nil,
}

// heldFlags are what revoke takes from an entry.
var heldFlags = map[string]func(access.Entry) []string{
	"policy": func(e access.Entry) (all []string) {
		for _, g := range e.Grants {
			all = append(all, g.Policy.Short()+"\t"+g.Scope.String())
			for _, ns := range g.Scope.Namespaces {
				all = append(all, g.Policy.Short()+":"+ns)
			}
		}
		return all
	},
	"namespace": func(e access.Entry) (all []string) {
		for _, g := range e.Grants {
			for _, ns := range g.Scope.Namespaces {
				all = append(all, ns+"\t"+g.Policy.Short())
			}
		}
		return all
	},
	"group": func(e access.Entry) []string { return e.Groups },
}

// completeHeld offers what the principals before the flag have.
func (env *Env) completeHeld(held func(access.Entry) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := env.ask(cluster.OfferHeld(args, held))(cmd, args, typed)
		if _, _, scoped := access.CutScope(typed); !scoped { // what a policy has in a namespace comes after its colon
			found = slices.DeleteFunc(found, func(s string) bool {
				word, _, _ := strings.Cut(s[strings.LastIndexByte(s, ',')+1:], "\t")
				return strings.Contains(word, ":")
			})
		}
		return found, directive
	}
}

// ask offers candidates for as long as the user can be kept waiting. It prints nothing else.
func (env *Env) ask(ask cluster.Offer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, stop := context.WithTimeout(cmd.Context(), env.completionLimit())
		defer stop()
		env.IO.ErrOut = io.Discard
		var mu sync.Mutex
		var found []cobra.Completion
		done := make(chan struct{})
		go func() {
			defer close(done)
			dial := func() *cluster.Cluster {
				c, err := env.open(ctx)
				if err != nil {
					return nil
				}
				return c
			}
			ask(ctx, dial, func(some ...cobra.Completion) {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, some...)
			})
		}()
		select {
		case <-done:
		case <-ctx.Done():
		}
		mu.Lock()
		defer mu.Unlock()
		return matching(found, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeScoped offers policies, and after a policy's colon namespaces.
func (env *Env) completeScoped(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	inside := false
	for word := range strings.SplitSeq(typed, ",") {
		_, _, scoped := access.CutScope(word)
		inside = inside || scoped
	}
	if !inside {
		found, _ := env.ask(cluster.OfferPolicies)(cmd, args, typed)
		access.Sort(found, func(a, b cobra.Completion) int { return cmp.Compare(forServices(a), forServices(b)) })
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
	at := strings.LastIndexByte(typed, ',') + 1
	if _, namespace, scoped := access.CutScope(typed[at:]); scoped {
		at = len(typed) - len(namespace)
	}
	found, directive := env.ask(cluster.OfferNamespaces)(cmd, args, typed[at:])
	for i := range found {
		found[i] = typed[:at] + found[i]
	}
	return found, directive
}

// forServices is 1 for a policy that AWS made for its services: it is offered last.
func forServices(candidate cobra.Completion) int {
	word, _, _ := strings.Cut(candidate, "\t")
	word = word[strings.LastIndexByte(word, ',')+1:]
	for _, p := range policy.All() {
		if access.Policy(p.Name).Short() == word && !p.ForPeople() {
			return 1
		}
	}
	return 0
}

// matching are the candidates that begin with what was typed, or with the last word of a list, without the other words of the
// list; where there are none, those of which a part between slashes begins so. Each word appears once, and words with control
// characters never.
func matching(all []cobra.Completion, typed string) (fit []cobra.Completion) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	last, others := typed[len(before):], strings.Split(before, ",")
	descriptions, inside := map[string]string{}, map[string]string{}
	for _, candidate := range all {
		word, description, _ := strings.Cut(candidate, "\t")
		if word == "" || strings.ContainsFunc(word, access.Hidden) || slices.Contains(others, word) {
			continue
		}
		if strings.HasPrefix(word, last) {
			descriptions[word] = cmp.Or(short(printer.Clean(description)), descriptions[word])
		} else if strings.Contains(word, "/"+last) {
			inside[word] = cmp.Or(short(printer.Clean(description)), inside[word])
		}
	}
	if len(descriptions) == 0 && last != "" {
		descriptions = inside
	}
	for _, word := range slices.Sorted(maps.Keys(descriptions)) {
		fit = append(fit, cobra.CompletionWithDesc(before+word, descriptions[word]))
	}
	return fit
}

// short is a description that fits beside its word: fish shows no more.
//
//go:noinline
func short(description string) string {
	const most = 40
	if text := []rune(description); len(text) > most {
		return strings.TrimRight(string(text[:most-1]), " ,;") + "…"
	}
	return description
}

// askRegion offers the clusters of the region in the AWS settings, for commands that read no kubeconfig.
func (env *Env) askRegion(ctx context.Context, _ func() *cluster.Cluster, offer func(...cobra.Completion)) {
	region, err := env.describer(ctx, kubeconfigFlags{})
	if err != nil {
		return
	}
	names, _ := region.Clusters(ctx)
	offer(names...)
}

// completeFlags offers fixed values.
func completeFlags(cmd *cobra.Command) {
	fixed := map[string][]cobra.Completion{"dry-run": {"none", "client"}, "type": texts(access.Kinds), "exec": {"aws", "native"}}
	for flag, values := range fixed {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
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
