package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// migrateFlags say which mappings become entries, and how far to go.
type migrateFlags struct {
	changeFlags
	file, decisions, writeTo  string
	offline, applyRBAC, prune bool
	unmatched                 []string
}

func (f *migrateFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.file, "from-file", "", "Explain the aws-auth manifest in this file (- for stdin) without changing anything")
	fs.BoolVar(&f.offline, "offline", false, "With --from-file, do not call AWS or the cluster")
	fs.StringVar(&f.decisions, "decisions", "", "File with decisions about mappings that have no one-to-one entry")
	fs.StringVar(&f.writeTo, "write-decisions", "", "Write the questions and their options to this file without changing anything")
	fs.BoolVar(&f.applyRBAC, "apply-rbac", false, "Create the RBAC bindings that new group names and usernames need")
	fs.BoolVar(&f.prune, "remove-mappings", false, "Remove the migrated mappings from aws-auth once their entries are verified, and those that never match")
	fs.StringSliceVar(&f.unmatched, "include-unmatched", nil, "Also migrate mappings that never match, which grants new access: ARNs, or without a value all of them")
	fs.Lookup("include-unmatched").NoOptDefVal = migrate.All
	f.changeFlags.bind(fs, access.OneWayMode, access.LeaveMappings)
	f.bindAsk(fs)
}

func newMigrateCmd(env *Env) *cobra.Command {
	var f migrateFlags
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate aws-auth mappings to access entries",
		Long: `Migrate the mappings of the aws-auth ConfigMap to access entries.

The report shows for each mapping its state, the entry it becomes, the rights of its principal before and
after, and every difference. After confirmation: a backup, mode API_AND_CONFIG_MAP where needed, the
entries, and a check that each principal has what it had. Mappings are removed only with
--remove-mappings. Mappings without a one-to-one entry are questions: on a terminal they are asked after the
report; otherwise, and with --yes, a file of decisions answers them, and by default no right is lost.

An entry overrides its mapping as soon as it is created, and its policies are associated right after. Where
a policy replaces a group such as system:masters, those rights pause for about a second (brief-gap). Your
own entry is created after those of other administrators.

If a migration is interrupted, run the same command again to complete it.`,
		Example: `  # See what would change
  kubectl access migrate --dry-run=client

  # Write the questions to a file
  kubectl access migrate --write-decisions decisions.yaml

  # Migrate as decided, and remove the mappings from aws-auth
  kubectl access migrate --decisions decisions.yaml --remove-mappings --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.offline && f.file == "" {
				return usage(cmd, errors.New("--offline requires --from-file"))
			}
			return env.migrate(cmd.Context(), &f)
		},
	}
	f.bind(refuseSave(cmd.Flags()))
	return cmd
}

// looks reports whether only the report was requested.
func (f *migrateFlags) looks() bool { return f.dryRun == "client" || f.writeTo != "" }

func (env *Env) migrate(ctx context.Context, f *migrateFlags) error {
	if f.file != "" && f.offline {
		return env.explainFile(ctx, f, nil)
	}
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	if f.file != "" {
		return env.explainFile(ctx, f, c)
	}
	m := &migration{env: env, f: f, c: c}
	err = m.run(ctx)
	switch {
	case m.do == nil || f.looks():
	case err == nil || errors.Is(err, errCancelled) && !m.do.Answered: // answers that were declined are not kept
		m.do.Forget()
	default:
		m.keep()
	}
	return err
}

// migration is one on the command line.
type migration struct {
	env   *Env
	f     *migrateFlags
	c     *cluster.Cluster
	do    *migrate.Run
	data  awsauth.Map
	shown *printer.Migration // the report that was printed before the questions; nil: none
}

func (m *migration) run(ctx context.Context) error {
	facts, data, err := m.c.MigrationFacts(ctx, nil)
	if err != nil {
		return err
	}
	m.data, m.do = data, m.env.migrationRun(m.c, &m.f.changeFlags, facts)
	m.do.Remove = m.f.prune
	right := cmp.Or(change.Proposal{Risks: m.c.OtherAccount(facts.Cluster)}.Refused(m.f.accepted()), m.c.Right(facts.Cluster))
	if m.f.looks() {
		m.env.notes(m.c.Shown(facts.Cluster))
	} else if right != nil {
		return right
	}
	if !facts.Cluster.Mode.ReadsConfigMap() {
		fmt.Fprintf(m.env.IO.ErrOut, "Cluster %s is in mode API and does not read aws-auth: there is nothing to migrate.\n", printer.Clean(facts.Cluster.Name))
		if m.f.looks() || len(migrate.Leftover(facts.Bindings)) == 0 {
			return nil
		}
		return m.env.tidy(ctx, m.do)
	}
	if done, err := m.report(ctx); done || err != nil {
		return err
	}
	if m.f.looks() && right != nil {
		return nil // the report said why it would be refused
	}
	return m.stages(ctx)
}

// report asks open questions on a terminal and prints the report. done says that nothing else was requested.
func (m *migration) report(ctx context.Context) (done bool, err error) {
	facts := m.do.Facts
	if len(facts.Mappings) == 0 {
		fmt.Fprintf(m.env.IO.ErrOut, "No mappings found in aws-auth of cluster %s.\n", printer.Clean(facts.Cluster.Name))
	}
	if facts.NoRBAC != "" {
		m.env.warn("not checked: the rights that RBAC gives (%s)", facts.NoRBAC)
	}
	if err := m.decide(ctx); err != nil {
		return true, err
	}
	for _, id := range m.do.Plan.Unused {
		m.env.warn("decision %s does not match any question", id)
	}
	f, plan, account := m.f, m.do.Plan, facts.Cluster.Account()
	r := printer.NewMigration(m.data, plan)
	if !f.output.People() && f.looks() {
		return true, errors.Join(f.output.Plain(m.env.IO.Out, r), f.writeQuestions(m.env, plan))
	}
	out := m.env.IO.ErrOut
	if f.looks() {
		out = m.env.IO.Out
	}
	if m.shown != nil {
		if r = r.Since(*m.shown); len(r.Mappings) > 0 {
			fmt.Fprintln(out, "With these answers:")
		}
	}
	m.env.say(out, r.Text(account))
	if facts.Cluster.Mode == access.ModeConfigMap {
		m.env.say(out, "+ EKS adds an entry with cluster-admin for the cluster creator when the mode changes\n")
	}
	if f.prune {
		m.env.say(out, printer.Removals(plan, account))
	}
	text, err := cluster.Manifests(plan.Follow)
	if err != nil {
		return true, err
	}
	fmt.Fprint(out, text)
	return f.writeTo != "", f.writeQuestions(m.env, plan)
}

// stages carries the migration out. After a dry run of the first stage nothing follows.
func (m *migration) stages(ctx context.Context) error {
	for i, stage := range m.do.Stages() {
		proven := len(m.do.Proofs)
		err := stage(ctx)
		m.env.notes(m.do.Notes)
		m.do.Notes = nil
		if err != nil || i == 0 && m.f.dryRun == "client" {
			return err
		}
		if proven == 0 && len(m.do.Proofs) > 0 && m.f.output.Name == "" {
			if err := m.f.output.Blocks(m.env.IO.Out, printer.Proofs(m.do.Proofs, m.do.Facts.Cluster.Account())); err != nil {
				return err
			}
		}
	}
	if n := m.do.Remaining(); n > 0 {
		m.env.warn("%s active in aws-auth (see the report)", access.Count(n, "mapping remains", "mappings remain"))
	}
	if next := m.do.Next(); next != nil {
		m.env.say(m.env.IO.ErrOut, "Next: "+m.env.program.Command(next...)+"\n")
	}
	return errIf(m.do.Partial)
}

// tidy deletes what an interrupted migration of an earlier version left.
func (env *Env) tidy(ctx context.Context, r *migrate.Run) error {
	err := r.Tidy(ctx)
	env.notes(r.Notes)
	return cmp.Or(err, errIf(r.Partial))
}

// migrationRun is a migration whose changes run like those of other commands. -o prints the objects of the entries.
func (env *Env) migrationRun(c *cluster.Cluster, f *changeFlags, facts migrate.Facts) *migrate.Run {
	facts.Program = env.program
	r := &migrate.Run{
		Facts: facts, Engine: env.engine(c), RBAC: c, Timeout: f.timeout,
	}
	r.Carry = func(ctx context.Context, request change.Request) (bool, error) {
		flags := *f
		if request.Who[0] == access.Itself && len(request.Who) == 1 {
			flags.output = output{}
		}
		_, err := env.run(ctx, c, &flags, request)
		if errors.Is(err, errFailed) {
			return true, nil
		}
		return false, err
	}
	return r
}

// choices are what the flags and the file of decisions say.
func (f *migrateFlags) choices(cluster string) (migrate.Choices, error) {
	c := migrate.Choices{Answers: map[string]string{}, Unmatched: f.unmatched, ApplyRBAC: f.applyRBAC}
	if f.decisions == "" {
		return c, nil
	}
	return c, c.Read(f.decisions, cluster)
}

// errDefects ends the report about a file with defects; they were printed already.
var errDefects = fmt.Errorf("%w: aws-auth has defects", errFailed)

// explainFile reports on the aws-auth manifest in a file. Facts about the cluster are read where c is given.
func (env *Env) explainFile(ctx context.Context, f *migrateFlags, c *cluster.Cluster) error {
	data, err := env.readFile(f.file)
	if err != nil {
		return err
	}
	m, err := awsauth.ParseManifest(data)
	if err != nil {
		return errors.Join(env.printMigration(f, printer.Unreadable(err), ""), errDefects)
	}
	known := migrate.Facts{Mappings: m.Mappings, NoRBAC: "no cluster was read", NoNodes: "no cluster was read"}
	if c != nil {
		if known, _, err = c.MigrationFacts(ctx, &m); err != nil {
			return err
		}
		env.notes(c.Shown(known.Cluster))
	}
	choices, err := f.choices(known.Cluster.Name)
	if err != nil {
		return err
	}
	known.Policies, known.Program = cluster.Embedded(), env.program
	plan, err := migrate.Make(known, choices)
	if err != nil {
		return fmt.Errorf("%w: %w", access.ErrRefused, err)
	}
	err = errors.Join(env.printMigration(f, printer.NewMigration(m, plan), known.Cluster.Account()), f.writeQuestions(env, plan))
	if err == nil && len(m.Defects) > 0 {
		err = errDefects
	}
	return err
}

func (env *Env) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(env.IO.In)
	}
	return os.ReadFile(name)
}

func (env *Env) printMigration(f *migrateFlags, r printer.Migration, account string) error {
	if !f.output.People() {
		return f.output.Plain(env.IO.Out, r)
	}
	env.say(env.IO.Out, r.Text(account))
	return nil
}
