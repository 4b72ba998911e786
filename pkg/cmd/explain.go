package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// explainFlags are the question, and what would be different.
type explainFlags struct {
	output
	fleetFlags
	rights.Asked
	with, without []string
	history       bool
}

func newExplainCmd(env *Env) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain PRINCIPAL [VERB (TYPE[.GROUP][/NAME] | URL)]",
		Short: "Explain what a principal can do and why, or why it cannot",
		Long: `Explain what a principal can do, through which entry, mapping, group, binding and policy.

With a question, print every chain that gives it, each with the command that takes it away. If it cannot, print
what nearly gives it, and the smallest grant that would do. --with and --without answer for access that is not granted or
revoked yet.`,
		Example: `  # All that one role can do, by source
  kubectl access explain role/team/dev

  # Why it can, or cannot
  kubectl access explain role/team/dev delete pods -n dev

  # What if
  kubectl access explain role/team/dev get secrets -n dev --with edit:dev

  # In every cluster of the kubeconfig
  kubectl access explain role/team/dev get secrets --all-contexts`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 2 {
				return usage(cmd, fmt.Errorf("specify a principal, then nothing or a question: %w", rights.ErrQuestion))
			}
			f.Words = args[1:]
			return env.over(cmd.Context(), &f.fleetFlags, f.Format, false, func(ctx context.Context, own *Env) error { return own.explain(ctx, &f, args[0]) })
		},
	}
	fs := cmd.Flags()
	f.bind(fs, "json", "yaml", "jsonpath=")
	f.bindFleet(fs, true)
	bindQuestion(cmd, &f.Asked)
	fs.StringArrayVar(&f.with, "with", nil, "Answer as if this access policy were granted, such as edit:dev or view")
	fs.StringArrayVar(&f.without, "without", nil, "Answer as if this access policy were revoked, such as edit:dev or view; not for groups and mappings")
	fs.BoolVar(&f.history, "history", false, "Read from CloudTrail since when and from which person it has its access; takes some seconds")
	return cmd
}

func (env *Env) explain(ctx context.Context, f *explainFlags, written string) error {
	c, who, notes, err := env.resolve(ctx, []string{written}, true)
	if err != nil || len(who) == 0 {
		return cmp.Or(err, errIf(access.Failed(notes)))
	}
	x, types, err := c.Rights(ctx)
	if err != nil {
		return err
	}
	if x, err = env.whatIf(ctx, c, x, who[0], f); err != nil {
		return err
	}
	env.missing(x.Missing)
	caller, unknown := c.Session.Caller(ctx)
	me := unknown == nil && who[0].Is(caller)
	if me && len(x.Identity(who[0]).Rights) == 0 {
		defer func() {
			env.say(env.IO.ErrOut, "Who you are to the cluster, and why: "+env.program.Command("whoami")+"\n")
		}()
	}
	if len(f.Words) == 0 {
		id := x.Identity(who[0])
		if f.Name != "" {
			return f.Object(env.IO.Out, f.supposed(printer.RightsObject(id)))
		}
		env.say(env.IO.Out, f.supposing()+printer.Rights(id, x)+printer.Since(env.since(ctx, c, x.Snapshot, who[0], f.history)))
		return nil
	}
	q, err := rights.Ask(f.Asked, types)
	if err != nil {
		return err
	}
	env.understood(q)
	e := x.Explain(who[0], q)
	if me && f.supposing() == "" {
		env.askCluster(ctx, c, &e)
	}
	if f.supposing() != "" { // there is nothing to revoke yet
		for i := range e.Chains {
			e.Chains[i].Revoke, e.Chains[i].Delete = nil, nil
		}
	}
	if f.Name != "" {
		return f.Object(env.IO.Out, f.supposed(printer.ExplanationObject(e, env.program)))
	}
	env.say(env.IO.Out, f.supposing()+printer.Explanation(e, env.program)+printer.Since(env.since(ctx, c, x.Snapshot, who[0], f.history)))
	return nil
}

// askCluster asks the cluster about the caller too. About any namespace it can only be asked whether all of them are allowed.
func (env *Env) askCluster(ctx context.Context, c *cluster.Cluster, e *rights.Explanation) {
	says, err := c.Allows(ctx, e.Question.Review())
	switch {
	case err == nil && !says && e.Question.Anywhere:
		if e.Answer() == "unknown" {
			env.say(env.IO.ErrOut, "The cluster knows for one namespace: add -n NAMESPACE.\n")
		}
	case err == nil, errors.Is(err, access.ErrUnauthorized):
		e.Told(says)
	}
}

// supposing is the line above an answer for access that is not granted or revoked; "" for one about the cluster as it is.
func (f *explainFlags) supposing() string {
	var all []string
	for _, text := range f.with {
		all = append(all, text+" were granted")
	}
	for _, text := range f.without {
		all = append(all, text+" were revoked")
	}
	if len(all) == 0 {
		return ""
	}
	return "If " + printer.Clean(strings.Join(all, " and ")) + ":\n\n"
}

// supposed adds the same to an object.
func (f *explainFlags) supposed(object map[string]any) map[string]any {
	if f.supposing() != "" {
		object["if"] = map[string]any{"granted": append([]string{}, f.with...), "revoked": append([]string{}, f.without...)}
	}
	return object
}

// whatIf is the index after the grants of --with and without those of --without.
func (env *Env) whatIf(ctx context.Context, c *cluster.Cluster, x *rights.Index, p access.Principal, f *explainFlags) (*rights.Index, error) {
	if len(f.with)+len(f.without) == 0 {
		return x, nil
	}
	read := func(texts []string) (grants []access.Grant, err error) {
		for _, text := range texts {
			scoped, err := access.ParseScoped(text)
			if err != nil {
				return nil, err
			}
			some, err := c.Granted(ctx, scoped)
			if err != nil {
				return nil, err
			}
			grants = append(grants, some...)
		}
		return grants, nil
	}
	with, err := read(f.with)
	without, errToo := read(f.without)
	if err = errors.Join(err, errToo); err != nil {
		return nil, err
	}
	var edits []access.Edit
	if len(with) > 0 {
		edits = append(edits, edit.Grant(access.Entry{Principal: p, Grants: with}))
	}
	if len(without) > 0 {
		off, name := edit.Revocation{Grants: without}, p.Short(x.Snapshot.Cluster.Account())
		if e, ok := x.Snapshot.Entry(p); !ok {
			env.warn("%s has no access entry; --without revokes access policies only", name)
		} else if text := off.Absent(e, name); text != "" {
			env.warn("%s", text)
		}
		edits = append(edits, edit.Revoke(p, off))
	}
	after, err := edit.Each(edits...)(x.Snapshot)
	if err != nil {
		return nil, err
	}
	return rights.New(after), nil
}

// understood says how a question was understood, where there is doubt.
func (env *Env) understood(q rights.Question) {
	for _, note := range q.Notes {
		env.warn("%s", note)
	}
	for _, text := range q.Remarks() {
		env.say(env.IO.ErrOut, text+"\n")
	}
}

// absent warns about a namespace that does not exist, as far as the namespaces could be read.
func (env *Env) absent(s access.Snapshot, namespace string) {
	if namespace != "" && s.Namespaces != nil && !slices.Contains(s.Namespaces, namespace) {
		env.warn("namespace %s does not exist%s", namespace, access.DidYouMean(namespace, s.Namespaces))
	}
}

// missing names what could not be read.
func (env *Env) missing(all []rights.Missing) {
	for _, line := range printer.MissingLines(all) {
		env.warn("the answer is not complete: %s", line)
	}
	for _, m := range all {
		if m.Need != "" && env.verbosity >= 6 {
			env.warn("%s: %s", m.What, m.Why)
		}
	}
}

// bindQuestion adds the flags that narrow a question.
func bindQuestion(cmd *cobra.Command, asked *rights.Asked) {
	fs := cmd.Flags()
	fs.StringVarP(&asked.Namespace, "namespace", "n", "", "Ask about this namespace; without it and -A, about any")
	oneNamespace(fs, &asked.Namespace)
	fs.BoolVarP(&asked.Everywhere, "all-namespaces", "A", false, "Ask about all namespaces at once")
	fs.StringVar(&asked.Subresource, "subresource", "", "Ask about a subresource, such as log or exec")
	cmd.MarkFlagsMutuallyExclusive("namespace", "all-namespaces")
}
