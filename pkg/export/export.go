// Package export writes access entries in the forms of other tools that can manage them. It is pure: a form is a row with a
// function from entries to text. Facts about the tools: the sources are named beside each form.
package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Text is an export in one form.
type Text struct {
	Text     string
	JSON     bool
	Warnings []string // what the form cannot say
	Next     []string // what to do with the text, where it has no comments
}

// form is another tool's way to write entries.
type form struct {
	name  string
	owner access.OwnerKind // the tool, if entries show that it manages them
	next  func(Export) []string
	body  func(x Export, remarks func(Entry) []string) string
	lacks []lack
	fresh bool // it is for another cluster, where nobody manages the entries yet
	json  bool // it has no comments
}

// lack is something that a form cannot say.
type lack struct {
	says string
	of   func(Entry) string // what it is for an entry, "" for nothing
}

// forms are all forms, the most used first.
var forms = []form{
	{name: "terraform", next: terraformNext, body: terraform, lacks: []lack{removes("Terraform")}, owner: access.ByTerraform},
	{name: "terraform-module", next: moduleNext, body: module, lacks: []lack{removes("Terraform")}, owner: access.ByTerraform},
	{name: "ack", next: ackNext, body: ack, lacks: []lack{removes("ACK")}, owner: access.ByACK},
	{name: "cloudformation", next: cloudformationNext, body: cloudformation, lacks: []lack{leftOutTags, dynamic}},
	{name: "eksctl", next: eksctlNext, body: eksctl, lacks: []lack{eksctlTags, eksctlKinds}, fresh: true},
	{name: "pulumi", next: pulumiNext, body: pulumi, json: true},
	{name: "crossplane", next: crossplaneNext, body: crossplane, lacks: []lack{removes("Crossplane")}, owner: access.ByCrossplane},
}

// Forms are the names of all forms.
func Forms() (names []string) {
	for _, f := range forms {
		names = append(names, f.name)
	}
	return names
}

// Write writes the entries in a form; by is the command line that does so.
func (x Export) Write(name, by string) Text {
	f := forms[slices.IndexFunc(forms, func(f form) bool { return f.name == name })]
	lacks := f.lacks
	if !f.fresh {
		lacks = append(slices.Clone(lacks), otherOwner(f.owner))
	}
	remarks := func(e Entry) (lines []string) {
		for _, l := range lacks {
			if what := l.of(e); what != "" {
				lines = append(lines, "# "+visible(l.says+": "+what))
			}
		}
		return lines
	}
	t := Text{JSON: f.json, Text: f.body(x, remarks), Warnings: x.warnings(lacks), Next: f.next(x)}
	if !f.json {
		t.Text, t.Next = x.head(by, t.Next)+t.Text, nil
	}
	return t
}

// head is the comment at the beginning.
func (x Export) head(by string, next []string) string {
	c := x.Cluster
	lines := []string{
		fmt.Sprintf("Access entries of EKS cluster %s in %s, account %s: %s, %s.", c.Name, c.Region(), c.Account(),
			count(len(x.Entries), "entry", "entries"), count(x.policies(), "access policy", "access policies")),
		"Written by: " + by,
	}
	if left := x.LeftOut(); left != "" {
		lines = append(lines, "Left out: "+left+".")
	}
	lines = append(lines, "")
	var b strings.Builder
	for _, line := range append(lines, next...) {
		b.WriteString(strings.TrimRight("# "+visible(line), " ") + "\n")
	}
	return b.String()
}

// warnings names, for each thing that the form cannot say, the entries that it is about.
func (x Export) warnings(lacks []lack) (all []string) {
	for _, l := range lacks {
		var who []string
		for _, e := range x.Entries {
			if l.of(e) != "" {
				who = append(who, x.short(e.Principal))
			}
		}
		if n := len(who); n > 3 {
			who = append(who[:2], fmt.Sprintf("%d more", n-2))
		}
		if len(who) > 0 {
			all = append(all, strings.Join(who, ", ")+": "+l.says)
		}
	}
	return all
}

// otherOwner warns where another tool than that of the form manages the entry.
func otherOwner(form access.OwnerKind) lack {
	return lack{"another tool manages this entry; let only one of them change it", func(e Entry) string {
		if e.By.Kind == form {
			return ""
		}
		return e.By.String()
	}}
}

// removes warns that a tool removes the tags that it does not know.
func removes(tool string) lack {
	return lack{tool + " removes these tags of other tools", func(e Entry) string { return strings.Join(e.removable(), ", ") }}
}

// visible is a text in one line, for comments and messages: what is not visible is escaped.
func visible(s string) string {
	if !strings.ContainsFunc(s, access.Hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if access.Hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
