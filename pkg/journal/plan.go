package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// PlanKind is the kind of a saved plan.
const PlanKind = "SavedPlan"

// PlanError says why a saved plan is refused. It wraps access.ErrRefused.
type PlanError string

// Why saved plans are refused.
const (
	ErrNotPlan      PlanError = "not a saved plan"
	ErrPlanVersion  PlanError = "unknown version of a saved plan"
	ErrPlanChanged  PlanError = "the saved plan was changed after it was made"
	ErrPlanExpired  PlanError = "the saved plan has expired"
	ErrPlanAccount  PlanError = "the saved plan is for another account"
	ErrPlanCluster  PlanError = "the saved plan is for another cluster"
	ErrPlanReplayed PlanError = "the saved plan was carried out already"
	ErrPlanStale    PlanError = "the saved plan is stale"
	ErrPlanUnread   PlanError = "the effect of the saved plan on rights is not what was reviewed"
)

func (e PlanError) Error() string { return "refused: " + string(e) }

// Unwrap is access.ErrRefused.
func (PlanError) Unwrap() error { return access.ErrRefused }

// Plan is a plan in a file, to be reviewed and then carried out or refused: what the cluster was like, and what it becomes.
type Plan struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Time       time.Time        `json:"time"`
	MaxAge     string           `json:"maxAge"`
	Caller     access.Principal `json:"caller"` // who made it; somebody else may carry it out
	Account    string           `json:"account"`
	Cluster    Cluster          `json:"cluster"`
	Change     Kind             `json:"change"`
	Unread     []string         `json:"unread,omitempty"` // what the caller could not read
	Args       []string         `json:"args"`             // the command line, for people
	Whole      bool             `json:"whole,omitempty"`  // all access of the principals was asked for
	Mode       *Mode            `json:"mode,omitempty"`
	AWSAuth    *AWSAuth         `json:"awsAuth,omitempty"`
	Entries    []PlannedEntry   `json:"entries"`
	Steps      []string         `json:"steps"`   // each a call, in words
	Effects    []string         `json:"effects"` // what principals gain and lose from all sources, in words
	Risks      []PlannedRisk    `json:"risks"`
	Digest     string           `json:"digest"` // of all the rest
}

// PlannedEntry is an entry before and after, equal where nothing changes; null where there is none.
type PlannedEntry struct {
	Principal access.Principal      `json:"principal"`
	Before    *manifest.AccessEntry `json:"before"`
	After     *manifest.AccessEntry `json:"after"`
}

// PlannedRisk is a risk of the plan.
type PlannedRisk struct {
	Name     access.RiskName `json:"name"`
	Why      string          `json:"why"`
	Accepted bool            `json:"accepted"`
}

// PlanOf is a plan as it is saved, without a digest: the entries of all principals that were named, before and after.
func PlanOf(plan access.Plan, before, after *access.Snapshot, who []access.Principal) *Plan {
	r := Of(plan, time.Time{}, "", nil)
	p := &Plan{
		APIVersion: manifest.OwnVersion, Kind: PlanKind, Account: plan.Cluster.Account(), Cluster: r.Cluster, Mode: r.Mode, AWSAuth: r.AWSAuth,
		Entries: []PlannedEntry{}, Steps: []string{}, Effects: Effects(&plan), Risks: []PlannedRisk{},
		Unread: Unread(before),
	}
	for _, q := range who {
		if q != access.Itself {
			p.Entries = append(p.Entries, PlannedEntry{q, written(before.Has(q), plan.Cluster), written(after.Has(q), plan.Cluster)})
		}
	}
	for _, s := range plan.Steps() {
		p.Steps = append(p.Steps, strings.TrimSpace(s.Principal().Short(p.Account)+" "+s.String()))
	}
	return p
}

// Unread are the sources of access that could not be read.
func Unread(s *access.Snapshot) (names []string) {
	if s.AWSAuth != nil && s.AWSAuth.Err != nil {
		names = append(names, "aws-auth")
	}
	if s.RBAC != nil && s.RBAC.Err != nil {
		names = append(names, "RBAC")
	}
	return names
}

// Effects are what principals gain and lose by a plan, each in words with what gives it.
func Effects(plan *access.Plan) []string {
	all := []string{}
	for i := range plan.Effects {
		e := &plan.Effects[i]
		name := e.Principal.Short(plan.Cluster.Account())
		all = inWords(inWords(all, name+" gains ", e.Gained), name+" loses ", e.Lost)
	}
	return all
}

func inWords(all []string, what string, rights []access.Right) []string {
	for i := range rights {
		r := &rights[i]
		all = append(all, strings.TrimRight(what+r.String()+" by "+r.By.String()+" "+r.Binding+" "+r.Session(), " "))
	}
	return all
}

// sum is the digest of the plan.
func (p *Plan) sum() string {
	bare := *p
	bare.Digest = ""
	data, _ := json.Marshal(&bare) // these types can be written
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// SavePlan writes a plan with its digest to a file that only its owner can read, and replaces one that is there.
func SavePlan(path string, p *Plan) error {
	p.Digest = p.sum()
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".plan-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	defer os.Remove(f.Name()) // fails after the rename
	if err := flush(f, append(data, '\n')); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return os.Rename(f.Name(), path)
}

// ReadPlan reads a saved plan. Errors: ErrNotPlan, ErrPlanVersion, ErrPlanChanged.
func ReadPlan(name string, data []byte) (*Plan, error) {
	p := &Plan{}
	var head struct{ APIVersion, Kind string }
	if json.NewDecoder(bytes.NewReader(data)).Decode(&head) != nil || head.Kind != PlanKind {
		return nil, fmt.Errorf("%s: %w; --plan-out writes one", name, ErrNotPlan)
	}
	if head.APIVersion != manifest.OwnVersion {
		return nil, fmt.Errorf("%s: %w: %q; this program reads %s", name, ErrPlanVersion, head.APIVersion, manifest.OwnVersion)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(p)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("there is more in the file")
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %w", name, ErrPlanChanged, err)
	case p.Digest != p.sum():
		return nil, fmt.Errorf("%s: %w: its digest is not that of its content", name, ErrPlanChanged)
	}
	return p, nil
}

// Changes are the entries before and after.
func (p *Plan) Changes() (map[access.Principal]access.Change, error) {
	all := map[access.Principal]access.Change{}
	for _, e := range p.Entries {
		before, err := read(e.Before)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPlanChanged, err)
		}
		after, err := read(e.After)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPlanChanged, err)
		}
		for _, side := range []*access.Entry{before, after} {
			if side != nil && side.Principal != e.Principal {
				return nil, fmt.Errorf("%w: the entry of %s names %s", ErrPlanChanged, e.Principal, side.Principal)
			}
		}
		all[e.Principal] = access.Change{Before: before, After: after}
	}
	return all, nil
}

// Usable is an error where the plan is too old, or for another cluster.
func (p *Plan) Usable(now time.Time, cluster *access.Info) error {
	age, err := time.ParseDuration(p.MaxAge)
	is, why := PlanError(""), p.Cluster.ARN+"; this is "+cluster.ARN
	switch made := "it was made at " + p.Time.Format(time.RFC3339); {
	case err != nil:
		is, why = ErrPlanChanged, "maxAge "+p.MaxAge
	case now.After(p.Time.Add(age)), now.Add(skew).Before(p.Time):
		is, why = ErrPlanExpired, made+" for "+p.MaxAge
	case p.Account != cluster.Account():
		is = ErrPlanAccount
	case p.Cluster.ARN != cluster.ARN:
		is = ErrPlanCluster
	}
	for i := range p.Entries {
		if e := &p.Entries[i]; is == "" && e.late(now) {
			is, why = ErrPlanExpired, "the access of "+e.Principal.Short(p.Account)+" would have expired"
		}
	}
	if is == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", is, why)
}

// late reports whether the plan gives access that would have expired.
func (e *PlannedEntry) late(now time.Time) bool {
	if e.After == nil || e.Before != nil && e.Before.Spec.Tags[access.ExpiresTag] == e.After.Spec.Tags[access.ExpiresTag] {
		return false
	}
	end, err := time.Parse(time.RFC3339, e.After.Spec.Tags[access.ExpiresTag])
	return err == nil && !end.After(now)
}

// Carried reports whether this machine began the plan before. It is ErrPlanReplayed where it was carried out completely.
func (j *Journal) Carried(p *Plan) (begun bool, err error) {
	for i := range j.Records {
		switch r := &j.Records[i]; {
		case r.Plan != p.Digest:
		case r.State() == Done:
			return false, fmt.Errorf("%w: by change %s", ErrPlanReplayed, r.ID)
		case r.State() != NotDone:
			begun = true
		}
	}
	return begun, nil
}
