package printer

import (
	"cmp"
	"fmt"
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
	Now       time.Time
	Width     int // of lists of resources; 0: Width
}

func (d Description) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(w, "%s:\t%s\n", name, value) }
	row("Principal", Clean(string(d.Principal)))
	if d.Entry != nil {
		row("Status", Clean(d.status()))
	}
	row("Cluster", Clean(d.Cluster.Name)+" ("+d.Cluster.Region()+")")
	if d.Entry != nil {
		d.entry(row)
	}
	w.Flush()
	return b.String() + d.Rights()
}

// status is what the entry is worth, the worst first.
func (d Description) status() string {
	var all []string
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
	if d.Doubt != "" {
		all = append(all, "not checked: whether the "+d.Principal.Kind()+" was deleted or recreated ("+d.Doubt+")")
	}
	return cmp.Or(strings.Join(all, "; "), "ok")
}

// Rights is only what lets the principal in, and what that allows.
func (d Description) Rights() string {
	var b strings.Builder
	if d.Entry != nil {
		grantsInFull(&b, d.Entry.Grants, cmp.Or(d.Width, Width))
	}
	d.mappings(&b)
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

func grantsInFull(b *strings.Builder, grants []access.Grant, width int) {
	if len(grants) == 0 {
		b.WriteString("Grants:     <none>\n")
		return
	}
	b.WriteString("Grants:\n")
	for _, g := range grants {
		fmt.Fprintf(b, "  %s\n", Clean(g.String()))
		if doc, ok := policy.Find(string(g.Policy)); ok {
			b.WriteString(rules(doc, "    ", width))
		}
	}
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
