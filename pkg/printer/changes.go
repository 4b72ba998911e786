package printer

import (
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// Changes are the recorded changes of a cluster.
func Changes(all []journal.Record, now time.Time) Table {
	t := Table{Columns: []Column{{Name: "ID"}, {Name: "AGE"}, {Name: "WHO"}, {Name: "STATE"}, {Name: "CHANGED"}, {Name: "COMMAND"}}}
	for _, r := range ChangeRows(all) {
		state := r.State
		if r.Undoes != "" {
			state += ", undoes " + Clean(r.Undoes)
		}
		t.Rows = append(t.Rows, []string{Clean(r.ID), age(r.Record, now), r.Who, state, r.Changed, r.Command})
	}
	return t
}

// changeForm is the object of a record.
type changeForm struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Spec       journal.Record    `json:"spec"`
}

// ChangeList is the list of records as one object.
func ChangeList(all []journal.Record) map[string]any {
	items := make([]changeForm, len(all))
	for i, r := range all {
		items[i] = changeForm{manifest.OwnVersion, "Change", map[string]string{"name": r.ID}, r}
	}
	return map[string]any{"apiVersion": manifest.OwnVersion, "kind": "ChangeList", "metadata": map[string]any{}, "items": items}
}

func accountOf(r journal.Record) string { return access.Principal(r.Cluster.ARN).Account() }

// ChangeTitle says in a few words what a change did: grant role/dev, role/ops.
func ChangeTitle(r journal.Record) string {
	var names []string
	changes, _ := r.Changes() // of a broken record nothing is known
	for _, ch := range changes {
		names = append(names, ch.Principal().Short(accountOf(r)))
	}
	if len(names) == 0 {
		names = []string{WhatChanged(r)}
	}
	return strings.TrimSpace(Clean(string(r.Kind) + " " + strings.Join(names, ", ")))
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
		parts = append(parts, access.Count(len(r.Entries), "entry", "entries"))
	}
	if r.AWSAuth != nil {
		parts = append(parts, "aws-auth")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
