package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// absent tells of what shall be taken and the entry has not, and of what it has. It may have been taken before, so it is no error.
func (c *change) absent(before access.Snapshot, what edit.Revocation) (remarks []string) {
	for _, p := range c.who {
		name := p.Short(before.Cluster.Account())
		e, ok := before.Entry(p)
		if lacks := lacking(e, what); ok && len(lacks) > 0 {
			remarks = append(remarks, fmt.Sprintf("%s has no %s; it has %s", name, strings.Join(lacks, " and no "), holdings(e)))
		}
	}
	return remarks
}

func lacking(e access.Entry, what edit.Revocation) (lacks []string) {
	for _, off := range what.Grants {
		named := slices.DeleteFunc(slices.Clone(e.Grants), func(g access.Grant) bool { return off.Policy != "" && g.Policy != off.Policy })
		if len(named) == 0 && off.Policy != "" {
			lacks = append(lacks, off.Policy.Short())
		}
		for _, ns := range off.Scope.Namespaces {
			if slices.ContainsFunc(named, func(g access.Grant) bool { return g.Scope.Reaches(ns) }) {
				continue
			}
			for _, g := range named {
				lacks = append(lacks, access.Grant{Policy: g.Policy, Scope: access.Scope{Namespaces: []string{ns}}}.String())
			}
		}
	}
	for _, group := range what.Groups {
		if !slices.Contains(e.Groups, group) {
			lacks = append(lacks, "group "+group)
		}
	}
	return lacks
}

// holdings are what an entry gives, in words.
func holdings(e access.Entry) string {
	var all []string
	for _, g := range e.Grants {
		all = append(all, g.String())
	}
	for _, group := range e.Groups {
		all = append(all, "group "+group)
	}
	return cmp.Or(strings.Join(all, ", "), "nothing")
}
