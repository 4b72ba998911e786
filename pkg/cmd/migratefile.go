package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// errDefects ends the report about a file with defects; they were printed already.
var errDefects = fmt.Errorf("%w: aws-auth has defects", errFailed)

// explainFile reports what the aws-auth manifest in a file says, and what it would become. Facts about the cluster are read
// where facts is given.
func (env *Env) explainFile(f *migrateFlags, facts func(awsauth.Map) (migrate.Facts, error)) error {
	data, err := env.readFile(f.file)
	if err != nil {
		return err
	}
	m, err := awsauth.ParseManifest(data)
	if err != nil {
		return errors.Join(env.printMigration(f, printer.Unreadable(manifestState(err), err), ""), errDefects)
	}
	known := migrate.Facts{Mappings: m.Mappings, NoRBAC: "no cluster was asked", NoNodes: "no cluster was asked"}
	if facts != nil {
		if known, err = facts(m); err != nil {
			return err
		}
	}
	choices, err := f.choices(known.Cluster.Name)
	if err != nil {
		return err
	}
	known.Policies = embedded()
	plan, err := migrate.Make(known, choices)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if err := env.printMigration(f, printer.NewMigration(m, plan), known.Cluster.Account()); err != nil {
		return err
	}
	if err := f.writeQuestions(env, plan); err != nil {
		return err
	}
	if len(m.Defects) > 0 {
		return errDefects
	}
	return nil
}

func (env *Env) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(env.IO.In)
	}
	return os.ReadFile(name)
}

// manifestState is what is wrong with a file as a whole.
func manifestState(err error) string {
	switch {
	case errors.Is(err, awsauth.ErrNotYAML):
		return "invalid-yaml"
	case errors.Is(err, awsauth.ErrNotText):
		return "data-not-string"
	}
	return "missing"
}

func (env *Env) printMigration(f *migrateFlags, r printer.Migration, account string) error {
	if !f.output.people() {
		return f.output.plain(env.IO.Out, r)
	}
	_, err := fmt.Fprint(env.IO.Out, r.Text(account))
	return err
}
