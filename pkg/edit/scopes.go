package edit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Scopes are access policies and where they hold, as --policy, -n and -A say it.
type Scopes struct {
	Policies   []access.Scoped
	Namespaces []string // of the policies that have none of their own
	All        bool     // those hold in the whole cluster
	Star       string   // what to use instead of * as a namespace
	runs       []run
}

// run is what flags of one kind say that were typed next to each other: policies without namespaces of their own, or
// where policies hold.
type run struct {
	policies, namespaces []string
	all                  bool
}

func (r run) with(o run) run {
	return run{slices.Concat(r.policies, o.policies), slices.Concat(r.namespaces, o.namespaces), r.all || o.all}
}

func (f *Scopes) typed(r run) {
	last := len(f.runs) - 1
	if last >= 0 && (len(f.runs[last].policies) > 0) == (len(r.policies) > 0) {
		f.runs[last] = f.runs[last].with(r)
		return
	}
	f.runs = append(f.runs, r)
}

// Bare are the policies that have no namespaces of their own.
func (f *Scopes) Bare() (names []string) {
	for _, s := range f.Policies {
		if s.Namespaces == nil {
			names = append(names, s.Policy)
		}
	}
	return names
}

// Scoped are the policies, each with its namespaces.
//
//go:noinline
func (f *Scopes) Scoped() []access.Scoped {
	all := slices.Clone(f.Policies)
	for i := range all {
		if all[i].Namespaces == nil {
			all[i].Namespaces = f.Namespaces
		}
	}
	return all
}

// Check refuses what may be meant in two ways.
func (f *Scopes) Check() error {
	switch pairs := f.asPairs(); {
	case pairs != "":
		return fmt.Errorf("-n applies to every --policy, in any order; to give each policy its own namespaces, use %s", pairs)
	case f.All && len(f.Namespaces) > 0:
		return errors.New("-n and -A cannot be used together")
	case len(f.Policies) == 0 || len(f.Bare()) > 0:
		return nil
	case f.All:
		return fmt.Errorf("-A applies to no policy: %s has its own namespaces", f.Policies[0])
	case len(f.Namespaces) > 0:
		return fmt.Errorf("-n applies to no policy: %s has its own namespaces; add others after its colon", f.Policies[0])
	}
	return nil
}

// asPairs is what was probably meant by --policy, -n, --policy, -n; "" where the flags do not alternate, or where it makes
// no difference.
func (f *Scopes) asPairs() string {
	scopes := access.Where(f.runs, func(r *run) bool { return len(r.policies) == 0 })
	other := func(r run) bool { return r.all != scopes[0].all || !slices.Equal(r.namespaces, scopes[0].namespaces) }
	both := func(r run) bool { return r.all && len(r.namespaces) > 0 }
	if len(f.runs) < 4 || !slices.ContainsFunc(scopes, other) || slices.ContainsFunc(scopes, both) {
		return ""
	}
	var words, whole []string
	for _, s := range f.Policies {
		if s.Namespaces != nil {
			words = append(words, "--policy", s.String())
		}
	}
	for two := range slices.Chunk(f.runs, 2) {
		pair := two[0]
		switch {
		case len(two) == 2:
			pair = pair.with(two[1])
		case len(pair.policies) > 0:
			pair.namespaces = []string{"NAMESPACE"}
		default:
			pair.policies = []string{"POLICY"}
		}
		if pair.all {
			whole = append(whole, pair.policies...)
			continue
		}
		for _, name := range pair.policies {
			words = append(words, "--policy", access.Scoped{Policy: name, Namespaces: pair.namespaces}.String())
		}
	}
	if len(whole) > 0 {
		words = append(words, "--policy", strings.Join(whole, ","), "-A")
	}
	return shell.Line(words)
}

// SetPolicies adds policies.
func (f *Scopes) SetPolicies(text string) error {
	all, err := access.ParseScoped(text)
	if errors.Is(err, access.ErrStar) {
		return fmt.Errorf("%w; %s", err, f.Star)
	}
	if err != nil {
		return err
	}
	f.Policies = append(f.Policies, all...)
	if bare := (&Scopes{Policies: all}).Bare(); len(bare) > 0 {
		f.typed(run{policies: bare})
	}
	return nil
}

// PolicyValues are the values that say the same: the policies that have no namespaces of their own, and each that has.
func (f *Scopes) PolicyValues() []string {
	var values []string
	if bare := f.Bare(); len(bare) > 0 {
		values = append(values, strings.Join(bare, ","))
	}
	for _, s := range f.Policies {
		if s.Namespaces != nil {
			values = append(values, s.String())
		}
	}
	return values
}

// SetNamespaces adds namespaces.
func (f *Scopes) SetNamespaces(text string) error {
	some := strings.Split(text, ",")
	f.Namespaces = append(f.Namespaces, some...)
	f.typed(run{namespaces: some})
	return nil
}

// SetAll says whether the policies hold in the whole cluster.
func (f *Scopes) SetAll(text string) (err error) {
	if f.All, err = strconv.ParseBool(text); f.All {
		f.typed(run{all: true})
	}
	return err
}
