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
		{"ACK tags its namespace only", access.Entry{Tags: ack}, "managed by ACK: default", "reverts the change at its next resync; edit its AccessEntry in namespace default where ACK runs"},
		{"ACK that was told to tag the name", access.Entry{Tags: with(ack, "services.k8s.aws/name", "joiner")}, "managed by ACK: default/joiner", "is or was managed by ACK (default/joiner): its controller reverts the change at its next resync; edit AccessEntry default/joiner where ACK runs"},
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

// TestOwnersAndWhoIsNone: the surest owner counts, and what only looks like one is none.
func TestOwnersAndWhoIsNone(t *testing.T) {
	const stack, ack = "aws:cloudformation:stack-name", "services.k8s.aws/controller-version"
	tags := func(pairs ...string) access.Entry {
		e := entry(dev, "")
		e.Tags = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			e.Tags[pairs[i]] = pairs[i+1]
		}
		return e
	}
	with := func(e access.Entry, policies ...access.Policy) access.Entry {
		e.Grants = append(e.Grants, grants(policies...)...)
		return e
	}
	for _, c := range []struct {
		name  string
		entry access.Entry
		kind  access.OwnerKind
		owns  string // what the owner calls it
		proof bool
	}{
		{"nobody", tags(), "", "", false},
		{"ACK by its namespace", tags(ack, "v1", "services.k8s.aws/namespace", "ns"), access.ByACK, "ns", true},
		{"ACK by its object", tags(ack, "v1", "services.k8s.aws/namespace", "ns", "k8s-name", "n"), access.ByACK, "ns/n", true},
		{"ACK's namespace without its version", tags("services.k8s.aws/namespace", "ns"), "", "", false},
		{"eksctl's stack", tags(stack, "eksctl-demo-accessentry-1"), access.ByEksctl, "eksctl-demo-accessentry-1", true},
		{"eksctl's cluster", tags("alpha.eksctl.io/cluster-name", "demo"), access.ByEksctl, "demo", true},
		{"another stack of eksctl", tags(stack, "eksctl-demo-nodegroup-1"), access.ByCloudFormation, "eksctl-demo-nodegroup-1", true},
		{"a stack with an entry in its name", tags(stack, "my-accessentry-stack"), access.ByCloudFormation, "my-accessentry-stack", true},
		{"Crossplane", tags("crossplane-name", "n"), access.ByCrossplane, "n", true},
		{"ACK before the stack it came from", tags(ack, "v1", stack, "s"), access.ByACK, "", true},
		{"Argo CD", with(tags(), "AmazonEKSArgoCDPolicy"), access.ByArgoCD, "", true},
		{"the capability ACK", with(tags(), view, "AmazonEKSACKPolicy"), access.ByACKCapability, "", true},
		{"Auto Mode", with(tags(), "AmazonEKSNetworkingPolicy"), access.ByAutoMode, "", true},
		{"Auto Mode's nodes", with(tags(), access.AutoNode), "", "", false},
		{"AWS Batch", access.Entry{Principal: linked}, access.ByBatch, "", true},
		{"a stack before a policy", with(tags(stack, "s"), "AmazonEKSKROPolicy"), access.ByCloudFormation, "s", true},
		{"Terraform", tags("managed_by", "terraform"), access.ByTerraform, "", false},
		{"a repository of Terraform", tags("IaC", "https://example.com/terraform-live"), access.ByTerraform, "", false},
		{"a tag of its name", tags("Terraform", "true"), access.ByTerraform, "", false},
		{"which denies it", tags("Terraform", "False"), "", "", false},
		{"another tool", tags("ManagedBy", "pulumi"), "", "", false},
		{"another tag", tags("purpose", "terraform"), "", "", false},
	} {
		o := c.entry.Owner()
		if o.Kind != c.kind || o.Name != c.owns || o.Proof != c.proof {
			t.Errorf("%s: %+v", c.name, o)
		}
		if (o.String() == "") != (c.kind == "") || c.owns != "" && !strings.Contains(o.String(), c.owns) {
			t.Errorf("%s: %s", c.name, o)
		}
		create := access.Change{After: &c.entry}
		if got := create.OwnerRemark(ownAccount); got != "" {
			t.Errorf("%s: a new entry has an owner: %s", c.name, got)
		}
		less, tagged := c.entry, c.entry
		less.Grants, less.Username = nil, "u:other"
		tagged.Tags = map[string]string{"another": "tag"}
		takes, adds := access.Change{Before: &c.entry, After: &less}.OwnerRemark(ownAccount), access.Change{Before: &c.entry, After: &tagged}.OwnerRemark(ownAccount)
		if (takes != "") != (c.kind != "") || (adds != "") != (c.kind != "" && !o.Adds) {
			t.Errorf("%s: of what takes %q, of what adds %q", c.name, takes, adds)
		}
	}
}
