package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ignore is a rule of the ignore file: which findings are accepted, until when and why. In patterns * matches everything.
type Ignore struct {
	ID        string `yaml:"id" json:"id"`
	Principal string `yaml:"principal" json:"principal,omitempty"` // the ARN or the short form, or the object of the finding; "": all
	Cluster   string `yaml:"cluster" json:"cluster,omitempty"`     // the name or the ARN; "": all
	Until     string `yaml:"until" json:"until,omitempty"`         // a date; "": without an end
	Reason    string `yaml:"reason" json:"reason"`
}

// Ignores is the ignore file.
type Ignores struct {
	Ignore []Ignore `yaml:"ignore"`
}

// Check refuses a rule without an ID or a reason, and one that can never match.
func (all Ignores) Check() error {
	for i := range all.Ignore {
		rule := &all.Ignore[i]
		_, err := rule.ends()
		switch {
		case rule.ID == "":
			return fmt.Errorf("ignore[%d] has no id", i)
		case strings.TrimSpace(rule.Reason) == "":
			return fmt.Errorf("ignore[%d] (%s) has no reason", i, rule.ID)
		case err != nil:
			return fmt.Errorf("ignore[%d] (%s): until %q is not a date such as 2027-03-31", i, rule.ID, rule.Until)
		case rule.ID != "*" && Titled(rule.ID) == "":
			return fmt.Errorf("ignore[%d]: there is no check %q", i, rule.ID)
		}
	}
	return nil
}

// ends is the beginning of the day after the last one; zero: never.
func (rule *Ignore) ends() (time.Time, error) {
	if rule.Until == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(day, rule.Until)
	return at.AddDate(0, 0, 1), err
}

func (rule *Ignore) fits(f *Finding, cluster string) bool {
	fits := func(pattern string, texts ...string) bool {
		return pattern == "" || slices.ContainsFunc(texts, func(text string) bool { return glob(pattern, text) })
	}
	return (rule.ID == "*" || rule.ID == f.ID) && fits(rule.Principal, string(f.Principal), f.Object) && fits(rule.Cluster, f.Cluster, cluster)
}

// glob reports whether a text matches a pattern, in which * is any text.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && text == ""
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		if _, text, ok = strings.Cut(text, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(text, last)
}

// Without moves the findings that the rules accept to Ignored. A rule that has expired accepts nothing, and is a finding itself
// where it would have.
func (r Report) Without(all Ignores) Report {
	v := &view{check: &Check{ID: ExpiredIgnore, Says: "the rule that ignores {} has expired on {}: {}"}}
	v.s.Cluster = r.Cluster
	expired := map[int]bool{}
	for _, f := range r.Findings {
		for i := range all.Ignore {
			rule := &all.Ignore[i]
			if end, _ := rule.ends(); !rule.fits(f, r.Cluster.Name) || f.Ignored != nil {
				continue
			} else if end.IsZero() || r.At.Before(end) {
				f.Ignored = rule
			} else if !expired[i] {
				expired[i] = true
				v.add("", strings.TrimSpace(rule.ID+" "+rule.Principal), rule.Until, Info, "", "", rule.ID, rule.Until, rule.Reason)
			}
		}
		if f.Ignored != nil {
			r.Ignored = append(r.Ignored, f)
		} else {
			v.all = append(v.all, f)
		}
	}
	r.Findings = v.all
	sortFindings(r.Findings)
	return r
}

// Since compares the report with the findings of an earlier one.
func (r Report) Since(before []*Finding) Report {
	was, is := map[string]bool{}, map[string]bool{}
	for _, f := range before {
		was[f.Fingerprint] = true
	}
	r.Baseline = true
	for _, f := range slices.Concat(r.Findings, r.Ignored) {
		f.New, is[f.Fingerprint] = !was[f.Fingerprint], true
	}
	for _, f := range before {
		if !is[f.Fingerprint] && f.Cluster == r.Cluster.ARN {
			r.Gone = append(r.Gone, f)
		}
	}
	return r
}

// Failing are the findings at or above a severity; with a baseline only the new ones. What was not evaluated does not count:
// see Complete.
func (r Report) Failing(at Severity) (all []*Finding) {
	for _, f := range r.Findings {
		if f.Severity >= at && f.ID != NotEvaluated && (f.New || !r.Baseline) {
			all = append(all, f)
		}
	}
	return all
}

// Complete reports whether all checks were evaluated but those that nobody asked for.
func (r Report) Complete() bool { return !r.Unread }

// String reads "ignored until 2027-03-31: the reason".
func (rule *Ignore) String() string {
	if rule.Until == "" {
		return "ignored: " + rule.Reason
	}
	return "ignored until " + rule.Until + ": " + rule.Reason
}
