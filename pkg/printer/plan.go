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
func Plan(w io.Writer, p access.Plan, color Paint) {
	c := p.Cluster
	fmt.Fprintf(w, "cluster %s (%s, account %s)\n", Clean(c.Name), Clean(c.Region()), Clean(c.Account()))
	for _, line := range itselfLines(p) {
		fmt.Fprintln(w, line.paint(color))
	}
	for _, change := range p.Changes {
		for _, line := range append(changeLines(change, c.Account()), effectLines(p, p.Effect(change.Principal()))...) {
			fmt.Fprintln(w, line.paint(color))
		}
	}
	for _, e := range p.Effects {
		if _, told := p.Change(e.Principal); told {
			continue
		}
		for _, line := range append([]line{{'~', whose(e.Principal, c.Account())}}, effectLines(p, e)...) {
			fmt.Fprintln(w, line.paint(color))
		}
	}
}

// whose names a principal, or the account of which everybody has access.
func whose(p access.Principal, account string) string {
	if access.IsAccount(string(p)) {
		return "account " + string(p)
	}
	return p.Short(account)
}

// effectLines are the changes of access through aws-auth and RBAC; an entry has its own lines.
func effectLines(p access.Plan, e access.Effect) (lines []line) {
	for _, side := range []struct {
		sign   byte
		rights []access.Right
		why    func(access.Plan, access.Right) string
	}{{'-', e.Lost, whyLost}, {'+', e.Gained, whyGained}} {
		for _, r := range side.rights {
			l := line{side.sign, "    " + r.String()}
			if r.By.Mapping != "" {
				l.text += fmt.Sprintf(", %s (%s)", r.By, side.why(p, r))
			}
			if (r.By.Mapping != "" || r.Via != "") && !slices.Contains(lines, l) {
				lines = append(lines, l)
			}
		}
	}
	return lines
}

func whyLost(p access.Plan, r access.Right) string {
	switch {
	case p.Mode != nil && !p.Mode.To.ReadsConfigMap():
		return "aws-auth is no longer read"
	case p.AWSAuth != nil:
		return "the mapping is removed or changed"
	}
	return "overridden by the new entry"
}

func whyGained(p access.Plan, _ access.Right) string {
	if p.AWSAuth != nil {
		return "the mapping is added or changed"
	}
	return "no longer overridden by an entry"
}

type line struct {
	sign byte
	text string
}

func (l line) paint(color Paint) string {
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

// itselfLines are what changes about the cluster itself.
func itselfLines(p access.Plan) (lines []line) {
	if p.Mode != nil {
		lines = append(lines, line{'~', fmt.Sprintf("mode %s -> %s", p.Mode.From, p.Mode.To)})
	}
	if p.AWSAuth == nil {
		return lines
	}
	before, after := p.AWSAuth.Before, p.AWSAuth.After
	head := line{'~', "configmap/aws-auth"}
	switch {
	case !before.Exists():
		head = line{'+', "configmap/aws-auth  (new)"}
	case !after.Exists():
		head = line{'-', "configmap/aws-auth  (the whole ConfigMap)"}
	}
	lines = append(lines, head)
	keys := maps.Clone(after.Data)
	if keys == nil {
		keys = map[string]string{}
	}
	maps.Copy(keys, before.Data)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		lines = append(lines, keyLines(key, before.Data, after.Data)...)
	}
	return lines
}

// keyLines shows what changes in the text of one key.
func keyLines(key string, before, after map[string]string) []line {
	was, had := before[key]
	will, has := after[key]
	if had == has && was == will {
		return nil
	}
	sign := byte('~')
	switch {
	case !had:
		sign = '+'
	case !has:
		sign = '-'
	}
	lines := []line{{sign, "    " + key}}
	for _, l := range textDiff(textLines(was), textLines(will)) {
		lines = append(lines, line{l.sign, "        " + l.text})
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
	name, did := subject(r.Step, account), Clean(r.Step.String())
	switch {
	case r.Err != nil && access.MayBeDone(r.Err):
		return fmt.Sprintf("%s %s: not known whether this was done: %s", name, did, Clean(r.Err.Error()))
	case r.Err != nil:
		return fmt.Sprintf("%s not %s: %s", name, did, Clean(r.Err.Error()))
	case r.InPlace:
		return fmt.Sprintf("%s %s (already in place)", name, did)
	}
	return name + " " + did
}

// subject is what a step is about.
func subject(step access.Step, account string) string {
	switch s := step.(type) {
	case access.SetMode:
		return "cluster/" + Clean(s.Cluster)
	case access.WriteAWSAuth:
		return "configmap/aws-auth"
	}
	return "accessentry/" + Clean(step.Principal().Short(account))
}

// Verb is what a change does to an entry.
func Verb(ch access.Change) string {
	switch {
	case ch.Before == nil:
		return "created"
	case ch.After == nil:
		return "deleted"
	}
	return "configured"
}

// Title begins the line of a result.
func Title(who access.Principal, cluster access.Info) string {
	if who == access.Itself {
		return "cluster/" + Clean(cluster.Name)
	}
	return "accessentry/" + Clean(who.Short(cluster.Account()))
}

// DryRun has a line for each thing that a plan would do or leave unchanged. touched reports whether a principal without an
// entry's change is part of another one.
func DryRun(p access.Plan, who []access.Principal, touched func(access.Principal) bool) string {
	var b strings.Builder
	for _, s := range p.Steps() {
		if s.Principal() == access.Itself {
			fmt.Fprintf(&b, "%s (dry run)\n", Result(access.Result{Step: s}, p.Cluster.Account()))
		}
	}
	for _, one := range who {
		verb := "unchanged"
		if ch, ok := p.Change(one); ok {
			verb = Verb(ch)
		} else if touched(one) {
			continue
		}
		fmt.Fprintf(&b, "%s %s (dry run)\n", Title(one, p.Cluster), verb)
	}
	return b.String()
}
