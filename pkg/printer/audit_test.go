package printer_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// hostile is a text that breaks out of whatever does not escape it.
const hostile = `"><script>alert('1')</script>` + "\x1b[31m\u202e&\n=x"

// spoiled is a report in which everything that others name is hostile.
func spoiled() audit.Report {
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	s := access.Snapshot{
		Cluster: access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth},
		Entries: []access.Entry{{
			Principal: "arn:aws:iam::111122223333:user/x", Kind: access.Standard, Username: hostile, Groups: []string{hostile}, Created: at.AddDate(-1, 0, 0),
			Grants: []access.Grant{{Policy: "AmazonEKSEditPolicy"}}, Tags: map[string]string{"aws:cloudformation:stack-name": hostile},
		}},
		AWSAuth: &access.ConfigMap{Mappings: []access.Mapping{{Kind: access.MappedRole, ARN: hostile, Username: hostile, Groups: []string{hostile}, State: access.Dropped, Reason: hostile}}, Faults: []string{hostile}},
		RBAC:    &access.RBAC{Bindings: []access.Binding{{Name: hostile, Role: access.RoleRef{Kind: "ClusterRole", Name: hostile}, Groups: []string{hostile, "system:unauthenticated"}}}},
	}
	s.Namespaces = []string{"dev", hostile}
	f := audit.Facts{Index: rights.New(s), Now: at, Tool: "v1.2.3", Providers: []string{hostile}, Command: func(words ...string) string { return strings.Join(words, " ") }, Kubernetes: func(words ...string) string { return strings.Join(words, " ") }}
	f.Missing = []access.Missing{access.NotRead(audit.ReadUses, errors.New(hostile), "")}
	return audit.Run(f).Without(audit.Ignores{Ignore: []audit.Ignore{{ID: "iam-user-entry", Reason: hostile}}}).Since(nil)
}

func file(t *testing.T, format string) string {
	t.Helper()
	text, ok := printer.AuditFile(format, spoiled(), audit.Low)
	if again, _ := printer.AuditFile(format, spoiled(), audit.Low); !ok || again != text {
		t.Errorf("%s is not the same again", format)
	}
	for _, r := range text {
		if access.Hidden(r) && r != '\n' {
			t.Errorf("%s has the character %q", format, r)
		}
	}
	return text
}

// TestSARIF checks the members that SARIF 2.1.0 requires (OASIS, section 3) and those that GitHub reads.
func TestSARIF(t *testing.T) {
	type text struct{ Text string }
	var document struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			AutomationDetails struct{ ID string }
			Tool              struct {
				Driver struct {
					Name, Version, InformationURI string
					Rules                         []struct {
						ID, Name, HelpURI                 string
						ShortDescription, FullDescription text
						Help                              struct{ Text, Markdown string }
						DefaultConfiguration              struct{ Level string }
						Properties                        struct {
							Tags     []string
							Severity string `json:"security-severity"`
						}
					}
				}
			}
			Results []struct {
				RuleID, Level, BaselineState string
				RuleIndex                    int
				Message                      text
				Locations                    []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
				PartialFingerprints map[string]string
				Suppressions        []struct{ Kind, Justification string }
			}
		}
	}
	if err := json.Unmarshal([]byte(file(t, "sarif")), &document); err != nil {
		t.Fatal(err)
	}
	run := document.Runs[0]
	if document.Version != "2.1.0" || len(document.Runs) != 1 || run.Tool.Driver.Name != "kubectl-access" || run.Tool.Driver.Version != "v1.2.3" || run.AutomationDetails.ID != "kubectl-access/arn:aws:eks:us-west-2:111122223333:cluster/demo/" {
		t.Errorf("%+v", document)
	}
	rules := run.Tool.Driver.Rules
	if len(rules) != len(audit.Checks)+2 {
		t.Errorf("%d rules", len(rules))
	}
	levels := []string{"note", "warning", "error"}
	for _, r := range rules {
		if r.ID == "" || r.Name == "" || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" || r.Help.Markdown == "" ||
			!slices.Contains(levels, r.DefaultConfiguration.Level) || r.Properties.Severity == "" || len(r.Properties.Tags) == 0 {
			t.Errorf("rule %+v", r)
		}
	}
	seen, suppressed := map[string]bool{}, 0
	for _, r := range run.Results {
		if rules[r.RuleIndex].ID != r.RuleID || !slices.Contains(levels, r.Level) || r.Message.Text == "" || r.BaselineState != "new" {
			t.Errorf("result %+v", r)
		}
		print, place := r.PartialFingerprints["primaryLocationLineHash"], r.Locations[0].PhysicalLocation
		if len(print) != 64 || seen[print] || place.Region.StartLine != 1 || !strings.HasPrefix(place.ArtifactLocation.URI, "clusters/us-west-2/demo/") || strings.ContainsAny(place.ArtifactLocation.URI, `<>" `) {
			t.Errorf("result %+v", r)
		}
		seen[print] = true
		suppressed += len(r.Suppressions)
	}
	if suppressed != 1 {
		t.Errorf("%d suppressions", suppressed)
	}
}

func TestJUnitIsXML(t *testing.T) {
	var suites struct {
		Tests, Failures, Skipped int `xml:",attr"`
		Suite                    struct {
			Cases []struct {
				Name     string `xml:"name,attr"`
				Failures []struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	text := file(t, "junit")
	suites.Tests = -1
	if err := xml.Unmarshal([]byte(strings.NewReplacer(" tests=", " Tests=", " failures=", " Failures=", " skipped=", " Skipped=").Replace(text)), &suites); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	failed, skipped := 0, 0
	for _, c := range suites.Suite.Cases {
		if len(c.Failures) > 0 {
			failed++
		}
		if c.Skipped != nil {
			skipped++
		}
	}
	if len(suites.Suite.Cases) != len(audit.Checks) || suites.Tests != len(audit.Checks) || failed == 0 || suites.Failures != failed || skipped == 0 || suites.Skipped != skipped {
		t.Errorf("%d cases, %d failed, %d skipped: %+v", len(suites.Suite.Cases), failed, skipped, suites)
	}
}

// TestTheHTMLPageIsWholeAndHarmless: well-formed, without scripts, and nothing is loaded.
func TestTheHTMLPageIsWholeAndHarmless(t *testing.T) {
	text := file(t, "html")
	d := xml.NewDecoder(bytes.NewReader([]byte(text[strings.Index(text, "<html"):])))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if slices.Contains([]string{"script", "img", "link", "iframe", "object"}, start.Name.Local) {
			t.Errorf("<%s>", start.Name.Local)
		}
		for _, a := range start.Attr {
			if a.Name.Local == "src" || a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "https://") {
				t.Errorf("<%s %s=%q>", start.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
	for _, part := range []string{"Complete</dt><dd>no", "prefers-color-scheme:dark", "@media print", "&lt;script&gt;", `<td class="edit">edit</td>`, "<h2>Ignored</h2>", "CloudFormation"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page does not have %q", part)
		}
	}
	if strings.Contains(text, "@import") || strings.Contains(text, "url(") || strings.Contains(text, "<script") {
		t.Error("the page loads something")
	}
}

func TestTheTextOfAnAuditIsHarmless(t *testing.T) {
	text := printer.Audit(spoiled(), true, true, false) + printer.AuditIgnored(spoiled())
	for _, r := range text {
		if access.Hidden(r) && r != '\n' {
			t.Errorf("the character %q", r)
		}
	}
	if !strings.Contains(text, "; 1 ignored; 1 not evaluated; since the baseline ") {
		t.Errorf("no counts in\n%s", text)
	}
	var b strings.Builder
	if err := (printer.Format{Name: "csv", Allowed: []string{"csv"}}).Table(&b, printer.AuditTable(spoiled())); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), ",=") || strings.Contains(b.String(), `,"=`) {
		t.Errorf("a formula in\n%s", b.String())
	}
}
