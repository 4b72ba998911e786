// Package kubeconfig resolves a kubeconfig context to an EKS cluster and the AWS login that kubectl uses for it. It reads
// nothing but the kubeconfig. Unknown values stay empty, and contradictions are reported.
package kubeconfig

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Target is the EKS cluster of a context. Empty fields are unknown.
type Target struct {
	Context   string `json:"context,omitempty"`
	Name      string `json:"name,omitempty"`
	ID        string `json:"id,omitempty"` // of a local cluster on Outposts
	Region    string `json:"region,omitempty"`
	Account   string `json:"account,omitempty"`
	Partition string `json:"partition,omitempty"`
	Profile   string `json:"profile,omitempty"`
	RoleARN   string `json:"roleARN,omitempty"`
	Server    string `json:"server,omitempty"`

	// Short is what --context takes for the same context: its cluster's name where that is enough. Only Contexts knows it.
	Short string `json:"-"`
	// TLSServerName is the host that the server's certificate must name. Behind a tunnel this is the endpoint, not Server.
	TLSServerName string `json:"-"`
	// Entry is the name of the context's cluster in the kubeconfig.
	Entry string `json:"-"`
	ca    authority
	// From is the source of each value, by its JSON field: one of the From constants.
	From map[string]string `json:"from,omitempty"`
	// Conflicts describe sources that disagree. The field holds the likely value; do not change the cluster without asking.
	Conflicts []string `json:"conflicts,omitempty"`
	// Guess is why the name is a guess; empty: it is not.
	Guess string `json:"guess,omitempty"`
	// Claims are the accounts and regions that the context names, to be compared with AWS.
	Claims []Claim `json:"-"`
	// Env are the AWS variables that the exec command runs with, beyond those of the process.
	Env  map[string]string `json:"-"`
	Exec Exec              `json:"-"`
}

// Resolve resolves a context. The other arguments are kubectl's flags of these names; empty: not given. With an error,
// the Target holds what is known.
func Resolve(raw api.Config, context, cluster, user string) (Target, error) {
	s, err := selectEntries(raw, context, cluster, user)
	t := Target{Context: s.context, Server: access.HidePasswords(s.server.Server), TLSServerName: s.server.TLSServerName, Entry: s.clusterName}
	if !s.server.InsecureSkipTLSVerify {
		t.ca = authority{s.server.CertificateAuthorityData, s.server.CertificateAuthority}
	}
	if err != nil {
		return t, err
	}
	tok := parseExec(s.user.Exec)
	t.Exec, t.Env = tok.Exec, tok.env
	ev := s.evidence(tok)
	if !ev.isEKS() {
		return t, s.notEKS(tok.Unread)
	}
	t.From = map[string]string{}
	t.settleCluster(ev)
	t.settleLogin(ev)
	t.Claims = ev.claims()
	if ev.guessed() {
		t.Guess = "the name comes from aws-iam-authenticator's -i argument; the server is not an EKS endpoint"
	}
	t.Conflicts = append(t.Conflicts, s.gaps()...)
	for _, trouble := range []string{tok.Unrunnable, tok.Unread} {
		if trouble != "" {
			t.Conflicts = append(t.Conflicts, trouble)
		}
	}
	return t, nil
}

// evidence is everything that names one cluster.
type evidence struct {
	token            token
	cluster, context label
	user             label // often shared between clusters: used last, and never contradicts the others
	endpoint         endpoint
}

func (e evidence) isEKS() bool {
	byToken := e.token.Tool != "" && !e.token.vague
	return byToken || e.cluster.from != "" || e.context.from != "" || e.endpoint.eks
}

// guessed reports that only aws-iam-authenticator suggests an EKS cluster, which it also serves other kinds of.
func (e evidence) guessed() bool {
	return e.token.Tool == toolAuthenticator && e.token.name.value != "" && !e.endpoint.eks && e.cluster.from == "" && e.context.from == ""
}

// claims are the sources that name the cluster's account and region. Weak ones count only where there is no strong one.
func (e evidence) claims() []Claim {
	strong := []Claim{
		{"account", e.cluster.account, FromARN, false},
		{"account", e.context.account, FromARN, false},
		{"region", e.endpoint.region, FromEndpoint, false},
		{"region", e.cluster.region, e.cluster.from, false},
		{"region", e.context.region, e.context.from, false},
		{"region", e.token.region.value, e.token.region.from, e.token.region.from == FromEnv},
	}
	strong = slices.DeleteFunc(strong, func(c Claim) bool { return c.Value == "" })
	all := slices.Clone(strong)
	for _, weak := range []Claim{
		{"account", e.user.account, FromUser, true}, {"account", accountOf(e.token.role.value), FromRole, true}, {"region", e.user.region, FromUser, true},
	} {
		named := func(c Claim) bool { return c.Field == weak.Field }
		if weak.Value != "" && !slices.ContainsFunc(strong, named) {
			all = append(all, weak)
		}
	}
	access.Sort(all, func(a, b Claim) int { return strings.Compare(a.Field, b.Field) })
	return slices.Compact(all)
}

// accountOf is the account of an ARN; empty: none, or a placeholder.
func accountOf(arn string) string {
	if account := access.Principal(arn).Account(); access.IsAccount(account) {
		return account
	}
	return ""
}

func (t *Target) put(field string, to *string, c claim) {
	if c.value != "" {
		*to = c.value
		t.From[field] = c.from
	}
}

// settleCluster decides which cluster it is, and where. A token works only for the cluster that it names, so the command
// decides the name. It works in any region, so the endpoint decides the region, then the names of the entries.
func (t *Target) settleCluster(e evidence) {
	names := []claim{e.token.name, {e.cluster.name, e.cluster.from}, {e.context.name, e.context.from}}
	name, conflicts := settle("name", append(names, fallback(names, e.user.name, e.user.from)...)...)
	t.put("name", &t.Name, name)
	t.Conflicts = append(t.Conflicts, conflicts...)

	regions := []claim{{e.endpoint.region, FromEndpoint}, {e.cluster.region, e.cluster.from}, {e.context.region, e.context.from}, e.token.region}
	regions = append(regions, fallback(regions, e.user.region, e.user.from)...)
	region, conflicts := settle("region", regions...)
	t.put("region", &t.Region, claim{region.value, foremost(region.value, regions...)})
	t.Conflicts = append(t.Conflicts, conflicts...)

	accounts := []claim{{e.cluster.account, FromARN}, {e.context.account, FromARN}}
	account, conflicts := settle("account", append(accounts, fallback(accounts, e.user.account, FromARN)...)...)
	t.put("account", &t.Account, account)
	t.Conflicts = append(t.Conflicts, conflicts...)

	t.Partition = first(claim{partitionOf(t.Region), ""}, claim{e.endpoint.partition, ""}, claim{e.cluster.partition, ""}, claim{e.context.partition, ""}).value
}

// fallback is a claim that counts only if no other has a value.
func fallback(claims []claim, value, from string) []claim {
	if first(claims...).value != "" {
		return nil
	}
	return []claim{{value, from}}
}

func (t *Target) settleLogin(e evidence) {
	t.put("id", &t.ID, e.token.id)
	t.put("profile", &t.Profile, e.token.profile)
	t.put("roleARN", &t.RoleARN, e.token.role)
	t.put("server", &t.Server, claim{t.Server, FromKubeconfig})
	t.Env = maps.Clone(e.token.env)
}
