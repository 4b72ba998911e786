package rights

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Matrix is what every identity can do in every namespace, in one word each.
type Matrix struct {
	Namespaces []string // the columns after the one for the whole cluster, sorted; patterns too, where namespaces could not be read
	Rows       []MatrixRow
	Missing    []Missing // what could not be read, so that a cell may be too low
}

// MatrixRow is one identity.
type MatrixRow struct {
	Identity Identity
	Cluster  Cell   // what it can do everywhere and on objects without a namespace
	Cells    []Cell // what it can do in each of Matrix.Namespaces, rights in the whole cluster included
}

// Level is the largest built-in ClusterRole whose rules are covered by what an identity has.
type Level int

// The levels. Custom is some right that includes no whole built-in ClusterRole.
const (
	LevelNone Level = iota
	LevelCustom
	LevelView
	LevelEdit
	LevelAdmin
	LevelClusterAdmin
)

var levels = [...]string{"none", "custom", "view", "edit", "admin", "cluster-admin"} //nolint:gochecknoglobals // a table

func (l Level) String() string { return levels[l] }

// Cell is what one identity can do in one place.
type Cell struct {
	Level   Level
	More    bool // it can do something that the level does not include, such as reading secrets beside view
	Unknown bool // it may have more: there are rules that AWS does not publish or that could not be read
}

// String reads none, view, "view+" (and more), "view?" (at least) or unknown.
//
//go:noinline
func (c Cell) String() string {
	switch {
	case c.Unknown && c.Level == LevelNone:
		return "unknown"
	case c.Unknown:
		return c.Level.String() + "?"
	case c.More:
		return c.Level.String() + "+"
	}
	return c.Level.String()
}

// Matrix sums up all rights. What every user has by the three default ClusterRoleBindings counts as none; groups and users of RBAC
// alone that have nothing have no row.
func (x *Index) Matrix() Matrix {
	m := Matrix{Namespaces: x.namespaces(), Missing: x.Missing}
	reach := make([][]bool, 1+len(m.Namespaces)) // by namespace, the whole cluster first, and place: matching patterns takes most time
	for i, ns := range append([]string{""}, m.Namespaces...) {
		q := Question{Request: Request{Namespace: ns}}
		for _, place := range x.places {
			reach[i] = append(reach[i], q.reaches(&access.Right{Where: place}))
		}
	}
	steps := x.steps()
	known := map[string]Cell{} // by the numbers of the rules: most identities and namespaces share theirs
	for _, id := range x.Identities {
		row := MatrixRow{Identity: id, Cluster: x.cell(&id, reach[0], true, steps, known)}
		for i := range m.Namespaces {
			row.Cells = append(row.Cells, x.cell(&id, reach[i+1], false, steps, known))
		}
		if id.Principal != "" || row.Cluster != (Cell{}) || slices.ContainsFunc(row.Cells, func(c Cell) bool { return c != (Cell{}) }) {
			m.Rows = append(m.Rows, row)
		}
	}
	return m
}

// In leaves only one namespace.
func (m Matrix) In(namespace string) Matrix {
	return m.columns(func(i int) bool { return m.Namespaces[i] == namespace })
}

// Differing leaves the namespaces in which somebody can do something else than in the whole cluster.
func (m Matrix) Differing() Matrix {
	return m.columns(func(i int) bool {
		return slices.ContainsFunc(m.Rows, func(r MatrixRow) bool { return r.Cells[i] != r.Cluster })
	})
}

func (m Matrix) columns(keep func(int) bool) Matrix {
	some := Matrix{Missing: m.Missing, Rows: slices.Clone(m.Rows)}
	for i := range some.Rows {
		some.Rows[i].Cells = nil
	}
	for i, ns := range m.Namespaces {
		if !keep(i) {
			continue
		}
		some.Namespaces = append(some.Namespaces, ns)
		for j := range some.Rows {
			some.Rows[j].Cells = append(some.Rows[j].Cells, m.Rows[j].Cells[i])
		}
	}
	return some
}

// namespaces are those of the cluster; if they could not be read, those that rights name.
func (x *Index) namespaces() []string {
	if x.Snapshot.Namespaces != nil {
		return x.Snapshot.Namespaces
	}
	var all []string
	for _, id := range x.Identities {
		for _, r := range id.Rights {
			if r.Where != "" {
				all = append(all, r.Where)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// step is a level and the rules that make it: those of the ClusterRole as Kubernetes and EKS define it, or as the cluster has it.
type step struct {
	level Level
	forms [][]access.Rule
}

// steps are the levels above custom, the highest first.
func (x *Index) steps() []step {
	all := []step{{LevelClusterAdmin, [][]access.Rule{everything[:1]}}}
	for _, s := range []struct {
		level  Level
		policy string
	}{{LevelAdmin, "AmazonEKSAdminPolicy"}, {LevelEdit, "AmazonEKSEditPolicy"}, {LevelView, "AmazonEKSViewPolicy"}} {
		p, _ := policy.Find(s.policy)
		forms := [][]access.Rule{general(p.Rules)}
		if own := x.roles[roleKey("", s.level.String())]; len(own) > 0 {
			forms = append(forms, own)
		}
		all = append(all, step{s.level, forms})
	}
	return all
}

// cell is what an identity can do in some places, which are a namespace or the whole cluster.
func (x *Index) cell(id *Identity, places []bool, whole bool, steps []step, known map[string]Cell) Cell {
	here, limited := id.in(places)
	var numbers []int
	for _, i := range here {
		numbers = append(numbers, id.rules[i])
	}
	slices.Sort(numbers)
	key := strconv.AppendBool(strconv.AppendBool(nil, whole), limited)
	for _, n := range slices.Compact(numbers) {
		key = strconv.AppendInt(append(key, ' '), int64(n), 10)
	}
	if c, ok := known[string(key)]; ok {
		return c
	}
	var rules []access.Rule
	hidden := false
	for _, i := range here {
		some, all := x.rules(id.Rights[i])
		rules = append(rules, general(some)...)
		hidden = hidden || !all || id.Rights[i].Kind == access.ByGroup || id.Rights[i].Kind == access.ByUsername
	}
	if !whole {
		rules = access.Where(rules, func(r *access.Rule) bool { return len(r.Resources) > 0 })
	}
	c := level(rules, steps)
	if c.Level != LevelClusterAdmin {
		c.Unknown = hidden
		c.More = c.More || limited && c.Level > LevelCustom
	}
	if limited && c.Level == LevelNone {
		c.Level = LevelCustom
	}
	known[string(key)] = c
	return c
}

// in are the rights that hold in some places, and whether others hold for some sessions only or are those of nodes, which no
// rules describe.
func (id *Identity) in(places []bool) (here []int, limited bool) {
	for i := range id.Rights {
		if !places[id.places[i]] {
			continue
		}
		r := &id.Rights[i]
		switch s := r.Session(); {
		case everyoneHas(r):
		case r.Kind == access.JoinNodes, s != "" && s != "nodes":
			limited = true
		default:
			here = append(here, i)
		}
	}
	return here, limited
}

// level is the highest one that rules cover.
func level(rules []access.Rule, steps []step) Cell {
	if len(rules) == 0 {
		return Cell{}
	}
	for _, s := range steps {
		if slices.ContainsFunc(s.forms, func(form []access.Rule) bool { return covers(rules, form) }) {
			return Cell{Level: s.level, More: s.level != LevelClusterAdmin && !covers(slices.Concat(s.forms...), rules)}
		}
	}
	return Cell{Level: LevelCustom}
}

// general are the rules that grant something in general (access.Rule.Restricted).
func general(rules []access.Rule) []access.Rule {
	return access.Where(rules, func(r *access.Rule) bool { return r.Restricted == "" })
}

// covers reports whether some rules allow all that others do, as Kubernetes compares them before it lets somebody grant a role
// (k8s.io/component-helpers/auth/rbac/validation).
func covers(have, want []access.Rule) bool {
	for _, w := range want {
		for _, verb := range w.Verbs {
			for _, url := range w.NonResourceURLs {
				if !slices.ContainsFunc(have, func(h access.Rule) bool { return Covers(h, Request{Verb: verb, URL: url}) }) {
					return false
				}
			}
			for _, group := range w.APIGroups {
				for _, resource := range w.Resources {
					if !slices.ContainsFunc(have, func(h access.Rule) bool { return includes(h, verb, group, resource, w.ResourceNames) }) {
						return false
					}
				}
			}
		}
	}
	return true
}

func includes(h access.Rule, verb, group, resource string, names []string) bool {
	name, sub, _ := strings.Cut(resource, "/")
	q := Request{Resource: name, Subresource: sub}
	if !has(h.Verbs, verb) || !has(h.APIGroups, group) || !slices.ContainsFunc(h.Resources, q.means) {
		return false
	}
	return len(h.ResourceNames) == 0 || len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(h.ResourceNames, n) })
}

// everyoneHas reports whether a right is one that every cluster gives to all users: discovery and reviews of oneself.
func everyoneHas(r *access.Right) bool {
	return r.Name == "ClusterRole system:discovery" || r.Name == "ClusterRole system:basic-user" || r.Name == "ClusterRole system:public-info-viewer"
}
