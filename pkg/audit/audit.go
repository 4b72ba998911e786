// Package audit finds what is wrong with the access to one cluster: pure functions of what was read, a row of Checks for each kind
// of finding.
package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Facts are what was read from one cluster and about it.
type Facts struct {
	Index     *rights.Index
	Types     []rights.Type   // the cluster's resource types
	Uses      []access.Use    // of the roles of entries and mappings
	Providers []string        // OIDC identity providers
	ArgoCD    []access.ArgoCD // managed capabilities
	Missing   []access.Missing
	Now       time.Time
	Command   func(words ...string) string // makes a command line of this program
	Tool      string
	Settings
}

// Settings are the limits that an audit may change.
type Settings struct {
	Unused    time.Duration // a role that was not used for so long is reported
	MaxAdmins int           // more cluster administrators are worse than information
}

// The sources of facts that may be missing, besides those of a snapshot.
const (
	ReadNamespaces = "namespaces"
	ReadLives      = "whether roles and users still exist"
	ReadUses       = "last use and trust policies of roles"
	ReadProviders  = "OIDC identity providers"
	ReadArgoCD     = "Argo CD capabilities"
	ReadTypes      = "resource types"
	readEntries    = "access entries"
	readLeftover   = "the leftover aws-auth"
)

// Severity is how bad a finding is.
type Severity int

// The severities.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

// Severities are all names, the least bad first.
var Severities = []string{"info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return Severities[s] }

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(Severities, strings.ToLower(string(text)))
	if i < 0 {
		return fmt.Errorf("must be one of: %s", strings.Join(Severities, ", "))
	}
	*s = Severity(i)
	return nil
}

// Finding is one thing that is wrong, or that an auditor must know.
type Finding struct {
	ID          string           `json:"id"`
	Severity    Severity         `json:"severity"`
	Cluster     string           `json:"cluster"`             // ARN
	Principal   access.Principal `json:"principal,omitempty"` // "": the finding is about Object
	Object      string           `json:"object"`              // the principal in short form, or the name of what else it is about
	Message     string           `json:"message"`
	Evidence    []string         `json:"evidence,omitempty"` // each is a chain or a fact
	Remedy      []string         `json:"remedy,omitempty"`   // command lines, in their order; nothing runs them
	References  []string         `json:"references,omitempty"`
	Fingerprint string           `json:"fingerprint"`
	New         bool             `json:"new,omitempty"` // it is not in the baseline
	Ignored     *Ignore          `json:"ignored,omitempty"`

	which string // tells findings of one check about one object apart
}

// Check is one kind of finding.
type Check struct {
	ID, Title  string
	Severity   Severity
	References []string
	Must       []string // sources without which it is not evaluated
	Should     []string // sources without which it may find too little
	find       func(*view) []Finding
}

// The findings that no check makes: of a check that could not run, and of an ignore rule that has expired.
const (
	NotEvaluated  = "not-evaluated"
	ExpiredIgnore = "expired-ignore"
)

// Report is the result of an audit.
type Report struct {
	Cluster  access.Info
	At       time.Time
	Tool     string    // the version of this program
	Findings []Finding // the worst first
	Ignored  []Finding
	Gone     []Finding // of the baseline
	Baseline bool      // there is one, so that Finding.New and Gone mean something
	Others   []Other
	Skipped  map[string]string // checks that were not evaluated, or not completely, and why
	Matrix   rights.Matrix
	Entries  []access.Entry
}

// view is the facts with what several checks need.
type view struct {
	Facts
	s       access.Snapshot
	account string
	missing map[string]access.Missing
	roles   map[string]bool // RBAC roles that exist
}

// Run makes the report.
func Run(f Facts) Report {
	v := &view{Facts: f, s: f.Index.Snapshot, missing: map[string]access.Missing{}, roles: map[string]bool{}}
	v.account = v.s.Cluster.Account()
	for _, m := range slices.Concat(v.s.Missing(), f.Missing) {
		v.missing[m.What] = m
	}
	if n := len(v.s.Unread); n > 0 {
		m := v.s.Unread[0].Missing()
		m.What = readEntries
		v.missing[readEntries] = m
	}
	if v.s.RBAC == nil {
		v.s.RBAC = &access.RBAC{}
	}
	for _, r := range v.s.RBAC.Roles {
		v.roles[strings.TrimPrefix(r.Namespace+"/"+r.Name, "/")] = true
	}
	if m := v.s.AWSAuth; m != nil && m.Err != nil {
		v.missing[readLeftover] = access.NotRead(readLeftover, m.Err, access.NeedAWSAuth)
		if v.s.Cluster.Mode.ReadsConfigMap() {
			delete(v.missing, readLeftover)
		}
	}
	r := Report{Cluster: v.s.Cluster, At: f.Now, Tool: f.Tool, Others: Others(f), Skipped: map[string]string{}, Matrix: f.Index.Matrix(), Entries: v.s.Entries}
	unread := map[string][]string{}
	for _, c := range Checks {
		skip := false
		for _, source := range slices.Concat(c.Must, c.Should, []string{readEntries}) {
			if m, missing := v.missing[source]; missing {
				skip = skip || slices.Contains(c.Must, source)
				unread[source] = append(unread[source], c.ID)
				r.Skipped[c.ID] = m.What + ": " + m.Reason()
			}
		}
		if !skip {
			r.Findings = append(r.Findings, v.run(c)...)
		}
	}
	r.Findings = append(r.Findings, v.notEvaluated(unread)...)
	sortFindings(r.Findings)
	return r
}

// run completes the findings of a check.
func (v *view) run(c Check) []Finding {
	all := c.find(v)
	for i := range all {
		f := &all[i]
		f.ID, f.References = c.ID, c.References
		if f.Severity == Info {
			f.Severity = c.Severity
		}
		v.seal(f)
	}
	return all
}

// seal sets the cluster, the names and the fingerprint, which does not depend on the message.
func (v *view) seal(f *Finding) {
	f.Cluster = v.s.Cluster.ARN
	if f.Object == "" {
		f.Object = v.name(f.Principal)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.ID, f.Cluster, cmp.Or(string(f.Principal), f.Object), f.which}, "\x00")))
	f.Fingerprint = hex.EncodeToString(sum[:])
}

// notEvaluated names each source that could not be read, with the checks that need it.
func (v *view) notEvaluated(unread map[string][]string) (all []Finding) {
	for source, checks := range unread {
		m := v.missing[source]
		f := Finding{
			ID: NotEvaluated, Object: source, Message: fmt.Sprintf("not checked: %s (%s); %d checks were not evaluated, or not completely", source, m.Reason(), len(checks)),
			Evidence: []string{strings.Join(checks, ", ")},
		}
		if len(checks) == 1 {
			f.Message = fmt.Sprintf("not checked: %s (%s); 1 check was not evaluated, or not completely", source, m.Reason())
		}
		v.seal(&f)
		all = append(all, f)
	}
	return all
}

func sortFindings(all []Finding) {
	access.Sort(all, func(a, b Finding) int {
		return cmp.Or(int(b.Severity-a.Severity), strings.Compare(a.ID, b.ID), strings.Compare(a.Object, b.Object), strings.Compare(a.which, b.which))
	})
}

func (v *view) name(p access.Principal) string { return p.Short(v.account) }

// about begins a finding about a principal.
func (v *view) about(p access.Principal, which, format string, args ...any) Finding {
	return Finding{Principal: p, which: which, Message: v.name(p) + " " + fmt.Sprintf(format, args...)}
}

// as sets a severity that differs from the check's.
func (f Finding) as(s Severity) Finding {
	f.Severity = s
	return f
}

// with adds evidence and what to do.
func (f Finding) with(evidence []string, remedy ...string) Finding {
	f.Evidence, f.Remedy = evidence, slices.DeleteFunc(remedy, func(s string) bool { return s == "" })
	return f
}
