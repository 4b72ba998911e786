package trail

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Undo is the commands of this program that restore what was before a change, as words, in their order; nil where no command does,
// or where what was before is not known. They restore it if nothing has changed since.
func (c *Change) Undo() [][]string {
	if c.Failed() || c.Earlier || c.Principal == "" || c.Name == "CreateCluster" {
		return nil
	}
	parts := differing(c.Before, c.After)
	for _, part := range parts {
		if !c.Before.Knows(part) || part == tags && c.Before.Entry != nil && c.After.Entry != nil {
			return nil
		}
	}
	if c.Before.Partial && (c.After.Entry == nil || len(parts) == 0) {
		return nil
	}
	who := c.Principal.Short(c.Cluster.Account)
	if len(parts) == 0 || c.Before.Entry == nil && c.After.Entry == nil {
		return nil
	}
	switch {
	case c.Before.Entry == nil:
		return [][]string{{"revoke", who, "--entry-only"}}
	case c.After.Entry == nil:
		return [][]string{grantWords(who, *c.Before.Entry, true)}
	}
	return restore(who, *c.Before.Entry, *c.After.Entry, parts)
}

// restore leads from one state of an entry to another: what replaces a scope that cannot be narrowed is granted last, or else first.
func restore(who string, to, from access.Entry, parts []string) (all [][]string) {
	give := access.Entry{Principal: to.Principal}
	revoke := []string{"revoke", who}
	again := false
	for _, part := range parts {
		name, isPolicy := strings.CutPrefix(part, policy)
		switch {
		case part == groups:
			give.Groups = without(to.Groups, from.Groups)
			for _, g := range without(from.Groups, to.Groups) {
				revoke = append(revoke, "--group", g)
			}
		case part == username:
			give.Username = cmp.Or(to.Username, access.DefaultUsername(to.Principal))
		case isPolicy:
			words, grant, over := rescope(access.Policy(name), to, from)
			revoke, again = append(revoke, words...), again || over
			give.Grants = append(give.Grants, grant...)
		}
	}
	if grant := grantWords(who, give, false); len(grant) > 2 {
		all = append(all, grant)
	}
	if len(revoke) > 2 {
		all = append(all, revoke)
	}
	if again {
		slices.Reverse(all)
	}
	return all
}

// rescope is what to revoke and what to grant so that a policy has the scope that it had. over says that the revocation must come
// first: a scope that reaches further cannot be narrowed.
func rescope(p access.Policy, to, from access.Entry) (revoke []string, grant []access.Grant, over bool) {
	want, wanted := to.Grant(p)
	has, had := from.Grant(p)
	switch {
	case !wanted:
		return []string{"--policy", p.Short()}, nil, false
	case !had || want.Scope.WholeCluster():
		return nil, []access.Grant{want}, false
	}
	surplus := without(has.Scope.Namespaces, want.Scope.Namespaces)
	if has.Scope.WholeCluster() || slices.ContainsFunc(surplus, want.Scope.Reaches) || len(surplus) == len(has.Scope.Namespaces) {
		return []string{"--policy", p.Short()}, []access.Grant{want}, true
	}
	if len(surplus) > 0 {
		revoke = []string{"--policy", p.Short() + ":" + strings.Join(surplus, ",")}
	}
	if lost := without(want.Scope.Namespaces, has.Scope.Namespaces); len(lost) > 0 {
		grant = []access.Grant{{Policy: p, Scope: access.Scope{Namespaces: lost}}}
	}
	return revoke, grant, false
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// grantWords grant what an entry has; whole also creates one that has nothing.
func grantWords(who string, e access.Entry, whole bool) []string {
	words := []string{"grant", who}
	wide := false
	for _, g := range e.Grants {
		wide = wide || g.Scope.WholeCluster()
		name := g.Policy.Short()
		if !g.Scope.WholeCluster() {
			name += ":" + strings.Join(g.Scope.Namespaces, ",")
		}
		words = append(words, "--policy", name)
	}
	if wide {
		words = append(words, "-A")
	}
	if !e.Node() {
		for _, g := range e.Groups {
			words = append(words, "--group", g)
		}
		if e.Username != "" && (!whole || e.Username != access.DefaultUsername(e.Principal)) {
			words = append(words, "--username", e.Username)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(e.Tags)) {
		words = append(words, "--tag", k+"="+e.Tags[k])
	}
	if whole && (e.Node() || len(words) == 2) {
		words = append(words, "--type", string(e.Kind))
	}
	return words
}
