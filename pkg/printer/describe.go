package printer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Description is all that is known of one principal's access. Its text is for people.
type Description struct {
	Principal access.Principal
	Cluster   access.Info
	Entry     *access.Entry // nil: only aws-auth gives it access
	Stale     access.Stale  // why the entry no longer works
	Doubt     string        // why that is not known; "" where it is
	Mappings  []access.Mapping
	Hints     []string
	Since     []string // of what, from when and by which person; the first one is the title
	Now       time.Time
	Width     int // of lists of resources; 0: Width

	Brief  bool           // what each policy allows is put into words, and its rules are left out
	Rights []access.Right // what the principal may do by every source; nil: not read
	NoRBAC string         // why RBAC is not among them; "": it is
}

func (d Description) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, len("Principal:  "), 8, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(w, "%s:\t%s\n", name, value) }
	row("Principal", Clean(string(d.Principal)))
	if d.Entry != nil || len(d.Mappings) > 0 {
		row("Status", Clean(d.status()))
	}
	row("Cluster", Clean(d.Cluster.Name)+" ("+d.Cluster.Region()+")")
	if d.Brief { // rights come first, and what only describes the entry last
		w.Flush()
		b.WriteString(d.sources())
	}
	if d.Entry != nil {
		d.entry(row)
	}
	w.Flush()
	if d.Brief {
		return b.String() + Since(d.Since) + d.hints()
	}
	return b.String() + d.sources() + Since(d.Since) + d.hints()
}

// Since is a section with a title.
func Since(lines []string) string {
	if len(lines) < 2 {
		return ""
	}
	return Clean(lines[0]) + ":\n  " + strings.Join(lines[1:], "\n  ") + "\n"
}

// status is what the entry is worth, the worst first; without an entry, what the mappings are worth.
func (d Description) status() string {
	var all []string
	if d.Entry == nil {
		for _, m := range d.Mappings {
			if m.State == access.InForce {
				return "ok, by aws-auth " + m.Place()
			}
		}
		return "no access: " + mappingNote(d.Mappings[0], false, false)
	}
	if d.Stale != "" {
		all = append(all, d.Stale.Status(d.Principal)+": the entry no longer works")
	}
	if at := d.Entry.Expires(); !at.IsZero() && at.Before(d.Now) {
		all = append(all, "overdue")
	}
	if o := d.Entry.Owner(); o.Kind != "" {
		all = append(all, o.String())
	} else if d.Entry.Managed() {
		all = append(all, "managed by AWS")
	}
	if !slices.ContainsFunc(d.Rights, func(r access.Right) bool { return r.Kind != access.Connect }) && d.Stale == "" && (d.NoRBAC == "" || d.Rights != nil) {
		all = append(all, "no effect: neither a policy nor an RBAC binding gives it anything")
	}
	if d.Doubt != "" {
		all = append(all, "not checked: whether the "+d.Principal.Kind()+" was deleted or recreated ("+d.Doubt+")")
	}
	return cmp.Or(strings.Join(all, "; "), "ok")
}

func (d Description) sources() string {
	var b strings.Builder
	bound := d.bound()
	switch {
	case d.Entry != nil && len(d.Entry.Grants) > 0:
		d.grants(&b)
	case d.Entry != nil && len(bound) == 0 && d.NoRBAC == "":
		b.WriteString("Grants:     " + none)
		if slices.ContainsFunc(d.Rights, func(r access.Right) bool { return r.Kind == access.JoinNodes }) {
			b.WriteString("; access as a node, by its type")
		}
		b.WriteString("\n")
	}
	if d.NoRBAC != "" {
		fmt.Fprintf(&b, "RBAC:       not checked (%s)\n", Clean(d.NoRBAC))
	} else if len(bound) > 0 {
		b.WriteString("RBAC:\n  " + strings.Join(bound, "\n  ") + "\n")
	}
	d.mappings(&b)
	return b.String()
}

func (d Description) hints() string {
	var b strings.Builder
	if len(d.Hints) > 0 {
		b.WriteString("Hints:\n")
	}
	for _, h := range d.Hints {
		fmt.Fprintf(&b, "  %s\n", Clean(h))
	}
	return b.String()
}

func (d Description) entry(row func(name, value string)) {
	e := d.Entry
	row("Type", Clean(string(e.Kind)))
	row("Username", orNone(e.Username))
	row("Groups", orNone(strings.Join(e.Groups, ", ")))
	row("Tags", orNone(Tags(e.Tags, ", ")))
	row("Created", when(e.Created, d.Now))
	row("Modified", when(e.Modified, d.Now))
	if at := e.Expires(); !at.IsZero() {
		row("Expires", at.UTC().Format(time.RFC3339)+" ("+Until(at, d.Now)+")")
	}
	row("ARN", orNone(e.ARN))
}

func when(t, now time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format(time.RFC3339) + " (" + Age(t, now) + " ago)"
}

func (d Description) grants(b *strings.Builder) {
	b.WriteString("Grants:\n")
	for _, g := range d.Entry.Grants {
		fmt.Fprintf(b, "  %s\n", Clean(g.String()))
		doc, ok := policy.Find(string(g.Policy))
		switch {
		case ok && d.Brief:
			fmt.Fprintf(b, "    %s\n", Clean(doc.Summary(!g.Scope.WholeCluster())))
		case ok:
			b.WriteString(rules(doc, "    ", cmp.Or(d.Width, Width)))
		}
	}
}

// bound are the rights that RBAC or a group gives, each with what gives it.
func (d Description) bound() (all []string) {
	for _, r := range d.Rights {
		by := ""
		switch {
		case r.Binding != "":
			by = ", by " + r.Via + " (" + r.Binding + ")"
		case r.Kind == access.Administer && r.By.Mapping != "":
			by = ", by group system:masters"
		default:
			continue
		}
		r.Via = ""
		all = append(all, Clean(r.String()+by))
	}
	return all
}

func (d Description) mappings(b *strings.Builder) {
	if len(d.Mappings) == 0 {
		return
	}
	b.WriteString("aws-auth:\n")
	for _, m := range d.Mappings {
		note := mappingNote(m, d.Entry != nil && d.Stale == "", d.Doubt != "")
		if note != "" {
			note = " (" + note + ")"
		}
		fmt.Fprintf(b, "  %s  username %s, groups %s%s\n", Clean(m.ARN), orNone(m.Username), orNone(strings.Join(m.Groups, ", ")), note)
		if m.Reason != "" {
			fmt.Fprintf(b, "    %s\n", Clean(m.Reason))
		}
	}
}
