// Package fleet is several clusters at once: which ones the flags select, and work on all of them at the same time. It prints
// nothing, and knows a cluster only by the flags that select it.
package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

// Member is one of the clusters.
type Member struct {
	Name   string            // the context or, for a cluster that was found in AWS, its name with what tells it from others
	Flags  []string          // of a command line about this cluster
	Target kubeconfig.Target // where it is, and the login
}

// Chosen are the clusters that were selected.
type Chosen struct {
	Members []Member
	Others  int      // contexts that were selected and are not of EKS clusters
	Same    []string // contexts of clusters that another context has: they are left out
}

// Choose selects contexts by patterns, of which * stands for any text and ! in front excludes. A pattern is compared with the name
// of the context and with that of its cluster. Without a pattern that includes, all are selected.
func Choose(all []kubeconfig.Target, others []string, patterns []string) (Chosen, error) {
	var in, out []string
	for _, p := range patterns {
		if rest, ok := strings.CutPrefix(p, "!"); ok {
			out = append(out, rest)
		} else {
			in = append(in, p)
		}
	}
	used := make([]bool, len(in))
	selected := func(names ...string) bool {
		included := len(in) == 0
		for i, p := range in {
			hit := slices.ContainsFunc(names, func(n string) bool { return Matches(p, n) })
			used[i], included = used[i] || hit, included || hit
		}
		return included && !slices.ContainsFunc(out, func(p string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return Matches(p, n) })
		})
	}
	var c Chosen
	var names []string
	for _, t := range all {
		names = append(names, t.Context)
		if !selected(t.Context, t.Name) {
			continue
		}
		if i := slices.IndexFunc(c.Members, func(m Member) bool { return Same(m.Target, t) }); i >= 0 {
			c.Same = append(c.Same, t.Context)
			continue
		}
		c.Members = append(c.Members, Member{Name: t.Short, Flags: []string{"--context", t.Short}, Target: t})
	}
	for _, name := range others {
		if selected(name) {
			c.Others++
		}
	}
	for i, p := range in {
		if !used[i] {
			return c, fmt.Errorf("no context matches %q%s", p, access.DidYouMean(p, names))
		}
	}
	return c, nil
}

// Same reports whether two contexts are of one cluster: by its ARN or, where the kubeconfig has none, by its server.
func Same(a, b kubeconfig.Target) bool {
	if a.Name != b.Name || a.Region != b.Region || a.Name == "" {
		return false
	}
	if a.Account != "" && b.Account != "" {
		return a.Account == b.Account
	}
	return a.Server != "" && a.Server == b.Server
}

// Matches reports whether a name fits a pattern, in which * stands for any text.
func Matches(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	for {
		if Matches(rest, name) {
			return true
		}
		if name == "" {
			return false
		}
		name = name[1:]
	}
}
