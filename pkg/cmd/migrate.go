package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
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
	fs.BoolVar(&f.prune, "remove-mappings", false, "Remove the migrated mappings from aws-auth once their entries are verified")
	fs.StringSliceVar(&f.unmatched, "include-unmatched", nil, "Also migrate mappings that never match, which grants new access: ARNs, or without a value all of them")
	fs.Lookup("include-unmatched").NoOptDefVal = migrate.All
	f.changeFlags.bind(fs)
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
			if err := f.check(); err != nil {
				return usage(cmd, err)
			}
			return env.migrate(cmd.Context(), &f)
		},
	}
	f.bind(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

func (f *migrateFlags) check() error {
	if f.offline && f.file == "" {
		return errors.New("--offline requires --from-file")
	}
	return f.changeFlags.check()
}

// looks reports whether only the report is asked for.
func (f *migrateFlags) looks() bool { return f.dryRun == "client" || f.writeTo != "" }

func (env *Env) migrate(ctx context.Context, f *migrateFlags) error {
	if f.file != "" && f.offline {
		return env.explainFile(f, nil)
	}
	c, err := env.connect(ctx)
	if err != nil {
		return err
	}
	if f.file != "" {
		return env.explainFile(f, func(m awsauth.Map) (migrate.Facts, error) {
			facts, _, err := c.migrationFacts(ctx, &m)
			if err == nil {
				c.tellCluster(facts.Cluster)
			}
			return facts, err
		})
	}
	return c.migrate(ctx, f)
}
