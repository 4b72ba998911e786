package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// listTime is how long AWS may take to say whose records are meant.
const listTime = 2 * time.Second

// changes are the recorded changes of a cluster, the newest first.
func (env *Env) changes(t kubeconfig.Target) ([]journal.Record, error) {
	dir, err := journal.Dir()
	if err != nil {
		return nil, fmt.Errorf("find the folder of the records: %w; set XDG_STATE_HOME", err)
	}
	all, err := journal.Read(dir)
	if err != nil && len(all) == 0 {
		return nil, err
	}
	if err != nil {
		env.warn("not all records can be read: %v", err)
	}
	return slices.DeleteFunc(all, func(r journal.Record) bool { return !of(r, t) }), nil
}

// changesOf are those of the cluster that AWS describes, whatever the kubeconfig says: accounts have clusters of the same name.
func (env *Env) changesOf(info access.Info) ([]journal.Record, error) {
	return env.changes(kubeconfig.Target{Name: info.Name, Region: info.Region(), Account: info.Account()})
}

// of tells whether a change was one of that cluster. What the kubeconfig does not tell is not compared.
func of(r journal.Record, t kubeconfig.Target) bool {
	c := access.Info{Name: r.Cluster.Name, ARN: r.Cluster.ARN}
	return c.Name == t.Name && (t.Region == "" || c.Region() == t.Region) && (t.Account == "" || c.Account() == t.Account)
}

// recordedHere are the records that undo chooses from. Where AWS does not say in time which cluster that is, they are those
// of the account that the kubeconfig names.
func (env *Env) recordedHere(ctx context.Context) (name string, all []journal.Record, err error) {
	asked, stop := context.WithTimeout(ctx, cmp.Or(env.Patience, listTime))
	defer stop()
	var info access.Info
	c, err := env.connect(asked)
	if err == nil {
		info, err = c.eks.Info(asked)
	}
	t, unknown := env.target()
	switch {
	case err == nil:
		c.tellCluster(info)
		all, err = env.changesOf(info)
		return info.Name, all, err
	case unknown != nil || t.Name == "" || t.Account == "" || errors.Is(err, errRefused) || ctx.Err() != nil:
		return "", nil, err
	}
	env.warn("AWS did not say which cluster %s is, so these are the changes of the one in account %s, which the kubeconfig names: %v", t.Name, t.Account, err)
	all, err = env.changes(t)
	return t.Name, all, err
}

func (env *Env) listChanges(ctx context.Context, f *changeFlags) error {
	name, all, err := env.recordedHere(ctx)
	if err != nil {
		return err
	}
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
			printer.Clean(r.ID), printer.Age(r.Time, env.Now()), printer.Clean(state), whatChanged(r), printer.Clean(shell.Line(command[min(1, len(command)):])),
		})
	}
	return t
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
	all, failed := journal.Read(dir)
	if errors.Join(err, failed) != nil && len(all) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []cobra.Completion
	for _, r := range all {
		if of(r, t) && !strings.ContainsFunc(r.ID, access.Hidden) {
			ids = append(ids, cobra.CompletionWithDesc(r.ID, whatChanged(r)))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
