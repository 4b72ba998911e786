package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// yaml writes a value, indented by the blocks around it.
func (w *writer) yaml(value any) {
	text, err := manifest.YAML(value)
	if err != nil { // it holds only texts, lists and maps of them
		w.comment(err.Error())
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		w.line(line)
	}
}

// inside writes a key, and a value below it.
func (w *writer) inside(key string, value any) {
	w.line(key + ":")
	w.depth++
	w.yaml(value)
	w.depth--
}

// Facts: the annotations of AWS Controllers for Kubernetes, as its runtime reads them.
const ackNext = `Next: hand this file to the cluster that runs the EKS controller of AWS Controllers for Kubernetes, with kubectl apply or
GitOps. The controller adopts the entries that exist, and creates those that do not. It makes each entry exactly what its
object says: export again if this file is older than the last change. Deleting an object here does not delete its entry,
unless you remove its deletion-policy.`

func ack(w *writer) {
	for _, e := range w.Entries {
		form := manifest.Of(*e.Of, *w.Cluster)
		form.Status = nil
		form.Metadata = manifest.Metadata{Name: e.Name, Annotations: map[string]string{
			"services.k8s.aws/adoption-policy": "adopt-or-create",
			"services.k8s.aws/deletion-policy": "retain",
			manifest.RegionAnnotation:          w.Cluster.Region(),
		}}
		w.line("---")
		w.remarks(e)
		w.yaml(form)
	}
}

// Facts: the resource schema of AWS::EKS::AccessEntry; CloudFormation User Guide, "Import AWS resources into a stack
// automatically", "Dynamic references" and "Quotas".
const cloudformationNext = `Next: make a stack that takes the entries over, in this account and region, and review the change set: it must only import.
  aws cloudformation create-change-set --stack-name NAME --change-set-name import --change-set-type CREATE \
    --import-existing-resources --template-body file://THIS_FILE
  aws cloudformation execute-change-set --stack-name NAME --change-set-name import
Then run drift detection: CloudFormation imports without a comparison. A retained entry outlives its stack.
A file of more than 51200 bytes must be in S3 (--template-url). A template can have 500 resources: for more entries, export
some principals at a time. cdk import reads this template, too.`

var cloudformationFields = []field{
	{"ClusterName", cluster},
	{"PrincipalArn", principal},
	{"Type", kind},
	{"Username", username},
	{"KubernetesGroups", groups},
	{"AccessPolicies", policies},
	{"Tags", tagList},
}

func cloudformation(w *writer) {
	w.line("AWSTemplateFormatVersion: \"2010-09-09\"\nResources:")
	w.depth++
	for _, e := range w.Entries {
		w.remarks(e)
		w.line(e.logicalID() + ":")
		w.depth++
		for _, line := range []string{"Type: AWS::EKS::AccessEntry", "DeletionPolicy: Retain", "UpdateReplacePolicy: Retain"} {
			w.line(line)
		}
		w.inside("Properties", w.view(e).object(cloudformationFields))
		w.depth--
	}
}

// Facts: eksctl's schema of ClusterConfig, accessConfig.accessEntries.
const eksctlNext = `Next: copy accessConfig into the configuration of a NEW cluster, for eksctl create cluster -f. eksctl does not take over
entries that exist: for this cluster use another form, such as cloudformation, terraform or ack.`

var eksctlFields = []field{
	{"principalARN", principal}, {ofKind, kind}, {"kubernetesUsername", username}, {"kubernetesGroups", groups}, {"accessPolicies", policies},
}

func eksctl(w *writer) {
	w.line("apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig")
	w.inside("metadata", w.view(&Entry{Of: &access.Entry{}}).object([]field{{"name", cluster}, {"region", region}}))
	w.line("accessConfig:\n  accessEntries:")
	w.depth++
	for _, e := range w.Entries {
		w.remarks(e)
		if e.Of.Kind != access.Hyperpod {
			w.yaml([]any{w.view(e).object(eksctlFields)})
		}
	}
}

// Facts: the examples and external names of provider-upjet-aws (AccessEntry and AccessPolicyAssociation, v1beta1), and
// Crossplane's documentation of managementPolicies.
const crossplaneNext = `Next: kubectl apply this file where Crossplane runs with the EKS provider of Upbound or crossplane-contrib. The external
names make it take over what exists; without Delete in managementPolicies, deleting an object does not delete its entry.
For a first look without changes set managementPolicies to [Observe]. For namespaced objects (Crossplane 2) write
eks.aws.m.upbound.io for eks.aws.upbound.io, and a namespace. Crossplane puts its own tags on the entries.`

// The fields of forProvider: of an entry, and of a policy on it.
var crossplaneFields = []field{
	{"region", region},
	{"clusterName", cluster},
	{"principalArn", principal},
	{ofKind, unusualKind},
	{"userName", username},
	{"kubernetesGroups", groups},
	{"tags", tags},
}

var crossplanePolicy = []field{{"region", region}, {"clusterName", cluster}, {"principalArn", principal}, {"policyArn", policyARN}, {ofScope, accessScope}}

func crossplane(w *writer) {
	w.each(func(v *view) {
		kind, fields := "AccessEntry", crossplaneFields
		w.line("---")
		if v.grant == nil {
			w.remarks(v.Entry)
		} else {
			kind, fields = "AccessPolicyAssociation", crossplanePolicy
		}
		w.line("apiVersion: eks.aws.upbound.io/v1beta1\nkind: " + kind)
		w.inside("metadata", v.object([]field{{"name", objectName}}))
		w.depth++
		w.inside("annotations", v.object([]field{{"crossplane.io/external-name", importID}}))
		w.depth--
		w.line("spec:\n  managementPolicies: [Observe, Create, Update, LateInitialize]")
		w.depth++
		w.inside("forProvider", v.object(fields))
		w.depth--
	})
}
