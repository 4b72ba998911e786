package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// auditFlags are the form of the report, and what counts as a failure.
type auditFlags struct {
	output
	fleetFlags
	audit.Settings
	failOn, baseline, ignore string
	unused                   span
	showIgnored, complete    bool
	history                  bool
	files                    filesFlags
}

// errFindings says that there are findings at or above --fail-on.
var errFindings = errors.New("the audit fails")

func newAuditCmd(env *Env) *cobra.Command {
	f := auditFlags{unused: span(90 * 24 * time.Hour)}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Find what is wrong with the access to the cluster, with the command that mends it",
		Long: `Find what is wrong with the access to the cluster: access entries, aws-auth and RBAC together, with what IAM knows
about the roles and users. Each finding has a severity, the evidence and the commands that mend it; nothing is changed.

What could not be read is a finding too (not-evaluated), with the permission that is missing.`,
		Example: `  # What is wrong, the worst first
  kubectl access audit

  # A report for people, in one file
  kubectl access audit -o html > audit.html

  # Also who granted what, and what was revoked soon, from CloudTrail
  kubectl access audit --history -o html > audit.html

  # In CI: fail on what is new since the last report
  kubectl access audit --fail-on high --baseline last.json -o sarif > audit.sarif

  # Every cluster of the kubeconfig, for a spreadsheet
  kubectl access audit --all-contexts -o csv > audit.csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.audits(cmd.Context(), &f)
		},
	}
	fs := cmd.Flags()
	f.bindTable(fs, "json", "yaml", "csv", "wide", "sarif", "junit", "html", "jsonpath=")
	f.bindFleet(fs, true)
	fs.StringVar(&f.failOn, "fail-on", "", "Exit with 3 if there are findings of this severity or worse: info, low, medium, high, critical")
	checkFlag(fs, "fail-on", func() error { return new(audit.Severity).UnmarshalText([]byte(f.failOn)) })
	_ = fs.SetAnnotation("fail-on", values, audit.Severities)
	fs.StringVar(&f.baseline, "baseline", "", "A report of an earlier audit (-o json): mark what is new, fail only on that, and list what is gone")
	fs.StringVar(&f.ignore, "ignore-file", "", "A YAML file with findings to ignore, each with a reason")
	fs.BoolVar(&f.showIgnored, "show-ignored", false, "List the ignored findings with their reasons")
	fs.BoolVar(&f.complete, "require-complete", false, "Exit with 1 if a check could not be evaluated")
	fs.Var(&f.unused, "unused", "Report roles and users that were not used for this long")
	fs.BoolVar(&f.history, "history", false, "Read from CloudTrail who granted what, and look for findings in it; takes some seconds")
	fs.StringSliceVarP(&f.files.names, "filename", "f", nil, "Files or folders with AccessEntry objects that the entries are to be like, - for stdin")
	fs.BoolVarP(&f.files.recursive, "recursive", "R", false, "Read folders inside of the folders too")
	fs.IntVar(&f.MaxAdmins, "max-cluster-admins", 5, "Report more cluster administrators than this")
	return cmd
}

// audits is about one cluster or several.
func (env *Env) audits(ctx context.Context, f *auditFlags) error {
	if f.several() && (f.Name == "sarif" || f.Name == "junit" || f.Name == "html" || f.baseline != "" || f.files.names != nil) {
		return errors.New("-o sarif, junit and html, --baseline and -f are about one cluster")
	}
	return env.over(ctx, &f.fleetFlags, f.Format, false, func(ctx context.Context, own *Env) error {
		here := *f
		return own.audit(ctx, &here)
	})
}

func (env *Env) audit(ctx context.Context, f *auditFlags) error {
	var rules audit.Ignores
	before, err := baseline(f.baseline)
	if err == nil {
		rules, err = ignores(f.ignore)
	}
	if err != nil {
		return err
	}
	facts, err := env.auditFacts(ctx, f)
	if err != nil {
		return err
	}
	r := audit.Run(*facts).Without(rules)
	if f.baseline != "" {
		r = r.Since(before)
	}
	at := audit.Info
	if f.failOn != "" {
		_ = at.UnmarshalText([]byte(f.failOn)) // the flag was checked
	}
	if err := env.printAudit(f, r, at); err != nil {
		return err
	}
	if n := len(r.Failing(at)); f.failOn != "" && n > 0 {
		what := "findings"
		if r.Baseline {
			what = "new findings"
		}
		return fmt.Errorf("%w: %s of severity %s or worse: %d", errFindings, what, at, n)
	}
	return errIf(f.complete && !r.Complete())
}

// auditFacts reads the facts, and those that are read on request only.
func (env *Env) auditFacts(ctx context.Context, f *auditFlags) (*audit.Facts, error) {
	c, drift, err := env.drift(ctx, &f.files)
	if err != nil {
		return nil, err
	}
	var asked *cluster.Asked
	if f.history {
		all, err := env.asked(ctx, c, "")
		if err != nil {
			return nil, err
		}
		all.To = env.asOf()
		all.From, all.Shows = all.To.AddDate(0, 0, -trail.Days), func(*trail.Change) bool { return false }
		asked = &all
	}
	facts, h, err := c.Audit(ctx, asked)
	if err != nil {
		return nil, err
	}
	f.Unused, facts.Unasked = time.Duration(f.unused), map[string]string{}
	facts.Settings, facts.Now, facts.Tool, facts.Drift = f.Settings, env.Now(), build().Version, drift
	facts.Command, facts.Kubernetes = env.program.Command, env.program.Kubernetes
	switch {
	case !f.history:
		facts.Unasked[audit.ReadHistory] = "--history; CloudTrail allows two calls a second"
	case h.Err == nil:
		facts.Origins = printer.Origins(h.Story, h.In, &h.Window, facts.Index.Snapshot.Entries)
	}
	if facts.Files = f.files.names; facts.Files == nil {
		facts.Unasked[audit.ReadFiles] = "-f FILE"
	}
	return facts, nil
}

// drift is what apply would change.
func (env *Env) drift(ctx context.Context, f *filesFlags) (c *cluster.Cluster, all []access.Change, err error) {
	if f.names == nil {
		c, err = env.open(ctx)
		return c, nil, err
	}
	c, p, err := env.compared(ctx, f)
	if err == nil && p.Incomplete {
		err = errFailed
	}
	return c, p.Plan.Changes, err
}

func (env *Env) printAudit(f *auditFlags, r audit.Report, at audit.Severity) error {
	if text, ok := printer.AuditFile(f.Name, r, at); ok {
		_, err := io.WriteString(env.IO.Out, text)
		return err
	}
	switch {
	case f.Name == "csv":
		return f.Table(env.IO.Out, printer.AuditTable(r))
	case !f.People():
		return f.Object(env.IO.Out, printer.AuditObject(r))
	}
	if f.showIgnored {
		env.say(env.IO.Out, printer.AuditIgnored(r))
	}
	env.say(env.IO.Out, printer.Audit(r, f.Name == "wide", !f.NoHeaders, printer.Colorful(env.IO.Out)))
	return nil
}

// baseline reads the findings of an earlier report; none without a file.
func baseline(file string) ([]*audit.Finding, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	var report struct {
		Kind              string
		Findings, Ignored []*audit.Finding
	}
	if err := json.Unmarshal(data, &report); err != nil || report.Kind != printer.AuditKind {
		return nil, fmt.Errorf("--baseline %s: not a report that audit -o json wrote", file)
	}
	return append(report.Findings, report.Ignored...), nil
}

// ignores reads the ignore file.
func ignores(file string) (rules audit.Ignores, err error) {
	if file == "" {
		return rules, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return rules, fmt.Errorf("--ignore-file: %w", err)
	}
	if err = manifest.ReadYAML(data, &rules); err == nil {
		err = rules.Check()
	}
	if err != nil {
		return rules, fmt.Errorf("--ignore-file %s: %w", file, err)
	}
	return rules, nil
}
