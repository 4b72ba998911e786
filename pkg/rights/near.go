package rights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// near are the reasons why a principal cannot, the nearest first (rights.md §7), and the smallest grant that would do.
func (x *Index) near(e Explanation) (all []Near) {
	id, q := e.Identity, e.Question
	all = append(all, x.nearSources(id, q)...)
	if e.Session != "" {
		all = append(all, Near{Text: "only its session " + e.Session + " can"})
	}
	for i := range id.Rights {
		all = append(all, x.nearRight(&id.Rights[i], q)...)
	}
	if e.Only != nil {
		all = append(all, Near{Text: strings.TrimSuffix("it can for these objects only: "+strings.Join(e.Only, ", ")+"; "+e.How, "; ")})
	}
	all = append(all, x.nearGroups(id, q)...)
	return append(all, x.remedy(id, q)...)
}

// remedy is the smallest grant that would do, where one can.
func (x *Index) remedy(id Identity, q Question) []Near {
	s := x.Snapshot
	words := x.grantWords(id, q)
	switch {
	case s.Stale(id.Principal) != "", q.Unknown:
		return nil // what is stale was said before, with what to do
	case !s.Cluster.Mode.ReadsEntries():
		return []Near{{Text: "the cluster reads no access entries; only an aws-auth mapping with a group that RBAC binds can give it"}}
	case id.Class == Nodes:
		return []Near{{Text: "it is a role of nodes, whose entry cannot have access policies for people"}}
	case words != nil:
		return []Near{{Text: "the smallest access policy that is known to allow it", Next: words}}
	}
	return []Near{{Text: "no access policy for people allows it; bind a group of the entry to a role that does"}}
}

// nearSources are an entry and mappings that do not work.
func (x *Index) nearSources(id Identity, q Question) (all []Near) {
	s := x.Snapshot
	e, ok := s.Entry(id.Principal)
	if ok && s.Stale(e.Principal) != "" {
		n := Near{Text: "its access entry no longer works: the " + id.Principal.Kind() + " was " + s.Stale(e.Principal).Words() + again(s, e)}
		if grant := x.grantWords(id, q); grant != nil && s.Stale(e.Principal) != access.StaleDeleted {
			n.Next, n.Then = []string{"revoke", id.Name}, grant
		}
		all = append(all, n)
	} else if unread := slices.ContainsFunc(x.Missing, func(m Missing) bool { return m.What == access.ReadEntries }); !ok && unread {
		all = append(all, Near{Text: "its access entry could not be read; it may give it", Doubt: true})
	} else if !ok && len(id.Rights) == 0 {
		all = append(all, Near{Text: "it has no access entry"})
	}
	if s.AWSAuth == nil {
		return all
	}
	if s.AWSAuth.Err != nil && s.Cluster.Mode.ReadsConfigMap() && (!ok || s.Stale(id.Principal) != "") { // else the entry overrides it
		all = append(all, Near{Text: "aws-auth could not be read; a mapping may give it", Doubt: true})
	}
	for _, m := range s.AWSAuth.Mappings {
		switch state := s.MappingState(m); {
		case !m.Names(id.Principal):
		case !s.Cluster.Mode.ReadsConfigMap():
			all = append(all, Near{Text: "aws-auth " + m.Place() + " is for it, but the cluster no longer reads aws-auth"})
		case state == access.StateOverridden && m.Outweighed(s):
			all = append(all, Near{Text: fmt.Sprintf("aws-auth %s is for it, with groups %s, but its access entry overrides it", m.Place(), strings.Join(m.Groups, ", "))})
		case state.Void() && m.Reason != "":
			all = append(all, Near{Text: fmt.Sprintf("aws-auth %s has no effect: %s", m.Place(), m.Reason)})
		}
	}
	return all
}

// again says what follows the revocation of a stale entry.
func again(s access.Snapshot, e access.Entry) string {
	if s.Stale(e.Principal) == access.StaleDeleted {
		return "; revoke the entry"
	}
	return "; revoke the entry, then grant it again"
}

// nearRight tells what one right lacks.
func (x *Index) nearRight(r *access.Right, q Question) (all []Near) {
	rules, _ := x.rules(*r)
	if r.Kind == access.ByGroup && (x.Snapshot.RBAC == nil || x.Snapshot.RBAC.Err != nil) {
		return []Near{{Text: "its group " + r.Name + " may give it; the bindings of the group are not known", Doubt: true}}
	}
	if r.Kind == access.ByRole && rules == nil && x.Snapshot.RBAC.RolesErr == nil {
		return []Near{{Text: fmt.Sprintf("%s refers to %s, which does not exist", r.Binding, r.Name)}}
	}
	what := Through(r) + " " + placeOf(r)
	if r.Kind == access.ByRole {
		what = fmt.Sprintf("%s %s, by %s", r.Name, placeOf(r), Through(r))
	}
	if judge(rules, q.Request).Rule != nil && !q.reaches(r) {
		switch {
		case q.Type.Namespaced:
			place := "all namespaces"
			if q.Namespace != "" {
				place = "namespace " + q.Namespace
			}
			return []Near{{Text: "it can by " + what + ", and not in " + place}}
		case q.itself():
			return []Near{{Text: what + " allows it for the namespace itself only"}}
		default:
			return []Near{{Text: what + " has the rule, but " + q.Resource + " are not in a namespace, so it has no effect for them"}}
		}
	}
	if verbs := verbsFor(rules, q.Request); len(verbs) > 0 && q.reaches(r) {
		return []Near{{Text: fmt.Sprintf("%s allows %s, not %s", what, strings.Join(verbs, ", "), q.Verb)}}
	}
	return nil
}

// verbsFor are the verbs that rules allow for the object of a request.
func verbsFor(rules []access.Rule, q Request) (verbs []string) {
	for _, r := range rules {
		for _, verb := range r.Verbs {
			asked := q
			asked.Verb = verb
			if verb != q.Verb && Covers(r, asked) && !slices.Contains(verbs, verb) {
				verbs = append(verbs, verb)
			}
		}
	}
	return verbs
}

// nearGroups are bindings of groups that are spelled nearly as a group of the principal is.
func (x *Index) nearGroups(id Identity, q Question) (all []Near) {
	e, ok := x.Snapshot.Entry(id.Principal)
	if !ok || x.Snapshot.RBAC == nil {
		return nil
	}
	var bound []string
	for _, b := range x.Snapshot.RBAC.Bindings {
		for _, g := range b.Groups {
			r := b.Right("group " + g)
			rules, _ := x.rules(r)
			if q.reaches(&r) && judge(rules, q.Request).Rule != nil && !slices.Contains(bound, g) {
				bound = append(bound, g)
			}
		}
	}
	for _, g := range e.Groups {
		others := slices.DeleteFunc(slices.Clone(bound), func(b string) bool { return b == g || slices.Contains(e.Groups, b) })
		if meant := access.Nearest(g, others); meant != "" {
			n := Near{Text: fmt.Sprintf("its group is %s (did you mean %s?)", g, meant)}
			if id.Class == People && x.Snapshot.Cluster.Mode.ReadsEntries() && !strings.HasPrefix(meant, "system:") && !access.Templated(meant) {
				n.Next = []string{"grant", id.Name, "--group", meant}
			}
			all = append(all, n)
		}
	}
	return all
}
