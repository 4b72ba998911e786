package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

func newUndoCmd(env *Env) *cobra.Command {
	var f changeFlags
	var list bool
	cmd := &cobra.Command{
		Use:   "undo [ID]",
		Short: "Take back the last change, or the one with that ID",
		Long: `Take back a change of this cluster that was made from this machine: entries, their grants and
tags, and aws-auth byte for byte. Without an ID, the last change that is not taken back yet. A change of
which only a part could be taken back is still the last one: run undo again for the rest.

The plan is made against the cluster as it is now. Only what the change did is taken back, what came
later stays; where somebody has set something else since, that is said, and refused until accepted.
A step of the mode cannot be taken back. An undo is a change too, with an ID of its own.`,
		Example: `  # The changes of this cluster, the last first
  kubectl access undo --list

  # What taking back the last one would do
  kubectl access undo --dry-run=client

  # Do it
  kubectl access undo --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return usage(cmd, err)
			}
			if list {
				return env.listChanges(cmd.Context(), &f)
			}
			c, err := env.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.undo(cmd.Context(), &f, strings.Join(args, ""))
		},
		ValidArgsFunction: env.completeChanges,
	}
	cmd.Flags().BoolVar(&list, "list", false, "List the changes of this cluster and take nothing back")
	f.bind(cmd.Flags())
	f.bindAsk(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

func (c *connection) undo(ctx context.Context, f *changeFlags, id string) error {
	info, err := c.eks.Info(ctx)
	if err == nil {
		err = c.rightCluster(info, f.accepted...)
	}
	if err != nil {
		return err
	}
	all, err := c.env.changesOf(info)
	if err != nil {
		return err
	}
	r, err := c.choose(all, id)
	if err != nil {
		return err
	}
	if r == nil {
		_, err := fmt.Fprintf(c.env.IO.ErrOut, "Nothing to take back: no change of cluster %s that is not taken back is on record here.\n", printer.Clean(c.target.Name))
		return err
	}
	u, err := newUndoing(*r, journal.Undone(all.Records)[r.ID])
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if len(u.who) == 0 && r.Mode != nil {
		return fmt.Errorf("%w: %s%s", errRefused, u.oneWay(), c.before(all, r.ID))
	}
	ch := change{
		connection: c, kind: journal.Undo, flags: f, who: u.who, takes: true, mappings: u.AWSAuth != nil, asks: true, undoes: r.ID,
		prepare: func(ctx context.Context) error { c.lookFor(ctx, u); return nil },
		edit:    u.edit, remarks: u.remarks, risks: u.risks, reword: u.reword,
	}
	return c.takeBack(ctx, &ch, u)
}

// choose finds the record to undo; nil: there is none.
func (c *connection) choose(all journal.Journal, id string) (*journal.Record, error) {
	list := c.env.command("undo", "--list")
	if id == "" {
		r, err := all.Last(c.env.Now(), func(journal.Record) bool { return true })
		if err != nil {
			err = fmt.Errorf("%w: %w\n  to undo a change by its ID, see: %s", errRefused, err, list)
		}
		return r, err
	}
	r, err := all.Find(id)
	if err != nil {
		return nil, fmt.Errorf("%w; see `%s`", err, list)
	}
	return &r, nil
}

// before names the change that could be taken back instead, as the next command.
func (c *connection) before(all journal.Journal, id string) string {
	next, err := all.Last(c.env.Now(), func(r journal.Record) bool { return r.ID < id && (len(r.Entries) > 0 || r.AWSAuth != nil) })
	if next == nil || err != nil {
		return ""
	}
	return "\n  the change before it: " + c.env.command("undo", next.ID)
}

// undoing is a recorded change on its way back, as far as it was carried out.
type undoing struct {
	journal.Record
	undone  bool // it was taken back already
	entries map[access.Principal]access.Change
	awsAuth access.ConfigMapChange
	who     []access.Principal
	now     access.ConfigMap   // aws-auth, where the cluster read it when the change was made
	gone    []access.Principal // those of deleted entries that IAM does not have any more
}

func newUndoing(r journal.Record, undone bool) (*undoing, error) {
	u := &undoing{Record: r, undone: undone, entries: map[access.Principal]access.Change{}}
	changes, err := r.Done()
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		u.entries[c.Principal()] = c
		u.who = append(u.who, c.Principal())
	}
	if !r.Did(access.Itself, access.PartAWSAuth) {
		u.AWSAuth = nil
	}
	if u.AWSAuth != nil {
		u.who = append(u.who, access.Itself)
		u.awsAuth = access.ConfigMapChange{
			Before: understood(access.ConfigMap{Data: r.AWSAuth.Before}), After: understood(access.ConfigMap{Data: r.AWSAuth.After}),
		}
	}
	return u, nil
}

func (u *undoing) edit(p access.Principal) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		switch {
		case s.Cluster.ARN != u.Cluster.ARN:
			return access.Snapshot{}, fmt.Errorf("%w: the change was one of cluster %s, and this is %s", errRefused, u.Cluster.ARN, s.Cluster.ARN)
		case p == access.Itself:
			return u.awsAuthBack(s)
		case u.lost(s, p):
			return access.Snapshot{}, fmt.Errorf("%w: %w", access.ErrRule, u.cannot(p))
		}
		return edit.Undo(u.entries[p])(s)
	}
}

func (u *undoing) awsAuthBack(s access.Snapshot) (access.Snapshot, error) {
	s, err := edit.UndoAWSAuth(u.awsAuth)(s)
	if err != nil {
		return access.Snapshot{}, err
	}
	m := understood(*s.AWSAuth)
	s.AWSAuth = &m
	return s, nil
}

func (u *undoing) oneWay() string {
	return fmt.Sprintf("the step of the mode from %s to %s cannot be taken back, EKS has no way", u.Mode.Before, u.Mode.After)
}

// remarks say what of the change does not come back, or not as it was.
func (u *undoing) remarks(s access.Snapshot) []string {
	var all []string
	switch {
	case u.undone:
		all = append(all, u.ID+" was taken back already")
	case u.State() == journal.Interrupted && len(u.who) == 0:
		all = append(all, u.ID+" did not come to its end, and nothing of it was sent")
	case len(u.who) == 0:
		all = append(all, u.ID+" changed nothing, so there is nothing to take back")
	case u.State() == journal.Interrupted:
		all = append(all, u.ID+" did not come to its end; what it did is taken back")
	}
	if u.Mode != nil {
		all = append(all, u.oneWay())
	}
	backs := u.backs(s)
	for _, p := range u.who {
		all = append(all, backs[p].Notes...)
	}
	if u.AWSAuth != nil && !s.Cluster.Mode.ReadsConfigMap() {
		all = append(all, fmt.Sprintf("the cluster is in mode %s and does not read aws-auth: what comes back in it lets nobody in", s.Cluster.Mode))
	}
	return all
}

// backs is what becomes of each entry; those that cannot be taken back are the edit's to refuse.
func (u *undoing) backs(s access.Snapshot) map[access.Principal]edit.Back {
	all := map[access.Principal]edit.Back{}
	for p, c := range u.entries {
		if b, err := edit.TakeBack(c, s); err == nil && !u.lost(s, p) {
			all[p] = b
		}
	}
	return all
}

// risks are what taking back may break beside what every plan may.
func (u *undoing) risks(s access.Snapshot) []access.Risk {
	var risks []access.Risk
	var overwrites []string
	backs := u.backs(s)
	for _, p := range u.who {
		overwrites = append(overwrites, backs[p].Overwrites...)
	}
	if u.AWSAuth != nil && s.AWSAuth != nil && s.AWSAuth.Err == nil {
		_, lost := edit.TakeBackAWSAuth(u.awsAuth, *s.AWSAuth)
		overwrites = append(overwrites, lost...)
	}
	if len(overwrites) > 0 {
		risks = append(risks, access.Risk{Name: access.OverwriteLater, Why: "somebody has set this since, and it would be lost: " + strings.Join(overwrites, "; ")})
	}
	return append(risks, u.locked(s, backs)...)
}

// locked names whom aws-auth let in when the change was made, and nothing would after their entries go.
func (u *undoing) locked(s access.Snapshot, backs map[access.Principal]edit.Back) []access.Risk {
	var who []string
	why := "the cluster read aws-auth when the change was made and does not any more"
	ended := u.Cluster.Mode.ReadsConfigMap() && !s.Cluster.Mode.ReadsConfigMap()
	if !ended {
		why = "their lines of aws-auth, of which these entries were made, are gone or cannot be read"
	}
	for _, p := range u.who {
		if _, has := s.Entry(p); !has || backs[p].After != nil {
			continue
		}
		if ended && u.mapped(p) || !ended && u.migrated(p) && !u.letIn(p) {
			who = append(who, p.Short(s.Cluster.Account()))
		}
	}
	if len(who) == 0 {
		return nil
	}
	return []access.Risk{{Name: access.LeaveMappings, Why: fmt.Sprintf("%s: without their entries nothing lets in %s", why, strings.Join(who, ", "))}}
}

// migrated tells whether the change made an entry of a line of aws-auth.
func (u *undoing) migrated(p access.Principal) bool {
	return u.entries[p].Before == nil && u.Migrated()
}

// mapped tells whether aws-auth lets a principal in, or did. Where it cannot be read, it may.
func (u *undoing) mapped(p access.Principal) bool {
	return u.now.Err != nil && !errors.Is(u.now.Err, access.ErrNotFound) ||
		slices.ContainsFunc(u.lines(), func(m access.Mapping) bool { return m.For(p) })
}

// letIn tells whether a line of its own lets a principal in; one for its whole account gives it nothing.
func (u *undoing) letIn(p access.Principal) bool {
	return slices.ContainsFunc(u.lines(), func(m access.Mapping) bool { return m.Names(p) })
}

// lines are those of aws-auth in force, and those that come back.
func (u *undoing) lines() []access.Mapping {
	return slices.Concat(u.now.InForce(), u.awsAuth.Before.InForce())
}
