package cmd

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
)

// remarkTime is how long a change waits for what the cluster could tell of it; a private endpoint tells nothing.
const remarkTime = 500 * time.Millisecond

// slips asks the cluster, beside all else, for what a grant names that is not there: EKS takes every name, and a
// mistyped one gives nothing. It may only not be there yet, so it is no error.
func (c *connection) slips(ctx context.Context, f *grantFlags) func() []string {
	namespaces := f.everyNamespace()
	if len(namespaces)+len(f.groups) == 0 || c.target.From["name"] == "flag" { // then the context may lead elsewhere
		return func() []string { return nil }
	}
	late := time.NewTimer(cmp.Or(c.env.Patience, remarkTime))
	found := make(chan []string, 1)
	go func() {
		var remarks []string
		if client := c.quietKube(ctx); client != nil {
			remarks = append(noNamespaces(ctx, client, namespaces), unboundGroups(ctx, client, f.groups)...)
		}
		found <- remarks
	}()
	return func() (remarks []string) {
		select {
		case remarks = <-found: // it may have come in time, and the change took longer
		default:
			select {
			case remarks = <-found:
			case <-late.C:
			case <-ctx.Done():
			}
		}
		if c.misled.Load() { // it was another cluster that answered
			return nil
		}
		return remarks
	}
}

func noNamespaces(ctx context.Context, client *kube.Client, wanted []string) (remarks []string) {
	if len(wanted) == 0 {
		return nil
	}
	known, err := client.Namespaces(ctx)
	if err != nil {
		return nil
	}
	for _, ns := range wanted {
		switch {
		case slices.ContainsFunc(known, access.Scope{Namespaces: []string{ns}}.Reaches):
		case strings.Contains(ns, "*"):
			remarks = append(remarks, fmt.Sprintf("no namespace of the cluster matches %s yet", ns))
		default:
			remarks = append(remarks, fmt.Sprintf("the cluster has no namespace %s yet%s", ns, access.DidYouMean(ns, known)))
		}
	}
	return remarks
}

func unboundGroups(ctx context.Context, client *kube.Client, wanted []string) (remarks []string) {
	if len(wanted) == 0 {
		return nil
	}
	known, err := client.Groups(ctx)
	if err != nil {
		return nil
	}
	for _, group := range wanted {
		if known[group] == nil {
			remarks = append(remarks, fmt.Sprintf("no RBAC binding names the group %s, so it gives nothing yet%s",
				group, access.DidYouMean(group, slices.Sorted(maps.Keys(known)))))
		}
	}
	return remarks
}

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
