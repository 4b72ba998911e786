package export

import (
	"fmt"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Facts: the AWS provider's documentation of aws_eks_access_entry and aws_eks_access_policy_association, and the variable
// access_entries of the module terraform-aws-modules/eks (versions 20 and 21).

// imports is what terraform plan must say.
func (x Export) imports() string {
	changed := 0
	for _, e := range x.Entries {
		if len(e.removable()) > 0 {
			changed++
		}
	}
	return fmt.Sprintf("%d to import, 0 to add, %d to change, 0 to destroy", len(x.Entries)+x.policies(), changed)
}

const afterImport = "Apply that, then delete the import blocks. From then on change the entries here: Terraform reverts other changes."

const noOthers = "Access policies that somebody else adds to an entry are not seen by terraform plan."

func terraformNext(x Export) []string {
	return []string{
		"Next: put this file into a configuration whose aws provider uses this account and region (Terraform 1.5 or later, or",
		"OpenTofu), and run terraform plan. It must say: " + x.imports() + ".",
		afterImport,
		noOthers,
	}
}

func moduleNext(x Export) []string {
	return []string{
		"Next: put this file beside the module terraform-aws-modules/eks (version 20 or 21, here named eks) and set there:",
		"  access_entries = local.access_entries",
		"Then run terraform plan (Terraform 1.5 or later, or OpenTofu). It must say: " + x.imports() + ",",
		"and more changes only if the module has tags of its own. With enable_cluster_creator_admin_permissions the module has an",
		"entry for the creator of the cluster: delete that one here.",
		afterImport,
		noOthers,
	}
}

// importID is the ID of an entry, and with a policy that of the association.
func (x Export) importID(e Entry) string { return x.Cluster.Name + ":" + string(e.Principal) }

func (x Export) associationID(e Entry, p access.Policy) string {
	return x.Cluster.Name + "#" + string(e.Principal) + "#" + p.ARN(e.Principal.Partition())
}

// importBlock makes Terraform take over what exists.
func (w *hcl) importBlock(to, id string) {
	w.line("")
	w.open("import")
	w.attributes(attribute{"to", to}, attribute{"id", hclText(id)})
	w.close()
}

// kind is the type of an entry, unless it is the usual one.
func (e Entry) kind() string {
	if e.Kind == access.Standard {
		return ""
	}
	return string(e.Kind)
}

// identity are the attributes that resource and module have in common.
func (e Entry) identity() []attribute {
	return []attribute{
		{"type", hclOptional(e.kind())}, {"kubernetes_groups", hclTexts(e.Groups)}, {"user_name", hclOptional(e.username())},
	}
}

// scope are the attributes of an access scope.
func scope(g access.Grant) []attribute {
	if g.Scope.WholeCluster() {
		return []attribute{{"type", hclText("cluster")}}
	}
	return []attribute{{"type", hclText("namespace")}, {"namespaces", hclTexts(g.Scope.Namespaces)}}
}

func terraform(x Export, remarks func(Entry) []string) string {
	const entry, association = "aws_eks_access_entry", "aws_eks_access_policy_association"
	w := &hcl{}
	for _, e := range x.Entries {
		label := e.label()
		w.importBlock(entry+"."+label, x.importID(e))
		w.line("")
		for _, line := range remarks(e) {
			w.line(line)
		}
		w.open(fmt.Sprintf("resource %q %q", entry, label))
		w.attributes(append([]attribute{{"cluster_name", hclText(x.Cluster.Name)}, {"principal_arn", hclText(string(e.Principal))}}, e.identity()...)...)
		w.tags(e.Tags)
		w.close()
		for _, g := range e.Grants {
			under := label + "_" + policyWord(g.Policy)
			w.importBlock(association+"."+under, x.associationID(e, g.Policy))
			w.line("")
			w.open(fmt.Sprintf("resource %q %q", association, under))
			w.attributes(
				attribute{"cluster_name", hclText(x.Cluster.Name)}, attribute{"principal_arn", entry + "." + label + ".principal_arn"},
				attribute{"policy_arn", hclText(g.Policy.ARN(e.Principal.Partition()))},
			)
			w.open("access_scope")
			w.attributes(scope(g)...)
			w.close()
			w.close()
		}
	}
	return w.String()
}

func module(x Export, remarks func(Entry) []string) string {
	w := &hcl{}
	w.line("")
	w.open("locals")
	w.open("access_entries =")
	for _, e := range x.Entries {
		for _, line := range remarks(e) {
			w.line(line)
		}
		w.open(e.label() + " =")
		w.attributes(append([]attribute{{"principal_arn", hclText(string(e.Principal))}}, e.identity()...)...)
		w.tags(e.Tags)
		if len(e.Grants) > 0 {
			w.open("policy_associations =")
			for _, g := range e.Grants {
				w.open(policyWord(g.Policy) + " =")
				w.attributes(attribute{"policy_arn", hclText(g.Policy.ARN(e.Principal.Partition()))})
				w.open("access_scope =")
				w.attributes(scope(g)...)
				w.close()
				w.close()
			}
			w.close()
		}
		w.close()
	}
	w.close()
	w.close()
	const entry, association = "module.eks.aws_eks_access_entry.this", "module.eks.aws_eks_access_policy_association.this"
	for _, e := range x.Entries {
		w.importBlock(fmt.Sprintf("%s[%q]", entry, e.label()), x.importID(e))
		for _, g := range e.Grants {
			w.importBlock(fmt.Sprintf("%s[%q]", association, e.label()+"_"+policyWord(g.Policy)), x.associationID(e, g.Policy))
		}
	}
	return w.String()
}
