package accesstest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Account is a Cluster as EKS keeps it. Calls take time and can fail. Reads may show an older state for a while, and the two
// halves of an entry, the entry itself and its policies, each for itself (eks-access.md §2). State is what is true. Each
// program that works on the account has a Program.
//
// Whatever is random follows from Seed and from who asks what, and how often: one seed is one run.
type Account struct {
	Cluster
	Seed  uint64
	Now   func() time.Time
	Lag   time.Duration // how long a read may show an older state, at most
	Wrote func(Write)   // called for each call that took effect, while nothing else happens

	past     []past                         // what was, the latest last
	versions map[access.Principal][]version // of access.Itself: mode and aws-auth, which reads show at once
	update   *update
}

// Write is one call that took effect.
type Write struct {
	By            *Program
	Step          access.Step
	Before, After access.Snapshot // what was true
	// Unseen reports whether another machine has changed what the step is about and EKS could not show that before the step was
	// sent: EKS has no compare-and-swap.
	Unseen bool
}

// version is one state of an entry, nil for none.
type version struct {
	entry *access.Entry
	by    *Program
	at    time.Time
	shown [2]time.Time // from when on every read shows it: of the entry, and of its policies
}

// The halves of an entry.
const (
	identity = iota
	policies
)

// past is what was true until a write.
type past struct {
	access.Snapshot
	until time.Time
}

// update is a change of the mode in progress.
type update struct {
	by   *Program
	step access.SetMode
	due  time.Time
}

// history is what became of an entry; the first is what was before anybody wrote.
func (a *Account) history(p access.Principal) []version {
	if a.versions == nil {
		a.versions = map[access.Principal][]version{access.Itself: {{}}}
		for _, e := range a.State.Entries {
			a.versions[e.Principal] = []version{{entry: &e}}
		}
	}
	if a.versions[p] == nil {
		a.versions[p] = []version{{entry: a.entry(p)}}
	}
	return a.versions[p]
}

// Truth is what is true now, whatever reads show.
func (a *Account) Truth() access.Snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	return a.State
}

// Lately is what was true in the time before now, of which reads may still show something.
func (a *Account) Lately(d time.Duration) (all []access.Snapshot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.past {
		if p.until.After(a.Now().Add(-d)) {
			all = append(all, p.Snapshot)
		}
	}
	return all
}

func (a *Account) entry(p access.Principal) *access.Entry {
	if e, ok := a.State.Entry(p); ok {
		return &e
	}
	return nil
}

// shown is the version of half an entry that a read shows now.
func (a *Account) shown(p access.Principal, half int, r *rand.Rand) int {
	h := a.history(p)
	for i := len(h) - 1; i > 0; i-- {
		if !a.Now().Before(h[i].shown[half]) || r.IntN(4) == 0 { // EKS answers from more than one place
			return i
		}
	}
	return 0
}

// effect is what a call does once it has reached EKS. read is the version that was read just before, -1 for none.
func (a *Account) effect(by *Program, step access.Step, read int, r *rand.Rand) error {
	p := step.Principal()
	a.history(p)
	if err := a.refusal(step, r); err != nil {
		return err
	}
	w := Write{By: by, Step: step, Before: a.State, Unseen: a.unseen(by, step, read)}
	if s, ok := step.(access.SetMode); ok {
		a.update = &update{by: by, step: s, due: a.Now().Add(2*time.Second + time.Duration(r.Int64N(int64(10*time.Second))))}
		return nil
	}
	if err := a.do(step); err != nil {
		return err
	}
	a.complete(step)
	a.wrote(w, r)
	return nil
}

// complete adds what EKS alone decides.
func (a *Account) complete(step access.Step) {
	switch s := step.(type) {
	case access.CreateEntry:
		e, _ := a.State.Entry(s.Principal())
		if e.Username == "" {
			e.Username = access.DefaultUsername(e.Principal)
		}
		e.ARN, e.Created = "arn:aws:eks:us-west-2:111122223333:access-entry/demo/"+e.Principal.Name(), a.Now()
		a.State = a.State.Put(e)
	case access.WriteAWSAuth:
		m := *a.State.AWSAuth
		n, _ := strconv.Atoi(m.Version)
		m.Version = strconv.Itoa(n + 1)
		a.State.AWSAuth = &m
	}
}

func (a *Account) wrote(w Write, r *rand.Rand) {
	p := w.Step.Principal()
	v := version{entry: a.entry(p), by: w.By, at: a.Now()}
	for i := range v.shown {
		v.shown[i] = a.Now().Add(time.Duration(r.Int64N(int64(a.Lag) + 1)))
	}
	a.versions[p] = append(a.history(p), v)
	w.After = a.State
	a.past = append(a.past, past{w.Before, a.Now()})
	a.Steps = append(a.Steps, w.Step)
	if a.Wrote != nil {
		a.Wrote(w)
	}
}

// settle ends the update that is due.
func (a *Account) settle() {
	u := a.update
	if u == nil || a.Now().Before(u.due) {
		return
	}
	a.update = nil
	w := Write{By: u.by, Step: u.step, Before: a.State, Unseen: a.foreignSince(u.by, u.by.planned.Add(-a.Lag))}
	a.history(access.Itself)
	if a.do(u.step) == nil {
		a.wrote(w, u.by.random("update"))
	}
}

// refusal is what EKS refuses, which may not know its own latest state yet.
func (a *Account) refusal(step access.Step, r *rand.Rand) error {
	p := step.Principal()
	if p == access.Itself {
		return a.refusalOfItself(step)
	}
	if !a.State.Cluster.Mode.ReadsEntries() {
		return access.ErrMode
	}
	seen := a.history(p)[a.shown(p, identity, r)].entry
	if _, creates := step.(access.CreateEntry); creates {
		if seen != nil {
			return access.ErrExists
		}
		return nil // where it is there, the step itself finds out
	}
	is := a.entry(p)
	if is == nil || seen == nil {
		return fmt.Errorf("entry of %s: %w", p, access.ErrNotFound)
	}
	if s, ok := step.(access.Disassociate); ok {
		if _, has := is.Grant(s.Grant.Policy); !has {
			return fmt.Errorf("policy %s: %w", s.Grant.Policy, access.ErrNotFound)
		}
	}
	return nil
}

func (a *Account) refusalOfItself(step access.Step) error {
	switch s := step.(type) {
	case access.SetMode:
		if a.State.Cluster.Mode != s.From || a.update != nil {
			return access.ErrChanged
		}
	case access.WriteAWSAuth:
		if a.State.AWSAuth.Version != s.Before.Version {
			return access.ErrChanged
		}
	}
	return nil
}

// unseen reports whether another machine has changed something that the program could not know of.
func (a *Account) unseen(by *Program, step access.Step, read int) bool {
	p := step.Principal()
	h := a.history(p)
	if want, expects := expected(step); expects && want != about(step, a.entry(p)) {
		return read >= 0 && want == about(step, h[read].entry) && a.foreign(by, p, read-1) // what was read, or what came later
	}
	if p == access.Itself && a.foreignSince(by, by.planned.Add(-a.Lag)) {
		return true
	}
	return a.foreign(by, p, by.seen[p]) || a.foreign(by, access.Itself, by.seen[access.Itself])
}

// foreignSince reports whether another machine has written anything since then.
func (a *Account) foreignSince(by *Program, since time.Time) bool {
	for _, h := range a.versions {
		if slices.ContainsFunc(h, func(v version) bool { return v.by != nil && v.by.Machine != by.Machine && v.at.After(since) }) {
			return true
		}
	}
	return false
}

// foreign reports whether another machine has written a version after one.
func (a *Account) foreign(by *Program, p access.Principal, after int) bool {
	h := a.history(p)
	return slices.ContainsFunc(h[min(after+1, len(h)):], func(v version) bool { return v.by != nil && v.by.Machine != by.Machine })
}

// about describes what of an entry a step replaces.
func about(step access.Step, e *access.Entry) string {
	parts := access.PartsOf(e)
	if _, whole := step.(access.DeleteEntry); whole {
		return fmt.Sprint(parts)
	}
	return parts[access.PartOf(step)]
}

// expected is what a step that replaces something expects to find.
func expected(step access.Step) (string, bool) {
	switch s := step.(type) {
	case access.UpdateEntry:
		return about(step, &s.Before), true
	case access.Disassociate:
		return s.Grant.String(), true
	case access.DeleteEntry:
		return about(step, &s.Entry), true
	case access.Associate:
		if s.Was == nil {
			return "", !s.New
		}
		return access.Grant{Policy: s.Grant.Policy, Scope: *s.Was}.String(), !s.New
	}
	return "", false
}
