package access_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
)

// anyTwo are two states of one cluster, whose entries keep their kind as EKS wants it.
func anyTwo(seed uint64) (before, after access.Snapshot) {
	r := rand.New(rand.NewPCG(seed, 0))
	before, after = anyState(r), anyState(r)
	for _, m := range []*access.Mode{&before.Cluster.Mode, &after.Cluster.Mode} {
		if r.IntN(4) == 0 {
			*m = access.ModeConfigMap
		}
	}
	if before.Cluster.Mode == access.ModeBoth {
		after.Cluster.Mode = []access.Mode{access.ModeBoth, access.ModeAPI}[r.IntN(2)]
	}
	return before, after
}

const seeds = 150

// TestAPlanLeavesNothingToPlan: applied as data or step by step, it ends where it was made for, and its inputs stay.
func TestAPlanLeavesNothingToPlan(t *testing.T) {
	for seed := range uint64(seeds) {
		before, after := anyTwo(seed)
		wasBefore, wasAfter := anyTwo(seed)
		plan := access.Diff(before, after)
		if left := access.Diff(plan.Apply(before), after); !left.Empty() {
			t.Fatalf("seed %d: left after Apply: %s", seed, allDid(left.Steps()))
		}
		c := accesstest.New()
		c.State = before
		for _, s := range plan.Steps() {
			if err := c.Do(t.Context(), s); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, did(s), err)
			}
		}
		if left := access.Diff(c.State, after); !left.Empty() {
			t.Fatalf("seed %d: left after the steps: %s", seed, allDid(left.Steps()))
		}
		plan.Risks(before)
		if diff := cmp.Diff([]access.Snapshot{wasBefore, wasAfter}, []access.Snapshot{before, after}); diff != "" {
			t.Fatalf("seed %d: the inputs changed:\n%s", seed, diff)
		}
		if !plan.Same(access.Diff(wasBefore, wasAfter)) || !access.Diff(before, before).Empty() || !access.Diff(after, after).Empty() {
			t.Fatalf("seed %d: a plan is not the same as itself, or there is one without a difference", seed)
		}
	}
}

// TestNobodyIsWithoutARightThatStays: whatever is in both states is there after each step, and what is in neither never is.
func TestNobodyIsWithoutARightThatStays(t *testing.T) {
	holds := func(s access.Snapshot, p access.Principal, policy access.Policy, ns string) bool {
		e, _ := s.Entry(p)
		g, ok := e.Grant(policy)
		return ok && g.Scope.Reaches(ns)
	}
	for seed := range uint64(seeds) {
		before, after := anyTwo(seed)
		c := accesstest.New()
		c.State = before
		for _, step := range access.Diff(before, after).Steps() {
			c.Do(t.Context(), step)
			for _, p := range []access.Principal{dev, ops, alice, node, who("foreign")} {
				for _, policy := range []access.Policy{view, edit, access.ClusterAdmin, access.AutoNode} {
					for _, ns := range []string{"a", "b", "c-x", "other"} {
						was, will, is := holds(before, p, policy, ns), holds(after, p, policy, ns), holds(c.State, p, policy, ns)
						if was && will && !is || !was && !will && is {
							t.Fatalf("seed %d: after %s %s has %s in %s: %v; before %v, in the end %v", seed, did(step), p.Name(), policy, ns, is, was, will)
						}
					}
				}
			}
		}
	}
}

// TestStepsHaveTheirPlace: of each principal what takes comes last and a delete alone; the mode forward before
// everything, aws-auth after the entries, the mode that ends it after everything.
func TestStepsHaveTheirPlace(t *testing.T) {
	for seed := range uint64(seeds) {
		before, after := anyTwo(seed)
		plan := access.Diff(before, after)
		steps := plan.Steps()
		takes := map[access.Principal]bool{}
		for i, s := range steps {
			p := s.Principal()
			_, deletes := s.(access.DeleteEntry)
			_, creates := s.(access.CreateEntry)
			before := slices.ContainsFunc(steps[:i], func(s access.Step) bool { return s.Principal() == p })
			after := slices.ContainsFunc(steps[i+1:], func(s access.Step) bool { return s.Principal() == p })
			switch s := s.(type) {
			case access.SetMode:
				if last := s.To == access.ModeAPI; last && i != len(steps)-1 || !last && i != 0 {
					t.Fatalf("seed %d: %s at %d of %s", seed, did(s), i, allDid(steps))
				}
				continue
			case access.WriteAWSAuth:
				if slices.ContainsFunc(steps[i+1:], func(s access.Step) bool { return s.Principal() != access.Itself }) {
					t.Fatalf("seed %d: aws-auth before an entry: %s", seed, allDid(steps))
				}
				continue
			}
			if takes[p] && !s.Takes() || deletes && (before || after) || creates && before {
				t.Fatalf("seed %d: %s is at a wrong place in %s", seed, did(s), allDid(steps))
			}
			takes[p] = takes[p] || s.Takes()
		}
	}
}

// TestWhatAStepTookIsRestored: on the cluster as the step left it.
func TestWhatAStepTookIsRestored(t *testing.T) {
	for seed := range uint64(seeds) {
		before, after := anyTwo(seed)
		for _, c := range access.Diff(before, after).Changes {
			for _, step := range (access.Plan{Changes: []access.Change{c}}).Steps() {
				if !step.Takes() {
					continue
				}
				cluster := accesstest.New(*c.Before)
				for _, s := range append([]access.Step{step}, access.Restore(step)...) {
					if err := cluster.Do(t.Context(), s); err != nil {
						t.Fatalf("seed %d: %s after %s: %v", seed, did(s), did(step), err)
					}
				}
				if now, _ := cluster.State.Entry(c.Principal()); !now.Same(*c.Before) {
					t.Fatalf("seed %d: after %s and back: %s", seed, did(step), cmp.Diff(*c.Before, now))
				}
			}
		}
	}
}

// TestAStepIsKeptRightAfterIt and what it took is not there again.
func TestAStepIsKeptRightAfterIt(t *testing.T) {
	for seed := range uint64(seeds) {
		before, after := anyTwo(seed)
		for _, c := range access.Diff(before, after).Changes {
			cluster := accesstest.New()
			if c.Before != nil {
				cluster = accesstest.New(*c.Before)
			}
			for _, step := range (access.Plan{Changes: []access.Change{c}}).Steps() {
				was, had := cluster.State.Entry(c.Principal())
				cluster.Do(t.Context(), step)
				now, has := cluster.State.Entry(c.Principal())
				if has && !access.Kept(step, now) {
					t.Fatalf("seed %d: %s is not kept right after it", seed, did(step))
				}
				_, revokes := step.(access.Disassociate)
				if had && revokes && access.Kept(step, was) {
					t.Fatalf("seed %d: %s counts as kept before it", seed, did(step))
				}
			}
		}
	}
}

// TestEachPartThatDiffersHasItsStep, and each step is about a part that differs.
func TestEachPartThatDiffersHasItsStep(t *testing.T) {
	for seed := range uint64(seeds) {
		before, after := anyTwo(seed)
		plan := access.Diff(before, after)
		for _, c := range plan.Changes {
			parts, by := c.Parts(), []access.Part(nil)
			for _, step := range (access.Plan{Changes: []access.Change{c}}).Steps() {
				by = append(by, access.PartOf(step))
			}
			if c.After == nil { // all go by one call
				parts = []access.Part{access.PartEntry}
			}
			if c.Before == nil { // which is made with its identity and its tags
				by = append(by, access.PartIdentity, access.PartTags)
				parts = append(parts, access.PartIdentity, access.PartTags)
			}
			slices.Sort(parts)
			slices.Sort(by)
			if parts, by = slices.Compact(parts), slices.Compact(by); !slices.Equal(parts, by) {
				t.Fatalf("seed %d: %s differ, and steps are about %s", seed, parts, by)
			}
		}
		for _, step := range plan.Steps() {
			part, itself := access.PartOf(step), step.Principal() == access.Itself
			if itself != (part == access.PartMode || part == access.PartAWSAuth) {
				t.Fatalf("seed %d: %s is about %s", seed, did(step), part)
			}
		}
	}
}

// TestCanonicalEntriesAreEqualWhateverTheOrder and however often something is said.
func TestCanonicalEntriesAreEqualWhateverTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for seed := range uint64(seeds) {
		before, _ := anyTwo(seed)
		for _, e := range before.Entries {
			mixed := e
			mixed.Groups = append(slices.Clone(e.Groups), e.Groups...)
			mixed.Grants = nil
			for _, g := range e.Grants {
				names := append(slices.Clone(g.Scope.Namespaces), g.Scope.Namespaces...)
				r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
				mixed.Grants = append(mixed.Grants, access.Grant{Policy: g.Policy, Scope: access.Scope{Namespaces: names}})
			}
			r.Shuffle(len(mixed.Groups), func(i, j int) { mixed.Groups[i], mixed.Groups[j] = mixed.Groups[j], mixed.Groups[i] })
			r.Shuffle(len(mixed.Grants), func(i, j int) { mixed.Grants[i], mixed.Grants[j] = mixed.Grants[j], mixed.Grants[i] })
			if diff := cmp.Diff(e, mixed.Canonical(), cmpopts.EquateEmpty()); diff != "" || !e.Same(mixed.Canonical()) {
				t.Fatalf("seed %d: %s", seed, diff)
			}
			if !e.Canonical().Same(e) {
				t.Fatalf("seed %d: an entry changes when it is made canonical twice", seed)
			}
		}
	}
}
