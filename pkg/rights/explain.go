package rights

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Explanation is why a principal can do something, or why not.
type Explanation struct {
	Identity Identity
	Question Question
	Chains   []Link    // each is enough; none: it cannot
	Near     []Near    // what is not enough, or what may be the reason that the cluster knows; the nearest first
	Missing  []Missing // what may change the answer
	Only     []string  // it can for these objects only
	How      string    // in what requests, if not in all
	Session  string    // it can in this session only
	Unknown  []Chain   // rights whose rules are not known
	Says     *bool     // what the cluster says about its caller; nil: it was not asked
}

// Answer is yes, no or unknown. The cluster knows best; a no needs all that was to be read.
func (e Explanation) Answer() string {
	switch {
	case e.Says != nil && *e.Says, len(e.Chains) > 0:
		return "yes"
	case e.Says == nil && (len(e.Unknown) > 0 || slices.ContainsFunc(e.Missing, func(m Missing) bool { return m.What != access.ReadLives })):
		return "unknown"
	}
	return "no"
}

// Told adds what the cluster says about its caller. A yes needs no grant, and a no leaves no doubt.
func (e *Explanation) Told(yes bool) {
	var row Row
	for _, l := range e.Chains {
		row.Chains = append(row.Chains, l.Chain)
	}
	if !yes && len(row.Chains) > 0 && row.byGet(e.Question) {
		return // it was asked about another verb
	}
	e.Says = &yes
	e.Near = access.Where(e.Near, func(n *Near) bool { return yes && n.Doubt || !yes && !n.Doubt })
}

// Link is a chain and what takes it away.
type Link struct {
	Chain
	Everybody bool     // every user has it
	Revoke    []string // the words of the command of this program; nil: there is none
	Delete    []string // or what kubectl deletes the binding by
	Others    int      // identities that lose rights with the binding
}

// Near is something that nearly gives the right.
type Near struct {
	Text string
	Next []string // the words of the command that gives the right; nil: there is none
	Then []string // of the one after it; nil: one is enough

	Doubt bool // it may be what gives the right, and could not be read
}

// Identity finds a principal, or makes one without rights.
func (x *Index) Identity(p access.Principal) Identity {
	i := slices.IndexFunc(x.Identities, func(id Identity) bool { return id.Principal != "" && p.Is(id.Principal) })
	if i >= 0 {
		return x.Identities[i]
	}
	return Identity{Class: People, Principal: p, Name: p.Short(x.Snapshot.Cluster.Account())}
}

// Explain answers why a principal can, or cannot.
func (x *Index) Explain(p access.Principal, q Question) Explanation {
	e := Explanation{Identity: x.Identity(p), Question: q, Missing: x.Missing}
	answer := x.answer(q, append([]Identity{e.Identity}, x.everybody(e.Identity)...))
	for _, row := range answer.Unknown {
		e.Unknown = append(e.Unknown, row.Chains...)
	}
	for _, row := range answer.Rows {
		if row.Only != nil {
			e.Only, e.How = row.Only, row.Note
			continue
		}
		e.Session = row.Session
		for _, c := range row.Chains {
			e.Chains = append(e.Chains, x.link(e.Identity, c, row.Identity.Class == Everybody))
		}
	}
	if len(e.Chains) == 0 || e.Session != "" {
		e.Near = x.near(e)
	}
	return e
}

// everybody are the groups that a principal with access is in without being told so.
func (x *Index) everybody(id Identity) (all []Identity) {
	if len(id.Rights) == 0 {
		return nil
	}
	for _, other := range x.Identities {
		if other.Name == "group "+authenticated {
			all = append(all, other)
		}
	}
	return all
}

// Link is a chain of an identity with the command that revokes it.
func (x *Index) Link(id Identity, c Chain) Link { return x.link(id, c, false) }

// link finds the command that takes a chain away.
func (x *Index) link(id Identity, c Chain, everybody bool) Link {
	l := Link{Chain: c, Everybody: everybody, Others: x.holders(*c.Right) - 1}
	r := c.Right
	if _, name, _ := strings.Cut(r.Binding, " "); r.Binding != "" && !strings.HasPrefix(name, "system:") && !strings.HasPrefix(name, "eks:") { // these are Kubernetes' and EKS' own
		l.Delete = Deletion(r.Binding)
	}
	group, byGroup := strings.CutPrefix(r.Via, "group ")
	switch {
	case everybody, id.Principal == "", id.Class == Account:
	case r.By.Mapping != "":
		l.Revoke = []string{"revoke", id.Name}
	case byGroup && !strings.HasPrefix(group, "system:"):
		l.Revoke = []string{"revoke", id.Name, "--group", group}
	case r.Kind == access.ByPolicy, r.Kind == access.Administer && r.Binding == "":
		name := cmp.Or(r.Name, string(access.ClusterAdmin))
		l.Revoke = []string{"revoke", id.Name, "--policy", access.Policy(name).Short()}
		if r.Where != "" {
			l.Revoke = append(l.Revoke, "-n", r.Where)
		}
	}
	return l
}

// Deletion is what kubectl deletes a binding by, which is named as access.Binding.String names it.
func Deletion(binding string) []string {
	kind, name, _ := strings.Cut(binding, " ")
	words := []string{"delete", strings.ToLower(kind), name}
	if ns, own, ok := strings.Cut(name, "/"); ok {
		words = append(words[:2], own, "-n", ns)
	}
	return words
}

// holders counts the identities with the same binding.
func (x *Index) holders(r access.Right) (n int) {
	for _, id := range x.Identities {
		if slices.ContainsFunc(id.Rights, func(o access.Right) bool { return o.Binding == r.Binding && r.Binding != "" }) {
			n++
		}
	}
	return n
}

// Smallest is the access policy for people with the fewest rules that allows a request; false: none does.
func Smallest(q Question) (access.Policy, bool) {
	best, size := "", 0
	for _, p := range policy.All() {
		if p.Audience != "human" || p.ServiceLinkedRoleOnly || judge(p.Rules, q.Request).Rule == nil {
			continue
		}
		n := 0
		for _, r := range p.Rules {
			n += breadth(r)
		}
		if best == "" || n < size {
			best, size = p.Name, n
		}
	}
	return access.Policy(best), best != ""
}

// breadth is how much a rule allows; a star counts for more than any list.
func breadth(r access.Rule) int {
	count := func(words []string) int {
		if slices.Contains(words, "*") {
			return 1000
		}
		return len(words)
	}
	return count(r.Verbs) * (count(r.Resources)*count(r.APIGroups) + count(r.NonResourceURLs))
}

// grantWords are the words of the smallest grant that would do, with the scope that the question names.
func (x *Index) grantWords(id Identity, q Question) []string {
	p, ok := Smallest(q)
	if !ok || id.Principal == "" || q.Unknown {
		return nil
	}
	words := []string{"grant", id.Name, "--policy", p.Short()}
	switch {
	case q.Namespace != "":
		return append(words, "-n", q.Namespace)
	case q.Anywhere:
		return append(words, "-n", "NAMESPACE")
	}
	return append(words, "-A")
}

//go:noinline
func placeOf(r *access.Right) string {
	if r.Where == "" {
		return "on the whole cluster"
	}
	return fmt.Sprintf("in namespace %s", r.Where)
}
