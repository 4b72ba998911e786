package printer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
)

// Text is the report for people.
func (r Migration) Text(account string) string {
	var b strings.Builder
	say := func(indent, format string, args ...any) {
		fmt.Fprintf(&b, "%s%s\n", indent, Clean(fmt.Sprintf(format, args...)))
	}
	for _, m := range r.Mappings {
		m.text(say, account)
	}
	for _, text := range r.Remarks {
		say("! ", "%s", text)
	}
	for _, ofMappings := range []bool{false, true} {
		for _, d := range r.Defects {
			if (d.Place != "") == ofMappings && !r.tells(d) {
				say("! ", "%s", d)
			}
		}
	}
	for _, q := range r.Questions {
		if !q.Decided {
			say("? ", "%s: %s (default: %s)", q.ID, q.Text, q.Default)
		}
	}
	return b.String()
}

// tells reports whether a mapping above says the same.
func (r Migration) tells(d defect) bool {
	return slices.ContainsFunc(r.Mappings, func(m migrated) bool { return m.Place == d.Place && m.Reason == d.Text })
}

func (d defect) String() string {
	for _, where := range []string{d.Place, d.Key} {
		if where != "" {
			return where + ": " + d.Text
		}
	}
	return d.Text
}

func (m migrated) text(say func(indent, format string, args ...any), account string) {
	what := "username " + orNone(m.Username) + ", " + inGroups(m.Groups)
	if m.Kind == access.MappedAccount {
		what = "everyone in it, without groups"
	}
	say("", "%s (%s): %s; %s", orNone(access.Mapping{Kind: m.Kind, ARN: m.ARN}.Short(account)), m.Place, m.state(), what)
	if m.Reason != "" {
		say("    ", "%s", m.Reason)
	}
	switch {
	case m.Outcome == migrate.Nothing && m.Why != m.Reason:
		say("    ", "%s", m.Why)
	case m.Outcome == migrate.Stays:
		say("    ", "stays: %s", m.Why)
	case m.Outcome == migrate.Covered:
		say("    ", "%s", m.Why)
	}
	for _, b := range m.Becomes {
		say("  → ", "%s", b)
	}
	for _, r := range m.Before {
		say("    before: ", "%s", r.text)
	}
	for _, r := range m.After {
		say("    after:  ", "%s", r.text)
	}
	for _, d := range m.Differences {
		label := map[string]string{migrate.DiffDoubt: "not checked", migrate.DiffGap: migrate.DiffGap}[d.Code]
		if label == "" {
			label = "differs"
		}
		say("    "+label+": ", "%s", d.Text)
	}
}

func (m migrated) state() string {
	if m.State == access.InForce && m.Outcome == migrate.Covered && m.Kind != access.MappedAccount {
		return "overridden by entry"
	}
	return map[access.MappingState]string{
		access.InForce: "active", access.Shadowed: "overridden by a later mapping", access.NeverMatches: "never matches", access.Dropped: "invalid",
	}[m.State]
}

func (b becomes) String() string {
	parts := []string{fmt.Sprintf("entry %s of type %s", b.Principal, b.Type)}
	for _, p := range b.Policies {
		parts = append(parts, "policy "+p)
	}
	if len(b.Groups) > 0 {
		parts = append(parts, inGroups(b.Groups))
	}
	if b.Username != "" {
		parts = append(parts, "username "+b.Username)
	}
	return strings.Join(parts, ", ")
}

// inGroups reads "group viewers" or "groups dev, ops".
func inGroups(groups []string) string {
	switch len(groups) {
	case 0:
		return "no groups"
	case 1:
		return "group " + orNone(groups[0])
	}
	return "groups " + strings.Join(groups, ", ")
}

// Removals are the mappings that a plan removes from aws-auth, a line each.
func Removals(p migrate.Plan, account string) string {
	var b strings.Builder
	add := func(all []access.Mapping, when string) {
		for _, m := range all {
			when := when
			if m.State == access.NeverMatches {
				when = "because it never matches"
			}
			fmt.Fprintln(&b, Clean(fmt.Sprintf("- %s will be removed %s: %s", m.Place(), when, m.Short(account))))
		}
	}
	add(p.Removable(func(access.Principal) bool { return true }), "once its entry is verified")
	add(p.Dead(), "from aws-auth")
	return b.String()
}

// Proofs is the table of what migrated principals had and have.
func Proofs(proofs []migrate.Proof, account string) Table {
	table := Table{Columns: []Column{{Name: "PRINCIPAL"}, {Name: "BEFORE"}, {Name: "NOW"}, {Name: "VERIFIED"}}}
	for _, p := range proofs {
		verified := "yes"
		if !p.Holds {
			verified = "NO"
		}
		table.Rows = append(table.Rows, []string{Clean(p.Principal.Short(account)), Clean(p.Before), Clean(p.Now), verified})
	}
	return table
}
