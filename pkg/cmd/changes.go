package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// listTime is how long AWS may take to say whose records are meant.
const listTime = 2 * time.Second

// changes are the recorded changes of a cluster. What the kubeconfig does not name is not compared.
func (env *Env) changes(name, region, account string) (journal.Journal, error) {
	dir, err := journal.Dir()
	if err != nil {
		return journal.Journal{}, err
	}
	all, err := journal.Read(dir)
	for _, b := range all.Broken {
		env.warn("a record cannot be read: %v", b.Err)
	}
	return all.In(name, region, account), err
}

// recordedHere are the records that undo chooses from. Where AWS does not say in time which cluster that is, they are those
// of the account that the kubeconfig names.
func (env *Env) recordedHere(ctx context.Context) (name string, all journal.Journal, err error) {
	asked, stop := context.WithTimeout(ctx, cmp.Or(env.Patience, listTime))
	defer stop()
	var info access.Info
	c, err := env.open(asked)
	if err == nil {
		info, err = c.EKS.Info(asked)
	}
	t, unknown := env.target()
	switch {
	case err == nil:
		env.notes(c.Shown(info))
		all, err = env.changes(info.Name, info.Region(), info.Account())
		return info.Name, all, err
	case unknown != nil || t.Name == "" || t.Account == "" || errors.Is(err, access.ErrRefused) || ctx.Err() != nil:
		return "", all, err
	}
	env.warn("AWS did not say which cluster %s is, so these are the changes of the one in account %s, which the kubeconfig names: %v", t.Name, t.Account, err)
	all, err = env.changes(t.Name, t.Region, t.Account)
	return t.Name, all, err
}

func (env *Env) listChanges(ctx context.Context, f *changeFlags) error {
	name, here, err := env.recordedHere(ctx)
	if err != nil {
		return err
	}
	all := here.Records
	if f.output.format == "name" {
		for _, r := range all {
			fmt.Fprintln(env.IO.Out, printer.Clean(r.ID))
		}
		return nil
	}
	if !f.output.people() {
		return f.output.object(env.IO.Out, map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": all})
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(env.IO.ErrOut, "No changes of cluster %s are on record here.\n", printer.Clean(name))
		return err
	}
	return f.output.table(env.IO.Out, env.changeTable(all))
}

func (env *Env) changeTable(all []journal.Record) printer.Table {
	t := printer.Table{Columns: []printer.Column{{Name: "ID"}, {Name: "AGE"}, {Name: "STATE"}, {Name: "CHANGED"}, {Name: "COMMAND"}}}
	undone := journal.Undone(all)
	for _, r := range all {
		state := string(r.State())
		if undone[r.ID] {
			state = "taken back"
		}
		if r.Undoes != "" {
			state += ", takes back " + r.Undoes
		}
		command := r.Args
		if len(command) > 1 && command[0] == "kubectl" { // what was picked is recorded as it is told, "kubectl access …"
			command = command[1:]
		}
		t.Rows = append(t.Rows, []string{
			printer.Clean(r.ID), age(r, env.Now()), printer.Clean(state), whatChanged(r), printer.Clean(shell.Line(command[min(1, len(command)):])),
		})
	}
	return t
}

// age is unknown where a clock was wrong.
func age(r journal.Record, now time.Time) string {
	if r.Time.After(now) {
		r.Time = time.Time{}
	}
	return printer.Age(r.Time, now)
}

func whatChanged(r journal.Record) string {
	var parts []string
	if r.Mode != nil {
		parts = append(parts, "mode")
	}
	if len(r.Entries) > 0 {
		parts = append(parts, count(len(r.Entries), "entry", "entries"))
	}
	if r.AWSAuth != nil {
		parts = append(parts, "aws-auth")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// completeChanges offers the IDs of the cluster's changes.
func (env *Env) completeChanges(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	t, err := env.target()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dir, err := journal.Dir()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, _ := journal.Read(dir)
	var ids []cobra.Completion
	for _, r := range all.In(t.Name, t.Region, t.Account).Records {
		if !strings.ContainsFunc(r.ID, access.Hidden) {
			ids = append(ids, cobra.CompletionWithDesc(r.ID, whatChanged(r)))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
