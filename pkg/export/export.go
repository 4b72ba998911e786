// Package export writes access entries in the forms of other tools that can manage them. It is pure: a form is a row with a
// function from entries to text. Facts about the tools: the sources are named beside each form.
package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Text is an export in one form.
type Text struct {
	Text     string
	JSON     bool
	Warnings []string // what the form cannot say
	Next     string   // what to do with the text, where it has no comments
}

// form is another tool's way to write entries.
type form struct {
	name  string
	next  string           // what to do; %s is what terraform plan must say
	owner access.OwnerKind // the tool, if entries show that it manages them
	write func(*writer)
	scope [4]string // the names of the fields of a policy
	json  bool      // it has no comments
	lacks []lack
}

// lack is something that a form cannot say.
type lack struct {
	says string
	of   source
}

// managed is said of every form that takes entries over.
const managed = "another tool manages this entry; let only one of them change it"

// The names of the fields of a policy, in the writings of EKS and of others.
const (
	ofPolicy    = "policyARN"
	ofScope     = "accessScope"
	ofKind      = "type"
	ofNamespace = "namespaces"
)

// forms are all forms, the most used first.
var forms = []form{
	{name: "terraform", next: terraformNext, write: terraform, owner: access.ByTerraform, lacks: []lack{{"Terraform removes these tags of other tools", foreignTags}, {managed, otherOwner}}},
	{name: "terraform-module", next: moduleNext, write: module, owner: access.ByTerraform, lacks: []lack{{"Terraform removes these tags of other tools", foreignTags}, {managed, otherOwner}}},
	{name: "ack", next: ackNext, write: ack, owner: access.ByACK, lacks: []lack{{"ACK removes these tags of other tools", ownTags}, {managed, otherOwner}}},
	{
		name: "cloudformation", next: cloudformationNext, write: cloudformation, scope: [4]string{"PolicyArn", "AccessScope", "Type", "Namespaces"},
		lacks: []lack{{"these tags of other tools are left out", foreignTags}, {"CloudFormation replaces texts with {{resolve:…}}", dynamic}, {managed, otherOwner}},
	},
	{
		name: "eksctl", next: eksctlNext, write: eksctl, scope: [4]string{ofPolicy, ofScope, ofKind, ofNamespace},
		lacks: []lack{{"eksctl has no tags for access entries", writtenTags}, {"eksctl does not have entries of this type", hyperpod}},
	},
	{name: "pulumi", next: pulumiNext, write: pulumi, json: true, lacks: []lack{{managed, otherOwner}}},
	{
		name: "crossplane", next: crossplaneNext, write: crossplane, owner: access.ByCrossplane, scope: [4]string{"policyArn", ofScope, ofKind, ofNamespace},
		lacks: []lack{{"Crossplane removes these tags of other tools", foreignTags}, {managed, otherOwner}},
	},
}

// Forms are the names of all forms.
func Forms() (names []string) {
	for i := range forms {
		names = append(names, forms[i].name)
	}
	return names
}

// writer writes an export in one form.
type writer struct {
	hcl
	*Export
	*form
}

// view is an entry for the form.
func (w *writer) view(e *Entry) *view { return &view{Export: w.Export, Entry: e, scope: w.scope} }

// Write writes the entries in a form; by is the command line that does so.
func (x *Export) Write(name, by string) Text {
	w := &writer{Export: x}
	for i := range forms {
		if forms[i].name == name {
			w.form = &forms[i]
		}
	}
	next := strings.ReplaceAll(w.next, "%s", x.imports())
	t := Text{JSON: w.json, Warnings: w.warnings()}
	if w.json {
		t.Next = next
	} else {
		w.head(by, next)
	}
	w.write(w)
	t.Text = w.String()
	return t
}

// head is the comment at the beginning.
func (w *writer) head(by, next string) {
	w.comment("Access to " + w.Cluster.ARN + ": " + access.Count(len(w.Entries), "entry", "entries") + ", " + access.Count(w.policies(), "access policy", "access policies") + ".")
	w.comment("Written by: " + by)
	if left := w.LeftOut(); left != "" {
		w.comment("Left out: " + left + ".")
	}
	w.comment("")
	for line := range strings.SplitSeq(next, "\n") {
		w.comment(line)
	}
}

func (w *writer) comment(text string) { w.line(strings.TrimRight("# "+visible(text), " ")) }

// cannot is what the form cannot say of an entry, "" for nothing.
func (w *writer) cannot(l *lack, e *Entry) string {
	if l.of == otherOwner && e.By == w.owner {
		return ""
	}
	return w.view(e).text(l.of)
}

// remarks are comments on what the form cannot say of an entry.
func (w *writer) remarks(e *Entry) {
	for i := range w.lacks {
		if what := w.cannot(&w.lacks[i], e); what != "" {
			w.comment(w.lacks[i].says + ": " + what)
		}
	}
}

// mostNamed is how many entries a warning names.
const mostNamed = 3

// warnings names, for each thing that the form cannot say, the entries that it is about.
func (w *writer) warnings() (all []string) {
	for i := range w.lacks {
		who, n := "", 0
		for _, e := range w.Entries {
			if w.cannot(&w.lacks[i], e) != "" {
				if n++; n <= mostNamed {
					who += ", " + e.Of.Principal.Short(w.Cluster.Account())
				}
			}
		}
		if n > mostNamed {
			who += ", …"
		}
		if n > 0 {
			all = append(all, who[2:]+": "+w.lacks[i].says)
		}
	}
	return all
}
