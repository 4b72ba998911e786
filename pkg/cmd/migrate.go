package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
)

// migrateFlags say what of aws-auth shall become entries, and how far to go.
type migrateFlags struct {
	changeFlags
	file, decisions, writeTo  string
	offline, applyRBAC, prune bool
	unmatched                 []string
}

func (f *migrateFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.file, "from-file", "", "Explain the aws-auth manifest in this file, - for stdin, and change nothing")
	fs.BoolVar(&f.offline, "offline", false, "With --from-file, call nobody")
	fs.StringVar(&f.decisions, "decisions", "", "File with decisions on what has no one-to-one answer")
	fs.StringVar(&f.writeTo, "write-decisions", "", "Write the open questions and their options to this file, and change nothing")
	fs.BoolVar(&f.applyRBAC, "apply-rbac", false, "Make the RBAC bindings that new group names and usernames need")
	fs.BoolVar(&f.prune, "remove-mappings", false, "When the proof is there, take the migrated lines out of aws-auth")
	fs.StringSliceVar(&f.unmatched, "include-unmatched", nil, "Migrate lines that never matched too, which grants new access: ARNs, or without a value all of them")
	fs.Lookup("include-unmatched").NoOptDefVal = migrate.All
	f.changeFlags.bind(fs)
	f.bindAsk(fs)
}

func newMigrateCmd(env *Env) *cobra.Command {
	var f migrateFlags
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Make access entries of the aws-auth ConfigMap",
		Long: `Make access entries of the lines of the aws-auth ConfigMap.

First shown, for each line: whether it is in force, what it becomes, what its principal may do before
and after, and every difference. Then, when somebody says yes: a backup, the mode API_AND_CONFIG_MAP
where needed, the entries, and a proof that each principal has what it had. The lines leave aws-auth
only with --remove-mappings. What has no one-to-one answer is asked on a terminal, after the report;
with --yes and elsewhere the decisions in a file count, and beside them answers that lose no right.

An entry counts a moment before its policies do. For the time of the migration it is in a group of its
own, kubectl-access:migrating:…, to which RBAC gives what the line gave; both are gone at the end.

Run again after an interruption, it goes on from where the cluster is.`,
		Example: `  # See what would change
  kubectl access migrate --dry-run=client

  # Write down what has to be decided
  kubectl access migrate --write-decisions decisions.yaml

  # Do it as decided, and take the lines out of aws-auth
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
		return errors.New("--offline goes with --from-file")
	}
	return f.changeFlags.check()
}

// looks reports whether nothing is asked for but the report.
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
