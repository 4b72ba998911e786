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
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// migration takes aws-auth mappings to access entries.
type migration struct {
	*connection
	flags    *migrateFlags
	facts    migrate.Facts
	plan     migrate.Plan
	data     awsauth.Map
	verified []string // principals whose entry gives what their mapping gave
	asked    bool     // somebody said yes
	open     bool     // something could not be done

	shown   *printer.Migration // what was shown before anything was asked; nil: nothing
	answers map[string]string  // all decisions, where some were made on the terminal
}

func (c *connection) migrate(ctx context.Context, f *migrateFlags) error {
	m := &migration{connection: c, flags: f}
	err := m.run(ctx)
	if err != nil {
		m.keep()
	}
	return err
}

// run is the list of the stages: facts, decisions, report; then the entries, the proof, and what is removed.
func (m *migration) run(ctx context.Context) error {
	if done, err := m.prepare(ctx); done || err != nil {
		return err
	}
	if err := m.entries(ctx); err != nil || m.flags.dryRun == "client" {
		return err
	}
	for _, stage := range []func(context.Context) error{m.prove, m.removeMappings, m.tidy} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	m.remaining()
	return errIf(m.open)
}

// prepare reads, plans and shows. done says that no more was asked for.
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
		m.env.warn("not checked: the rights that RBAC gives (%s)", m.facts.NoRBAC)
	}
	if err := m.decide(ctx); err != nil {
		return true, err
	}
	for _, id := range m.plan.Unused {
		m.env.warn("decision %s does not match any question", id)
	}
	return m.show()
}

// show prints the report: as data or, where nothing will be done, on stdout; else beside the results.
func (m *migration) show() (done bool, err error) {
	f, dry := m.flags, m.flags.dryRun == "client"
	r := printer.NewMigration(m.data, m.plan)
	if !f.output.people() && (dry || f.writeTo != "") {
		return true, errors.Join(f.output.plain(m.env.IO.Out, r), f.writeQuestions(m.env, m.plan))
	}
	out := m.env.IO.ErrOut
	if dry || f.writeTo != "" {
		out = m.env.IO.Out
	}
	account := m.facts.Cluster.Account()
	if m.shown != nil {
		r = r.Since(*m.shown)
		if len(r.Mappings) > 0 {
			fmt.Fprintln(out, "With these answers:")
		}
	}
	fmt.Fprint(out, r.Text(account))
	if f.prune {
		for _, l := range m.plan.Removable(func(access.Principal) bool { return true }) {
			fmt.Fprintln(out, printer.Removal(l, account, "once its entry is verified"))
		}
		for _, l := range m.plan.Dead() {
			fmt.Fprintln(out, printer.Removal(l, account, "from aws-auth, as decided"))
		}
	}
	if err := writeRBAC(out, m.plan.Follow); err != nil {
		return true, err
	}
	return f.writeTo != "", f.writeQuestions(m.env, m.plan)
}

// entries turns entries on where needed, and creates them.
func (m *migration) entries(ctx context.Context) error {
	ch := m.making()
	if ch == nil || m.flags.looks() && m.rightCluster(m.facts.Cluster, m.flags.accepted...) != nil { // why not was said with the report
		return nil
	}
	return m.later(ch.run(ctx))
}

// making is the change of the mode and the entries; nil where nobody gets an entry.
func (m *migration) making() *change {
	who := slices.Concat(m.plan.Principals(), m.plan.Orphans)
	if len(who) == 0 {
		return nil
	}
	if m.facts.Cluster.Mode == access.ModeConfigMap {
		who = append([]access.Principal{access.Itself}, who...)
	}
	flags := m.flags.changeFlags
	flags.accepted = append(slices.Clone(flags.accepted), string(access.OverrideMapping)) // each difference is in the report
	ch := &change{connection: m.connection, kind: journal.Migrate, flags: &flags, who: who, asks: true, ready: m.ready}
	ch.edit = func(p access.Principal) access.Edit {
		if p == access.Itself {
			return func(s access.Snapshot) (access.Snapshot, error) {
				if s.Cluster.Mode.ReadsEntries() { // somebody was faster
					return s, nil
				}
				return edit.SetMode(access.ModeBoth)(s)
			}
		}
		return m.plan.Create(p)
	}
	return ch
}

// later records that something could not be done, and goes on with the others.
func (m *migration) later(err error) error {
	if errors.Is(err, errFailed) {
		m.open = true
		return nil
	}
	return err
}

// ready is what must be there before the first entry: the backup, and the bindings for new names.
func (m *migration) ready(ctx context.Context) error {
	m.asked = true
	if err := m.backup(ctx); err != nil || !m.flags.applyRBAC || len(m.plan.Follow) == 0 {
		return err
	}
	client, err := m.kube(ctx)
	if err != nil {
		return err
	}
	for _, b := range m.plan.Follow {
		created, err := bind(ctx, client, b)
		if err != nil {
			return err
		}
		if created {
			fmt.Fprintf(m.env.IO.ErrOut, "%s created\n", printer.Clean(b.String()))
		}
	}
	return nil
}

// bind creates a binding that is not there yet. What somebody else has created under its name since the plan is left alone,
// and no entry may count on it.
func bind(ctx context.Context, client *kube.Client, b access.Binding) (created bool, err error) {
	err = client.Bind(ctx, b)
	if !errors.Is(err, access.ErrExists) {
		return err == nil, err
	}
	have, err := client.Binding(ctx, b)
	if err == nil && !have.Gives(b) {
		err = fmt.Errorf("create %s: a different one of that name was created meanwhile, so no entry was created; run the same command again, it will use another name", b)
	}
	return false, err
}

// removeMappings removes the mappings that are not needed any more from aws-auth, where that was asked for.
func (m *migration) removeMappings(ctx context.Context) error {
	if !m.flags.prune {
		return nil
	}
	// That nobody can use the mappings of deleted principals is what IAM says.
	return cmp.Or(m.remove(ctx, m.plan.Removable(m.isVerified)), m.remove(ctx, m.plan.Dead(), string(access.LeaveMappings), string(access.RemoveNodes)))
}

func (m *migration) isVerified(p access.Principal) bool {
	return slices.Contains(m.verified, string(p))
}

func (m *migration) remove(ctx context.Context, gone []access.Mapping, accepted ...string) error {
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

// tidy removes what an interrupted migration of an earlier version left.
func (m *migration) tidy(ctx context.Context) error {
	if len(migrate.Leftover(m.facts.Bindings)) == 0 || m.flags.looks() {
		return nil
	}
	return m.later(m.removeLeftover(ctx, &m.flags.changeFlags))
}

// remaining says what remains active in aws-auth, and how to go on.
func (m *migration) remaining() {
	n := 0
	for _, l := range m.plan.Mappings {
		removed := l.Removable && m.flags.prune
		if l.Outcome == migrate.Stays && !removed || l.Outcome == migrate.Migrates && l.Kind == access.MappedAccount {
			n++
		}
	}
	if n > 0 {
		what := map[bool]string{true: "it", false: "them"}[n == 1]
		m.env.warn("%s active in aws-auth (see the report). To decide what happens to %s: %s",
			count(n, "mapping remains", "mappings remain"), what, m.env.command("migrate", "--write-decisions", "FILE"))
	}
}
