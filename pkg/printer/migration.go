package printer

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
)

// Migration is the report of a migration: what aws-auth says and what it becomes. It is the JSON form, too.
type Migration struct {
	Cluster   string                      `json:"cluster,omitempty"`
	Mode      access.Mode                 `json:"mode,omitempty"`
	Manifest  string                      `json:"manifest"` // ok, invalid-yaml, data-not-string or missing
	Keys      map[string]awsauth.KeyState `json:"keys"`
	Counts    map[string]mappingCount     `json:"counts"` // of roles, users and accounts
	Mappings  []migrated                  `json:"mappings"`
	Defects   []defect                    `json:"defects"`
	Remarks   []string                    `json:"remarks,omitempty"` // about the manifest in a file
	Questions []migrate.Question          `json:"questions"`
	RBAC      []access.Binding            `json:"rbac"` // bindings that the entries need
}

// mappingCount is how many mappings of a section the authenticator accepts, and how many are left since the last one of an
// ARN overrides the others.
type mappingCount struct {
	Accepted int `json:"accepted"`
	Distinct int `json:"distinct"`
}

type migrated struct {
	Kind        access.MappingKind   `json:"kind"`
	ARN         string               `json:"arn"`
	Username    string               `json:"username"`
	Groups      []string             `json:"groups"`
	State       access.MappingState  `json:"state"`
	Reason      string               `json:"reason"`
	Section     string               `json:"section"`
	Place       string               `json:"place"` // mapRoles[0]
	Reading     *migrate.Reading     `json:"reading,omitempty"`
	Outcome     migrate.Outcome      `json:"outcome"`
	Why         string               `json:"why,omitempty"`
	Becomes     []becomes            `json:"becomes"`
	Before      []right              `json:"before"`
	After       []right              `json:"after"`
	Differences []migrate.Difference `json:"differences"`
}

type becomes struct {
	Principal access.Principal `json:"principalARN"`
	Type      access.Kind      `json:"type"`
	Username  string           `json:"username"` // "": the default of EKS
	Groups    []string         `json:"kubernetesGroups"`
	Policies  []string         `json:"policies"`
}

type right struct {
	Role  string `json:"role"`  // "ClusterRole view", "policy view", "cluster administrator"
	Where string `json:"where"` // "the whole cluster", "namespace dev"
	By    string `json:"by"`

	text string
}

type defect struct {
	Key   string `json:"key,omitempty"`
	Place string `json:"place,omitempty"` // of a single mapping
	Line  int    `json:"line,omitempty"`  // in the text of the key
	Text  string `json:"text"`
}

// NewMigration is the report of a plan.
func NewMigration(m awsauth.Map, p migrate.Plan) Migration {
	r := Migration{
		Cluster: p.Cluster.Name, Mode: p.Cluster.Mode, Manifest: "ok", Remarks: m.Remarks, Keys: m.Keys, Counts: map[string]mappingCount{},
		Mappings: []migrated{}, Defects: []defect{}, Questions: append([]migrate.Question{}, p.Questions...), RBAC: append([]access.Binding{}, p.Follow...),
	}
	for _, kind := range []access.MappingKind{access.MappedRole, access.MappedUser, access.MappedAccount} {
		r.Counts[string(kind)+"s"] = mappingCount{m.Accepted(kind), m.Distinct(kind)}
	}
	for _, l := range p.Mappings {
		r.Mappings = append(r.Mappings, newMigrated(l))
	}
	for _, d := range m.Defects {
		r.Defects = append(r.Defects, defect{d.Key, place(d), d.Line, d.Text})
	}
	return r
}

// Unreadable is the report of a file that is not an aws-auth manifest.
func Unreadable(err error) Migration {
	r := NewMigration(awsauth.Map{Keys: map[string]awsauth.KeyState{}}, migrate.Plan{})
	r.Manifest, r.Defects = "missing", []defect{{Text: err.Error()}}
	switch {
	case errors.Is(err, awsauth.ErrNotYAML):
		r.Manifest = "invalid-yaml"
	case errors.Is(err, awsauth.ErrNotText):
		r.Manifest = "data-not-string"
	}
	return r
}

func place(d awsauth.Defect) string {
	if d.Item == 0 {
		return ""
	}
	return fmt.Sprintf("%s[%d]", d.Key, d.Item-1)
}

func newMigrated(l migrate.Mapping) migrated {
	m := migrated{
		Kind: l.Kind, ARN: l.ARN, Username: l.Username, Groups: append([]string{}, l.Groups...), State: l.State, Reason: l.Reason,
		Section: l.Kind.Section(), Place: l.Place(), Outcome: l.Outcome, Why: l.Why, Becomes: []becomes{},
		Before: rightWords(l.Before), After: rightWords(l.After), Differences: append([]migrate.Difference{}, l.Differences...),
	}
	if l.Kind != access.MappedAccount && (l.State == access.InForce || l.State == access.NeverMatches) {
		m.Reading = &l.Reading
	}
	for _, e := range l.Entries {
		b := becomes{e.Principal, e.Kind, e.Username, append([]string{}, e.Groups...), []string{}}
		for _, g := range e.Grants {
			b.Policies = append(b.Policies, g.String())
		}
		m.Becomes = append(m.Becomes, b)
	}
	return m
}

func rightWords(all []access.Right) []right {
	found := []right{}
	for _, r := range all {
		scope, is := access.Scope{}, right{Role: r.Name, By: r.By.String(), text: migrate.Describe(r)}
		if r.Kind == access.Administer {
			is.Role = "cluster administrator"
		}
		if r.Kind == access.ByPolicy {
			is.Role = "policy " + access.Policy(r.Name).Short()
		}
		if r.Where != "" {
			scope.Namespaces = []string{r.Where}
		}
		if is.Where = scope.String(); r.Binding != "" {
			is.By = r.Via + ", " + r.Binding
		}
		found = append(found, is)
	}
	return found
}

// Since is what differs from the report that was shown first.
func (r Migration) Since(first Migration) (changed Migration) {
	for i, m := range r.Mappings {
		if !reflect.DeepEqual(m, first.Mappings[i]) {
			changed.Mappings = append(changed.Mappings, m)
		}
	}
	return changed
}
