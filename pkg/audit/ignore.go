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
	for i, rule := range all.Ignore {
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
func (rule Ignore) ends() (time.Time, error) {
	if rule.Until == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(day, rule.Until)
	return at.AddDate(0, 0, 1), err
}

func (rule Ignore) fits(f Finding, cluster string) bool {
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
	var kept []Finding
	used := map[int]bool{}
	for _, f := range r.Findings {
		i := slices.IndexFunc(all.Ignore, func(rule Ignore) bool {
			end, _ := rule.ends()
			return rule.fits(f, r.Cluster.Name) && (end.IsZero() || r.At.Before(end))
		})
		if i >= 0 {
			f.Ignored = &all.Ignore[i]
			r.Ignored = append(r.Ignored, f)
			continue
		}
		for j, rule := range all.Ignore {
			used[j] = used[j] || rule.fits(f, r.Cluster.Name)
		}
		kept = append(kept, f)
	}
	v := &view{}
	v.s.Cluster = r.Cluster
	for j, rule := range all.Ignore {
		if end, _ := rule.ends(); used[j] && !end.IsZero() && !r.At.Before(end) {
			f := Finding{ID: ExpiredIgnore, Object: strings.TrimSpace(rule.ID + " " + rule.Principal), which: rule.Until, Message: fmt.Sprintf("the rule that ignores %s has expired at %s: %s", rule.ID, rule.Until, rule.Reason)}
			v.seal(&f)
			kept = append(kept, f)
		}
	}
	r.Findings = kept
	sortFindings(r.Findings)
	return r
}

// Since compares the report with the findings of an earlier one.
func (r Report) Since(before []Finding) Report {
	was, is := map[string]bool{}, map[string]bool{}
	for _, f := range before {
		was[f.Fingerprint] = true
	}
	r.Baseline, r.Findings = true, slices.Clone(r.Findings)
	for i := range r.Findings {
		r.Findings[i].New = !was[r.Findings[i].Fingerprint]
	}
	for _, f := range slices.Concat(r.Findings, r.Ignored) {
		is[f.Fingerprint] = true
	}
	for _, f := range before {
		if !is[f.Fingerprint] && f.Cluster == r.Cluster.ARN {
			r.Gone = append(r.Gone, f)
		}
	}
	return r
}

// Failing are the findings at or above a severity; with a baseline only the new ones.
func (r Report) Failing(at Severity) (all []Finding) {
	for _, f := range r.Findings {
		if f.Severity >= at && (f.New || !r.Baseline) {
			all = append(all, f)
		}
	}
	return all
}

// Complete reports whether all checks were evaluated.
func (r Report) Complete() bool { return len(r.Skipped) == 0 }
