package printer

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Tags reads "a=1,b=2", sorted.
func Tags(tags map[string]string, separator string) string {
	parts := make([]string, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		parts = append(parts, k+"="+tags[k])
	}
	return strings.Join(parts, separator)
}

// Plan writes a plan as a diff of rights: + what is added, - what goes, ~ an entry that stays.
func Plan(w io.Writer, p access.Plan, color Color) {
	c := p.Cluster
	fmt.Fprintf(w, "cluster %s (%s, account %s)\n", Clean(c.Name), c.Region(), c.Account())
	for _, change := range p.Changes {
		for _, line := range changeLines(change, c.Account()) {
			fmt.Fprintln(w, line.paint(color))
		}
	}
}

type line struct {
	sign byte
	text string
}

func (l line) paint(color Color) string {
	text := string(l.sign) + " " + Clean(l.text)
	switch l.sign {
	case '+':
		return color.Good(text)
	case '-':
		return color.Bad(text)
	}
	return text
}

func changeLines(c access.Change, account string) []line {
	name := c.Principal().Short(account)
	was, will := facts(c.Before), facts(c.After)
	var head line
	switch {
	case c.Before == nil:
		head = line{'+', name + "  (new entry, " + string(c.After.Kind) + ")"}
	case c.After == nil:
		head = line{'-', name + "  (the whole entry)"}
	default:
		head = line{'~', name}
	}
	lines := []line{head}
	for _, f := range was {
		if !slices.Contains(will, f) {
			lines = append(lines, line{'-', "    " + f})
		}
	}
	for _, f := range will {
		if !slices.Contains(was, f) {
			lines = append(lines, line{'+', "    " + f})
		}
	}
	return lines
}

// facts are the things about an entry that a plan can add or take, one line each.
func facts(e *access.Entry) []string {
	if e == nil {
		return nil
	}
	var all []string
	for _, g := range e.Grants {
		if g.Scope.WholeCluster() {
			all = append(all, g.String())
		}
		for _, ns := range g.Scope.Namespaces {
			all = append(all, access.Grant{Policy: g.Policy, Scope: access.Scope{Namespaces: []string{ns}}}.String())
		}
	}
	for _, g := range e.Groups {
		all = append(all, "group "+g)
	}
	if e.Username != "" {
		all = append(all, "username "+e.Username)
	}
	for _, k := range slices.Sorted(maps.Keys(e.Tags)) {
		all = append(all, "tag "+k+"="+e.Tags[k])
	}
	return all
}

// Result is the line for one step: what was done, or was not and why.
func Result(r access.Result, account string) string {
	name, did := "accessentry/"+Clean(r.Step.Principal().Short(account)), Clean(r.Step.String())
	switch {
	case r.Err != nil:
		return fmt.Sprintf("%s not %s: %s", name, did, Clean(r.Err.Error()))
	case r.InPlace:
		return fmt.Sprintf("%s %s (already in place)", name, did)
	}
	return name + " " + did
}
