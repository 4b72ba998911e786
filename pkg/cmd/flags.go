package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// scopeFlags are --policy, -n and -A.
type scopeFlags struct{ edit.Scopes }

// bindScopes adds the flags. Where there is nothing to say about -A, it is refused with what to do instead.
func (f *scopeFlags) bindScopes(fs *pflag.FlagSet, policy, namespace, all string) {
	fs.Var(scopeValue{"strings", f.SetPolicies, f.PolicyValues}, "policy", policy)
	fs.VarP(scopeValue{"strings", f.SetNamespaces, func() []string { return []string{strings.Join(f.Namespaces, ",")} }}, "namespace", "n", namespace)
	f.Star = "use -A for the whole cluster"
	whole := scopeValue{"bool", f.SetAll, func() []string { return []string{strconv.FormatBool(f.All)} }}
	if all == "" {
		f.Star = "leave out the namespaces to revoke all of the policy"
		whole.set = func(string) error {
			return errors.New("-A is not needed: --policy without -n revokes all of the policy, and without --policy and --group the whole entry is revoked")
		}
	}
	flag := fs.VarPF(whole, "all-namespaces", "A", all)
	flag.NoOptDefVal, flag.Hidden = "true", all == ""
}

// scopeValue is one of the flags.
type scopeValue struct {
	kind   string
	set    func(string) error
	values func() []string // as they can be typed, each after the flag
}

// String joins the values.
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
	risks   []string // each may have the name of one of several clusters in front
	yes     bool
	planOut string
	planAge span
	output  output
}

// checked is a flag whose value is checked when it is set.
type checked struct {
	pflag.Value
	check func() error
}

// Set takes a value.
func (c checked) Set(text string) error { return cmp.Or(c.Value.Set(text), c.check()) }

func checkFlag(fs *pflag.FlagSet, name string, check func() error) {
	f := fs.Lookup(name)
	f.Value = checked{f.Value, check}
}

// oneNamespace refuses a list and a pattern where the answer is about one namespace.
func oneNamespace(fs *pflag.FlagSet, namespace *string) {
	checkFlag(fs, "namespace", func() error {
		if strings.ContainsAny(*namespace, ",*") {
			return errors.New("must be one namespace, not a list or a pattern")
		}
		return nil
	})
}

// values annotates a flag with what it can be, for completion.
const values = "values"

// anyRisk are the risks that every change can meet.
var anyRisk = []access.RiskName{access.LoseOwnAccess, access.LastAdministrator, access.RemoveNodes, access.UnreadAWSAuth, access.OtherAccount}

// bind adds the flags; more are the risks that the command can meet beside those of every change.
func (f *changeFlags) bind(fs *pflag.FlagSet, more ...access.RiskName) {
	names := texts(slices.Concat(anyRisk, more))
	bindDryRun(fs, &f.dryRun, "With client, print what would change and send nothing")
	fs.BoolVar(&f.wait, "wait", false, "Wait until the change can be read from EKS")
	fs.DurationVar(&f.timeout, "timeout", 2*time.Minute, "How long --wait waits")
	fs.StringSliceVar(&f.risks, "accept-risk", nil, "Continue despite the named risk: "+strings.Join(names, ", "))
	_ = fs.SetAnnotation("accept-risk", values, names)
	checkFlag(fs, "accept-risk", f.checkRisks)
	f.output.bind(fs, "json", "yaml", "name", "jsonpath=")
}

// bindAsk is for the commands that change more than they name, or that have a picker.
//
//go:noinline
func (f *changeFlags) bindAsk(fs *pflag.FlagSet) {
	fs.BoolVarP(&f.yes, "yes", "y", false, "Do not ask for confirmation. Risks still need --accept-risk")
}

func (f *changeFlags) checkRisks() error {
	for _, risk := range f.risks {
		name := risk[strings.LastIndexByte(risk, ':')+1:] // with several clusters it is CLUSTER:NAME
		if !slices.Contains(access.RiskNames, access.RiskName(name)) {
			return fmt.Errorf("unknown risk %q%s: the risks are %s", name, access.DidYouMean(name, texts(access.RiskNames)), strings.Join(texts(access.RiskNames), ", "))
		}
	}
	return nil
}

func bindDryRun(fs *pflag.FlagSet, value *string, client string) {
	fs.StringVar(value, "dry-run", "none", "Must be none or client. "+client)
	fs.Lookup("dry-run").NoOptDefVal = "client"
	checkFlag(fs, "dry-run", func() error {
		switch *value {
		case "none", "client":
			return nil
		case "server":
			return fmt.Errorf("%w: EKS has no server-side dry run; use --dry-run=client", access.ErrRefused)
		}
		return errors.New("must be none or client")
	})
}

// accepted are the accepted risks.
func (f *changeFlags) accepted() []access.RiskName {
	names := make([]access.RiskName, len(f.risks))
	for i, name := range f.risks {
		names[i] = access.RiskName(name)
	}
	return names
}

// fleetFlags select several clusters.
type fleetFlags struct {
	contexts                    []string
	every                       bool
	regions, profiles, accounts []string
	orgRole                     string
	patience                    time.Duration
	fits                        func([]*part) error // refuses what the selected clusters do not fit; nil: nothing
}

// clusterPatience is how long a cluster may take without an answer.
const clusterPatience = 20 * time.Second

// bindFleet adds the flags; timeout says that --timeout is free.
func (f *fleetFlags) bindFleet(fs *pflag.FlagSet, timeout bool) {
	fs.StringArrayVar(&f.contexts, "contexts", nil, "Several clusters: the contexts with these names, or of clusters with these names. * stands for any text, ! in front excludes. Can be repeated")
	fs.BoolVar(&f.every, "all-contexts", false, "All clusters of the kubeconfig")
	fs.StringSliceVar(&f.regions, "regions", nil, "All clusters that AWS has in these regions; all for every enabled region")
	fs.StringSliceVar(&f.profiles, "profiles", nil, "All clusters of the logins of these AWS profiles. * stands for any text, ! in front excludes")
	fs.StringVar(&f.orgRole, "org-role", "", "All clusters in the accounts of the organization, with the role of this name in each but your own")
	fs.StringSliceVar(&f.accounts, "accounts", nil, "With --org-role, these accounts instead of all")
	f.patience = clusterPatience
	if timeout {
		fs.DurationVar(&f.patience, "timeout", clusterPatience, "With several clusters, how long one may take without an answer")
	}
}

// several reports whether the flags select several clusters.
func (f *fleetFlags) several() bool { return f.every || len(f.contexts) > 0 || f.inAWS() }

// inAWS reports whether the clusters are looked for in AWS, and not in the kubeconfig.
func (f *fleetFlags) inAWS() bool {
	return len(f.regions)+len(f.profiles)+len(f.accounts) > 0 || f.orgRole != ""
}

// request adds the flags to a request.
func (f *changeFlags) request(env *Env, r change.Request) change.Request {
	r.DryRun, r.Accept = f.dryRun == "client" || f.planOut != "", append(r.Accept, f.accepted()...)
	if r.Told == nil {
		r.Told = env.typed
	}
	return r
}

// asking makes the request of a command for one cluster; errNothing where there is nothing to do in it.
type asking func(context.Context, *Env) (*cluster.Cluster, change.Request, error)
