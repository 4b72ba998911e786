package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step is one API call, with the state that it expects.
type Step interface {
	Principal() Principal // Itself for a step about the whole cluster
	// Takes reports whether the step may revoke something; such steps come last.
	Takes() bool
	// String is what a finished step did: "granted view in namespace dev".
	String() string
}

// The steps. Each is one call of the EKS API, or of the Kubernetes API for aws-auth.
type (
	// CreateEntry creates an entry without its grants.
	CreateEntry struct{ Entry Entry }
	// UpdateEntry sets username and groups.
	UpdateEntry struct{ Before, After Entry }
	// TagEntry sets tags and keeps the others.
	TagEntry struct {
		Entry Entry // for its ARN
		Tags  map[string]string
	}
	// UntagEntry removes tags.
	UntagEntry struct {
		Entry Entry
		Keys  []string
	}
	// Associate sets the scope of a policy on an entry.
	Associate struct {
		To    Principal
		Grant Grant
		Was   *Scope // the scope that the policy has now; nil: it is not on the entry
		New   bool   // the same plan creates the entry: EKS may need a moment to see it
	}
	// Disassociate removes a policy from an entry.
	Disassociate struct {
		From  Principal
		Grant Grant
	}
	// DeleteEntry removes an entry and its grants.
	DeleteEntry struct{ Entry Entry }
	// SetMode changes the cluster's mode and waits until it is changed.
	SetMode struct {
		Cluster  string
		From, To Mode
	}
	// WriteAWSAuth changes the data of aws-auth, or creates or deletes it.
	WriteAWSAuth struct{ Before, After ConfigMap }
)

func (s CreateEntry) Principal() Principal  { return s.Entry.Principal }
func (s UpdateEntry) Principal() Principal  { return s.After.Principal }
func (s TagEntry) Principal() Principal     { return s.Entry.Principal }
func (s UntagEntry) Principal() Principal   { return s.Entry.Principal }
func (s Associate) Principal() Principal    { return s.To }
func (s Disassociate) Principal() Principal { return s.From }
func (s DeleteEntry) Principal() Principal  { return s.Entry.Principal }
func (SetMode) Principal() Principal        { return Itself }
func (WriteAWSAuth) Principal() Principal   { return Itself }

// EKS sets groups and username in one call, and replaces the scope of a policy that is already there. What changed mappings
// give is not known here.

func (CreateEntry) Takes() bool   { return false }
func (s UpdateEntry) Takes() bool { return Change{Before: &s.Before, After: &s.After}.Takes() }
func (TagEntry) Takes() bool      { return false }
func (UntagEntry) Takes() bool    { return false }
func (s Associate) Takes() bool   { return s.Was != nil && !s.Grant.Scope.covers(*s.Was) }
func (Disassociate) Takes() bool  { return true }
func (DeleteEntry) Takes() bool   { return true }
func (s SetMode) Takes() bool     { return s.To == ModeAPI }
func (WriteAWSAuth) Takes() bool  { return true }

func (s CreateEntry) String() string {
	if s.Entry.Node() {
		return "created as " + string(s.Entry.Kind)
	}
	return "created"
}

func (s UpdateEntry) String() string {
	var parts []string
	if s.Before.Username != s.After.Username {
		parts = append(parts, "username "+s.After.Username)
	}
	if !slices.Equal(s.Before.Groups, s.After.Groups) {
		parts = append(parts, "groups "+orNone(strings.Join(s.After.Groups, ", ")))
	}
	return "set to " + strings.Join(parts, ", ")
}

func (s TagEntry) String() string   { return "tagged " + joinTags(s.Tags) }
func (s UntagEntry) String() string { return "untagged " + strings.Join(s.Keys, ", ") }

func (s Associate) String() string {
	if s.Takes() {
		return "narrowed to " + s.Grant.String()
	}
	return "granted " + s.Grant.String()
}

func (s Disassociate) String() string { return "revoked " + s.Grant.String() }
func (s DeleteEntry) String() string  { return "deleted" }
func (s SetMode) String() string      { return "set to mode " + string(s.To) }

func (s WriteAWSAuth) String() string {
	switch {
	case !s.Before.Exists():
		return "created"
	case !s.After.Exists():
		return "deleted"
	}
	if removed := beyondMappings(s.Before, s.After); len(removed) > 0 && len(s.After.Mappings) < len(s.Before.Mappings) {
		return "removed " + strings.Join(removed, ", ")
	}
	return "changed"
}

// beyondMappings are the places of the mappings that another ConfigMap does not have.
func beyondMappings(m, other ConfigMap) (places []string) {
	for _, was := range m.Mappings {
		if !slices.ContainsFunc(other.Mappings, was.same) {
			places = append(places, was.Place())
		}
	}
	return places
}

// String reads "view in namespaces dev, qa" or "view on the whole cluster".
func (g Grant) String() string { return within(g.Policy.Short(), g.Scope) }

func within(name string, scope Scope) string {
	if scope.WholeCluster() {
		return name + " on " + scope.String()
	}
	return name + " in " + scope.String()
}

func joinTags(tags map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		parts = append(parts, fmt.Sprintf("%s=%s", k, tags[k]))
	}
	return strings.Join(parts, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Steps are the calls of the plan. Those of one principal follow each other in a safe order: additions first, a delete last.
// A mode that adds entries comes first, one that ends aws-auth last.
func (p Plan) Steps() []Step {
	steps := p.turnOn()
	for _, c := range p.Changes {
		steps = append(steps, c.steps()...)
	}
	return slices.Concat(steps, p.rewrite(), p.turnOff())
}

func (p Plan) turnOn() []Step {
	if p.Mode == nil || p.Mode.To == ModeAPI {
		return nil
	}
	return []Step{SetMode{Cluster: p.Cluster.Name, From: p.Mode.From, To: p.Mode.To}}
}

func (p Plan) turnOff() []Step {
	if p.Mode == nil || p.Mode.To != ModeAPI {
		return nil
	}
	return []Step{SetMode{Cluster: p.Cluster.Name, From: p.Mode.From, To: p.Mode.To}}
}

func (p Plan) rewrite() []Step {
	if p.AWSAuth == nil {
		return nil
	}
	return []Step{WriteAWSAuth{Before: p.AWSAuth.Before, After: p.AWSAuth.After}}
}

func (c Change) steps() []Step {
	if c.After == nil {
		return []Step{DeleteEntry{Entry: *c.Before}}
	}
	before, steps := c.Before, []Step(nil)
	if before == nil {
		steps = append(steps, CreateEntry{Entry: *c.After})
		before = &Entry{Username: c.After.Username, Groups: c.After.Groups, Tags: c.After.Tags}
	}
	steps = append(steps, grantSteps(*before, *c.After, c.Before == nil)...)
	if before.Username != c.After.Username || !slices.Equal(before.Groups, c.After.Groups) {
		steps = append(steps, UpdateEntry{Before: *before, After: *c.After})
	}
	steps = append(steps, tagSteps(*before, *c.After)...)
	Sort(steps, func(a, b Step) int { return order(a) - order(b) })
	return steps
}

// order is 0 for what only adds, 1 for what revokes.
//
//go:noinline
func order(s Step) int {
	if s.Takes() {
		return 1
	}
	return 0
}

func grantSteps(before, after Entry, isNew bool) []Step {
	var steps []Step
	for _, g := range after.Grants {
		step := Associate{To: after.Principal, Grant: g, New: isNew}
		if was, had := before.Grant(g.Policy); had {
			step.Was = &was.Scope
		}
		if step.Was == nil || !slices.Equal(step.Was.Namespaces, g.Scope.Namespaces) {
			steps = append(steps, step)
		}
	}
	for _, g := range before.Grants {
		if _, stays := after.Grant(g.Policy); !stays {
			steps = append(steps, Disassociate{From: after.Principal, Grant: g})
		}
	}
	return steps
}

func tagSteps(before, after Entry) []Step {
	set, keys := map[string]string{}, []string(nil)
	for k, v := range after.Tags {
		if was, had := before.Tags[k]; !had || was != v {
			set[k] = v
		}
	}
	for k := range before.Tags {
		if _, stays := after.Tags[k]; !stays {
			keys = append(keys, k)
		}
	}
	var steps []Step
	if len(set) > 0 {
		steps = append(steps, TagEntry{Entry: before, Tags: set})
	}
	if len(keys) > 0 {
		slices.Sort(keys)
		steps = append(steps, UntagEntry{Entry: before, Keys: keys})
	}
	return steps
}
