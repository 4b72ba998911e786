// Package audit finds what is wrong with the access to one cluster: pure functions of what was read, a row of Checks for each kind
// of finding.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Facts are what was read from one cluster and about it.
type Facts struct {
	Index      *rights.Index
	ACK        bool            // the cluster has the resource types of AWS Controllers for Kubernetes for EKS
	Uses       []access.Use    // of the roles and users of entries and mappings
	Providers  []string        // OIDC identity providers
	ArgoCD     []access.ArgoCD // managed capabilities
	Missing    []access.Missing
	Unasked    map[string]string             // sources that nobody asked for, and how to ask for them
	History    []*Change                     // what checks find in the history
	Drift      []access.Change               // what differs from files
	Files      []string                      // their names
	Origins    map[access.Principal][]string // of what each entry has: since when, and by which person; nil: the history was not read
	Now        time.Time
	Command    func(words ...string) string // makes a command line of this program
	Kubernetes func(words ...string) string // makes one of kubectl
	Tool       string                       // the version of this program
	Settings
}

// Settings are the limits that an audit may change.
type Settings struct {
	Unused    time.Duration // a principal that was not used for so long is reported
	MaxAdmins int           // more cluster administrators are worse than information
}

// The sources of facts that may be missing, besides those of a snapshot.
const (
	ReadNamespaces = "namespaces"
	ReadLives      = "whether roles and users still exist"
	ReadUses       = "last use and trust policies of roles"
	ReadUserUses   = "last use of users"
	ReadProviders  = "OIDC identity providers"
	ReadArgoCD     = "Argo CD capabilities"
	ReadACK        = "ACK resource types"
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

var errSeverity = errors.New("must be one of: info, low, medium, high, critical")

func (s Severity) String() string { return Severities[s] }

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(Severities, strings.ToLower(string(text)))
	if i < 0 {
		return errSeverity
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
	Tool     string     // the version of this program
	Findings []*Finding // the worst first
	Ignored  []*Finding
	Gone     []*Finding // of the baseline
	Baseline bool       // there is one, so that Finding.New and Gone mean something
	Others   []Other
	Skipped  map[string]string // checks that were not evaluated, or not completely, and why
	Unread   bool              // some of them for want of a source that was asked for
	Matrix   rights.Matrix
	Entries  []access.Entry
	Origins  map[access.Principal][]string
}

// view is the facts with what several checks need, and the findings.
type view struct {
	Facts
	s       access.Snapshot
	account string
	missing map[string]access.Missing
	roles   map[string]bool // RBAC roles that exist
	bound   []string        // the groups of all bindings
	check   *Check          // the one that runs
	all     []*Finding
}

// Run makes the report.
func Run(f Facts) Report {
	v := newView(f)
	r := Report{Cluster: v.s.Cluster, At: f.Now, Tool: f.Tool, Others: Others(f), Skipped: map[string]string{}, Matrix: f.Index.Matrix(), Entries: v.s.Entries, Origins: f.Origins}
	unread := map[string]string{}
	for i := range Checks {
		c := &Checks[i]
		skip := false
		must, should := c.Needs()
		for _, source := range append(append(must, should...), readEntries) { // which every check should have
			if how, unasked := f.Unasked[source]; unasked {
				skip, r.Skipped[c.ID] = true, source+": add "+how
				if source == ReadHistory { // many have no files, and need not be told
					unread[source] += sep + c.ID
				}
			} else if m, missing := v.missing[source]; missing {
				r.Unread = true
				skip = skip || slices.Contains(must, source)
				unread[source] += sep + c.ID
				r.Skipped[c.ID] = source + ": " + m.Reason()
			}
		}
		if !skip {
			v.run(c)
		}
	}
	v.check = &Check{ID: NotEvaluated, Says: "not checked: {} ({}); {} not evaluated, or not completely"}
	for source, checks := range unread {
		ids := strings.Split(checks[len(sep):], sep)
		why := "add " + f.Unasked[source]
		if m, missing := v.missing[source]; missing {
			why = m.Reason()
		}
		v.add("", source, "", Info, strings.Join(ids, ", "), "", source, why, access.Count(len(ids), "check was", "checks were"))
	}
	r.Findings = v.all
	sortFindings(r.Findings)
	return r
}

func newView(f Facts) *view {
	v := &view{Facts: f, s: f.Index.Snapshot, missing: map[string]access.Missing{}, roles: map[string]bool{}}
	v.account = v.s.Cluster.Account()
	for _, m := range slices.Concat(v.s.Missing(), f.Missing) {
		v.missing[m.What] = m
	}
	if len(v.s.Unread) > 0 {
		v.missing[readEntries] = v.s.Unread[0].Missing()
	}
	if m := v.s.AWSAuth; m == nil {
		v.s.AWSAuth = &access.ConfigMap{}
	} else if m.Err != nil && !v.reads() {
		v.missing[readLeftover] = access.NotRead(readLeftover, m.Err, access.NeedAWSAuth)
	}
	if v.s.RBAC == nil {
		v.s.RBAC = &access.RBAC{}
	}
	for i := range v.s.RBAC.Roles {
		r := &v.s.RBAC.Roles[i]
		v.roles[r.Namespace+"/"+r.Name] = true
	}
	for i := range v.s.RBAC.Bindings {
		v.bound = append(v.bound, v.s.RBAC.Bindings[i].Groups...)
	}
	return v
}

// reads reports whether the cluster reads aws-auth.
func (v *view) reads() bool { return v.s.Cluster.Mode.ReadsConfigMap() }

// run runs a check over what it is about.
func (v *view) run(c *Check) {
	v.check = c
	switch {
	case c.cluster != nil:
		c.cluster(v)
	case c.entry != nil && v.s.Cluster.Mode.ReadsEntries():
		for i := range v.s.Entries {
			if e := &v.s.Entries[i]; !e.Managed() {
				c.entry(v, e)
			}
		}
	case c.person != nil:
		for i := range v.Index.Identities {
			if id := &v.Index.Identities[i]; id.Class == rights.People {
				c.person(v, id, access.Administrates(id.Rights))
			}
		}
	case c.mapping != nil && v.reads():
		for i := range v.s.AWSAuth.Mappings {
			m := &v.s.AWSAuth.Mappings[i]
			c.mapping(v, m, v.s.MappingState(*m))
		}
	case c.binding != nil:
		for i := range v.s.RBAC.Bindings {
			c.binding(v, &v.s.RBAC.Bindings[i])
		}
	}
}

// sep separates items of evidence and remedy. No name has it.
const sep = "\x00"

// add adds a finding of the check that runs. which tells findings of one check about one object apart; the words fill the blanks of
// the check's sentence. The fingerprint does not depend on the sentence.
func (v *view) add(p access.Principal, object, which string, s Severity, evidence, remedy string, words ...string) {
	f := &Finding{ID: v.check.ID, Severity: max(s, v.check.Severity), Cluster: v.s.Cluster.ARN, Principal: p, Object: object, References: v.check.References()}
	subject := object
	if p != "" {
		subject = string(p)
		if object == "" {
			f.Object = p.Short(v.account)
		}
	}
	f.Message, f.Evidence, f.Remedy = fill(v.check.Says, words), items(evidence), items(remedy)
	sum := sha256.Sum256([]byte(strings.Join([]string{f.ID, f.Cluster, subject, which}, sep)))
	f.Fingerprint = hex.EncodeToString(sum[:])
	v.all = append(v.all, f)
}

// about adds a finding about a principal, whose name is the first word.
func (v *view) about(p access.Principal, which string, evidence, remedy string, words ...string) {
	v.add(p, "", which, Info, evidence, remedy, append([]string{p.Short(v.account)}, words...)...)
}

// fill puts words into the blanks of a sentence.
func fill(sentence string, words []string) string {
	var b strings.Builder
	for _, word := range words {
		before, after, _ := strings.Cut(sentence, "{}")
		b.WriteString(before)
		b.WriteString(word)
		sentence = after
	}
	b.WriteString(sentence)
	return b.String()
}

func items(text string) (all []string) {
	for item := range strings.SplitSeq(text, sep) {
		if item != "" && !slices.Contains(all, item) {
			all = append(all, item)
		}
	}
	return all
}

//go:noinline
func sortFindings(all []*Finding) {
	access.Sort(all, func(a, b *Finding) int {
		if a.Severity != b.Severity {
			return int(b.Severity - a.Severity)
		}
		return strings.Compare(a.ID+sep+a.Object+sep+a.Fingerprint, b.ID+sep+b.Object+sep+b.Fingerprint)
	})
}
