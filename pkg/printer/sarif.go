package printer

import (
	"encoding/json"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/audit"
)

// homepage is where this program lives.
const homepage = "https://github.com/kubectl-access/kubectl-access"

// object is a JSON object; encoding/json sorts its keys.
type object = map[string]any

// levels are SARIF's level and GitHub's security-severity of each severity.
var levels = map[audit.Severity][2]string{
	audit.Critical: {"error", "9.5"}, audit.High: {"error", "8.0"}, audit.Medium: {"warning", "5.0"}, audit.Low: {"note", "2.0"}, audit.Info: {"note", "0.5"},
}

// sarif is the report as SARIF 2.1.0, with what GitHub's code scanning reads of it.
func sarif(r audit.Report, _ audit.Severity) (string, error) {
	rules, at := []object{}, map[string]int{}
	add := func(id, title string, s audit.Severity, references []string) {
		at[id] = len(rules)
		rules = append(rules, sarifRule(id, title, s, references))
	}
	for _, c := range audit.Checks {
		add(c.ID, c.Title, c.Severity, c.References)
	}
	for _, id := range []string{audit.NotEvaluated, audit.ExpiredIgnore} {
		add(id, audit.Titled(id), audit.Info, nil)
	}
	results := []object{}
	for _, f := range append(append([]audit.Finding{}, r.Findings...), r.Ignored...) {
		results = append(results, sarifResult(r, f, at[f.ID]))
	}
	document := object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{
			"tool":              object{"driver": object{"name": "kubectl-access", "version": r.Tool, "informationUri": homepage, "rules": rules}},
			"automationDetails": object{"id": "kubectl-access/" + r.Cluster.ARN + "/"},
			"invocations":       []object{{"executionSuccessful": true, "endTimeUtc": r.At.UTC().Format("2006-01-02T15:04:05Z")}},
			"results":           results, "columnKind": "utf16CodeUnits",
		}},
	}
	text, err := json.MarshalIndent(document, "", "  ")
	return EscapeJSON(string(text)) + "\n", err
}

func sarifRule(id, title string, s audit.Severity, references []string) object {
	help, markdown, uri := title+".", title+".", homepage+"/blob/main/docs/audit.md"
	for _, reference := range references {
		help += "\n" + reference
		markdown += "\n- " + reference
		if strings.HasPrefix(reference, "https://") {
			uri = reference
		}
	}
	return object{
		"id": id, "name": camel(id), "shortDescription": object{"text": title}, "fullDescription": object{"text": title + "."}, "helpUri": uri,
		"help": object{"text": help, "markdown": markdown}, "defaultConfiguration": object{"level": levels[s][0]},
		"properties": object{"tags": []string{"security", "kubernetes", "eks"}, "security-severity": levels[s][1], "precision": "high"},
	}
}

func sarifResult(r audit.Report, f audit.Finding, rule int) object {
	text := f.Message
	if len(f.Remedy) > 0 {
		text += "\n" + strings.Join(f.Remedy, "\n")
	}
	result := object{
		"ruleId": f.ID, "ruleIndex": rule, "level": levels[f.Severity][0], "message": object{"text": text},
		"locations": []object{{"physicalLocation": object{
			"artifactLocation": object{"uri": auditPlace(r.Cluster, f)}, "region": object{"startLine": 1},
		}}},
		"partialFingerprints": object{"primaryLocationLineHash": f.Fingerprint},
		"properties":          object{"severity": f.Severity.String(), "security-severity": levels[f.Severity][1], "evidence": append([]string{}, f.Evidence...)},
	}
	if r.Baseline {
		result["baselineState"] = map[bool]string{true: "new", false: "unchanged"}[f.New]
	}
	if f.Ignored != nil {
		result["suppressions"] = []object{{"kind": "external", "justification": f.Ignored.Reason}}
	}
	return result
}

// camel makes SystemMastersLine of system-masters-line.
func camel(id string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
