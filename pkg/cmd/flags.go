package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// scopeFlags are --policy, -n and -A: access policies and where they hold.
type scopeFlags struct {
	policies   []access.Scoped
	namespaces []string // of the policies that have none of their own
	all        bool     // those hold in the whole cluster
	runs       []run
	star       string // what to use instead of * as a namespace
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

func (f *scopeFlags) typed(r run) {
	last := len(f.runs) - 1
	if last >= 0 && (len(f.runs[last].policies) > 0) == (len(r.policies) > 0) {
		f.runs[last] = f.runs[last].with(r)
		return
	}
	f.runs = append(f.runs, r)
}

// bare are the policies that have no namespaces of their own.
func (f *scopeFlags) bare() (names []string) {
	for _, s := range f.policies {
		if s.Namespaces == nil {
			names = append(names, s.Policy)
		}
	}
	return names
}

// scoped are the policies, each with its namespaces.
func (f *scopeFlags) scoped() []access.Scoped {
	all := slices.Clone(f.policies)
	for i := range all {
		if all[i].Namespaces == nil {
			all[i].Namespaces = f.namespaces
		}
	}
	return all
}

// consistent refuses what may be meant in two ways.
func (f *scopeFlags) consistent() error {
	switch pairs := f.asPairs(); {
	case pairs != "":
		return fmt.Errorf("-n applies to every --policy, wherever it stands; to give each policy its own namespaces, use %s", pairs)
	case f.all && len(f.namespaces) > 0:
		return errors.New("-n and -A exclude each other: name namespaces, or take the whole cluster")
	case len(f.policies) == 0 || len(f.bare()) > 0:
		return nil
	case f.all:
		return fmt.Errorf("-A applies to no policy: %s has its own namespaces", f.policies[0])
	case len(f.namespaces) > 0:
		return fmt.Errorf("-n applies to no policy: %s has its own namespaces; add others after its colon", f.policies[0])
	}
	return nil
}

// asPairs is what somebody means who types --policy, -n, --policy, -n; "" where the flags do not alternate, or where
// it makes no difference.
func (f *scopeFlags) asPairs() string {
	scopes := slices.DeleteFunc(slices.Clone(f.runs), func(r run) bool { return len(r.policies) > 0 })
	other := func(r run) bool { return r.all != scopes[0].all || !slices.Equal(r.namespaces, scopes[0].namespaces) }
	both := func(r run) bool { return r.all && len(r.namespaces) > 0 }
	if len(f.runs) < 4 || !slices.ContainsFunc(scopes, other) || slices.ContainsFunc(scopes, both) {
		return ""
	}
	var words, whole []string
	for _, s := range f.policies {
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

// bindScopes adds the flags; -A only where there is something to say about it.
func (f *scopeFlags) bindScopes(fs *pflag.FlagSet, policy, namespace, all string) {
	fs.Var(scopeValue{"strings", f.setPolicies, f.policyValues}, "policy", policy)
	fs.VarP(scopeValue{"strings", f.setNamespaces, func() []string { return []string{strings.Join(f.namespaces, ",")} }}, "namespace", "n", namespace)
	f.star = "leave out the namespaces to revoke all of the policy"
	if all != "" {
		f.star = "use -A for the whole cluster"
		whole := scopeValue{"bool", f.setAll, func() []string { return []string{strconv.FormatBool(f.all)} }}
		fs.VarPF(whole, "all-namespaces", "A", all).NoOptDefVal = "true"
	}
}

func (f *scopeFlags) setPolicies(text string) error {
	all, err := access.ParseScoped(text)
	if errors.Is(err, access.ErrStar) {
		return fmt.Errorf("%w; %s", err, f.star)
	}
	if err != nil {
		return err
	}
	f.policies = append(f.policies, all...)
	if bare := (&scopeFlags{policies: all}).bare(); len(bare) > 0 {
		f.typed(run{policies: bare})
	}
	return nil
}

// policyValues are the values that say the same: the policies that have no namespaces of their own, and each that has.
func (f *scopeFlags) policyValues() []string {
	var values []string
	if bare := f.bare(); len(bare) > 0 {
		values = append(values, strings.Join(bare, ","))
	}
	for _, s := range f.policies {
		if s.Namespaces != nil {
			values = append(values, s.String())
		}
	}
	return values
}

func (f *scopeFlags) setNamespaces(text string) error {
	some := strings.Split(text, ",")
	f.namespaces = append(f.namespaces, some...)
	f.typed(run{namespaces: some})
	return nil
}

func (f *scopeFlags) setAll(text string) (err error) {
	if f.all, err = strconv.ParseBool(text); f.all {
		f.typed(run{all: true})
	}
	return err
}

// scopeValue is one of the flags.
type scopeValue struct {
	kind   string
	set    func(string) error
	values func() []string // as they can be typed, each behind the flag's name
}

// String joins the values; read again they are the same.
func (v scopeValue) String() string { return strings.Join(v.values(), ",") }

// Type is what help shows as the value.
func (v scopeValue) Type() string { return v.kind }

// Set takes one value.
func (v scopeValue) Set(text string) error { return v.set(text) }

// changeFlags are the flags of every command that changes something.
type changeFlags struct {
	dryRun  string
	wait    bool
	timeout time.Duration
	risks   []string
	yes     bool
	output  output
}

func (f *changeFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.dryRun, "dry-run", "none", "Must be none or client. With client, print what would change and send nothing")
	fs.Lookup("dry-run").NoOptDefVal = "client"
	fs.BoolVar(&f.wait, "wait", false, "Return when the change can be read back from EKS")
	fs.DurationVar(&f.timeout, "timeout", 2*time.Minute, "How long --wait waits")
	fs.StringSliceVar(&f.risks, "accept-risk", nil, "Go on in spite of the named risk: "+strings.Join(texts(access.RiskNames), ", "))
	f.output.bind(fs, "json", "yaml", "name", "jsonpath=")
}

// bindAsk is for the commands that change more than they name, or may have it picked.
func (f *changeFlags) bindAsk(fs *pflag.FlagSet) {
	fs.BoolVarP(&f.yes, "yes", "y", false, "Do not ask. What is dangerous needs --accept-risk all the same")
}

func (f *changeFlags) check() error {
	if err := checkDryRun(f.dryRun); err != nil {
		return err
	}
	for _, name := range f.risks {
		if !slices.Contains(access.RiskNames, access.RiskName(name)) {
			return fmt.Errorf("unknown risk %q: the risks are %s", name, strings.Join(texts(access.RiskNames), ", "))
		}
	}
	return f.output.Check()
}

func checkDryRun(value string) error {
	switch value {
	case "none", "client":
		return nil
	case "server":
		return fmt.Errorf("%w: EKS has no server-side dry run; use --dry-run=client", access.ErrRefused)
	}
	return fmt.Errorf("invalid dry-run value (%s): must be none or client", value)
}

// accepted are the risks that were accepted by name.
func (f *changeFlags) accepted() []access.RiskName {
	names := make([]access.RiskName, len(f.risks))
	for i, name := range f.risks {
		names[i] = access.RiskName(name)
	}
	return names
}
