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
func (x *Index) WhoCan(q Question) Answer { return x.answer(q, x.Identities) }

// answer is about some identities of the index.
func (x *Index) answer(q Question, about []Identity) Answer {
	a := Answer{Question: q, Missing: x.Missing}
	judged := make([]*Verdict, x.sources)
	for i := range about {
		yes, limited, void, unknown := x.chains(q, &about[i], judged)
		row := Row{Identity: about[i], Chains: yes.all, Where: x.where(q, yes.places)}
		if q.Verb == "list" || q.Verb == "watch" {
			row.Note = "with --field-selector metadata.name=NAME"
		}
		if len(yes.all)+len(limited.all) == 0 && len(void.all) > 0 {
			limited, row.Note = x.byName(q, &about[i], void)
		}
		switch {
		case len(yes.all) > 0:
			row.Session, row.Note = session(yes.all), ""
			if row.byGet(q) {
				row.Note = "by get, before Kubernetes 1.35"
			}
			a.Rows = append(a.Rows, row)
		case len(limited.all) > 0:
			row.Chains, row.Where, row.Only = limited.all, x.where(q, limited.places), distinct(slices.Concat(limited.names...))
			a.Rows = append(a.Rows, row)
		case len(unknown.all) > 0:
			row.Chains, row.Note = unknown.all, ""
			a.Unknown = append(a.Unknown, row)
		}
	}
	return a
}

// found are chains of one identity with the same verdict.
type found struct {
	all    []Chain
	places []int      // of each, in Index.places
	names  [][]string // of each: of its objects
}

func (f *found) add(c Chain, place, most int, names ...string) {
	if f.all == nil {
		f.all, f.places = make([]Chain, 0, most), make([]int, 0, most)
	}
	f.all, f.places = append(f.all, c), append(f.places, place)
	if names != nil {
		f.names = append(f.names, names)
	}
}

// chains are the rights of an identity that answer a question with yes, with yes for some objects, in unusual requests for some
// objects, and those that may.
func (x *Index) chains(q Question, id *Identity, judged []*Verdict) (yes, limited, void, unknown found) {
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
		switch most := len(id.Rights) - i; {
		case v.Rule != nil:
			yes.add(Chain{r, v.Rule}, id.places[i], most)
		case v.Hidden:
			unknown.add(Chain{Right: r}, id.places[i], most)
		case v.Names != nil:
			limited.add(Chain{Right: r}, id.places[i], most, v.Names...)
		case v.Void != nil:
			void.add(Chain{Right: r}, id.places[i], most, v.Void...)
		}
	}
	return yes, limited, void, unknown
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

// byGet reports whether only rules without the verb give a shell: the cluster says no to a review with that verb.
func (r Row) byGet(q Question) bool {
	return q.Verb == "create" && !slices.ContainsFunc(r.Chains, func(c Chain) bool {
		return c.Rule == nil || slices.Contains(c.Rule.Verbs, q.Verb) || slices.Contains(c.Rule.Verbs, "*")
	})
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
func (x *Index) where(q Question, places []int) (all []string) {
	if !q.Anywhere || len(places) == 0 {
		return nil
	}
	slices.Sort(places)
	if x.places[places[0]] == "" { // the first of all
		return nil
	}
	for _, n := range slices.Compact(places) {
		all = append(all, x.places[n])
	}
	return all
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
