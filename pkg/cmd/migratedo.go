package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// migration is aws-auth on its way to entries.
type migration struct {
	*connection
	flags *migrateFlags
	facts migrate.Facts
	plan  migrate.Plan
	data  awsauth.Map
	known []string // principals whose entry gives what their line gave, proven
	asked bool     // somebody said yes
	open  bool     // something could not be done

	helped  []access.Binding  // those that are there to help
	shown   *migrateReport    // what was shown before anything was asked; nil: nothing
	answers map[string]string // all decisions, where some were made on the terminal
}

func (c *connection) migrate(ctx context.Context, f *migrateFlags) error {
	m := &migration{connection: c, flags: f}
	err := m.run(ctx)
	if err != nil {
		m.keep()
	}
	return err
}

func (m *migration) run(ctx context.Context) error {
	f := m.flags
	if done, err := m.prepare(ctx); done || err != nil {
		return err
	}
	if err := m.entries(ctx); err != nil {
		return err
	}
	if f.dryRun == "client" {
		return nil
	}
	if err := m.prove(ctx); err != nil {
		return err
	}
	if err := m.finish(ctx); err != nil {
		return err
	}
	m.left()
	return errIf(m.open)
}

// prepare looks, plans and shows. done tells that no more was asked for.
func (m *migration) prepare(ctx context.Context) (done bool, err error) {
	if err := m.env.asOneself(); err != nil {
		return true, err
	}
	if m.facts, m.data, err = m.migrationFacts(ctx, nil); err != nil {
		return true, err
	}
	if m.flags.looks() {
		m.tellCluster(m.facts.Cluster)
	} else if err := m.rightCluster(m.facts.Cluster, m.flags.accepted...); err != nil {
		return true, err
	}
	if !m.facts.Cluster.Mode.ReadsConfigMap() {
		fmt.Fprintf(m.env.IO.ErrOut, "Cluster %s is in mode API and does not read aws-auth: there is nothing to migrate.\n", printer.Clean(m.facts.Cluster.Name))
		return true, m.tidy(ctx)
	}
	if len(m.facts.Mappings) == 0 {
		fmt.Fprintf(m.env.IO.ErrOut, "No mappings found in aws-auth of cluster %s.\n", printer.Clean(m.facts.Cluster.Name))
	}
	if m.facts.NoRBAC != "" {
		m.env.warn("RBAC could not be read, so the rights that it gives are not shown: %s", m.facts.NoRBAC)
	}
	if err := m.decide(ctx); err != nil {
		return true, err
	}
	for _, id := range m.plan.Unused {
		m.env.warn("the decision %s is about nothing that is asked here", id)
	}
	return m.show()
}

// show prints the report: as data or, where nothing will be done, on stdout; else beside the results.
func (m *migration) show() (done bool, err error) {
	f, dry := m.flags, m.flags.dryRun == "client"
	r := migrationReport(m.data, m.plan)
	if !f.output.people() && (dry || f.writeTo != "") {
		return true, errors.Join(f.output.plain(m.env.IO.Out, r), f.writeQuestions(m.env, m.plan))
	}
	out := m.env.IO.ErrOut
	if dry || f.writeTo != "" {
		out = m.env.IO.Out
	}
	account := m.facts.Cluster.Account()
	if m.shown != nil {
		r = r.since(*m.shown)
		if len(r.Mappings) > 0 {
			fmt.Fprintln(out, "With these answers:")
		}
	}
	r.write(out, account)
	if f.prune {
		for _, l := range m.plan.Removable(func(access.Principal) bool { return true }) {
			fmt.Fprintf(out, "- %s item %d leaves aws-auth, once it is proven that nobody needs it: %s\n", l.Kind.Section(), l.Item, printer.Clean(l.Short(account)))
		}
		for _, l := range m.plan.Dead() {
			fmt.Fprintf(out, "- %s item %d will be removed from aws-auth, as decided: %s\n", l.Kind.Section(), l.Item, printer.Clean(l.Short(account)))
		}
	}
	if err := writeRBAC(out, m.plan.Follow); err != nil {
		return true, err
	}
	return f.writeTo != "", f.writeQuestions(m.env, m.plan)
}

// entries takes the road to the mode and the entries.
func (m *migration) entries(ctx context.Context) error {
	ch := m.making()
	if ch == nil || m.flags.looks() && m.rightCluster(m.facts.Cluster, m.flags.accepted...) != nil { // why not was said with the report
		return nil
	}
	return m.later(ch.run(ctx))
}

// making is the change of the mode and the entries; nil where nobody gets an entry.
func (m *migration) making() *change {
	who := m.plan.Principals()
	if len(who) == 0 {
		return nil
	}
	if m.facts.Cluster.Mode == access.ModeConfigMap {
		who = append([]access.Principal{access.Itself}, who...)
	}
	flags := m.flags.changeFlags
	flags.accepted = append(slices.Clone(flags.accepted), string(access.OverrideMapping)) // each difference is in the report
	ch := &change{connection: m.connection, kind: journal.Migrate, flags: &flags, who: who, asks: true, ready: m.ready, risks: m.risks}
	ch.edit = func(p access.Principal) access.Edit {
		if p == access.Itself {
			return func(s access.Snapshot) (access.Snapshot, error) {
				if s.Cluster.Mode.ReadsEntries() { // somebody was faster
					return s, nil
				}
				return edit.SetMode(access.ModeBoth)(s)
			}
		}
		return m.plan.Begin(p)
	}
	return ch
}

// later keeps in mind that something could not be done, and goes on with the others.
func (m *migration) later(err error) error {
	if errors.Is(err, errFailed) {
		m.open = true
		return nil
	}
	return err
}

// risks names the moment in which a principal may have an entry and not its policies, where RBAC cannot
// be made to help.
func (m *migration) risks(access.Snapshot) []access.Risk {
	if m.facts.NoRBAC == "" || !m.plan.Gap() {
		return nil
	}
	return []access.Risk{{Name: access.BriefGap, Why: "an entry counts a moment before its policies do, and RBAC, which would help over it, cannot be asked"}}
}

// ready is what must be there before the first entry: the backup, the bindings that follow new names,
// and those that help over the time in which entries get their policies.
func (m *migration) ready(ctx context.Context) error {
	m.asked = true
	if err := m.backup(ctx); err != nil {
		return err
	}
	client, err := m.kube(ctx)
	if err != nil {
		return err
	}
	if m.flags.applyRBAC {
		for _, b := range m.plan.Follow {
			made, err := bind(ctx, client, b)
			if err != nil {
				return err
			}
			if made {
				fmt.Fprintf(m.env.IO.ErrOut, "%s made\n", printer.Clean(b.String()))
			}
		}
	}
	return m.help(ctx, client)
}

// finish takes away the help, then the lines where that was asked for, then the bindings that helped.
func (m *migration) finish(ctx context.Context) error {
	flags := m.flags.changeFlags
	flags.output = output{}
	now, err := m.sides().Snapshot(ctx, access.Want{All: true})
	if err != nil {
		return err
	}
	help := change{connection: m.connection, flags: &flags, who: m.marked(now), unrecorded: true, asks: !m.asked}
	help.edit = migrate.Finish
	// It was proven that the policies are there, so what goes is no right of anybody's.
	flags.accepted = append(slices.Clone(flags.accepted), string(access.LoseOwnAccess))
	if len(help.who) > 0 {
		fmt.Fprintln(m.env.IO.ErrOut, "the entries have their policies, so the groups that helped them until then go again")
		if err := m.later(help.run(ctx)); err != nil {
			return err
		}
	}
	if m.flags.prune {
		// That nobody can come by the lines of those who are gone is what IAM says.
		err := cmp.Or(m.removeLines(ctx, m.plan.Removable(m.proven)), m.removeLines(ctx, m.plan.Dead(), string(access.LeaveMappings), string(access.RemoveNodes)))
		if err != nil {
			return err
		}
	}
	return m.unbind(ctx)
}

// marked are the entries that are done but for the help, and those whose line is gone.
func (m *migration) marked(s access.Snapshot) []access.Principal {
	var all []access.Principal
	planned := m.plan.Principals()
	for _, e := range s.Entries {
		orphan := !slices.Contains(planned, e.Principal) && len(e.Grants) > 0
		if migrate.Marked(e) && (orphan || m.proven(e.Principal)) {
			all = append(all, e.Principal)
		}
	}
	return all
}

func (m *migration) proven(p access.Principal) bool { return slices.Contains(m.known, string(p)) }

// removeLines takes the lines that nobody needs any more out of aws-auth.
func (m *migration) removeLines(ctx context.Context, gone []access.Mapping, accepted ...string) error {
	if len(gone) == 0 {
		return nil
	}
	flags := m.flags.changeFlags
	flags.output, flags.accepted = output{}, append(slices.Clone(flags.accepted), accepted...)
	ch := change{connection: m.connection, kind: journal.Migrate, flags: &flags, who: []access.Principal{access.Itself}, takes: true, mappings: true, asks: !m.asked}
	ch.edit = func(access.Principal) access.Edit {
		return removeMappings(func([]access.Mapping) []access.Mapping { return gone })
	}
	return m.later(ch.run(ctx))
}

// left says what goes on to be let in by aws-auth, and how to go on.
func (m *migration) left() {
	stays := 0
	for _, l := range m.plan.Lines {
		removed := l.Removable && m.flags.prune
		if l.Outcome == migrate.Stays && !removed || l.Outcome == migrate.Migrates && l.Kind == access.MappedAccount {
			stays++
		}
	}
	if stays > 0 {
		m.env.warn("%s on to count; the report says why, and `%s` writes down what can be decided",
			count(stays, "line stays in aws-auth and goes", "lines stay in aws-auth and go"), m.env.command("migrate", "--write-decisions", "FILE"))
	}
}
