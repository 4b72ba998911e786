package printer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// AuditFile is the report in a format that only an audit has; ok is false for another format.
func AuditFile(format string, r audit.Report, at audit.Severity) (text string, ok bool) {
	switch format {
	case "sarif":
		return sarif(r), true
	case "junit":
		return junit(r, at), true
	case "html":
		return auditHTML(r), true
	}
	return "", false
}

// Audit is the report as text: the worst findings first, what to do below each. wide adds evidence and references.
func Audit(r audit.Report, wide, headers bool, paint Color) string {
	p := page{escape: Clean}
	id := 0
	for _, f := range slices.Concat(r.Findings, r.Gone) {
		id = max(id, len(f.ID))
	}
	if headers && id > 0 {
		p.put("SEVERITY  ", pad("CHECK", id), "OBJECT\n")
	}
	for _, f := range r.Findings {
		severity := pad(f.Severity.String(), len("SEVERITY"))
		if f.Severity >= audit.High {
			severity = paint.Bad(severity)
		}
		p.put(severity, pad(f.ID, id), "", f.Object, newMark(r, f)+"\n  ", f.Message, "\n")
		if wide {
			p.lines("  evidence: ", f.Evidence)
			p.lines("  see: ", f.References)
		}
		p.lines("    ", f.Remedy)
	}
	for _, f := range r.Gone {
		p.put("gone      ", pad(f.ID, id), "", f.Object, "\n")
	}
	p.put("\nOther access:\n")
	for i := range r.Others {
		p.put("  ", r.Others[i].Text, "\n")
	}
	p.put("\n", AuditCounts(r), "\n")
	return p.String()
}

// lines writes each text on a line of its own.
//
//go:noinline
func (p *page) lines(before string, texts []string) {
	for _, text := range texts {
		p.put(before, text, "\n")
	}
}

func newMark(r audit.Report, f *audit.Finding) string {
	if r.Baseline && f.New {
		return " (new)"
	}
	return ""
}

// AuditCounts reads "5 findings: 1 critical, 4 low; 1 ignored; 2 not evaluated".
func AuditCounts(r audit.Report) string {
	var n [audit.Critical + 1]int
	unread, fresh, total, parts := 0, 0, 0, ""
	for _, f := range r.Findings {
		if f.ID == audit.NotEvaluated {
			unread++
			continue
		}
		n[f.Severity]++
		total++
		if f.New {
			fresh++
		}
	}
	for s := audit.Critical; s >= audit.Info; s-- {
		if n[s] > 0 {
			parts += ", " + strconv.Itoa(n[s]) + " " + s.String()
		}
	}
	text := strconv.Itoa(total) + " findings" + strings.Replace(parts, ",", ":", 1) + "; " + strconv.Itoa(len(r.Ignored)) + " ignored; " + strconv.Itoa(unread) + " not evaluated"
	if r.Baseline {
		text += "; since the baseline " + strconv.Itoa(fresh) + " new, " + strconv.Itoa(len(r.Gone)) + " gone"
	}
	return text
}

// AuditIgnored lists the findings that rules of the ignore file accept.
func AuditIgnored(r audit.Report) string {
	p := page{escape: Clean}
	for _, f := range r.Ignored {
		p.put("ignored   ", f.ID, "  ", f.Object, "\n  ", f.Ignored.String(), "\n")
	}
	return p.String()
}

// AuditTable is one row for each finding, for a spreadsheet.
func AuditTable(r audit.Report) Table {
	t := Table{}
	for name := range strings.SplitSeq("SEVERITY CHECK OBJECT PRINCIPAL CLUSTER MESSAGE REMEDY EVIDENCE REFERENCES FINGERPRINT STATE REASON", " ") {
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
		row := []string{
			f.Severity.String(), f.ID, f.Object, string(f.Principal), f.Cluster, f.Message, strings.Join(f.Remedy, "; "), strings.Join(f.Evidence, "; "), strings.Join(f.References, " "), f.Fingerprint, state, reason,
		}
		for i := range row {
			row[i] = Clean(row[i])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// AuditKind is the kind of the JSON form.
const AuditKind = "AuditReport"

// AuditObject is the report for -o json and yaml. --baseline reads it.
func AuditObject(r audit.Report) any {
	counts := map[string]int{}
	for _, f := range r.Findings {
		counts[f.Severity.String()]++
	}
	return map[string]any{
		"apiVersion": manifest.OwnVersion, "kind": AuditKind, "cluster": r.Cluster.ARN, "at": r.At.UTC().Format(time.RFC3339), "complete": r.Complete(), "counts": counts,
		"findings": append([]*audit.Finding{}, r.Findings...), "ignored": append([]*audit.Finding{}, r.Ignored...), "gone": append([]*audit.Finding{}, r.Gone...),
		"notEvaluated": r.Skipped, "otherAccess": r.Others,
	}
}

// auditPlace is a stable relative path for a finding: a live cluster has no file.
func auditPlace(info access.Info, f *audit.Finding) string {
	plain := func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_./", r) {
			return r
		}
		return '-'
	}
	return "clusters/" + info.Region() + "/" + strings.Map(plain, info.Name+"/"+f.Object)
}
