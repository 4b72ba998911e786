package export

import (
	"fmt"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Facts: the AWS provider's documentation of aws_eks_access_entry and aws_eks_access_policy_association, and the variable
// access_entries of the module terraform-aws-modules/eks (versions 20 and 21).

// What to do with the file; %s is what terraform plan must say.
const (
	terraformNext = `Next: put this file into a configuration whose aws provider uses this account and region (Terraform 1.5 or later, or
OpenTofu), and run terraform plan. It must say: %s.
` + afterImport
	moduleNext = `Next: put this file beside the module terraform-aws-modules/eks (version 20 or 21, here named eks) and set there:
  access_entries = local.access_entries
Then run terraform plan (Terraform 1.5 or later, or OpenTofu). It must say: %s,
and more changes only if the module has tags of its own. With enable_cluster_creator_admin_permissions the module has an
entry for the creator of the cluster: delete that one here.
` + afterImport
	afterImport = `Apply that, then delete the import blocks. From then on change the entries here: Terraform reverts other changes.
Access policies that somebody else adds to an entry are not seen by terraform plan.`
)

// imports is what terraform plan must say.
func (x *Export) imports() string {
	changed := 0
	for _, e := range x.Entries {
		if (&view{Export: x, Entry: e}).text(foreignTags) != "" {
			changed++
		}
	}
	return fmt.Sprintf("%d to import, 0 to add, %d to change, 0 to destroy", len(x.Entries)+x.policies(), changed)
}

// The attributes of the resources; the module has those of an entry without the cluster.
var entryFields = []field{{"cluster_name", cluster}, {"principal_arn", principal}, {"type", unusualKind}, {"kubernetes_groups", groups}, {"user_name", username}}

var associationFields = []field{{"cluster_name", cluster}, {"principal_arn", reference}, {"policy_arn", policyARN}}

var policyFields = []field{{"policy_arn", policyARN}}

var scopeFields = []field{{ofKind, scopeKind}, {ofNamespace, namespaces}}

var importFields = []field{{"id", importID}}

// each calls a function for every entry, without a policy, and after it for each of its policies.
func (w *writer) each(do func(*view)) {
	for _, e := range w.Entries {
		v := w.view(e)
		do(v)
		for i := range e.Of.Grants {
			of := *v
			of.grant = &e.Of.Grants[i]
			do(&of)
		}
	}
}

// importBlock makes Terraform take over what exists.
func (w *writer) importBlock(v *view, to string) {
	w.line("")
	w.open("import")
	w.line("to = " + to)
	w.fields(v, importFields)
	w.close(1)
}

// resource is the name of the resource that a view is about.
func (v *view) resource() string {
	if v.grant == nil {
		return "aws_eks_access_entry"
	}
	return "aws_eks_access_policy_association"
}

func terraform(w *writer) {
	w.each(func(v *view) {
		resource, label := v.resource(), v.suffixed(v.label(), "_")
		w.importBlock(v, resource+"."+label)
		w.line("")
		if v.grant == nil {
			w.remarks(v.Entry)
		}
		w.open(`resource "` + resource + `" "` + label + `"`)
		if v.grant == nil {
			w.fields(v, entryFields)
			w.tags(v.Of.Tags)
			w.close(1)
			return
		}
		w.fields(v, associationFields)
		w.open("access_scope")
		w.fields(v, scopeFields)
		w.close(2)
	})
}

func module(w *writer) {
	w.line("")
	w.open("locals")
	w.open("access_entries =")
	for _, e := range w.Entries {
		v := w.view(e)
		w.remarks(e)
		w.open(v.label() + " =")
		w.fields(v, entryFields[1:])
		w.tags(e.Of.Tags)
		if len(e.Of.Grants) > 0 {
			w.open("policy_associations =")
			w.associations(v, e.Of.Grants)
			w.close(1)
		}
		w.close(1)
	}
	w.close(2)
	w.each(func(v *view) {
		w.importBlock(v, "module.eks."+v.resource()+`.this["`+v.suffixed(v.label(), "_")+`"]`)
	})
}

// associations writes the policies of an entry as the module has them.
func (w *writer) associations(v *view, grants []access.Grant) {
	for i := range grants {
		v.grant = &grants[i]
		w.open(policyWord(v.grant.Policy) + " =")
		w.fields(v, policyFields)
		w.open("access_scope =")
		w.fields(v, scopeFields)
		w.close(2)
	}
}
