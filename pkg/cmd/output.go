package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// output is the -o flag.
type output struct{ printer.Format }

// formats annotates the flag with its values, for completion.
const formats = "formats"

func (o *output) bind(fs *pflag.FlagSet, allowed ...string) {
	o.Allowed = allowed
	fs.StringVarP(&o.Name, "output", "o", "", "Output format. One of: "+strings.Join(allowed, ", "))
	_ = fs.SetAnnotation("output", formats, allowed)
	checkFlag(fs, "output", func() error {
		err := o.Check()
		if meant := access.DidYouMean(o.Name, allowed); err != nil && meant != "" {
			return fmt.Errorf("%w%s", err, meant)
		}
		return err
	})
}

// bindTable adds what only a command that prints a table has.
func (o *output) bindTable(fs *pflag.FlagSet, allowed ...string) {
	o.bind(fs, allowed...)
	fs.BoolVar(&o.NoHeaders, "no-headers", false, "Print the table without its header")
}

// engine carries out changes of a cluster.
//
//go:noinline
func (env *Env) engine(c *cluster.Cluster) *change.Engine {
	return &change.Engine{
		Cluster: c, Region: c.Target.Region, Name: c.Target.Name, Now: env.Now, LastLook: env.LastLook, Command: env.program.Command, Dir: journal.Dir, Pause: change.Pause,
		Waiting: func(what string) { fmt.Fprintln(env.IO.ErrOut, what) },
	}
}

// run shows a change, asks for confirmation where needed, carries it out and prints the results.
func (env *Env) run(ctx context.Context, c *cluster.Cluster, f *changeFlags, request change.Request) (*change.Run, error) {
	env.changing = env.changing || f.dryRun != "client"
	r, err := env.engine(c).Start(ctx, f.request(env, request))
	if err != nil {
		return nil, err
	}
	defer func() {
		r.Release()
		env.sent.Store(env.sent.Load() || r.Begun())
	}()
	v := view{env: env, f: f, run: r, line: request.Told}
	p, err := r.Propose(ctx)
	if err != nil {
		env.notes(p.Notes)
		return r, err
	}
	v.announce(p)
	if f.planOut != "" {
		return r, v.save(p)
	}
	if r.DryRun {
		refused := p.Refused(r.Accept)
		return r, cmp.Or(v.show(p, refused == nil), refused)
	}
	if p, err = v.agreed(ctx, p); err != nil {
		return r, err
	}
	return r, v.carryOut(ctx, p)
}

// carryOut carries out what was agreed to.
func (v view) carryOut(ctx context.Context, p change.Proposal) (err error) {
	if err := v.apply(ctx, p); err != nil {
		return err
	}
	v.run.Release()
	if v.run.Begun() && v.run.Undoes == "" && p.Plan.Mode == nil {
		v.env.undoable = append(v.env.undoable, v.run.ID())
	}
	if v.f.wait {
		err = v.run.Settle(ctx, p, v.f.timeout)
		v.env.notes(v.run.Notes)
	}
	if err != nil {
		return err
	}
	return v.finish(p)
}

// view shows one change on the command line.
type view struct {
	env  *Env
	f    *changeFlags
	run  *change.Run
	line []string // the equivalent command line, where something was picked
}

// announce prints the notes and, before a question or a refusal, the plan.
func (v view) announce(p change.Proposal) {
	v.env.notes(p.Notes)
	risky := p.Refused(v.run.Accept) != nil && v.env.asksRisks()
	if !v.run.DryRun && !v.f.yes && (risky || p.Asks(v.run.Request)) {
		v.env.failures()
		v.plan(v.env.IO.ErrOut, p)
		if v.line != nil {
			fmt.Fprintf(v.env.IO.ErrOut, "\nEquivalent command:\n  %s\n\n", printer.Clean(shell.Line(v.line)))
		}
	}
}

// plan prints the plan.
func (v view) plan(out io.Writer, p change.Proposal) {
	var text strings.Builder
	printer.Plan(&text, p.Plan, printer.Colorful(out))
	v.env.say(out, text.String())
}

// agreed is the proposal that was confirmed, where confirmation is needed. After the answer the change is planned again; a plan
// that differs from the one that was shown is shown, judged and confirmed again.
func (v view) agreed(ctx context.Context, p change.Proposal) (change.Proposal, error) {
	for {
		asked, err := v.accept(ctx, p)
		if err != nil || !asked && (v.f.yes || !p.Asks(v.run.Request)) {
			return p, err
		}
		if !asked { // who typed the name of a risk has said yes
			if err := v.confirm(ctx); err != nil {
				return p, err
			}
		}
		now, same, err := v.run.Again(ctx, p)
		if err != nil {
			return p, err
		}
		if same {
			return now, now.Refused(v.run.Accept)
		}
		v.env.warn("the cluster has changed in the meantime; this is the new plan")
		p = now
		v.announce(p)
	}
}

// accept asks on a terminal for each risk that was not accepted. Elsewhere, and with --yes, it is refused.
func (v view) accept(ctx context.Context, p change.Proposal) (asked bool, err error) {
	refused := p.Refused(v.run.Accept)
	if refused == nil || v.f.yes {
		return false, refused
	}
	v.run.Release()
	names, err := v.env.askRisks(ctx, refused, p.Plan.Cluster.Name)
	v.run.Accept = append(v.run.Accept, names...)
	return true, err
}

// asksRisks reports whether risks are confirmed on a terminal, and not refused.
func (env *Env) asksRisks() bool { return printer.Terminal(env.IO.In) }

// askRisks asks for each of the risks that something was refused for: for its name, and for the cluster's where the change is
// irreversible. Without a terminal, and where the error is another one, it returns the error.
func (env *Env) askRisks(ctx context.Context, refused error, cluster string) (accepted []access.RiskName, err error) {
	var r change.Refusal
	if !errors.As(refused, &r) || !env.asksRisks() {
		return nil, refused
	}
	for _, risk := range r.Risks {
		env.say(env.IO.ErrOut, printer.Colorful(env.IO.ErrOut).Warn("Risk:")+" "+printer.Clean(string(risk.Name)+": "+risk.Why)+"\n")
	}
	for _, risk := range r.Risks {
		if slices.Contains(accepted, risk.Name) {
			continue
		}
		what, word := string(risk.Name), string(risk.Name)
		if risk.Name == access.OneWayMode {
			what, word = "the cluster's name ("+cluster+")", cluster
		}
		if err := env.retyped(ctx, "Type "+printer.Clean(what)+" to continue, or press Enter to cancel: ", word); err != nil {
			return accepted, err
		}
		accepted = append(accepted, risk.Name)
	}
	return accepted, nil
}

// tries is how often a word may be mistyped.
const tries = 3

// retyped asks for a word.
func (env *Env) retyped(ctx context.Context, question, word string) error {
	for n := 1; ; n++ {
		answer, err := env.prompt(ctx, question)
		switch {
		case err != nil || answer == word:
			return err
		case answer == "" || n == tries:
			return errCancelled
		}
	}
}

// apply carries out the plan and prints a line for each result.
func (v view) apply(ctx context.Context, p change.Proposal) error {
	for _, who := range p.Who {
		if !p.Touches(who) && (who != access.Itself || !v.run.Whole) {
			fmt.Fprintf(v.talk(), "%s unchanged\n", printer.Title(who, p.Plan.Cluster))
		}
	}
	if p.Plan.Empty() && v.run.Undoes == "" {
		v.run.Partial = p.Incomplete
		return nil
	}
	results, err := v.run.Apply(ctx, p)
	if err != nil {
		return err
	}
	v.env.notes(v.run.Notes)
	v.run.Notes = nil
	if p.Plan.Mode != nil {
		fmt.Fprintln(v.env.IO.ErrOut, "Waiting for EKS to change the mode (usually takes a few minutes)…")
	}
	account := p.Plan.Cluster.Account()
	var failed []error
	for result := range results {
		if result.Err == nil {
			v.env.say(v.talk(), printer.Result(result, account)+"\n")
			continue
		}
		v.env.say(v.env.IO.ErrOut, printer.Colorful(v.env.IO.ErrOut).Bad("error:")+" "+printer.Result(result, account)+"\n")
		failed = append(failed, result.Err)
	}
	v.env.notes(v.run.Notes)
	v.run.Notes = nil
	if len(failed) > 0 {
		v.env.hints(failed)
	}
	return ctx.Err()
}

// show prints the dry run.
func (v view) show(p change.Proposal, allowed bool) error {
	out := v.talk()
	if !p.Plan.Empty() {
		v.plan(out, p)
	}
	if !allowed {
		return nil // it would be refused
	}
	v.run.Partial = p.Incomplete
	fmt.Fprint(out, printer.DryRun(p.Plan, p.Who, func(who access.Principal) bool { return p.Touches(who) || who == access.Itself && v.run.Whole }))
	return v.finish(p)
}

// finish prints the objects for -o, and returns errFailed where something was not done.
func (v view) finish(p change.Proposal) error {
	named := slices.DeleteFunc(slices.Clone(p.Who), func(who access.Principal) bool { return who == access.Itself })
	if err := v.f.output.Entries(v.env.IO.Out, v.run.Entries(p), p.After.Cluster, len(named) == 1); err != nil {
		return err
	}
	return errIf(v.run.Partial)
}

// talk is where the lines of results go: stdout, unless -o prints objects there.
func (v view) talk() io.Writer {
	if v.f.output.Name == "" {
		return v.env.IO.Out
	}
	return v.env.IO.ErrOut
}
