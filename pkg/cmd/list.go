package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/export"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// listFlags say which rows to list, in which order and form.
type listFlags struct {
	output
	fleetFlags
	printer.Filter
	policy, sort, status, selector string
	watch, matrix                  bool
	interval                       time.Duration
	written                        []string // the principals, as typed
}

func newListCmd(env *Env) *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:     "list [PRINCIPAL...]",
		Aliases: []string{"ls", "get"},
		Short:   "List who has access to the cluster",
		Long: `List who has access to the cluster, by access entries and, where the cluster's mode reads the aws-auth
ConfigMap, by its mappings. ACCESS includes what RBAC grants to the groups and usernames.

With principals, list only their access.

With several clusters, --policy cluster-admin lists who is administrator anywhere: by an access policy, by aws-auth and
by RBAC. The creator of a cluster that reads only aws-auth is never listed.`,
		Example: `  # Everyone with access
  kubectl access list

  # Who has access in one namespace
  kubectl access list -n prod

  # Cluster administrators, whatever makes them so
  kubectl access list --policy cluster-admin

  # Entries that no longer work
  kubectl access list --status stale

  # Everything, for a spreadsheet
  kubectl access list -o csv

  # Who is administrator of any cluster in the kubeconfig
  kubectl access list --all-contexts --policy cluster-admin

  # Who has access to which cluster
  kubectl access list --contexts 'p*' --contexts '!private' --matrix`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.written = args
			if f.watch {
				return env.watch(cmd.Context(), &f)
			}
			if f.matrix {
				return env.grid(cmd.Context(), &f)
			}
			return env.over(cmd.Context(), &f.fleetFlags, f.Format, true, func(ctx context.Context, own *Env) error {
				here := f
				return own.list(ctx, &here)
			})
		},
	}
	f.bindList(cmd)
	return cmd
}

func (f *listFlags) bindList(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.bindTable(fs, "json", "yaml", "csv", "name", "wide", "jsonpath=", "custom-columns=", eksJSON)
	fs.StringVarP(&f.Namespace, "namespace", "n", "", "Only who has rights in this namespace, also through the whole cluster")
	oneNamespace(fs, &f.Namespace)
	fs.StringVar(&f.policy, "policy", "", "Only who has this access policy, without RBAC roles of its name; cluster-admin includes every cluster administrator")
	fs.StringVar(&f.Group, "group", "", "Only entries and mappings with this Kubernetes group")
	fs.StringVar(&f.Kind, "type", "", "Only entries of this type, or mappings of a role, user or account")
	checkFlag(fs, "type", func() error {
		kinds := append(texts(access.Kinds), "role", "user", "account")
		if !slices.ContainsFunc(kinds, func(k string) bool { return strings.EqualFold(k, f.Kind) }) {
			return fmt.Errorf("must be one of: %s", strings.Join(kinds, ", "))
		}
		return nil
	})
	fs.StringVar(&f.status, "status", "", "Only this status: "+strings.Join(texts(access.States), ", "))
	_ = fs.SetAnnotation("status", values, texts(access.States))
	checkFlag(fs, "status", func() (err error) {
		f.State, err = access.ParseState(f.status)
		return err
	})
	fs.StringVarP(&f.selector, "selector", "l", "", "Only entries with these tags: KEY=VALUE, KEY!=VALUE, KEY or !KEY, separated by commas")
	checkFlag(fs, "selector", func() (err error) {
		f.Tags, err = printer.ParseTags(f.selector)
		return err
	})
	fs.StringVar(&f.sort, "sort-by", "", "Sort by one of: "+strings.Join(printer.SortKeys(), ", "))
	_ = fs.SetAnnotation("sort-by", values, printer.SortKeys())
	checkFlag(fs, "sort-by", func() error { return printer.Sort(nil, f.sort) })
	fs.BoolVar(&f.NoNodes, "no-nodes", false, "Leave out nodes")
	fs.BoolVar(&f.All, "all", false, "Include aws-auth mappings that give nothing")
	fs.BoolP("all-namespaces", "A", false, "Everybody, in whatever namespace; this is the default")
	cmd.MarkFlagsMutuallyExclusive("namespace", "all-namespaces")
	f.bindFleet(fs, true)
	fs.BoolVar(&f.matrix, "matrix", false, "A row for each principal and a column for each cluster")
	fs.BoolVarP(&f.watch, "watch", "w", false, "After listing, print the rows that change")
	fs.DurationVar(&f.interval, "watch-interval", 10*time.Second, "How often --watch reads the cluster")
}

func (env *Env) list(ctx context.Context, f *listFlags) error {
	s, rows, failed, err := env.rows(ctx, f)
	if err != nil {
		return err
	}
	return cmp.Or(env.printList(f, s, rows), errIf(failed))
}

// rows reads the cluster and selects rows. failed reports whether something was asked for and could not be read.
func (env *Env) rows(ctx context.Context, f *listFlags) (s access.Snapshot, rows []printer.Row, failed bool, err error) {
	c, who, notes, err := env.resolve(ctx, f.written, true)
	if err != nil || access.Failed(notes) && len(who) == 0 {
		return s, nil, true, cmp.Or(err, errIf(access.Failed(notes)))
	}
	if f.policy != "" && f.Policy == "" {
		grants, err := c.Granted(ctx, []access.Scoped{{Policy: f.policy}})
		if err != nil {
			return s, nil, true, err
		}
		f.Policy = grants[0].Policy
	}
	want := access.Want{All: len(f.written) == 0, Principals: who, AWSAuth: true, RBAC: true, Namespaces: f.Namespace != "", Trust: true, Lives: access.AllLives}
	if f.Name == "name" {
		want.RBAC, want.Names = f.Namespace != "" || f.Policy != "", f.sort == "" && !f.filters()
		if f.Namespace == "" && f.State == "" {
			want.Lives = access.NoLives
		}
	}
	if want.All && f.Policy != "" && f.Policy != access.ClusterAdmin { // that one other sources give too
		want.All, want.Policy = false, f.Policy
	}
	if s, err = c.Snapshot(ctx, want); err != nil {
		return s, nil, true, err
	}
	if m := s.AWSAuth; m.Err != nil && !s.Cluster.Mode.ReadsEntries() { // all access is in it
		return s, nil, true, fmt.Errorf("the cluster reads only aws-auth: %w", m.Err)
	}
	env.notes(c.Known(s, env.program.Command))
	env.absent(s, f.Namespace)
	failed = access.Failed(notes) || len(s.Unread) > 0
	mappings := cluster.MappingsOf(s, who...)
	names := c.Names(ctx)
	for _, p := range who {
		if has, notes := names.HasAccess(s, p); !has {
			env.notes(notes)
			failed = true
			mappings = slices.DeleteFunc(mappings, func(m access.Mapping) bool { return m.For(p) && !m.Outweighed(s) })
		}
	}
	rows = access.Where(printer.Rows(s, mappings, env.Now()), func(r *printer.Row) bool { return f.Keeps(*r) })
	if f.sort != "" {
		err = printer.Sort(rows, f.sort)
	}
	return s, rows, failed, err
}

func (env *Env) printList(f *listFlags, s access.Snapshot, rows []printer.Row) error {
	one, info, missing := len(f.written) == 1, s.Cluster, access.Where(s.AllMissing(), func(m *access.Missing) bool {
		return m.What != access.ReadBindings || f.Namespace != "" || f.Policy != ""
	})
	if sheet, several := env.IO.Out.(*printer.Sheet); several {
		sheet.Keep(rows, missing)
		if len(rows) == 0 {
			return nil
		}
	}
	if !f.Tabular() {
		mapped := slices.ContainsFunc(rows, func(r printer.Row) bool { return r.Mapping != nil })
		if f.Name == "name" && mapped {
			env.warn("-o name prints access entries only; to see the aws-auth mappings, run %s", env.program.Command("list"))
		}
		if f.Name == eksJSON {
			return env.printEKS(rows, info, mapped)
		}
		if one { // it has one form, unless two sources give access
			rows = access.Where(rows, func(r *printer.Row) bool { return !r.Void() })
		}
		return f.Rows(env.IO.Out, rows, info, one, missing...)
	}
	if len(rows) == 0 && f.People() {
		if !one { // else the failure was printed already
			matches := ""
			if f.filters() {
				matches = " that matches"
			}
			fmt.Fprintf(env.IO.ErrOut, "No access found in cluster %s%s.\n", printer.Clean(info.Name), matches)
		}
		return nil
	}
	shown, folded := rows, ""
	if f.Name == "" && !f.All && f.State == "" && len(f.written) == 0 {
		shown, folded = printer.Fold(rows)
	}
	if folded != "" {
		defer env.say(env.IO.ErrOut, folded+"; to see them, run "+env.program.Command("list", "--all")+"\n")
	}
	return env.table(f, shown)
}

// eksJSON is the format of kubesplaining's export of a cluster.
const eksJSON = "eks-json"

// printEKS prints the entries as EKS describes them.
func (env *Env) printEKS(rows []printer.Row, info access.Info, mapped bool) error {
	var entries []*access.Entry
	for i := range rows {
		if rows[i].Entry != nil {
			entries = append(entries, rows[i].Entry)
		}
	}
	if mapped {
		env.warn("-o %s has access entries only; to see the aws-auth mappings, run %s", eksJSON, env.program.Command("list"))
	}
	env.print(printer.EscapeJSON(export.EKS(entries, &info)))
	return nil
}

// filters reports whether anything may have been left out.
func (f *listFlags) filters() bool { return !reflect.DeepEqual(f.Filter, printer.Filter{All: f.All}) }

// table prints rows, on a terminal in its width.
func (env *Env) table(f *listFlags, rows []printer.Row) error {
	if width := printer.TerminalWidth(env.IO.Out); width > 0 && f.Name == "" {
		return printer.Fitted(env.IO.Out, rows, width, !f.NoHeaders, printer.Colorful(env.IO.Out))
	}
	return f.List(env.IO.Out, rows)
}

// grid prints who has access in which cluster. Clusters that cannot be read have a column, too.
func (env *Env) grid(ctx context.Context, f *listFlags) error {
	if !f.Tabular() {
		return errors.New("--matrix prints a table; -o json and yaml of list have the same in full")
	}
	f.every = f.every || !f.several()
	all, err := env.parts(ctx, &f.fleetFlags)
	if err != nil {
		return err
	}
	each(ctx, all, f.patience, func(ctx context.Context, own *Env) error {
		here := *f
		return own.list(ctx, &here)
	})
	sheets, unread, failed := env.outcome(all)
	return cmp.Or(f.Blocks(env.IO.Out, printer.Grid(sheets, unread)), failed)
}

// watch lists, and then prints the rows that have changed, as kubectl get --watch does.
func (env *Env) watch(ctx context.Context, f *listFlags) error {
	if f.several() || f.matrix {
		return errors.New("--watch is about one cluster")
	}
	if !f.People() {
		return errors.New("--watch prints a table; it cannot be used with this output format")
	}
	if f.interval < time.Second {
		return errors.New("--watch-interval must be at least 1s")
	}
	var last []printer.Row
	for {
		_, rows, _, err := env.rows(ctx, f)
		if err != nil {
			return err
		}
		if f.Name == "" && !f.All {
			rows, _ = printer.Fold(rows)
		}
		if changed := printer.Changed(last, rows); len(changed) > 0 {
			if err := env.table(f, changed); err != nil {
				return err
			}
		}
		last, f.NoHeaders = rows, true
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.interval):
		}
	}
}
