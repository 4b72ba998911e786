package access_test

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestOwnerIsToldByTagsPoliciesAndPrincipal(t *testing.T) {
	ack := map[string]string{"services.k8s.aws/controller-version": "eks-v1.20.0", "services.k8s.aws/namespace": "default"}
	for _, test := range []struct {
		name   string
		entry  access.Entry
		shown  string
		remark string // of a deletion
	}{
		{"nobody", access.Entry{Tags: map[string]string{"team": "dev"}}, "", ""},
		{"ACK tags its namespace only", access.Entry{Tags: ack}, "managed by ACK: default", "reverts the change at its next resync; change its object, one of: kubectl -n default get accessentries.eks.services.k8s.aws"},
		{"ACK that was told to tag the name", access.Entry{Tags: with(ack, "services.k8s.aws/name", "joiner")}, "managed by ACK: default/joiner", "is or was managed by ACK (default/joiner): its controller reverts the change at its next resync; kubectl -n default edit accessentry joiner"},
		{"a stack", access.Entry{Tags: map[string]string{"aws:cloudformation:stack-name": "access"}}, "managed by CloudFormation: access", "change the template of stack access"},
		{"eksctl's stack by its name", access.Entry{Tags: map[string]string{"aws:cloudformation:stack-name": "eksctl-demo-accessentry-X1"}}, "managed by eksctl: eksctl-demo-accessentry-X1", "use eksctl"},
		{"eksctl's stack by its tag", access.Entry{Tags: map[string]string{"aws:cloudformation:stack-name": "s", "alpha.eksctl.io/cluster-name": "demo"}}, "managed by eksctl: s", "use eksctl"},
		{"Crossplane", access.Entry{Tags: map[string]string{"crossplane-name": "joiner"}}, "managed by Crossplane: joiner", "accessentries.eks.aws.upbound.io joiner"},
		{"a custom is only a hint", access.Entry{Tags: map[string]string{"Managed-By": "Terraform"}}, "managed by Terraform (tag)", "has a tag of Terraform: its next apply"},
		{"a tag that denies it", access.Entry{Tags: map[string]string{"terraform": "false"}}, "", ""},
		{"a capability", access.Entry{Grants: grants("AmazonEKSKROPolicy")}, "managed by EKS capability kro", "is kept for EKS capability kro: the capability needs it"},
		{"Auto Mode", access.Entry{Grants: grants("AmazonEKSComputePolicy")}, "managed by EKS Auto Mode", "change the cluster's Auto Mode settings"},
		{"AWS Batch", access.Entry{Principal: "arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"}, "managed by AWS Batch", "jobs stay RUNNABLE"},
		{"a customer's role that is only called so", access.Entry{Principal: "arn:aws:iam::111122223333:role/AWSServiceRoleForBatch"}, "", ""},
	} {
		if test.entry.Principal == "" {
			test.entry.Principal = "arn:aws:iam::111122223333:role/joiner"
		}
		if got := test.entry.Owner().String(); got != test.shown {
			t.Errorf("%s: shown as %q, want %q", test.name, got, test.shown)
		}
		got := access.Change{Before: &test.entry}.OwnerRemark("111122223333")
		if test.remark == "" && got != "" || !strings.Contains(got, test.remark) {
			t.Errorf("%s: remark %q, want one with %q", test.name, got, test.remark)
		}
	}
}

// What a service needs may be added to; what a tool keeps is undone whatever the change is.
func TestOwnerRemarkOnAdditions(t *testing.T) {
	for _, test := range []struct {
		before  access.Entry
		remarks bool
	}{
		{access.Entry{Grants: grants("AmazonEKSKROPolicy")}, false},
		{access.Entry{Tags: map[string]string{"aws:cloudformation:stack-name": "access"}}, true},
	} {
		after := test.before
		after.Grants = append(grants("AmazonEKSViewPolicy"), test.before.Grants...)
		if got := (access.Change{Before: &test.before, After: &after}).OwnerRemark(""); (got != "") != test.remarks {
			t.Errorf("adding view to %v: remark %q", test.before, got)
		}
	}
}

func TestCapabilityLosesWhatItNeeds(t *testing.T) {
	argo := access.Entry{Principal: "arn:aws:iam::111122223333:role/argo", Kind: access.Standard, Grants: []access.Grant{
		{Policy: "AmazonEKSArgoCDClusterPolicy"}, {Policy: "AmazonEKSArgoCDPolicy", Scope: access.Scope{Namespaces: []string{"argocd"}}}, {Policy: "AmazonEKSViewPolicy"},
	}}
	only := func(keep ...int) *access.Entry {
		e := argo
		e.Grants = nil
		for _, i := range keep {
			e.Grants = append(e.Grants, argo.Grants[i])
		}
		return &e
	}
	narrowed := only(0, 1, 2)
	narrowed.Grants[0].Scope = access.Scope{Namespaces: []string{"argocd"}}
	for _, test := range []struct {
		name  string
		after *access.Entry
		lost  string // "": no risk
	}{
		{"the whole entry", nil, "argo-cd-cluster on the whole cluster, argo-cd in namespace argocd"},
		{"one policy", only(0, 2), "argo-cd in namespace argocd"},
		{"a narrower scope", narrowed, "argo-cd-cluster on the whole cluster"},
		{"what somebody added", only(0, 1), ""},
	} {
		plan := access.Plan{Changes: []access.Change{{Before: &argo, After: test.after}}}
		var got string
		for _, r := range plan.Risks(access.Snapshot{Entries: []access.Entry{argo}}) {
			if r.Name == access.BreakCapability {
				got = r.Why
			}
		}
		if test.lost == "" && got != "" || !strings.HasSuffix(got, test.lost) {
			t.Errorf("%s: %q, want the loss of %q", test.name, got, test.lost)
		}
	}
}

func with(tags map[string]string, key, value string) map[string]string {
	all := map[string]string{key: value}
	for k, v := range tags {
		all[k] = v
	}
	return all
}

func grants(policies ...access.Policy) (all []access.Grant) {
	for _, p := range policies {
		all = append(all, access.Grant{Policy: p})
	}
	return all
}
