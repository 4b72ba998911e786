package printer

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// ChangeRow is one recorded change in a list of changes. Its texts are clean.
type ChangeRow struct {
	journal.Record
	Who, State, Changed, Command string
	Undone                       bool
}

// ChangeRows are the recorded changes of a cluster.
func ChangeRows(all []journal.Record) []ChangeRow {
	undone := journal.Undone(all)
	rows := make([]ChangeRow, len(all))
	for i, r := range all {
		state := string(r.State())
		if undone[r.ID] {
			state = "undone"
		}
		command := r.Args
		if len(command) > 1 && command[0] == "kubectl" { // what was picked is recorded as "kubectl access …"
			command = command[1:]
		}
		rows[i] = ChangeRow{r, orNone(r.Caller.Short(accountOf(r))), state, WhatChanged(r), Clean(shell.Line(command[min(1, len(command)):])), undone[r.ID]}
	}
	return rows
}

// Text is all that was recorded: who changed what and when, the change as its plan showed it, and what became of each step.
func (r ChangeRow) Text(now time.Time, paint Paint) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, row := range [][2]string{
		{"ID", Clean(r.ID)}, {"Time", when(r.Time, now)}, {"By", orNone(string(r.Caller))}, {"State", r.State}, {"Command", r.Command},
	} {
		fmt.Fprintf(w, "%s:\t%s\n", row[0], row[1])
	}
	w.Flush()
	b.WriteString("\n")
	if changes, err := r.Changes(); err != nil {
		fmt.Fprintf(&b, "%s\n", Clean(err.Error()))
	} else {
		Plan(&b, r.plan(changes), paint)
	}
	if len(r.Steps) > 0 {
		b.WriteString("\nSteps:\n")
	}
	for _, s := range r.Steps {
		line := "  " + Clean(strings.TrimSpace(s.Principal.Short(access.Info{ARN: r.Cluster.ARN}.Account())+" "+s.What))
		switch {
		case s.Error != "":
			line = paint.Bad(line + ": " + Clean(s.Error))
		case s.InPlace:
			line += " (already done)"
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// plan is the recorded change as a plan.
func (r ChangeRow) plan(changes []access.Change) access.Plan {
	p := access.Plan{Cluster: access.Info{Name: r.Cluster.Name, ARN: r.Cluster.ARN, Mode: r.Cluster.Mode}, Changes: changes}
	if r.Mode != nil {
		p.Mode = &access.ModeChange{From: r.Mode.Before, To: r.Mode.After}
	}
	if r.AWSAuth != nil {
		p.AWSAuth = &access.ConfigMapChange{Before: access.ConfigMap{Data: r.AWSAuth.Before}, After: access.ConfigMap{Data: r.AWSAuth.After}}
	}
	return p
}
