package cmd

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// migrateReport is what aws-auth says and what would become of it.
type migrateReport struct {
	Cluster   string                      `json:"cluster,omitempty"`
	Mode      access.Mode                 `json:"mode,omitempty"`
	Manifest  string                      `json:"manifest"` // ok, invalid-yaml, data-not-string or missing
	Keys      map[string]awsauth.KeyState `json:"keys"`
	Lines     map[string]lineCount        `json:"lines"` // roles, users and accounts
	Mappings  []mappingReport             `json:"mappings"`
	Defects   []defectReport              `json:"defects"`
	Remarks   []string                    `json:"remarks,omitempty"` // on the manifest of a file
	Questions []migrate.Question          `json:"questions"`
	RBAC      []access.Binding            `json:"rbac"` // bindings that must be there first
}

// lineCount is how many lines of a section the authenticator accepts, and how many are left where of
// those of one ARN the last wins.
type lineCount struct {
	Accepted int `json:"accepted"`
	Distinct int `json:"distinct"`
}

type mappingReport struct {
	Kind        access.MappingKind   `json:"kind"`
	ARN         string               `json:"arn"`
	Username    string               `json:"username"`
	Groups      []string             `json:"groups"`
	State       access.MappingState  `json:"state"`
	Reason      string               `json:"reason"`
	Section     string               `json:"section"`
	Item        int                  `json:"item"`
	Reading     *migrate.Reading     `json:"reading,omitempty"`
	Outcome     migrate.Outcome      `json:"outcome"`
	Why         string               `json:"why,omitempty"`
	Becomes     []becomes            `json:"becomes"`
	Before      []migrate.Right      `json:"before"`
	After       []migrate.Right      `json:"after"`
	Differences []migrate.Difference `json:"differences"`
}

type becomes struct {
	Principal access.Principal `json:"principalARN"`
	Type      access.Kind      `json:"type"`
	Username  string           `json:"username"` // "": EKS makes it
	Groups    []string         `json:"kubernetesGroups"`
	Policies  []string         `json:"policies"`
}

type defectReport struct {
	Key  string `json:"key,omitempty"`
	Item int    `json:"item,omitempty"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

func migrationReport(m awsauth.Map, p migrate.Plan) migrateReport {
	r := migrateReport{
		Cluster: p.Cluster.Name, Mode: p.Cluster.Mode, Manifest: "ok", Remarks: m.Remarks, Keys: m.Keys, Lines: map[string]lineCount{},
		Mappings: []mappingReport{}, Defects: []defectReport{}, Questions: append([]migrate.Question{}, p.Questions...), RBAC: append([]access.Binding{}, p.Follow...),
	}
	for _, kind := range []access.MappingKind{access.MappedRole, access.MappedUser, access.MappedAccount} {
		r.Lines[string(kind)+"s"] = lineCount{m.Accepted(kind), m.Distinct(kind)}
	}
	for _, l := range p.Lines {
		r.Mappings = append(r.Mappings, reportLine(l))
	}
	for _, d := range m.Defects {
		r.Defects = append(r.Defects, defectReport{d.Key, d.Item, d.Line, d.Text})
	}
	return r
}

func reportLine(l migrate.Line) mappingReport {
	m := mappingReport{
		Kind: l.Kind, ARN: l.ARN, Username: l.Username, Groups: append([]string{}, l.Groups...), State: l.State, Reason: l.Reason,
		Section: l.Kind.Section(), Item: l.Item, Outcome: l.Outcome, Why: l.Why, Becomes: []becomes{},
		Before: append([]migrate.Right{}, l.Before...), After: append([]migrate.Right{}, l.After...),
		Differences: append([]migrate.Difference{}, l.Differences...),
	}
	if l.Kind != access.MappedAccount && (l.State == access.InForce || l.State == access.NeverMatches) {
		m.Reading = &l.Reading
	}
	for _, e := range l.Entries {
		b := becomes{e.Principal, e.Kind, e.Username, append([]string{}, e.Groups...), []string{}}
		for _, g := range e.Grants {
			b.Policies = append(b.Policies, g.String())
		}
		m.Becomes = append(m.Becomes, b)
	}
	return m
}

// since is what is not as in the report that was shown first.
func (r migrateReport) since(first migrateReport) (changed migrateReport) {
	for i, m := range r.Mappings {
		if !reflect.DeepEqual(m, first.Mappings[i]) {
			changed.Mappings = append(changed.Mappings, m)
		}
	}
	return changed
}

// write is the report for people.
func (r migrateReport) write(w io.Writer, account string) {
	say := func(indent, format string, args ...any) {
		fmt.Fprintf(w, "%s%s\n", indent, printer.Clean(fmt.Sprintf(format, args...)))
	}
	for _, m := range r.Mappings {
		m.write(say, account)
	}
	for _, text := range r.Remarks {
		say("! ", "%s", text)
	}
	for _, d := range r.Defects {
		if d.Item == 0 { // those of a single line stand with it
			say("! ", "%s", d)
		}
	}
	for _, d := range r.Defects {
		if d.Item != 0 {
			say("! ", "%s", d)
		}
	}
	for _, q := range r.Questions {
		if !q.Decided {
			say("? ", "%s: %s (without a decision: %s)", q.ID, q.Text, q.Default)
		}
	}
}

func (d defectReport) String() string {
	where := d.Key
	if d.Item > 0 {
		where += fmt.Sprintf(" item %d", d.Item)
	}
	if where == "" {
		return d.Text
	}
	return where + ": " + d.Text
}

func (m mappingReport) write(say func(indent, format string, args ...any), account string) {
	short := access.Mapping{Kind: m.Kind, ARN: m.ARN}.Short(account)
	what := "username " + orNothing(m.Username) + ", " + inGroups(m.Groups)
	if m.Kind == access.MappedAccount {
		what = "everybody in it, without groups"
	}
	say("", "%s (%s item %d): %s; %s", orNothing(short), m.Section, m.Item, stateWords[m.State], what)
	if m.Reason != "" {
		say("    ", "%s", m.Reason)
	}
	switch {
	case m.Outcome == migrate.Nothing && m.Why != m.Reason:
		say("    ", "%s", m.Why)
	case m.Outcome == migrate.Stays, m.Outcome == migrate.Covered:
		say("    ", "%s: %s", m.Outcome, m.Why)
	}
	for _, b := range m.Becomes {
		say("  → ", "%s", b)
	}
	for _, right := range m.Before {
		say("    before: ", "%s", right)
	}
	for _, right := range m.After {
		say("    after:  ", "%s", right)
	}
	for _, d := range m.Differences {
		label := "differs"
		if d.Code == migrate.DiffDoubt {
			label = "not checked"
		}
		say("    "+label+": ", "%s", d.Text)
	}
}

var stateWords = map[access.MappingState]string{
	access.InForce: "in force", access.Shadowed: "shadowed", access.NeverMatches: "never matches", access.Dropped: "not read",
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
		return "group " + orNothing(groups[0])
	}
	return "groups " + strings.Join(groups, ", ")
}

func orNothing(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}
