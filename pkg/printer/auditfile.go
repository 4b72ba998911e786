package printer

import (
	"encoding/json"
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// page is a text in HTML, XML or JSON.
type page struct {
	strings.Builder
	escape func(string) string
}

// put writes markup and text in turns, beginning with markup. Only text is escaped.
func (p *page) put(parts ...string) {
	for i, part := range parts {
		if i%2 == 1 {
			part = p.escape(part)
		}
		p.WriteString(part)
	}
}

// markup escapes a text for HTML and XML: what a terminal would obey is visible, what a parser would obey is escaped.
func markup(s string) string { return html.EscapeString(Clean(s)) }

// quoted is a text as JSON.
func quoted(s string) string {
	text, _ := json.Marshal(s) // a text always has a JSON form
	return EscapeJSON(string(text))
}

// junit is a test case for each check, which fails with the findings at or above a severity.
func junit(r audit.Report, at audit.Severity) string {
	p := page{escape: markup}
	failures, skipped := 0, 0
	for i := range audit.Checks {
		c := &audit.Checks[i]
		p.put(`    <testcase classname="`, r.Cluster.ARN, `" name="`, c.ID, "\">\n")
		found := false
		for _, f := range r.Failing(at) {
			if f.ID == c.ID {
				found = true
				p.put(`      <failure type="`, f.Severity.String(), `" message="`, f.Message, `">`, list("", f.Evidence, "\n")+list("", f.Remedy, "\n"), "</failure>\n")
			}
		}
		if why := r.Skipped[c.ID]; found {
			failures++
		} else if why != "" {
			skipped++
			p.put(`      <skipped message="not evaluated: `, why, "\"/>\n")
		}
		p.put("    </testcase>\n")
	}
	head := page{escape: markup}
	counts := ` tests="` + strconv.Itoa(len(audit.Checks)) + `" failures="` + strconv.Itoa(failures) + `" skipped="` + strconv.Itoa(skipped) + `"`
	head.put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites"+counts+">\n  <testsuite name=\"kubectl access audit ", r.Cluster.Name, `"`+counts+` timestamp="`, r.At.UTC().Format("2006-01-02T15:04:05"), "\">\n")
	return head.String() + p.String() + "  </testsuite>\n</testsuites>\n"
}

// list is a text and what follows it, each after a separator.
//
//go:noinline
func list(text string, more []string, before string) string {
	for _, one := range more {
		text += before + one
	}
	return text
}

// homepage is where this program lives.
const homepage = "https://github.com/kubectl-access/kubectl-access"

// levels are SARIF's level and GitHub's security-severity of each severity.
var levels = [audit.Critical + 1][2]string{{"note", "0.5"}, {"note", "2.0"}, {"warning", "5.0"}, {"error", "8.0"}, {"error", "9.5"}} //nolint:gochecknoglobals // a table

// sarif is the report as SARIF 2.1.0, with what GitHub's code scanning reads of it.
func sarif(r audit.Report) string {
	p := page{escape: quoted}
	p.put("{\n\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"columnKind\":\"utf16CodeUnits\",\"automationDetails\":{\"id\":", "kubectl-access/"+r.Cluster.ARN+"/",
		"},\n\"invocations\":[{\"executionSuccessful\":true,\"endTimeUtc\":", r.At.UTC().Format("2006-01-02T15:04:05Z"), "}],\n\"tool\":{\"driver\":{\"name\":\"kubectl-access\",\"version\":", r.Tool, `,"informationUri":"`+homepage+"\",\"rules\":[")
	at := map[string]string{}
	comma := "\n"
	checks := append(slices.Clone(audit.Checks), audit.Check{ID: audit.NotEvaluated}, audit.Check{ID: audit.ExpiredIgnore})
	for i := range checks {
		c := &checks[i]
		at[c.ID] = strconv.Itoa(len(at))
		title := audit.Titled(c.ID)
		p.put(comma+"{\"id\":", c.ID, `,"name":`, camel(c.ID), `,"shortDescription":{"text":`, title, `},"fullDescription":{"text":`, title+".", `},"helpUri":"`+homepage+`/blob/main/docs/audit.md","help":{"text":`,
			list(title+".", c.References(), "\n"), `,"markdown":`, list(title+".", c.References(), "\n- "),
			`},"defaultConfiguration":{"level":`, levels[c.Severity][0], `},"properties":{"tags":["security","kubernetes","eks"],"precision":"high","security-severity":`, levels[c.Severity][1], "}}")
		comma = ",\n"
	}
	p.put("\n]}},\n\"results\":[")
	comma = "\n"
	for _, f := range slices.Concat(r.Findings, r.Ignored) {
		p.put(comma+"{\"ruleId\":", f.ID, `,"ruleIndex":`+at[f.ID]+`,"level":`, levels[f.Severity][0], `,"message":{"text":`, list(f.Message, f.Remedy, "\n"),
			`},"locations":[{"physicalLocation":{"artifactLocation":{"uri":`, auditPlace(r.Cluster, f), `},"region":{"startLine":1}}}],"partialFingerprints":{"primaryLocationLineHash":`, f.Fingerprint,
			`},"properties":{"severity":`, f.Severity.String(), `,"evidence":`, list("", f.Evidence, "\n"), "}")
		if r.Baseline {
			p.put(`,"baselineState":`, map[bool]string{true: "new", false: "unchanged"}[f.New])
		}
		if f.Ignored != nil {
			p.put(`,"suppressions":[{"kind":"external","justification":`, f.Ignored.Reason, "}]")
		}
		p.put("}")
		comma = ",\n"
	}
	p.put("\n]}]}\n")
	return p.String()
}

// camel makes SystemMastersLine of system-masters-line.
func camel(id string) (name string) {
	for word := range strings.SplitSeq(id, "-") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// auditStyle works without scripts and assets, on a phone, on paper, in light and dark.
const auditStyle = `:root{color-scheme:light dark;--fg:#1b1f24;--dim:#57606a;--bg:#fff;--line:#d0d7de;--box:#f6f8fa;--critical:#8b0a1a;--high:#b3261e;--medium:#8a5300;--low:#2f5d8a;--info:#57606a}
@media (prefers-color-scheme:dark){:root{--fg:#e6edf3;--dim:#9da7b3;--bg:#0d1117;--line:#30363d;--box:#161b22;--critical:#ff9aa2;--high:#ff8f85;--medium:#f0b26a;--low:#8cc4ff;--info:#9da7b3}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:0}
h1,h3,p,li,dd{overflow-wrap:anywhere}a{color:inherit}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}dt{color:var(--dim)}dd{margin:0}
article{border:1px solid var(--line);border-left:.35rem solid var(--tone);border-radius:.3rem;padding:.6rem .8rem;margin:.6rem 0}
td ul{margin:0;padding-left:1rem}td li{overflow-wrap:normal}
article p{margin:.2rem 0}article ul{margin:.2rem 0;padding-left:1.2rem;color:var(--dim)}
.critical{--tone:var(--critical)}.high{--tone:var(--high)}.medium{--tone:var(--medium)}.low{--tone:var(--low)}.info{--tone:var(--info)}
.tag{color:var(--tone);font-weight:600;text-transform:uppercase;font-size:.8rem}.dim{color:var(--dim)}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:var(--box);margin:.3rem 0;padding:.4rem .6rem;border-radius:.3rem;overflow-x:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600}thead th,td{white-space:nowrap}td.text{white-space:normal;min-width:14rem}tbody th{color:var(--fg);font-weight:500;position:sticky;left:0;background:var(--bg)}
.cluster-admin{color:var(--critical);font-weight:600}.admin{color:var(--high)}.edit{color:var(--medium)}.none{color:var(--dim)}
@media (max-width:40rem){body{padding:.6rem}dl{grid-template-columns:1fr}dd{margin-bottom:.3rem}tbody th{min-width:9rem;overflow-wrap:anywhere}}
@media print{:root{color-scheme:light;--fg:#000;--dim:#444;--bg:#fff;--line:#999;--box:#eee;--critical:#8b0a1a;--high:#b3261e;--medium:#8a5300;--low:#2f5d8a;--info:#444}
body{max-width:none;padding:0;font-size:11px}code,pre{font-size:10px}.wide{overflow:visible}thead th,td{white-space:normal}td.text{min-width:0}td.date{white-space:nowrap}pre{white-space:pre-wrap;overflow-wrap:anywhere}tbody th{position:static}article,tr{break-inside:avoid}h2,h3{break-after:avoid}}
`

// auditHTML is the report as one page. The same report gives the same page.
func auditHTML(r audit.Report) string {
	p := &page{escape: markup}
	title := "Access audit of cluster " + r.Cluster.Name
	p.put("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>", title, "</title>\n<style>\n"+auditStyle+"</style>\n</head>\n<body>\n<h1>", title,
		"</h1>\n<dl>\n<dt>Cluster</dt><dd>", r.Cluster.ARN, "</dd>\n<dt>Mode</dt><dd>", string(r.Cluster.Mode), "</dd>\n<dt>Kubernetes</dt><dd>", r.Cluster.Version, "</dd>\n<dt>Time</dt><dd>", r.At.UTC().Format("2006-01-02 15:04:05 UTC"),
		"</dd>\n<dt>Made by</dt><dd>", "kubectl-access "+r.Tool, "</dd>\n<dt>Result</dt><dd>", AuditCounts(r), "</dd>\n<dt>Complete</dt><dd>", map[bool]string{true: "yes", false: "no, see not-evaluated"}[r.Complete()], "</dd>\n</dl>\n")
	p.findings("Findings", r, r.Findings)
	p.put("<h2>Other access</h2>\n")
	for i := range r.Others {
		p.put("<p>", r.Others[i].Text, "</p>\n")
	}
	p.matrix(r.Matrix)
	p.entries(r)
	if len(r.Ignored) > 0 {
		p.findings("Ignored", r, r.Ignored)
	}
	p.put("</body>\n</html>\n")
	return p.String()
}

func (p *page) list(all []string) {
	if len(all) > 0 {
		p.put("<ul>\n")
		for _, text := range all {
			p.put("<li>", text, "</li>\n")
		}
		p.put("</ul>\n")
	}
}

func (p *page) findings(title string, r audit.Report, all []*audit.Finding) {
	p.put("<h2>", title, "</h2>\n")
	if len(all) == 0 {
		p.put("<p>None.</p>\n")
	}
	for _, f := range all {
		s := f.Severity.String()
		p.put(`<article class="`, s, "\">\n<p><span class=\"tag\">", s, "</span> <code>", f.ID, "</code>", newMark(r, f), "</p>\n<h3>", f.Object, "</h3>\n<p>", f.Message, "</p>\n")
		if f.Ignored != nil {
			p.put("<p>", f.Ignored.String(), "</p>\n")
		}
		p.list(f.Evidence)
		for _, command := range f.Remedy {
			p.put("<pre>", command, "</pre>\n")
		}
		for _, reference := range f.References {
			if name, ok := strings.CutPrefix(reference, "https://"); ok {
				p.put(`<p class="dim"><a href="`, reference, `">`, name, "</a></p>\n")
			} else {
				p.put(`<p class="dim">`, reference, "</p>\n")
			}
		}
		p.put("</article>\n")
	}
}

// table begins a table.
func (p *page) table(columns ...string) {
	p.put("<div class=\"wide\">\n<table>\n<thead><tr>")
	for _, name := range columns {
		p.put("<th>", name, "</th>")
	}
	p.put("</tr></thead>\n<tbody>\n")
}

// matrix is who can do what in which namespace, as far as people are concerned.
func (p *page) matrix(m rights.Matrix) {
	p.put("<h2>Who can do what, by namespace</h2>\n<p class=\"dim\">The largest built-in ClusterRole that the rights of a principal include, by access policies, RBAC and aws-auth. + means more than that, ? at least that.</p>\n")
	p.table(append([]string{"Principal", "whole cluster"}, m.Namespaces...)...)
	hidden := 0
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Identity.Class == rights.Workload || row.Identity.BuiltIn() {
			hidden++
			continue
		}
		p.put("<tr><th>", row.Identity.Name, "</th>")
		for _, c := range append([]rights.Cell{row.Cluster}, row.Cells...) {
			p.put(`<td class="`, c.Level.String(), `">`, c.String(), "</td>")
		}
		p.put("</tr>\n")
	}
	p.put("</tbody>\n</table>\n</div>\n")
	if hidden > 0 {
		p.put(`<p class="dim">Left out: service accounts and components of Kubernetes and EKS (`, strconv.Itoa(hidden), ").</p>\n")
	}
}

// entries are since when each principal has an entry, and with what.
func (p *page) entries(r audit.Report) {
	p.put("<h2>Access entries</h2>\n")
	p.table("Principal", "Type", "Grants and groups", "Since", "Changed", "Expires", "Managed by")
	for i := range r.Entries {
		e := &r.Entries[i]
		owner := string(e.Owner().Kind)
		if e.Managed() {
			owner = "AWS"
		}
		p.put("<tr><th>", e.Principal.Short(r.Cluster.Account()), "</th><td>", string(e.Kind), `</td><td class="text">`, orNone(strings.Join(e.Holdings(), "; ")), "</td><td class=\"date\">", date(e.Created), "</td><td class=\"date\">", date(e.Modified), "</td><td class=\"date\">", date(e.Expires()), "</td><td>", orNone(owner), "</td></tr>\n")
	}
	p.put("</tbody>\n</table>\n</div>\n")
	if r.Origins == nil {
		return
	}
	p.put("<h2>Since when, and by which person</h2>\n")
	p.table("Principal", "Has")
	for i := range r.Entries {
		p.put("<tr><th>", r.Entries[i].Principal.Short(r.Cluster.Account()), `</th><td class="text">`)
		p.list(r.Origins[r.Entries[i].Principal])
		p.put("</td></tr>\n")
	}
	p.put("</tbody>\n</table>\n</div>\n")
}
