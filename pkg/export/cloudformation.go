package export

import (
	"fmt"
	"slices"
	"strings"
)

// Facts: the resource schema of AWS::EKS::AccessEntry; CloudFormation User Guide, "Import AWS resources into a stack
// automatically", "Dynamic references" and "Quotas".

// What a template can hold.
const (
	mostResources = 500
	mostInline    = 51200
)

func cloudformationNext(x Export) []string {
	lines := []string{
		"Next: make a stack that takes the entries over, in this account and region, and review the change set: it must only import.",
		"  aws cloudformation create-change-set --stack-name NAME --change-set-name import --change-set-type CREATE \\",
		"    --import-existing-resources --template-body file://THIS_FILE",
		"  aws cloudformation execute-change-set --stack-name NAME --change-set-name import",
		"Then run drift detection: CloudFormation imports without a comparison. A retained entry outlives its stack.",
		fmt.Sprintf("A file of more than %d bytes must be in S3 (--template-url). cdk import reads this template, too.", mostInline),
	}
	if len(x.Entries) > mostResources {
		lines = append(lines, fmt.Sprintf("A template can have %d resources: export fewer principals at once.", mostResources))
	}
	return lines
}

var leftOutTags = lack{"these tags of other tools are left out", func(e Entry) string { return strings.Join(e.removable(), ", ") }}

// dynamic warns about texts that CloudFormation would replace. They cannot be quoted.
var dynamic = lack{"CloudFormation replaces texts with {{resolve:…}}", func(e Entry) string {
	texts := append([]string{e.username()}, e.Groups...)
	for _, key := range keys(e.Tags) {
		texts = append(texts, key, e.Tags[key])
	}
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return !strings.Contains(s, "{{resolve:") }), ", ")
}}

func cloudformation(x Export, remarks func(Entry) []string) string {
	var b strings.Builder
	b.WriteString("AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n")
	for _, e := range x.Entries {
		var tags []any
		for _, key := range keys(e.Tags) {
			tags = append(tags, object{"Key": key, "Value": e.Tags[key]})
		}
		properties := put(object{"ClusterName": x.Cluster.Name, "PrincipalArn": e.Principal, "Type": e.Kind}, map[string]any{
			"Username": e.username(), "KubernetesGroups": e.Groups, "Tags": tags,
			"AccessPolicies": policiesOf(e, "PolicyArn", "AccessScope", "Type", "Namespaces"),
		})
		resource := object{"Type": "AWS::EKS::AccessEntry", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": properties}
		b.WriteString(document(object{e.logicalID(): resource}, "  ", remarks(e)))
	}
	return b.String()
}
