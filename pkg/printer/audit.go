package printer

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// AuditFormats are the values of -o that only an audit has.
var AuditFormats = map[string]func(audit.Report, audit.Severity) (string, error){
	"sarif": sarif, "junit": junit, "html": auditHTML,
}

// Audit is the report as text: the worst findings first, what to do below each. wide adds evidence and references.
func Audit(r audit.Report, wide, headers bool, paint Color) string {
	var b strings.Builder
	id, object := len("CHECK"), len("OBJECT")
	for _, f := range slices.Concat(r.Findings, r.Gone) {
		id, object = max(id, len(f.ID)), max(object, len(Clean(f.Object)))
	}
	if headers && len(r.Findings) > 0 {
		fmt.Fprintf(&b, "%-8s   %-*s   %s\n", "SEVERITY", id, "CHECK", "OBJECT")
	}
	for _, f := range r.Findings {
		severity := fmt.Sprintf("%-8s", f.Severity)
		if f.Severity >= audit.High {
			severity = paint.Bad(severity)
		}
		fmt.Fprintf(&b, "%s   %-*s   %s%s\n  %s\n", severity, id, f.ID, Clean(f.Object), newMark(r, f), Clean(f.Message))
		if wide {
			for _, e := range f.Evidence {
				fmt.Fprintf(&b, "  evidence: %s\n", Clean(e))
			}
			for _, reference := range f.References {
				fmt.Fprintf(&b, "  see: %s\n", reference)
			}
		}
		for _, command := range f.Remedy {
			fmt.Fprintf(&b, "    %s\n", Clean(command))
		}
	}
	for _, f := range r.Gone {
		fmt.Fprintf(&b, "%-8s   %-*s   %s\n", "gone", id, f.ID, Clean(f.Object))
	}
	b.WriteString("\nOther access:\n")
	for _, o := range r.Others {
		fmt.Fprintf(&b, "  %s\n", Clean(o.Text))
	}
	return b.String() + "\n" + AuditCounts(r) + "\n"
}

func newMark(r audit.Report, f audit.Finding) string {
	if r.Baseline && f.New {
		return "  (new)"
	}
	return ""
}

// AuditCounts reads "5 findings: 1 critical, 4 low; 1 ignored; 2 not evaluated".
func AuditCounts(r audit.Report) string {
	var n [audit.Critical + 1]int
	unread, fresh := 0, 0
	for _, f := range r.Findings {
		if f.ID == audit.NotEvaluated {
			unread++
			continue
		}
		n[f.Severity]++
		if f.New {
			fresh++
		}
	}
	var parts []string
	total := 0
	for s := audit.Critical; s >= audit.Info; s-- {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
		}
		total += n[s]
	}
	text := fmt.Sprintf("%d findings", total)
	if total == 1 {
		text = "1 finding"
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	text += fmt.Sprintf("; %d ignored; %d not evaluated", len(r.Ignored), unread)
	if r.Baseline {
		text += fmt.Sprintf("; %d new, %d gone since the baseline", fresh, len(r.Gone))
	}
	return text
}

// AuditIgnored lists the findings that rules of the ignore file accept.
func AuditIgnored(r audit.Report) string {
	var b strings.Builder
	for _, f := range r.Ignored {
		until := ""
		if f.Ignored.Until != "" {
			until = " until " + f.Ignored.Until
		}
		fmt.Fprintf(&b, "ignored    %s   %s\n  %s%s\n", f.ID, Clean(f.Object), Clean(f.Ignored.Reason), Clean(until))
	}
	return b.String()
}

// AuditTable is one row for each finding, for a spreadsheet.
func AuditTable(r audit.Report) Table {
	t := Table{}
	for _, name := range []string{"SEVERITY", "CHECK", "OBJECT", "PRINCIPAL", "CLUSTER", "MESSAGE", "REMEDY", "EVIDENCE", "REFERENCES", "FINGERPRINT", "STATE", "REASON"} {
		t.Columns = append(t.Columns, Column{Name: name})
	}
	for _, f := range slices.Concat(r.Findings, r.Ignored) {
		state, reason := "open", ""
		switch {
		case f.Ignored != nil:
			state, reason = "ignored", f.Ignored.Reason
		case f.New:
			state = "new"
		}
		row := []string{f.Severity.String(), f.ID, f.Object, string(f.Principal), f.Cluster, f.Message, strings.Join(f.Remedy, "; "), strings.Join(f.Evidence, "; "), strings.Join(f.References, " "), f.Fingerprint, state, reason}
		for i := range row {
			row[i] = Clean(row[i])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// auditObject is the JSON form of a report, which --baseline reads.
type auditObject struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Cluster    string            `json:"cluster"`
	At         string            `json:"at"`
	Complete   bool              `json:"complete"`
	Counts     map[string]int    `json:"counts"`
	Findings   []audit.Finding   `json:"findings"`
	Ignored    []audit.Finding   `json:"ignored"`
	Gone       []audit.Finding   `json:"gone,omitempty"`
	Skipped    map[string]string `json:"notEvaluated,omitempty"`
	Others     []audit.Other     `json:"otherAccess"`
}

// AuditKind is the kind of the JSON form.
const AuditKind = "AuditReport"

// AuditObject is the report for -o json and yaml.
func AuditObject(r audit.Report) any {
	o := auditObject{
		APIVersion: manifest.OwnVersion, Kind: AuditKind, Cluster: r.Cluster.ARN, At: r.At.UTC().Format(time.RFC3339), Complete: r.Complete(), Counts: map[string]int{},
		Findings: append([]audit.Finding{}, r.Findings...), Ignored: append([]audit.Finding{}, r.Ignored...), Gone: r.Gone, Skipped: r.Skipped, Others: r.Others,
	}
	for _, f := range r.Findings {
		o.Counts[f.Severity.String()]++
	}
	return o
}

// markup escapes a text for HTML and XML: what a terminal would obey is visible, what a parser would obey is escaped.
func markup(s string) string { return html.EscapeString(Clean(s)) }

// junit is a test case for each check, which fails with the findings at or above a severity.
func junit(r audit.Report, at audit.Severity) (string, error) {
	var cases strings.Builder
	failures, skipped := 0, 0
	for _, c := range audit.Checks {
		var found []string
		for _, f := range r.Failing(at) {
			if f.ID == c.ID {
				found = append(found, fmt.Sprintf("      <failure type=%q message=\"%s\">%s</failure>\n", f.Severity, markup(f.Message), markup(strings.Join(append(f.Evidence, f.Remedy...), "; "))))
			}
		}
		fmt.Fprintf(&cases, "    <testcase classname=\"%s\" name=\"%s\">\n%s", markup(r.Cluster.ARN), c.ID, strings.Join(found, ""))
		failures += min(1, len(found))
		if why, ok := r.Skipped[c.ID]; ok && len(found) == 0 {
			skipped++
			fmt.Fprintf(&cases, "      <skipped message=\"not evaluated: %s\"/>\n", markup(why))
		}
		cases.WriteString("    </testcase>\n")
	}
	n := fmt.Sprintf("tests=\"%d\" failures=\"%d\" skipped=\"%d\"", len(audit.Checks), failures, skipped)
	return fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites %s>\n  <testsuite name=\"kubectl access audit %s\" %s timestamp=\"%s\">\n%s  </testsuite>\n</testsuites>\n",
		n, markup(r.Cluster.Name), n, r.At.UTC().Format("2006-01-02T15:04:05"), cases.String()), nil
}

// auditPlace is a stable relative path for a finding: a live cluster has no file.
func auditPlace(info access.Info, f audit.Finding) string {
	plain := func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./", r) {
			return r
		}
		return '-'
	}
	return "clusters/" + info.Region() + "/" + strings.Map(plain, info.Name+"/"+f.Object)
}
