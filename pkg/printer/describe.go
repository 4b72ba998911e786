package printer

import (
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
	Entry     *access.Entry // nil: only aws-auth lets it in
	Dead      bool          // nobody gets in by the entry
	Doubtful  bool          // IAM does not tell whether anybody does
	Mappings  []access.Mapping
	Hints     []string
	Now       time.Time
}

func (d Description) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(w, "%s:\t%s\n", name, value) }
	row("Principal", Clean(string(d.Principal)))
	row("Cluster", Clean(d.Cluster.Name)+" ("+d.Cluster.Region()+")")
	if d.Entry != nil {
		d.entry(row)
	}
	w.Flush()
	return b.String() + d.Rights()
}

// Rights is only what lets the principal in, and what that allows.
func (d Description) Rights() string {
	var b strings.Builder
	if d.Entry != nil {
		grantsInFull(&b, d.Entry.Grants)
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

func grantsInFull(b *strings.Builder, grants []access.Grant) {
	if len(grants) == 0 {
		b.WriteString("Grants:     <none>\n")
		return
	}
	b.WriteString("Grants:\n")
	for _, g := range grants {
		fmt.Fprintf(b, "  %s\n", Clean(g.String()))
		if doc, ok := policy.Find(string(g.Policy)); ok {
			b.WriteString(Rules(doc, "    "))
		}
	}
}

func (d Description) mappings(b *strings.Builder) {
	if len(d.Mappings) == 0 {
		return
	}
	b.WriteString("aws-auth:\n")
	for _, m := range d.Mappings {
		note := mappingNote(m, d.Entry != nil && !d.Dead, d.Doubtful)
		fmt.Fprintf(b, "  %s  username %s, groups %s%s\n", Clean(m.ARN), orNone(m.Username), orNone(strings.Join(m.Groups, ", ")), note)
		if m.Reason != "" {
			fmt.Fprintf(b, "    %s\n", Clean(m.Reason))
		}
	}
}
