package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// historyFlags choose changes.
type historyFlags struct {
	output
	fleetFlags
	since, until string
	by           string
	errors, why  bool
	limit        int
	files        []string
}

const defaultLimit = 50

func newHistoryCmd(env *Env) *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history [PRINCIPAL]",
		Short: "List who changed access to the cluster, from CloudTrail and the own records",
		Long: `List the changes of access entries and of the authentication mode, latest first: who made them, with which tool, and
whether they are still effective. CloudTrail keeps them for 90 days and allows two calls a second, so this takes some seconds.
Interrupt it with Ctrl-C to see what was read so far.

Changes inside the cluster (aws-auth, RBAC) are not in CloudTrail. --from-file reads its records from files instead, in any form in
which AWS hands them out, and needs no cluster: select one with --eks-cluster and --region. To get the files of a trail:

  aws s3 sync s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail/REGION/2026/01/ trail/`,
		Example: `  # The last changes
  kubectl access history

  # All that one role had, and who granted it
  kubectl access history role/team/dev --since 30d

  # Attempts that failed, by one person
  kubectl access history --errors --by alice

  # What changed in every cluster of the kubeconfig this week
  kubectl access history --all-contexts --since 7d

  # From files of a trail
  kubectl access history --from-file trail/ -o csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch written := strings.Join(args, ""); {
			case f.files != nil && f.several():
				return errors.New("--from-file reads no cluster, and cannot be used together with the flags that select several")
			case f.files != nil:
				return env.fileHistory(&f, written)
			default:
				return env.over(cmd.Context(), &f.fleetFlags, f.Format, false, func(ctx context.Context, own *Env) error { return own.history(ctx, &f, written) })
			}
		},
	}
	fs := cmd.Flags()
	f.bindTable(fs, "json", "yaml", "csv", "wide", "jsonpath=")
	f.bindFleet(fs, true)
	fs.StringVar(&f.since, "since", "", "Only changes since then: a duration such as 30d, or a date (default 90d)")
	fs.StringVar(&f.until, "until", "", "Only changes until then: a duration ago such as 7d, or a date")
	fs.StringVar(&f.by, "by", "", "Only changes by this person, session, user or role: a part of the name")
	fs.BoolVar(&f.errors, "errors", false, "Include calls that were refused or failed")
	fs.IntVar(&f.limit, "limit", defaultLimit, "How many changes to list; 0 lists all")
	fs.StringSliceVar(&f.files, "from-file", nil, "Read CloudTrail records from these files or folders, or - for standard input")
	return cmd
}

// window is the time to read.
func (f *historyFlags) window(now time.Time) (from, to time.Time, err error) {
	from, to = now.AddDate(0, 0, -trail.Days), now
	for _, flag := range []struct {
		name, text string
		into       *time.Time
	}{{"since", f.since, &from}, {"until", f.until, &to}} {
		if flag.text == "" {
			continue
		}
		if *flag.into, err = moment(flag.text, now); err != nil {
			return from, to, fmt.Errorf("--%s: %w", flag.name, err)
		}
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf("--since %s is not before --until", f.since)
	}
	return from, to, nil
}

// moment reads a duration before now, a date or a time.
func moment(text string, now time.Time) (time.Time, error) {
	if d, err := access.ParseSpan(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return now, fmt.Errorf("invalid time %q: use a duration such as 30d, or a date such as 2026-01-31", text)
}

// shows chooses the changes that were asked for.
func (f *historyFlags) shows(one bool, from, to time.Time) func(*trail.Change) bool {
	by := strings.ToLower(f.by)
	return func(c *trail.Change) bool {
		switch {
		case c.Failed() && !f.errors, one && c.Principal == "":
			return false
		case !c.Time.IsZero() && (c.Last.Before(from) || c.Time.After(to)):
			return false
		}
		return by == "" || slices.ContainsFunc([]string{c.Actor.Person, c.Actor.ARN, c.Actor.Source, string(c.Actor.Principal)}, func(name string) bool {
			return strings.Contains(strings.ToLower(name), by)
		})
	}
}

func (env *Env) history(ctx context.Context, f *historyFlags, written string) error {
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	h, err := env.told(ctx, c, f, written)
	if err != nil {
		return err
	}
	if err := env.printHistory(f, h, written); err != nil {
		return err
	}
	if f.People() {
		for line := range strings.Lines(h.Borders()) {
			env.say(env.IO.ErrOut, line)
		}
	}
	return ctx.Err()
}

// printHistory prints the changes, and for one principal the answer before them.
func (env *Env) printHistory(f *historyFlags, h *printer.History, written string) error {
	if !f.Tabular() {
		return f.Object(env.IO.Out, h.Object())
	}
	if written != "" && f.Name == "" {
		env.answers(h)
		if len(h.Live) > 0 && len(h.Changes) > 0 {
			fmt.Fprintln(env.IO.Out)
		}
	}
	switch {
	case len(h.Changes) > 0 || f.Name == "csv":
		if err := f.Stacked(env.IO.Out, h.Table(f.Name != ""), 3); err != nil {
			return err
		}
	default:
		env.say(env.IO.ErrOut, "No change was found.\n")
	}
	if written != "" && f.Name == "" && printer.Terminal(env.IO.ErrOut) {
		env.say(env.IO.ErrOut, h.Undo())
	}
	return nil
}

// fileHistory reads files only: nothing is sent.
func (env *Env) fileHistory(f *historyFlags, written string) error {
	now := env.Now()
	from, to, err := f.window(now)
	if err != nil {
		return err
	}
	if f.since == "" {
		from = time.Time{}
	}
	var who func(access.Principal) bool
	if written != "" {
		ref, err := access.ParsePrincipal(written)
		if err != nil {
			return err
		}
		if ref.Lookup == access.LookupCaller {
			return fmt.Errorf("%w: with --from-file nothing is sent to AWS, so me is unknown; use an ARN", access.ErrRefused)
		}
		who = named(ref, "")
	}
	events, failed := trail.Files(f.files, env.IO.In)
	events = slices.DeleteFunc(events, func(e *trail.Event) bool {
		o := env.override
		return o.name != "" && e.Cluster.Name != o.name || o.region != "" && e.Cluster.Region != o.region || who != nil && e.Principal != "" && !who(e.Principal)
	})
	if dir, err := journal.Dir(); err == nil {
		all, _ := journal.Read(dir) // marks only
		events = trail.Join(events, all.Records, nil)
	}
	h := &printer.History{Story: trail.Fold(events), One: written != "", Sources: f.files, Live: map[access.Principal]*access.Entry{}, Command: env.program.Command}
	h.Story.Merge()
	h.Story.Judge(nil)
	shows := f.shows(written != "", from, to)
	for _, c := range slices.Backward(h.Story.Changes) {
		if shows(c) && (f.limit == 0 || len(h.Changes) < f.limit) {
			h.Changes = append(h.Changes, c)
		}
	}
	h.In = only(events)
	if len(events) > 0 || len(failed) == 0 {
		if err := env.printHistory(f, h, written); err != nil {
			return err
		}
	}
	for _, err := range failed {
		env.tell(err)
	}
	return errIf(len(failed) > 0)
}

// only is the cluster of all events, zero where there are several.
func only(events []*trail.Event) (in trail.Cluster) {
	for i, e := range events {
		if i > 0 && e.Cluster != in {
			return trail.Cluster{}
		}
		in = e.Cluster
	}
	return in
}
