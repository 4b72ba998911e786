package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

func newWhyCmd(env *Env) *cobra.Command {
	var several fleetFlags
	cmd := &cobra.Command{
		Use:   "why PRINCIPAL",
		Short: "Say since when a principal has its access, and who granted it",
		Long: `Say of everything that the principal's access entry has since when, who granted it, and with which tool, from CloudTrail
and the own records. history shows the changes behind that, and explain the rights.`,
		Example: `  # Who granted this role its access
  kubectl access why role/team/dev

  # Your own access
  kubectl access why me

  # In several clusters
  kubectl access why role/platform-admin --contexts demo --contexts prod`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, errors.New("specify one principal: role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me"))
			}
			return env.over(cmd.Context(), &several, printer.Format{}, false, func(ctx context.Context, own *Env) error { return own.why(ctx, args[0]) })
		},
	}
	several.bindFleet(cmd.Flags(), true)
	return cmd
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

// told reads the history of the cluster, or of one principal. Without flags it is what a principal has, and since when.
func (env *Env) told(ctx context.Context, c *cluster.Cluster, f *historyFlags, written string) (*printer.History, error) {
	now := env.asOf()
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

// answers print what each principal has, and since when.
func (env *Env) answers(h *printer.History) {
	for _, p := range slices.Sorted(keys(h.Live)) {
		who := p.Short(h.In.Account)
		env.say(env.IO.Out, h.Why(who, h.Live[p]))
		if h.Live[p] == nil {
			env.say(env.IO.ErrOut, "CloudTrail does not see aws-auth and RBAC; for what they give: "+env.program.Command("explain", who)+"\n")
		}
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
	if h.Live == nil {
		return errFailed // for a reason that was printed
	}
	if len(h.Live) == 0 {
		next := ""
		if env.part == nil {
			next = "; see what else gives access: " + env.program.Command("explain", written)
		}
		return fmt.Errorf("%s: %w: it has no access entry, and no change of one is on record%s", written, access.ErrNotFound, next)
	}
	env.answers(h)
	return ctx.Err()
}

// since is what an entry has, and since when: from CloudTrail, or only what the records of this machine know, which cost nothing.
func (env *Env) since(ctx context.Context, c *cluster.Cluster, s access.Snapshot, p access.Principal, read bool) []string {
	e, ok := s.Entry(p)
	if !ok {
		return nil
	}
	if read {
		h, err := env.told(ctx, c, &historyFlags{why: true}, string(p))
		if err != nil {
			env.warn("the history was not read: %v", err)
			return nil
		}
		return append([]string{"Since"}, h.Facts(e, true)...)
	}
	dir, err := journal.Dir()
	if err != nil {
		return nil
	}
	all, _ := journal.Read(dir)
	h := printer.History{In: trail.Cluster{Name: s.Cluster.Name, Region: s.Cluster.Region(), Account: s.Cluster.Account()}}
	h.Story = trail.Fold(trail.Join(nil, all.Records, func(time.Time) bool { return true }))
	return append([]string{"Recorded on this machine"}, h.Facts(e, false)...)
}
