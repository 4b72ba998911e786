package rights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Answer is who can do something.
type Answer struct {
	Question Question
	Rows     []Row
	Missing  []Missing // what would be needed to be sure that nobody else can
	Unknown  []Row     // who may, by rules that AWS does not publish or by what could not be read
}

// Row is one identity that can do it, or can for some objects only.
type Row struct {
	Identity Identity
	Where    []string // namespaces and patterns; nil: everywhere, or the question names one place
	Only     []string // names of objects; nil: all
	Session  string   // the only session of a role that can; "": all
	Chains   []Chain
	Note     string
}

// Chain is one way in which an identity has a right.
type Chain struct {
	Right *access.Right
	Rule  *access.Rule // the part of a rule that is about the question; nil: not known
}

// Can reports whether the row answers the question with yes, for the whole identity.
func (r Row) Can() bool { return r.Only == nil && r.Session == "" }

// WhoCan answers a question.
func (x *Index) WhoCan(q Question) Answer {
	a := Answer{Question: q, Missing: x.Missing}
	judged := make([]*Verdict, x.sources)
	for _, id := range x.Identities {
		row := Row{Identity: id}
		var unknown, limited []Chain
		var names []string
		for i := range id.Rights {
			r := &id.Rights[i]
			if !q.reaches(r) {
				continue
			}
			v := judged[id.rules[i]]
			if v == nil {
				one := x.verdict(r, q)
				v, judged[id.rules[i]] = &one, &one
			}
			switch {
			case v.Rule != nil:
				row.Chains = append(row.Chains, Chain{r, v.Rule})
			case v.Hidden:
				unknown = append(unknown, Chain{Right: r})
			case v.Names != nil:
				limited, names = append(limited, Chain{Right: r}), append(names, v.Names...)
			}
		}
		switch {
		case len(row.Chains) > 0:
			row.Where, row.Session = q.where(row.Chains), session(row.Chains)
			a.Rows = append(a.Rows, row)
		case len(limited) > 0:
			slices.Sort(names)
			row.Chains, row.Where, row.Only = limited, q.where(limited), slices.Compact(names)
			a.Rows = append(a.Rows, row)
		case len(unknown) > 0:
			row.Chains = unknown
			a.Unknown = append(a.Unknown, row)
		}
	}
	return a
}

// Complete reports whether everything was read. Some of it may still be Unknown, because AWS does not publish it.
func (a Answer) Complete() bool { return len(a.Missing) == 0 }

// Compare names who can although they were not expected, and who cannot. Those in the background do not count.
func (a Answer) Compare(expected []access.Principal, short func(access.Principal) string) (more, less []string) {
	var can []access.Principal
	for _, r := range a.Rows {
		switch {
		case !r.Can() || r.Identity.Background():
		case r.Identity.Principal == "" || !slices.ContainsFunc(expected, r.Identity.Principal.Is):
			more = append(more, r.Identity.Name)
		default:
			can = append(can, r.Identity.Principal)
		}
	}
	for _, p := range expected {
		if !slices.ContainsFunc(can, p.Is) {
			less = append(less, short(p))
		}
	}
	return more, less
}

// verdict is that of the rules of a right.
func (x *Index) verdict(r *access.Right, q Question) Verdict {
	switch r.Kind {
	case access.ByGroup, access.ByUsername:
		return Verdict{Hidden: true}
	case access.Connect, access.JoinNodes:
		return Verdict{}
	case access.Administer, access.ByPolicy, access.ByRole:
	}
	rules, known := x.rules(*r)
	var v Verdict
	for _, request := range x.requests(q.Request) {
		if v = judge(rules, request); v.Rule != nil {
			part := narrow(*v.Rule, request)
			v.Rule = &part
			break
		}
	}
	v.Hidden = v.Rule == nil && !known
	return v
}

// requests are the ones that any of which is enough. Before Kubernetes 1.35 a shell by websocket needs only get (rights.md §3).
func (x *Index) requests(q Request) []Request {
	var minor int
	_, _ = fmt.Sscanf(x.Snapshot.Cluster.Version, "1.%d", &minor)
	shell := q.Verb == "create" && q.Resource == "pods" && (q.Subresource == "exec" || q.Subresource == "attach" || q.Subresource == "portforward")
	if !shell || minor == 0 || minor >= 35 {
		return []Request{q}
	}
	other := q
	other.Verb = "get"
	return []Request{q, other}
}

// reaches reports whether a right holds where the question asks.
func (q Question) reaches(r *access.Right) bool {
	switch {
	case r.Where == "", q.Anywhere:
		return true
	case q.URL != "" || q.Namespace == "":
		return false // a namespace gives neither URLs nor what is in no namespace
	}
	return access.Scope{Namespaces: []string{r.Where}}.Reaches(q.Namespace)
}

// where joins the places of several rights; nil: everywhere, or where the question says.
func (q Question) where(chains []Chain) (all []string) {
	if !q.Anywhere {
		return nil
	}
	for _, c := range chains {
		if c.Right.Where == "" {
			return nil
		}
		all = append(all, c.Right.Where)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// session is the only session that has the right; "" where every session has.
func session(chains []Chain) string {
	for _, c := range chains {
		if s := c.Right.Session(); s == "" || s == "nodes" {
			return ""
		}
	}
	return chains[0].Right.Session()
}

// Through names the source of a right: "policy edit", "group devs", "aws-auth mapRoles[0], group system:masters".
func Through(r *access.Right) string {
	var parts []string
	if r.By.Mapping != "" {
		parts = append(parts, "aws-auth "+r.By.Mapping)
	}
	switch {
	case r.Via != "":
		parts = append(parts, r.Via)
	case r.Kind == access.ByPolicy:
		parts = append(parts, "policy "+access.Policy(r.Name).Short())
	case r.Kind == access.Administer && r.By.Mapping != "":
		parts = append(parts, "group "+masters)
	case r.Kind == access.Administer:
		parts = append(parts, "policy "+access.ClusterAdmin.Short())
	case r.Kind == access.ByGroup:
		parts = append(parts, "group "+r.Name)
	case r.Kind == access.ByUsername:
		parts = append(parts, "username "+r.Name)
	}
	return strings.Join(parts, ", ")
}
