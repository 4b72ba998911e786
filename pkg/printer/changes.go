package printer

import (
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Changes are the recorded changes of a cluster.
func Changes(all []journal.Record, now time.Time) Table {
	t := Table{Columns: []Column{{Name: "ID"}, {Name: "AGE"}, {Name: "STATE"}, {Name: "CHANGED"}, {Name: "COMMAND"}}}
	for _, r := range ChangeRows(all) {
		state := r.State
		if r.Undoes != "" {
			state += ", undoes " + Clean(r.Undoes)
		}
		t.Rows = append(t.Rows, []string{Clean(r.ID), age(r.Record, now), state, r.Changed, r.Command})
	}
	return t
}

// age is unknown where a clock was wrong.
func age(r journal.Record, now time.Time) string {
	if r.Time.After(now) {
		r.Time = time.Time{}
	}
	return Age(r.Time, now)
}

// WhatChanged names the parts of a cluster that a change was about.
func WhatChanged(r journal.Record) string {
	var parts []string
	if r.Mode != nil {
		parts = append(parts, "mode")
	}
	if len(r.Entries) > 0 {
		parts = append(parts, Count(len(r.Entries), "entry", "entries"))
	}
	if r.AWSAuth != nil {
		parts = append(parts, "aws-auth")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
