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
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// PlanKind is the kind of a saved plan.
const PlanKind = "SavedPlan"

// Why a saved plan is refused. Each wraps access.ErrRefused.
var (
	ErrNotPlan      = fmt.Errorf("%w: not a saved plan", access.ErrRefused)
	ErrPlanVersion  = fmt.Errorf("%w: unknown version of a saved plan", access.ErrRefused)
	ErrPlanChanged  = fmt.Errorf("%w: the saved plan was changed after it was made", access.ErrRefused)
	ErrPlanExpired  = fmt.Errorf("%w: the saved plan has expired", access.ErrRefused)
	ErrPlanAccount  = fmt.Errorf("%w: the saved plan is for another account", access.ErrRefused)
	ErrPlanCluster  = fmt.Errorf("%w: the saved plan is for another cluster", access.ErrRefused)
	ErrPlanReplayed = fmt.Errorf("%w: the saved plan was carried out already", access.ErrRefused)
)

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
	Args       []string         `json:"args"`            // the command line, for people
	Whole      bool             `json:"whole,omitempty"` // all access of the principals was asked for
	Mode       *Mode            `json:"mode,omitempty"`
	AWSAuth    *AWSAuth         `json:"awsAuth,omitempty"`
	Entries    []PlannedEntry   `json:"entries"`
	Steps      []PlannedStep    `json:"steps"` // for people
	Effects    []Effect         `json:"effects"`
	Risks      []PlannedRisk    `json:"risks"`
	Digest     string           `json:"digest"` // of all the rest
}

// PlannedEntry is an entry before and after, equal where nothing changes; null where there is none.
type PlannedEntry struct {
	Principal access.Principal      `json:"principal"`
	Before    *manifest.AccessEntry `json:"before"`
	After     *manifest.AccessEntry `json:"after"`
}

// PlannedStep is one call, in words.
type PlannedStep struct {
	Principal access.Principal `json:"principal,omitempty"` // empty: the cluster
	What      string           `json:"what"`
}

// Effect is what a principal gains and loses, from all sources.
type Effect struct {
	Principal access.Principal `json:"principal"`
	Gained    []Right          `json:"gained"`
	Lost      []Right          `json:"lost"`
}

// Right is a right, and what gives it.
type Right struct {
	Right   string `json:"right"`
	Source  string `json:"source"`
	Binding string `json:"binding,omitempty"`
	Session string `json:"session,omitempty"`
}

// PlannedRisk is a risk of the plan.
type PlannedRisk struct {
	Name     access.RiskName `json:"name"`
	Why      string          `json:"why"`
	Accepted bool            `json:"accepted"`
}

// PlanOf is a plan as it is saved, without a digest. The entries are those of all principals that were named.
func PlanOf(plan access.Plan, entries []access.Change, who []access.Principal) Plan {
	c := plan.Cluster
	r := Of(plan, time.Time{}, "", nil)
	p := Plan{
		APIVersion: manifest.OwnVersion, Kind: PlanKind, Account: c.Account(), Cluster: r.Cluster, Mode: r.Mode, AWSAuth: r.AWSAuth,
		Entries: []PlannedEntry{}, Steps: []PlannedStep{}, Effects: Effects(plan), Risks: []PlannedRisk{},
	}
	for i, e := range entries {
		p.Entries = append(p.Entries, PlannedEntry{who[i], written(e.Before, c), written(e.After, c)})
	}
	for _, s := range plan.Steps() {
		p.Steps = append(p.Steps, PlannedStep{s.Principal(), s.String()})
	}
	return p
}

// Effects are the effects of a plan, to be compared and saved.
func Effects(plan access.Plan) []Effect {
	all := []Effect{}
	for _, e := range plan.Effects {
		all = append(all, Effect{e.Principal, rights(e.Gained), rights(e.Lost)})
	}
	return all
}

//go:noinline
func rights(of []access.Right) []Right {
	all := make([]Right, len(of))
	for i, r := range of {
		all[i] = Right{r.String(), r.By.String(), r.Binding, r.Session()}
	}
	return all
}

// sum is the digest of the plan.
func (p Plan) sum() string {
	p.Digest = ""
	data, _ := json.Marshal(p) // these types can be written
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
func ReadPlan(name string, data []byte) (p Plan, err error) {
	var head struct{ APIVersion, Kind string }
	if json.NewDecoder(bytes.NewReader(data)).Decode(&head) != nil || head.Kind != PlanKind {
		return p, fmt.Errorf("%s: %w; --plan-out writes one", name, ErrNotPlan)
	}
	if head.APIVersion != manifest.OwnVersion {
		return p, fmt.Errorf("%s: %w: %q; this program reads %s", name, ErrPlanVersion, head.APIVersion, manifest.OwnVersion)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err = d.Decode(&p)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("there is more in the file")
	}
	switch {
	case err != nil:
		return p, fmt.Errorf("%s: %w: %w", name, ErrPlanChanged, err)
	case p.Digest != p.sum():
		return p, fmt.Errorf("%s: %w: its digest is not that of its content", name, ErrPlanChanged)
	}
	return p, nil
}

// Changes are the entries before and after.
func (p Plan) Changes() (map[access.Principal]access.Change, error) {
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
func (p Plan) Usable(now time.Time, cluster access.Info) error {
	age, err := time.ParseDuration(p.MaxAge)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPlanChanged, err)
	case now.After(p.Time.Add(age)):
		return fmt.Errorf("%w: it was made at %s and may be %s old", ErrPlanExpired, p.Time.Format(time.RFC3339), p.MaxAge)
	case now.Add(skew).Before(p.Time):
		return fmt.Errorf("%w: it is dated in the future, %s", ErrPlanExpired, p.Time.Format(time.RFC3339))
	case p.Account != cluster.Account():
		return fmt.Errorf("%w: %s; cluster %s is in account %s", ErrPlanAccount, p.Account, cluster.Name, cluster.Account())
	case p.Cluster.ARN != cluster.ARN:
		return fmt.Errorf("%w: %s; this is %s", ErrPlanCluster, p.Cluster.ARN, cluster.ARN)
	}
	for _, e := range p.Entries {
		if end := e.ends(); !end.IsZero() && !end.After(now) {
			return fmt.Errorf("%w: the access of %s would expire at %s", ErrPlanExpired, e.Principal.Short(p.Account), end.Format(time.RFC3339))
		}
	}
	return nil
}

// ends is when access expires that the plan gives.
func (e PlannedEntry) ends() time.Time {
	if e.After == nil || e.Before != nil && e.Before.Spec.Tags[access.ExpiresTag] == e.After.Spec.Tags[access.ExpiresTag] {
		return time.Time{}
	}
	return access.Entry{Tags: e.After.Spec.Tags}.Expires()
}

// Carried reports whether this machine began the plan before. It is ErrPlanReplayed where it was carried out completely.
func (j Journal) Carried(p Plan) (begun bool, err error) {
	for _, r := range j.Records {
		switch {
		case r.Plan != p.Digest:
		case r.State() == Done:
			return false, fmt.Errorf("%w: by change %s", ErrPlanReplayed, r.ID)
		case r.State() != NotDone:
			begun = true
		}
	}
	return begun, nil
}

// Accepted are the risks that were accepted when the plan was made.
func (p Plan) Accepted() (names []access.RiskName) {
	for _, r := range p.Risks {
		if r.Accepted {
			names = append(names, r.Name)
		}
	}
	return names
}
