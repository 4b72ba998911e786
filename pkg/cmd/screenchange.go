package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// propose plans what was picked, as the commands do.
func (s *shown) propose(ctx context.Context, asked tui.Request) (tui.Proposal, error) {
	r, told, err := s.request(ctx, asked)
	if err != nil {
		return tui.Proposal{}, err
	}
	r.Told = told
	engine := s.env.engine(s.c)
	engine.Waiting = nil
	run := engine.Run(r)
	p, err := run.Propose(ctx)
	if err != nil {
		return tui.Proposal{}, err
	}
	return offer(run, p)
}

// request is the change that was picked, and the command line that asks for exactly that.
func (s *shown) request(ctx context.Context, asked tui.Request) (change.Request, []string, error) {
	switch {
	case asked.Undo:
		record, r, err := s.env.undoing(ctx, s.c, asked.ID, nil)
		switch {
		case err != nil:
			return r, nil, err
		case record == nil:
			return r, nil, errors.New("there is nothing to undo: this machine has no recorded change of this cluster that is not undone")
		case record.Migrated():
			return r, nil, fmt.Errorf("the change was a migration: undo it from the tab Changes, or with %s", s.env.program.Command("undo", record.ID))
		}
		return r, s.env.program.Words("undo", record.ID), nil
	case asked.Mode != "":
		return modeRequest(asked.Mode), asked.Command, nil
	case asked.Grant != nil:
		return change.Grant(asked.Who, asked.Grant, false), asked.Command, nil
	}
	return change.Revoke(asked.Who, asked.Revoke, asked.Revoke.Whole(), asked.EntryOnly, s.c.Names(ctx), s.c), asked.Command, nil
}

// offer is a proposal for the screen.
func offer(run *change.Run, p change.Proposal) (tui.Proposal, error) {
	said := access.Sentences(p.Notes)
	if p.Incomplete { // the plan leaves out some of the principals that the screen names
		return tui.Proposal{}, errors.New(strings.Join(said, "; "))
	}
	return tui.Proposal{Plan: p.Plan, Command: run.Told, Warnings: said, Risks: p.Risks, Apply: func(ctx context.Context, accepted []access.RiskName) iter.Seq2[access.Result, error] {
		return func(yield func(access.Result, error) bool) {
			run.Accept = accepted
			now, err := still(ctx, run, p)
			if err != nil {
				yield(access.Result{}, err)
				return
			}
			defer run.Release()
			if !yield(access.Result{}, nil) {
				return
			}
			results, err := run.Apply(ctx, now)
			if err != nil {
				yield(access.Result{}, err)
				return
			}
			for result := range results {
				if !yield(result, nil) {
					return
				}
			}
		}
	}}, nil
}

// still is the plan that was shown as it is now, with no other change of this machine until run.Release. If it has changed,
// or has a risk that was not accepted, the error is tui.Changed.
func still(ctx context.Context, run *change.Run, shown change.Proposal) (change.Proposal, error) {
	now, same, err := run.Again(ctx, shown)
	if err == nil && same && now.Refused(run.Accept) == nil {
		return now, nil
	}
	run.Release()
	if err == nil {
		var p tui.Proposal
		if p, err = offer(run, now); err == nil {
			err = tui.Changed{Proposal: p}
		}
	}
	return now, err
}

// changes are the recorded changes of the cluster. Where AWS does not describe it, they are those of the account in the kubeconfig.
func (s *shown) changes(ctx context.Context) ([]printer.ChangeRow, error) {
	name, region, account := s.c.Target.Name, s.c.Target.Region, s.c.Target.Account
	if info, err := s.c.EKS.Info(ctx); err == nil {
		name, region, account = info.Name, info.Region(), info.Account()
	}
	all, err := s.env.changes(name, region, account)
	return printer.ChangeRows(all.Records), err
}

// history is the history of one principal.
func (s *shown) history(ctx context.Context, p access.Principal) (string, error) {
	h, err := s.env.told(ctx, s.c, &historyFlags{limit: defaultLimit}, string(p))
	if err != nil {
		return "", err
	}
	return h.Text(p), nil
}

// me is the report of whoami.
func (s *shown) me(ctx context.Context) (tui.Me, error) {
	facts := s.c.Probe(ctx, nil)
	facts.Program, facts.Kubeconfig = s.env.program, s.env.persist.Lookup("kubeconfig").Value.String()
	r := whoami.Judge(facts)
	me := tui.Me{Report: printer.Whoami(r, false, false)}
	if r.AWS != nil {
		me.Who = r.AWS.Principal
	}
	return me, ctx.Err()
}

// explain is what explain prints without a question.
func (s *shown) explain(ctx context.Context, p access.Principal) (string, error) {
	x, _, err := s.c.Rights(ctx)
	if err != nil {
		return "", err
	}
	return printer.Missing(x.Missing) + printer.Rights(x.Identity(p), x), nil
}

// whoCan is who can do something, with every chain.
func (s *shown) whoCan(ctx context.Context, words []string, namespace string, everywhere bool) (string, error) {
	x, types, err := s.c.Rights(ctx)
	if err != nil {
		return "", err
	}
	q, err := rights.Ask(rights.Asked{Words: words, Namespace: namespace, Everywhere: everywhere}, types)
	if err != nil {
		return "", err
	}
	return printer.Missing(x.Missing) + printer.Answer(x.WhoCan(q)), nil
}

// run runs a command of this program as its own process, which takes the terminal until somebody has read what it printed.
func (s *shown) run(words ...string) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(path, append(slices.Clone(words), s.env.program.Flags...)...)
	c.Args[0] = s.env.argv0
	c.Stdin, c.Stdout, c.Stderr = s.terminal.In, s.terminal.Out, s.terminal.ErrOut
	fmt.Fprintf(s.terminal.Out, "$ %s\n", printer.Clean(s.env.program.Command(words...)))
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) { // what failed was printed
		return err
	}
	fmt.Fprint(s.terminal.Out, "\nPress Enter to return to the screen. ")
	_, _ = bufio.NewReader(s.terminal.In).ReadString('\n')
	return nil
}
