package kubeconfig

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Standing is how a context relates to the cluster that AWS describes. This table is the only rule about it:
//
//	context's account or region   its server is the endpoint   --eks-cluster   standing       changes                      reads
//	AWS contradicts it            either                       either          OtherAccount   --accept-risk=other-account  say so
//	agrees or is silent           yes                          either          Same           allowed                      plain
//	agrees or is silent           no                           given           Named          allowed                      plain
//	agrees or is silent           no                           absent          Elsewhere      refused                      say so
//
// The access entries are always those of the cluster that AWS describes. Its aws-auth and RBAC are too: they are read and
// written through the context where its server is the endpoint, and at the endpoint that AWS gives where it is not.
// With --require-match everything fails but Same, and a cluster that is named without any kubeconfig.
type Standing int

// The four rows of the table.
const (
	Same Standing = iota
	Named
	Elsewhere
	OtherAccount
)

// Claim is an account or a region that a context names for its cluster.
type Claim struct {
	Field string // account or region
	Value string
	From  string
	// Weak claims are often about the login and not the cluster: the region of the exec command's environment, the account
	// of its role, the ARN of a shared user. They count only where the server does not prove which cluster it is.
	Weak bool
}

// Contradiction is a claim of the context that AWS contradicts.
type Contradiction struct {
	Claim
	AWS string
}

func (c Contradiction) String() string {
	return fmt.Sprintf("%s %s from %s, but %s from AWS", c.Field, c.Value, source(c.From), c.AWS)
}

func listed(all []Contradiction) string {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.String()
	}
	return strings.Join(texts, "; ")
}

// Match is a context compared with the cluster that AWS describes.
type Match struct {
	Standing     Standing
	Leads        bool // the context's server is the cluster's endpoint
	Contradicted []Contradiction
	target       Target
	info         access.Info
}

// Match compares the context with the cluster that AWS describes.
func (t Target) Match(info access.Info) Match {
	m := Match{target: t, info: info, Leads: t.LeadsTo(info.Endpoint)}
	for _, c := range t.Claims {
		actual := map[string]string{"account": info.Account(), "region": info.Region()}[c.Field]
		ownWord := c.Field == "region" && t.From["region"] == FromFlag
		if actual != "" && actual != c.Value && !ownWord && (!c.Weak || !m.Leads) {
			m.Contradicted = append(m.Contradicted, Contradiction{c, actual})
		}
	}
	switch {
	case len(m.Contradicted) > 0:
		m.Standing = OtherAccount
	case m.Leads:
		m.Standing = Same
	case t.From["name"] == FromFlag:
		m.Standing = Named
	default:
		m.Standing = Elsewhere
	}
	return m
}

// LeadsTo reports whether the context's server is this endpoint. Behind a tunnel the certificate proves it.
func (t Target) LeadsTo(endpoint string) bool {
	return SameEndpoint(endpoint, t.Server) || SameEndpoint(endpoint, t.certified())
}

// certified is the server whose certificate kubectl requires, where it connects to another one.
func (t Target) certified() string {
	if t.TLSServerName == "" {
		return ""
	}
	return "https://" + t.TLSServerName
}

// Certain reports whether --require-match is satisfied.
func (m Match) Certain() bool {
	return m.Standing == Same || m.Standing == Named && m.target.Server == ""
}

// Cluster names the cluster that AWS describes, with region and account.
func (m Match) Cluster() string {
	return fmt.Sprintf("EKS cluster %s in %s of account %s", m.info.Name, m.info.Region(), m.info.Account())
}

// Reason is why this may not be the context's cluster; empty: it is.
func (m Match) Reason() string {
	var all []string
	if len(m.Contradicted) > 0 {
		all = append(all, "the context names a different cluster: "+listed(m.Contradicted))
	}
	switch server := cmp.Or(m.target.certified(), m.target.Server); {
	case m.Leads:
		return strings.Join(all, "")
	case server == "":
		all = append(all, "the context has no server")
	default:
		all = append(all, fmt.Sprintf("the context's server is %s, but the endpoint of EKS cluster %s in %s is %s", server, m.info.Name, m.info.Region(), m.info.Endpoint))
	}
	if m.target.Guess != "" {
		all = append(all, "the name is a guess: "+m.target.Guess)
	}
	if len(m.target.Conflicts) > 0 {
		all = append(all, "the kubeconfig contradicts itself: "+strings.Join(m.target.Conflicts, "; "))
	}
	return strings.Join(all, "; ")
}

// Cure is how to resolve the contradictions.
func (m Match) Cure() string {
	account := func(c Contradiction) bool { return c.Field == "account" }
	if slices.ContainsFunc(m.Contradicted, account) {
		return "select another context (--context), or log in to the account that the context names (--profile)"
	}
	return "if this is the right region, add --region " + m.info.Region()
}
