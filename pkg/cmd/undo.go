package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newUndoCmd(env *Env) *cobra.Command {
	var f changeFlags
	var several fleetFlags
	var list bool
	cmd := &cobra.Command{
		Use:   "undo [ID]",
		Short: "Undo the last change, or the change with the given ID",
		Long: `Undo a change of this cluster that was made from this machine: entries, their grants and tags, and
aws-auth byte for byte. Without an ID, undo the last change that is not undone yet. A change that
could be undone only in part remains the last one: run undo again for the rest.

The plan is made against the current state of the cluster. Only the change itself is undone, and later
changes stay; where someone has set another value since, undo says so and is refused until that is accepted.
A change of the mode is irreversible. An undo is a change too, with an ID of its own.`,
		Example: `  # The changes of this cluster, latest first
  kubectl access undo --list

  # Preview the undo of the last change
  kubectl access undo --dry-run=client

  # Undo it
  kubectl access undo --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case list && several.several():
				return errors.New("--list is about one cluster")
			case list && len(args) > 0:
				return errors.New("--list takes no ID; to see what an undo would do, add --dry-run=client to it")
			case list:
				return env.listChanges(cmd.Context(), &f)
			case several.several() && len(args) == 0:
				return errors.New("specify the ID of a change of several clusters")
			case several.several():
				return env.undoAll(cmd.Context(), &f, &several, args[0])
			}
			return env.undo(cmd.Context(), &f, strings.Join(args, ""))
		},
		ValidArgsFunction: env.completeChanges,
	}
	cmd.Flags().BoolVar(&list, "list", false, "List the changes of this cluster and undo nothing")
	f.bind(cmd.Flags(), access.OverrideMapping, access.RestoreMapping, access.BreakCapability, access.OverwriteLater)
	f.bindAsk(cmd.Flags())
	several.bindFleet(cmd.Flags(), false)
	return cmd
}

// undoAll undoes the parts of a change of several clusters.
func (env *Env) undoAll(ctx context.Context, f *changeFlags, several *fleetFlags, id string) error {
	var found atomic.Bool // or not known
	err := env.change(ctx, f, several, func(ctx context.Context, own *Env) (*cluster.Cluster, change.Request, error) {
		c, request, err := own.undoOne(ctx, f, id)
		if !errors.Is(err, errNothing) {
			found.Store(true)
		}
		return c, request, err
	})
	if err == nil && !found.Load() {
		return fmt.Errorf("no change of the selected clusters has the ID %s; see `%s`", id, env.program.Command("undo", "--list"))
	}
	return err
}

// undoOne is the request that undoes a change in one of several clusters.
func (env *Env) undoOne(ctx context.Context, f *changeFlags, id string) (*cluster.Cluster, change.Request, error) {
	c, err := env.open(ctx)
	if err != nil {
		return nil, change.Request{}, err
	}
	here := *f
	here.risks = f.risksIn(env.part)
	_, request, err := env.undoing(ctx, c, id, here.accepted())
	if errors.Is(err, journal.ErrNoChange) {
		err = errNothing
	}
	return c, request, err
}

func (env *Env) undo(ctx context.Context, f *changeFlags, id string) error {
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	r, request, err := env.undoing(ctx, c, id, f.accepted())
	if err != nil || r == nil {
		return err
	}
	_, err = env.run(ctx, c, f, request)
	if err == nil && f.dryRun != "client" && r.Migrated() {
		env.restOf(r)
	}
	if !migrate.Left(*r) || f.dryRun == "client" || err != nil && !errors.Is(err, errFailed) {
		return err
	}
	return errors.Join(err, env.tidy(ctx, env.migrationRun(c, f, migrate.Facts{})))
}

// restOf names the change that a migration made before the one that was undone: it creates entries, then removes mappings.
func (env *Env) restOf(r *journal.Record) {
	is := access.Info{ARN: r.Cluster.ARN}
	all, err := env.changes(r.Cluster.Name, is.Region(), is.Account())
	if err != nil {
		return
	}
	if left, _ := all.Last(env.Now(), func(o journal.Record) bool { return o.Migrated() && o.ID < r.ID }); left != nil {
		env.say(env.IO.ErrOut, "Only the last stage of the migration was undone. To undo the stage before it: "+env.program.Command("undo", left.ID)+"\n")
	}
}

// undoing is the record of a change, or of the last one, and the request that undoes it; nil where nothing is to be undone.
func (env *Env) undoing(ctx context.Context, c *cluster.Cluster, id string, accepted []access.RiskName) (*journal.Record, change.Request, error) {
	info, err := c.EKS.Info(ctx)
	if err == nil {
		err = cmp.Or(change.Proposal{Risks: c.OtherAccount(info)}.Refused(accepted), c.Right(info))
	}
	if err != nil {
		return nil, change.Request{}, err
	}
	if err := env.engine(c).Idle(ctx); err != nil {
		return nil, change.Request{}, err
	}
	all, err := env.changes(info.Name, info.Region(), info.Account())
	if err != nil {
		return nil, change.Request{}, err
	}
	r, err := env.chosen(all, id)
	if err != nil {
		return nil, change.Request{}, err
	}
	if r == nil {
		fmt.Fprintf(env.IO.ErrOut, "Nothing to undo: this machine has no recorded change of cluster %s that is not undone.\n", printer.Clean(info.Name))
		return nil, change.Request{}, nil
	}
	request, err := change.Undo(*r, journal.Undone(all.Records)[r.ID], c, c.AWSAuth)
	if errors.Is(err, change.ErrIrreversible) {
		err = fmt.Errorf("%w%s", err, env.before(all, r.ID))
	}
	return r, request, err
}

// chosen finds the record to undo; nil: none.
func (env *Env) chosen(all journal.Journal, id string) (*journal.Record, error) {
	list := env.program.Command("undo", "--list")
	if id == "" {
		r, err := all.Last(env.Now(), func(journal.Record) bool { return true })
		if err != nil {
			err = fmt.Errorf("%w: %w\n  to undo a change by its ID, see: %s", access.ErrRefused, err, list)
		}
		return r, err
	}
	r, err := all.Find(id)
	if err != nil {
		return nil, fmt.Errorf("%w; see `%s`", err, list)
	}
	return &r, nil
}

// before names the change that could be undone instead, as the next command.
func (env *Env) before(all journal.Journal, id string) string {
	next, err := all.Last(env.Now(), func(r journal.Record) bool { return r.ID < id && (len(r.Entries) > 0 || r.AWSAuth != nil) })
	if next == nil || err != nil {
		return ""
	}
	return "\n  the change before it: " + env.program.Command("undo", next.ID)
}

// listTime is how long AWS may take to identify the cluster.
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

// recordedHere are the records that undo chooses from. Where AWS does not identify the cluster in time, they are those of the
// account in the kubeconfig.
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
	env.warn("AWS did not describe cluster %s; these are the changes of the cluster in account %s, from the kubeconfig: %v", t.Name, t.Account, err)
	all, err = env.changes(t.Name, t.Region, t.Account)
	return t.Name, all, err
}

func (env *Env) listChanges(ctx context.Context, f *changeFlags) error {
	name, here, err := env.recordedHere(ctx)
	if err != nil {
		return err
	}
	all := here.Records
	if f.output.Name == "name" {
		for _, r := range all {
			fmt.Fprintln(env.IO.Out, printer.Clean(r.ID))
		}
		return nil
	}
	if !f.output.People() {
		return f.output.Object(env.IO.Out, printer.ChangeList(all))
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(env.IO.ErrOut, "This machine has no recorded changes of cluster %s.\n", printer.Clean(name))
		return err
	}
	return f.output.Table(env.IO.Out, printer.Changes(all, env.Now()).FitLast(printer.TerminalWidth(env.IO.Out)))
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
			ids = append(ids, cobra.CompletionWithDesc(r.ID, short(printer.ChangeTitle(r))))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
