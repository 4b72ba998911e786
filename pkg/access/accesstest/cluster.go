// Package accesstest provides an in-memory cluster for tests.
package accesstest

import (
	"context"
	"slices"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Cluster is an access.Cluster in memory. The zero value is an empty one.
type Cluster struct {
	mu    sync.Mutex
	State access.Snapshot
	Steps []access.Step // what was done, in order
	// Fail, when set, is called before each step; its error is the result of the step, and nothing is done.
	Fail func(access.Step) error
	// Lose, when set, is called after each step; its error replaces the result of a step that was done.
	Lose func(access.Step) error
}

var _ access.Cluster = (*Cluster)(nil)

// New is a cluster of account 111122223333 with these entries.
func New(entries ...access.Entry) *Cluster {
	c := &Cluster{State: access.Snapshot{Cluster: access.Info{
		Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth,
	}}}
	for _, e := range entries {
		c.State = c.State.Put(e)
	}
	return c
}

// Snapshot returns what is wanted of the state.
func (c *Cluster) Snapshot(_ context.Context, want access.Want) (access.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.State
	s.Entries = nil
	if !want.AWSAuth {
		s.AWSAuth = nil
	}
	for _, e := range c.State.Entries {
		if want.All || slices.Contains(want.Principals, e.Principal) || want.Administrators && e.Administers() {
			s.Entries = append(s.Entries, e)
		}
	}
	return s, nil
}

// Do carries out a step as EKS would.
func (c *Cluster) Do(_ context.Context, step access.Step) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Fail != nil {
		if err := c.Fail(step); err != nil {
			return err
		}
	}
	if err := c.do(step); err != nil {
		return err
	}
	c.Steps = append(c.Steps, step)
	if c.Lose != nil {
		return c.Lose(step)
	}
	return nil
}

func (c *Cluster) do(step access.Step) error {
	switch s := step.(type) {
	case access.SetMode:
		if c.State.Cluster.Mode != s.From || s.From.Next() != s.To {
			return access.ErrChanged
		}
		c.State.Cluster.Mode = s.To
		return nil
	case access.WriteAWSAuth:
		if c.State.AWSAuth == nil || !c.State.AWSAuth.Same(s.Before) {
			return access.ErrChanged
		}
		c.State.AWSAuth = &s.After
		return nil
	}
	return c.doEntry(step)
}

func (c *Cluster) doEntry(step access.Step) error {
	e, exists := c.State.Entry(step.Principal())
	if create, ok := step.(access.CreateEntry); ok {
		if exists {
			return access.ErrExists
		}
		e = create.Entry
		e.Grants = nil
		c.State = c.State.Put(e)
		return nil
	}
	if !exists {
		return access.ErrChanged
	}
	switch s := step.(type) {
	case access.UpdateEntry:
		if e.Groups = s.After.Groups; s.Before.Username != s.After.Username {
			e.Username = s.After.Username
		}
	case access.TagEntry:
		e = e.Canonical()
		if e.Tags == nil {
			e.Tags = map[string]string{}
		}
		for k, v := range s.Tags {
			e.Tags[k] = v
		}
	case access.UntagEntry:
		e = e.Canonical()
		for _, k := range s.Keys {
			delete(e.Tags, k)
		}
	case access.Associate:
		e.Grants = append(without(e.Grants, s.Grant.Policy), s.Grant)
	case access.Disassociate:
		e.Grants = without(e.Grants, s.Grant.Policy)
	case access.DeleteEntry:
		c.State = c.State.Drop(e.Principal)
		return nil
	}
	c.State = c.State.Put(e)
	return nil
}

func without(grants []access.Grant, p access.Policy) []access.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g access.Grant) bool { return g.Policy == p })
}
