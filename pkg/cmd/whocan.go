package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// whoCanFlags are the question, and what to show of the answer.
type whoCanFlags struct {
	output
	fleetFlags
	rights.Asked
	explain, all, complete, matrix, check bool
	expect                                []string
}

func newWhoCanCmd(env *Env) *cobra.Command {
	var f whoCanFlags
	cmd := &cobra.Command{
		Use:   "who-can (VERB (TYPE[.GROUP][/NAME] | URL) | escalate | --matrix)",
		Short: "List who can do something in the cluster, by every source",
		Long: `List who can do something in the cluster. Access entries with their policies, aws-auth and RBAC count together, and
groups are resolved to the principals that have them.

Without -n and -A, the answer is about any namespace, and WHERE says in which. Service accounts and the components of
Kubernetes and EKS are counted and shown with --all. What could not be read is named: then the answer is not complete.

--matrix sums up everybody in every namespace as the largest of the ClusterRoles view, edit, admin and cluster-admin whose
rules are covered by what they have, whatever it is called: "custom" covers none of them, "view+" has more than view,
"view?" has at least view, because not all rules are known.`,
		Example: `  # Who can read secrets in namespace prod
  kubectl access who-can get secrets -n prod

  # Who can open a shell in a pod, anywhere, and how
  kubectl access who-can create pods/exec --explain

  # A URL
  kubectl access who-can get /metrics

  # Who can become a cluster administrator
  kubectl access who-can escalate

  # Everybody, in every namespace
  kubectl access who-can --matrix

  # Who can delete nodes, in every cluster of the kubeconfig
  kubectl access who-can delete nodes --all-contexts`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Words = args
			if err := f.question(); err != nil {
				return err
			}
			return env.over(cmd.Context(), &f.fleetFlags, f.Format, false, func(ctx context.Context, own *Env) error {
				here := f
				return own.whoCan(ctx, &here)
			})
		},
	}
	f.bindWhoCan(cmd)
	return cmd
}

func (f *whoCanFlags) bindWhoCan(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.bindTable(fs, "json", "yaml", "csv", "name", "wide", "jsonpath=")
	f.bindFleet(fs, true)
	bindQuestion(cmd, &f.Asked)
	fs.BoolVar(&f.explain, "explain", false, "Print every chain that gives the right")
	fs.BoolVar(&f.matrix, "matrix", false, "Print what everybody can do in every namespace")
	fs.BoolVar(&f.all, "all", false, "Include service accounts and the components of Kubernetes and EKS; in a matrix also nodes")
	fs.BoolVar(&f.check, "check", false, "Ask the cluster too, about you and if possible about the others, and fail if it says otherwise")
	fs.StringSliceVar(&f.expect, "expect", nil, "Exit with 3 unless exactly these principals can do it")
	fs.BoolVar(&f.complete, "require-complete", false, "Exit with 1 if anything could not be read")
	for _, other := range []string{"all-namespaces", "subresource", "explain", "expect", "check"} {
		cmd.MarkFlagsMutuallyExclusive("matrix", other)
	}
}

// question refuses a command line that asks nothing, or two things.
func (f *whoCanFlags) question() error {
	switch {
	case f.matrix && len(f.Words) > 0:
		return fmt.Errorf("%w, or --matrix, not both", rights.ErrQuestion)
	case !f.matrix && len(f.Words) == 0:
		return rights.ErrQuestion
	}
	return nil
}

func (env *Env) whoCan(ctx context.Context, f *whoCanFlags) error {
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	x, types, err := c.Rights(ctx)
	if err != nil {
		return err
	}
	if f.matrix {
		return env.printMatrix(f, x)
	}
	if len(f.Words) == 1 && f.Words[0] == "escalate" {
		if f.Namespace != "" || f.Everywhere || f.Subresource != "" {
			return errors.New("escalate is about the whole cluster; leave out -n, -A and --subresource")
		}
		return env.printEscalations(f, x)
	}
	q, err := rights.Ask(f.Asked, types)
	if err != nil {
		return err
	}
	env.understood(q)
	env.absent(x.Snapshot, f.Namespace)
	a := x.WhoCan(q)
	env.missing(x.Missing)
	var contradictions []string
	if f.check {
		if a, contradictions, err = env.checked(ctx, c, x, a); err != nil {
			return err
		}
	}
	if err := env.printWhoCan(f, a); err != nil {
		return err
	}
	for _, text := range contradictions {
		env.warn("CONTRADICTION: %s", text)
	}
	return errors.Join(errIf(len(contradictions) > 0), errIf(f.complete && !a.Complete()), env.expected(ctx, c, f.expect, a))
}

// checked asks the cluster too. Where reviews of others are forbidden, only the caller is checked.
func (env *Env) checked(ctx context.Context, c *cluster.Cluster, x *rights.Index, a rights.Answer) (rights.Answer, []string, error) {
	if a.Question.Anywhere {
		return a, nil, errors.New("--check needs -n or -A: the cluster answers for one namespace or for all")
	}
	said, err := c.Check(ctx, x, a.Question.Review(), true)
	if errors.Is(err, access.ErrForbidden) {
		env.warn("only your own access was checked: to check that of others, you need create on subjectaccessreviews")
		said, err = c.Check(ctx, x, a.Question.Review(), false)
	}
	a, contradictions := a.Check(said)
	return a, contradictions, err
}

func (env *Env) printWhoCan(f *whoCanFlags, a rights.Answer) error {
	rows, hidden := rights.Shown(a.Rows, func(r rights.Row) bool { return !f.all && r.Identity.Background() })
	switch {
	case f.Name == "name":
		for _, r := range rows {
			if r.Can() {
				fmt.Fprintln(env.IO.Out, printer.Clean(r.Identity.Name))
			}
		}
	case !f.Tabular():
		return f.Object(env.IO.Out, printer.WhoCanObject(a))
	case f.explain:
		env.say(env.IO.Out, printer.Chains(rows))
	case len(rows) > 0 || f.Name == "csv":
		t := printer.WhoCan(a, rows)
		if f.Name == "" {
			t = t.FitLast(printer.TerminalWidth(env.IO.Out))
		}
		if err := f.Table(env.IO.Out, t); err != nil {
			return err
		}
	}
	env.afterWhoCan(a, rows, hidden, f.all)
	return nil
}

// afterWhoCan says on stderr what the rows leave open.
func (env *Env) afterWhoCan(a rights.Answer, rows []rights.Row, hidden int, all bool) {
	switch {
	case len(rows)+hidden > 0:
	case a.Complete() && len(a.Unknown) == 0:
		env.say(env.IO.ErrOut, "Nobody can "+printer.Clean(a.Question.String())+".\n")
	default:
		env.warn("nobody was found who can %s, but not everything is known", a.Question)
	}
	var unknown []string
	for _, r := range a.Unknown {
		if !all && (r.Identity.Class == rights.Service || r.Identity.Class == rights.Nodes) {
			hidden++
			continue
		}
		unknown = append(unknown, fmt.Sprintf("%s (%s)", r.Identity.Name, rights.Through(r.Chains[0].Right)))
	}
	env.hidden(hidden)
	if len(unknown) > 0 {
		env.warn("not known for %d more, whose rules AWS does not publish or could not be read: %s", len(unknown), strings.Join(unknown, ", "))
	}
}

// printMatrix prints what everybody can do in every namespace.
func (env *Env) printMatrix(f *whoCanFlags, x *rights.Index) error {
	env.absent(x.Snapshot, f.Namespace)
	env.missing(x.Missing)
	m, hidden := x.Matrix(), 0
	if f.Namespace != "" {
		m = m.In(f.Namespace)
	}
	if !f.Tabular() {
		return f.Object(env.IO.Out, printer.MatrixObject(m))
	}
	m.Rows, hidden = rights.Shown(m.Rows, func(r rights.MatrixRow) bool {
		return !f.all && (r.Identity.Background() || r.Identity.Class == rights.Nodes)
	})
	all := len(m.Namespaces)
	if f.Name == "" && f.Namespace == "" {
		m = m.Differing()
	}
	if err := f.Blocks(env.IO.Out, printer.Matrix(m)); err != nil {
		return err
	}
	env.hidden(hidden)
	if n := all - len(m.Namespaces); n > 0 {
		env.say(env.IO.ErrOut, fmt.Sprintf("%d more namespaces, in which everybody has what they have cluster-wide: add -o wide\n", n))
	}
	return nil
}

// hidden says how many rows are not shown.
func (env *Env) hidden(n int) {
	if n > 0 {
		env.say(env.IO.ErrOut, printer.Hidden(n)+"\n")
	}
}

// ErrUnexpected says that others can do it than were expected.
var errUnexpected = errors.New("not as expected")

// expected compares who can do it with the principals of --expect.
func (env *Env) expected(ctx context.Context, c *cluster.Cluster, written []string, a rights.Answer) error {
	if written == nil {
		return nil
	}
	who, notes, err := c.Resolve(ctx, written, false)
	env.notes(notes)
	if err != nil || access.Failed(notes) {
		return errors.Join(err, errIf(access.Failed(notes)))
	}
	more, less := a.Compare(who, c.Short)
	if len(more)+len(less) == 0 {
		return nil
	}
	return fmt.Errorf("%w: can, and was not expected: %s; cannot, and was expected: %s", errUnexpected, orNobody(more), orNobody(less))
}

//go:noinline
func orNobody(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// printEscalations prints who can become a cluster administrator.
func (env *Env) printEscalations(f *whoCanFlags, x *rights.Index) error {
	env.missing(x.Missing)
	all, hidden := x.Escalations(), 0
	if !f.all && f.Tabular() {
		all, hidden = rights.Shown(all, func(e rights.Escalation) bool { return e.Identity.Background() })
	}
	if !f.Tabular() {
		return f.Object(env.IO.Out, printer.EscalationsObject(all, x.Missing))
	}
	if f.explain {
		var rows []rights.Row
		for _, e := range all {
			rows = append(rows, rights.Row{Identity: e.Identity, Chains: e.Chains})
		}
		env.say(env.IO.Out, printer.Chains(rows))
	} else if err := f.Table(env.IO.Out, printer.Escalations(all)); err != nil {
		return err
	}
	env.hidden(hidden)
	env.say(env.IO.ErrOut, "Not checked: IAM. A principal that may call eks:CreateAccessEntry or eks:AssociateAccessPolicy on the cluster can become one too.\n")
	if f.complete && len(x.Missing) > 0 {
		return errFailed
	}
	return nil
}
