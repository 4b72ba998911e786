package access_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestParsePolicy(t *testing.T) {
	known := []access.Policy{view, edit, access.ClusterAdmin, "AmazonAIOpsAssistantPolicy", "AWSBackupFullAccessPolicyForBackup", access.BatchNamespace}
	for text, want := range map[string]access.Policy{
		"view": view, "VIEW": view, string(view): view, view.ARN("aws-cn"): view, " edit ": edit, "cluster-admin": access.ClusterAdmin,
		"ai-ops-assistant": "AmazonAIOpsAssistantPolicy", "aws-backup-full-access-for-backup": "AWSBackupFullAccessPolicyForBackup",
		"backup-full-access-for-backup": "AWSBackupFullAccessPolicyForBackup", "batch-namespace": access.BatchNamespace, "AWSBatchNamespacePolicy": access.BatchNamespace,
	} {
		if got, err := access.ParsePolicy(text, known); got != want || err != nil {
			t.Errorf("ParsePolicy(%q) = %q, %v", text, got, err)
		}
	}
	for text, says := range map[string]string{
		"veiw": "did you mean view?", "nothing-like-it": "no such access policy",
		"arn:aws:iam::aws:policy/AdministratorAccess": "IAM policy", "arn:aws:s3:::bucket": "not the ARN of an access policy",
		"AmazonEKSWorkerNodePolicy": "IAM policy", "amazoneks_cni_policy": "gives no access to Kubernetes", "AmazonEKSClusterPolicy": "IAM policy",
	} {
		if _, err := access.ParsePolicy(text, known); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ParsePolicy(%q): %v, want %q", text, err, says)
		}
	}
}

func TestScope(t *testing.T) {
	some := access.Scope{Namespaces: []string{"dev-*", "qa"}}
	for ns, want := range map[string]bool{"qa": true, "dev-x": true, "dev": false, "dev-*": true, "qa2": false} {
		if some.Reaches(ns) != want {
			t.Errorf("Reaches(%s) = %v", ns, !want)
		}
	}
	if _, left := some.Without([]string{"qa", "dev-*"}); left {
		t.Error("an empty list of namespaces would be the whole cluster")
	}
	if !some.With(access.Scope{}).WholeCluster() {
		t.Error("the whole cluster takes in every namespace")
	}
}

// TestTheNearestPolicyIsNamed: two letters are a typing error, three are another name.
func TestTheNearestPolicyIsNamed(t *testing.T) {
	known := []string{"view", "edit", "cluster-admin", "admin"}
	for text, want := range map[string]string{
		"veiw": "view", "viewer": "view", "vie": "view", "vieww": "view", "ediot": "edit", "cluster-admn": "cluster-admin", "clusteradmin": "cluster-admin",
		"admins": "admin", "view": "view", "viewers": "", "xyz": "", "": "", "cluster": "",
	} {
		got := access.DidYouMean(text, known)
		if (want == "") != (got == "") || !strings.Contains(got, want) || want == "admin" && strings.Contains(got, "cluster") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := access.DidYouMean("vie", []string{"vice", "vie-x", "view"}); !strings.Contains(got, "vice") {
		t.Errorf("the first of the nearest is named, not %q", got)
	}
}

// TestAPolicyIsReadAsItIsWritten: by its short name, its AWS name and its ARN in each partition, whatever the letter case.
func TestAPolicyIsReadAsItIsWritten(t *testing.T) {
	known := []access.Policy{view, edit, access.ClusterAdmin, access.AutoNode, access.BatchNamespace, "AmazonEKSACKPolicy", "AmazonAIOpsAssistantPolicy", "AmazonEKSHybridPolicy"}
	for _, p := range known {
		forms := []string{p.Short(), string(p), "  " + p.Short() + "\n"}
		for _, partition := range access.Partitions {
			forms = append(forms, p.ARN(partition))
		}
		for _, form := range append(forms, strings.ToUpper(p.Short()), strings.ToLower(string(p))) {
			if got, err := access.ParsePolicy(form, known); got != p || err != nil {
				t.Errorf("%q: %q, %v", form, got, err)
			}
		}
		if access.PolicyOf(p.ARN("aws-cn")) != p || access.PolicyOf(string(p)) != p {
			t.Errorf("%s is not the policy of its ARN", p)
		}
	}
	for _, text := range []string{
		"aws-view", "viewpolicy", "AmazonEKSView", "view edit", "arn:aws:iam::aws:policy/AmazonEKSViewPolicy", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSOtherPolicy",
		"arn:aws:eks::111122223333:cluster-access-policy/AmazonEKSViewPolicy", "AmazonEKSWorkerNodePolicy", "readonlyaccess", "",
	} {
		if p, err := access.ParsePolicy(text, known); !errors.Is(err, access.ErrPolicy) || p != "" {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
}

// TestShortNamesCutCapitalsIntoWords: a run of them is one word.
func TestShortNamesCutCapitalsIntoWords(t *testing.T) {
	for p, want := range map[access.Policy]string{
		access.ClusterAdmin: "cluster-admin", "AmazonEKSACKPolicy": "ack", "AmazonEKSArgoCDClusterPolicy": "argo-cd-cluster", "AmazonAIOpsAssistantPolicy": "ai-ops-assistant",
		"AWSBackupFullAccessPolicyForBackup": "backup-full-access-for-backup", "AmazonEKSKROPolicy": "kro", "AmazonEKSAutoNodePolicy": "auto-node", "Policy": "", "": "", "x": "x",
	} {
		if got := p.Short(); got != want {
			t.Errorf("%s: %s", p, got)
		}
	}
}

// TestScopesWidenAndShrink: the whole cluster takes in every namespace and nothing can be taken off it.
func TestScopesWidenAndShrink(t *testing.T) {
	in := func(names string) access.Scope { return access.Scope{Namespaces: strings.Fields(names)} }
	for _, c := range []struct{ a, b, with, without string }{
		{"a", "b", "a b", "a"},
		{"a b", "b c", "a b c", "a"},
		{"a b", "a b", "a b", "nothing"},
		{"a", "", "", "a"},
		{"", "a", "", "nothing"},
		{"a*", "a-b", "a* a-b", "a*"},
	} {
		with := in(c.a).With(in(c.b))
		without, left := in(c.a).Without(in(c.b).Namespaces)
		rest := strings.Join(without.Namespaces, " ")
		if !left {
			rest = "nothing"
		}
		if strings.Join(with.Namespaces, " ") != c.with || rest != c.without {
			t.Errorf("%q and %q: with %v, without %s", c.a, c.b, with.Namespaces, rest)
		}
	}
	for _, c := range []struct {
		scope, namespace string
		want             bool
	}{
		{"", "anything", true}, {"a*b", "axb", true}, {"a*b", "axc", false}, {"*", "x", true}, {"a?", "ab", true}, {"a[", "a[", true}, {"a[", "a", false}, {"x a*", "ab", true},
	} {
		if in(c.scope).Reaches(c.namespace) != c.want {
			t.Errorf("%q reaches %s: %v", c.scope, c.namespace, !c.want)
		}
	}
}

// TestThePartitionOfARegion is told by how the region's name begins; of regions to come too.
func TestThePartitionOfARegion(t *testing.T) {
	for region, want := range map[string]string{
		"us-west-2": "aws", "eu-central-1": "aws", "mx-central-1": "aws", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "us-isof-south-1": "aws-iso-f",
		"eu-isoe-west-1": "aws-iso-e", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn", "eusc-de-east-1": "aws-eusc", "": "aws", "us-government-1": "aws",
	} {
		if got := access.PartitionOf(region); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
}
