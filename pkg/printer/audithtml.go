package printer

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// auditStyle works without scripts and assets, on a phone, on paper, in light and dark.
const auditStyle = `:root{color-scheme:light dark;--fg:#1b1f24;--dim:#57606a;--bg:#fff;--line:#d0d7de;--box:#f6f8fa;--critical:#8b0a1a;--high:#b3261e;--medium:#8a5300;--low:#2f5d8a;--info:#57606a}
@media (prefers-color-scheme:dark){:root{--fg:#e6edf3;--dim:#9da7b3;--bg:#0d1117;--line:#30363d;--box:#161b22;--critical:#ff9aa2;--high:#ff8f85;--medium:#f0b26a;--low:#8cc4ff;--info:#9da7b3}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
article{border:1px solid var(--line);border-left:.35rem solid var(--tone);border-radius:.3rem;padding:.6rem .8rem;margin:.6rem 0}
article p{margin:.2rem 0;overflow-wrap:anywhere}article ul{margin:.2rem 0;padding-left:1.2rem;color:var(--dim);overflow-wrap:anywhere}
.critical{--tone:var(--critical)}.high{--tone:var(--high)}.medium{--tone:var(--medium)}.low{--tone:var(--low)}.info{--tone:var(--info)}
.tag{color:var(--tone);font-weight:600;text-transform:uppercase;font-size:.8rem}
.dim{color:var(--dim)}code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:var(--box);margin:.3rem 0;padding:.4rem .6rem;border-radius:.3rem;white-space:pre-wrap;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600}thead th{white-space:nowrap}td{overflow-wrap:break-word}tbody th{color:var(--fg);font-weight:500;position:sticky;left:0;background:var(--bg)}
.cluster-admin{color:var(--critical);font-weight:600}.admin{color:var(--high)}.edit{color:var(--medium)}.none{color:var(--dim)}
@media (max-width:40rem){body{padding:.6rem}dl{grid-template-columns:1fr}dd{margin-bottom:.3rem}tbody th{max-width:11rem;overflow-wrap:anywhere}}
@media print{:root{color-scheme:light;--fg:#000;--dim:#444;--bg:#fff;--line:#999;--box:#eee;--critical:#8b0a1a;--high:#b3261e;--medium:#8a5300;--low:#2f5d8a;--info:#444}
body{max-width:none;padding:0;font-size:11px}code,pre{font-size:10px}.wide{overflow:visible}tbody th{position:static}article,tr{break-inside:avoid}h2,h3{break-after:avoid}}
`

// auditHTML is the report as one page. The same report gives the same page.
func auditHTML(r audit.Report, _ audit.Severity) (string, error) {
	var b strings.Builder
	title := "Access audit of cluster " + r.Cluster.Name
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>%s</h1>\n", markup(title), auditStyle, markup(title))
	complete := "yes"
	if !r.Complete() {
		complete = fmt.Sprintf("no: %d checks were not evaluated, or not completely", len(r.Skipped))
	}
	b.WriteString("<dl>\n")
	for _, row := range [][2]string{
		{"Cluster", r.Cluster.ARN}, {"Mode", string(r.Cluster.Mode)}, {"Kubernetes", r.Cluster.Version}, {"At", r.At.UTC().Format(time.RFC3339)},
		{"Made by", "kubectl-access " + r.Tool}, {"Result", AuditCounts(r)}, {"Complete", complete},
	} {
		fmt.Fprintf(&b, "<dt>%s</dt><dd>%s</dd>\n", row[0], markup(row[1]))
	}
	b.WriteString("</dl>\n<h2>Findings</h2>\n")
	if len(r.Findings) == 0 {
		b.WriteString("<p>None.</p>\n")
	}
	for _, f := range r.Findings {
		htmlFinding(&b, r, f)
	}
	htmlList(&b, "Other access", r.Others)
	htmlMatrix(&b, r.Matrix)
	htmlEntries(&b, r)
	if len(r.Ignored) > 0 {
		b.WriteString("<h2>Ignored</h2>\n")
		for _, f := range r.Ignored {
			htmlFinding(&b, r, f)
		}
	}
	b.WriteString("</body>\n</html>\n")
	return b.String(), nil
}

func htmlFinding(b *strings.Builder, r audit.Report, f audit.Finding) {
	fmt.Fprintf(b, "<article class=\"%s\">\n<p><span class=\"tag\">%s</span> <code>%s</code>%s</p>\n<h3>%s</h3>\n<p>%s</p>\n", f.Severity, f.Severity, f.ID, newMark(r, f), markup(f.Object), markup(f.Message))
	if f.Ignored != nil {
		fmt.Fprintf(b, "<p>Ignored: %s</p>\n", markup(f.Ignored.Reason))
	}
	if len(f.Evidence) > 0 {
		b.WriteString("<ul>\n")
		for _, e := range f.Evidence {
			fmt.Fprintf(b, "<li>%s</li>\n", markup(e))
		}
		b.WriteString("</ul>\n")
	}
	if len(f.Remedy) > 0 {
		fmt.Fprintf(b, "<pre>%s</pre>\n", strings.ReplaceAll(markup(strings.Join(f.Remedy, "\x00")), "^@", "\n"))
	}
	for _, reference := range f.References {
		if strings.HasPrefix(reference, "https://") {
			fmt.Fprintf(b, "<p class=\"dim\"><a href=\"%s\">%s</a></p>\n", markup(reference), markup(strings.TrimPrefix(reference, "https://")))
			continue
		}
		fmt.Fprintf(b, "<p class=\"dim\">%s</p>\n", markup(reference))
	}
	b.WriteString("</article>\n")
}

func htmlList(b *strings.Builder, title string, others []audit.Other) {
	fmt.Fprintf(b, "<h2>%s</h2>\n<ul>\n", title)
	for _, o := range others {
		fmt.Fprintf(b, "<li>%s</li>\n", markup(o.Text))
	}
	b.WriteString("</ul>\n")
}

// htmlMatrix is who can do what in which namespace, as far as people are concerned.
func htmlMatrix(b *strings.Builder, m rights.Matrix) {
	b.WriteString("<h2>Who can do what, by namespace</h2>\n<p class=\"dim\">The largest built-in ClusterRole that a principal's rights include: by policy, RBAC or aws-auth. + is more than that, ? at least that.</p>\n<div class=\"wide\">\n<table>\n<thead><tr><th>Principal</th><th>whole cluster</th>")
	for _, ns := range m.Namespaces {
		fmt.Fprintf(b, "<th>%s</th>", markup(ns))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	hidden := 0
	for _, row := range m.Rows {
		if row.Identity.Class == rights.Workload || row.Identity.BuiltIn() {
			hidden++
			continue
		}
		fmt.Fprintf(b, "<tr><th>%s</th>", markup(row.Identity.Name))
		for _, c := range append([]rights.Cell{row.Cluster}, row.Cells...) {
			fmt.Fprintf(b, "<td class=\"%s\">%s</td>", c.Level, markup(c.String()))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>\n</div>\n")
	if hidden > 0 {
		fmt.Fprintf(b, "<p class=\"dim\">%d service accounts and components of Kubernetes and EKS are left out.</p>\n", hidden)
	}
}

// htmlEntries is since when each principal has an entry, and with what.
func htmlEntries(b *strings.Builder, r audit.Report) {
	b.WriteString("<h2>Access entries</h2>\n")
	if len(r.Entries) == 0 {
		b.WriteString("<p>None.</p>\n")
		return
	}
	b.WriteString("<div class=\"wide\">\n<table>\n<thead><tr><th>Principal</th><th>Grants and groups</th><th>Since</th><th>Changed</th><th>Expires</th><th>Managed by</th></tr></thead>\n<tbody>\n")
	date := func(t time.Time) string {
		if t.IsZero() {
			return none
		}
		return t.UTC().Format("2006-01-02")
	}
	for _, e := range r.Entries {
		holds := strings.Join(e.Holdings(), "; ")
		if e.Node() {
			holds = strings.TrimSuffix(string(e.Kind)+"; "+holds, "; ")
		}
		owner := e.Owner().String()
		if e.Managed() {
			owner = "managed by AWS"
		}
		fmt.Fprintf(b, "<tr><th>%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
			markup(e.Principal.Short(r.Cluster.Account())), markup(orNone(holds)), markup(date(e.Created)), markup(date(e.Modified)), markup(date(e.Expires())), markup(orNone(strings.TrimPrefix(owner, "managed by "))))
	}
	b.WriteString("</tbody>\n</table>\n</div>\n")
}
