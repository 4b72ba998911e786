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
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// historyFlags choose changes.
type historyFlags struct {
	output
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

  # From files of a trail
  kubectl access history --from-file trail/ -o csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(f.files) > 0 {
				return env.fileHistory(&f, strings.Join(args, ""))
			}
			return env.history(cmd.Context(), &f, strings.Join(args, ""))
		},
	}
	fs := cmd.Flags()
	f.bindTable(fs, "json", "yaml", "csv", "wide", "jsonpath=")
	fs.StringVar(&f.since, "since", "", "Only changes since then: a duration such as 30d, or a date (default 90d)")
	fs.StringVar(&f.until, "until", "", "Only changes until then: a duration ago such as 7d, or a date")
	fs.StringVar(&f.by, "by", "", "Only changes by this person, session, user or role: a part of the name")
	fs.BoolVar(&f.errors, "errors", false, "Include calls that were refused or failed")
	fs.IntVar(&f.limit, "limit", defaultLimit, "How many changes to list; 0 lists all")
	fs.StringSliceVar(&f.files, "from-file", nil, "Read CloudTrail records from these files or folders, or - for standard input")
	return cmd
}

func newWhyCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why PRINCIPAL",
		Short: "Say since when a principal has its access, and who granted it",
		Long: `Say of everything that the principal's access entry has since when, who granted it, and with which tool, from CloudTrail
and the own records. history shows the changes behind that, and explain the rights.`,
		Example: `  # Who granted this role its access
  kubectl access why role/team/dev

  # Your own access
  kubectl access why me`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, errors.New("specify one principal: role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me"))
			}
			return env.why(cmd.Context(), args[0])
		},
	}
	return cmd
}

// span is the time to read.
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

// asked is the question for the cluster.
func (env *Env) asked(ctx context.Context, c *cluster.Cluster, written string) (a cluster.Asked, err error) {
	dir, err := journal.Dir()
	if err == nil {
		var all journal.Journal
		all, err = journal.Read(dir)
		a.Records = all.Records
	}
	if err != nil {
		env.warn("the records of this machine were not read: %v", err)
	}
	if written == "" {
		return a, nil
	}
	ref, err := access.ParsePrincipal(written)
	if err != nil {
		return a, err
	}
	if ref.Lookup == access.LookupCaller {
		caller, err := c.Session.Caller(ctx)
		if err != nil {
			return a, err
		}
		ref = access.Ref{Principal: caller, Lookup: access.LookupPath}
	}
	a.Who = named(ref, c.Target.Account)
	return a, nil
}

// named matches a principal as written, in the account of the cluster.
func named(ref access.Ref, account string) func(access.Principal) bool {
	return func(p access.Principal) bool {
		if account == "" {
			account = p.Account()
		}
		return ref.Principal == p || ref.Principal.Is(p) || ref.Matches(p, account)
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
	if f.output.People() {
		env.say(env.IO.ErrOut, h.Borders())
	}
	return ctx.Err()
}

// told reads the history of the cluster, or of one principal. Without flags it is what a principal has, and since when.
func (env *Env) told(ctx context.Context, c *cluster.Cluster, f *historyFlags, written string) (*printer.History, error) {
	now := env.Now()
	from, to, err := f.window(now)
	if err != nil {
		return nil, err
	}
	asked, err := env.asked(ctx, c, written)
	if err != nil {
		return nil, err
	}
	if oldest := now.AddDate(0, 0, -trail.Days); from.Before(oldest) {
		env.warn("CloudTrail keeps 90 days; for older changes, read the files of a trail with --from-file")
		from = oldest
	}
	asked.From, asked.To, asked.Limit, asked.Explains = from, to, f.limit, f.why
	asked.Shows = f.shows(written != "", from, to)
	h, err := c.History(ctx, asked)
	if err != nil {
		return nil, err
	}
	env.notes(c.Shown(h.Info))
	shown := &printer.History{
		Story: h.Story, Changes: h.Shown, In: h.In, One: written != "", Window: &h.Window, Sources: []string{"cloudtrail", "journal"}, Live: h.Live,
		Command: env.program.Command, Manager: h.Writer.Manager, Written: h.Writer.Time,
	}
	if h.Unread != nil && ctx.Err() == nil {
		env.warn("the current entries were not read, so it is unknown whether changes are still effective: %v", h.Unread)
		shown.Live = nil
	}
	switch {
	case h.Err == nil:
	case errors.Is(h.Err, context.Canceled):
		env.warn("interrupted: these are the changes that were read so far")
	case errors.Is(h.Err, access.ErrForbidden):
		env.warn("CloudTrail could not be read (you need %s); these are the changes that this machine recorded: %v", trail.Need, h.Err)
		shown.Sources, shown.Window = []string{"journal"}, nil
	default:
		env.warn("not everything was read: %v", h.Err)
	}
	return shown, nil
}

// printHistory prints the changes, and for one principal the answer before them.
func (env *Env) printHistory(f *historyFlags, h *printer.History, written string) error {
	if !f.output.Tabular() {
		return f.output.Object(env.IO.Out, h.Object())
	}
	if written != "" && f.output.Name == "" {
		env.answers(h)
		if len(h.Live) > 0 && len(h.Changes) > 0 {
			fmt.Fprintln(env.IO.Out)
		}
	}
	switch {
	case len(h.Changes) > 0 || f.output.Name == "csv":
		if err := f.output.Table(env.IO.Out, h.Table(f.output.Name != "")); err != nil {
			return err
		}
	default:
		env.say(env.IO.ErrOut, "No change was found.\n")
	}
	if written != "" && f.output.Name == "" && printer.Terminal(env.IO.ErrOut) {
		env.say(env.IO.ErrOut, h.Undo())
	}
	return nil
}

// answers print what each principal has, and since when.
func (env *Env) answers(h *printer.History) {
	for _, p := range slices.Sorted(keys(h.Live)) {
		env.say(env.IO.Out, h.Why(p.Short(h.In.Account), h.Live[p]))
	}
}

func keys(all map[access.Principal]*access.Entry) func(func(access.Principal) bool) {
	return func(yield func(access.Principal) bool) {
		for p := range all {
			if !yield(p) {
				return
			}
		}
	}
}

func (env *Env) why(ctx context.Context, written string) error {
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	h, err := env.told(ctx, c, &historyFlags{why: true}, written)
	if err != nil {
		return err
	}
	if len(h.Live) == 0 && h.Live != nil {
		return fmt.Errorf("%s: %w: it has no access entry, and no change of one is on record; see what else gives access: %s", written, access.ErrNotFound, env.program.Command("explain", written))
	}
	env.answers(h)
	return ctx.Err()
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
	if err := env.printHistory(f, h, written); err != nil {
		return err
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
