package manifest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

var dev = access.Info{Name: "dev", ARN: "arn:aws:eks:eu-west-1:111122223333:cluster/dev"}

const opsRole = "arn:aws:iam::111122223333:role/team/Ops"

func opsEntry() access.Entry {
	return access.Entry{
		Principal: opsRole,
		Kind:      access.Standard,
		Username:  "ops:{{SessionName}}",
		Groups:    []string{"viewers", "auditors"},
		Grants: []access.Grant{
			{Policy: "AmazonEKSViewPolicy"},
			{Policy: "AmazonEKSEditPolicy", Scope: access.Scope{Namespaces: []string{"qa", "app-*"}}},
		},
		Tags:     map[string]string{"team": "ops", access.ExpiresTag: "2026-01-02T03:04:05Z"},
		ARN:      "arn:aws:eks:eu-west-1:111122223333:access-entry/dev/role/111122223333/Ops/1",
		Created:  time.Date(2026, 1, 2, 3, 4, 5, 678, time.FixedZone("", 3600)),
		Modified: time.Date(2026, 1, 3, 3, 4, 5, 0, time.UTC),
	}
}

const opsYAML = `apiVersion: eks.services.k8s.aws/v1alpha1
kind: AccessEntry
metadata:
  name: dev-role-ops
spec:
  accessPolicies:
  - accessScope:
      namespaces:
      - app-*
      - qa
      type: namespace
    policyARN: arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy
  - accessScope:
      type: cluster
    policyARN: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
  clusterName: dev
  kubernetesGroups:
  - auditors
  - viewers
  principalARN: arn:aws:iam::111122223333:role/team/Ops
  tags:
    kubectl-access/expires: "2026-01-02T03:04:05Z"
    team: ops
  type: STANDARD
  username: ops:{{SessionName}}
status:
  ackResourceMetadata:
    arn: arn:aws:eks:eu-west-1:111122223333:access-entry/dev/role/111122223333/Ops/1
    ownerAccountID: "111122223333"
    region: eu-west-1
  createdAt: "2026-01-02T02:04:05Z"
  modifiedAt: "2026-01-03T03:04:05Z"
`

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheWrittenFormIsTheControllers(t *testing.T) {
	if diff := cmp.Diff(opsYAML, marshal(t, Of(opsEntry(), dev))); diff != "" {
		t.Error(diff)
	}
	bare := marshal(t, Of(access.Entry{Principal: opsRole}, dev))
	for _, absent := range []string{"status", "tags", "kubernetesGroups", "username", "namespaces"} {
		if strings.Contains(bare, absent) {
			t.Errorf("%s in\n%s", absent, bare)
		}
	}
}

func TestChineseClustersHaveChinesePolicies(t *testing.T) {
	e := access.Entry{Principal: "arn:aws-cn:iam::111122223333:role/ops", Grants: []access.Grant{{Policy: access.ClusterAdmin}}}
	if got := Of(e, access.Info{}).Spec.AccessPolicies[0].PolicyARN; got != "arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy" {
		t.Error(got)
	}
}

// wanted is the part of an entry that a file holds: all but what only EKS sets.
func wanted(e access.Entry) access.Entry {
	e.ARN, e.Created, e.Modified = "", time.Time{}, time.Time{}
	return e.Canonical()
}

func back(t *testing.T, text string) access.Entry {
	t.Helper()
	var o AccessEntry
	if err := yaml.UnmarshalStrict([]byte(text), &o); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	e, err := o.Entry()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return e
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		e := anyEntry(r)
		text := marshal(t, Of(e, dev))
		got := back(t, text)
		if diff := cmp.Diff(wanted(e), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s%s", diff, text)
		}
		if again := marshal(t, Of(got, dev)); !strings.HasPrefix(text, again) { // what follows is the status
			t.Fatalf("%s became\n%s", text, again)
		}
	}
}

func anyEntry(r *rand.Rand) access.Entry {
	texts := []string{"a", "yes", "1", "null", "~", "{{SessionName}}", "a: b", "- x", "ümläut", "🙂", "2026-01-02", "0x10", "#", "a\nb", `"`}
	text := func() string { return texts[r.IntN(len(texts))] }
	e := opsEntry()
	e.Principal = []access.Principal{opsRole, "arn:aws:iam::444455556666:user/amy@x.org", "arn:aws:iam::111122223333:root"}[r.IntN(3)]
	e.Kind = access.Kinds[r.IntN(len(access.Kinds))]
	e.Username, e.Groups, e.Grants, e.Tags = text(), nil, nil, map[string]string{}
	for range r.IntN(4) {
		e.Groups = append(e.Groups, text())
		e.Tags[text()] = text()
	}
	for _, p := range []access.Policy{access.ClusterAdmin, "AmazonEKSViewPolicy"}[:r.IntN(3)] {
		g := access.Grant{Policy: p}
		for range r.IntN(3) {
			g.Scope.Namespaces = append(g.Scope.Namespaces, text())
		}
		e.Grants = append(e.Grants, g)
	}
	return e
}

func TestEntriesThatMakeNoSense(t *testing.T) {
	const view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
	policy := func(arn, scope string, namespaces ...string) func(*AccessEntry) {
		return func(a *AccessEntry) {
			a.Spec.AccessPolicies = []AccessPolicy{{PolicyARN: arn, AccessScope: AccessScope{Type: scope, Namespaces: namespaces}}}
		}
	}
	for _, row := range []struct {
		change func(*AccessEntry)
		says   string
	}{
		{func(a *AccessEntry) { a.Kind = "" }, `dev-role-ops: kind: ""`},
		{func(a *AccessEntry) { a.APIVersion = "v1" }, `dev-role-ops: apiVersion: "v1"`},
		{func(a *AccessEntry) { a.Metadata.Name, a.Kind = "", "" }, opsRole + ": kind"},
		{func(a *AccessEntry) { *a = AccessEntry{} }, "an AccessEntry without a name: kind"},
		{func(a *AccessEntry) { a.Spec.PrincipalARN = "" }, "spec.principalARN: is missing"},
		{func(a *AccessEntry) { a.Spec.PrincipalARN = "role/ops" }, `spec.principalARN: "role/ops" is not the ARN`},
		{func(a *AccessEntry) { a.Spec.PrincipalARN = "arn:aws:s3:::bucket" }, "is not the ARN"},
		{func(a *AccessEntry) { a.Spec.PrincipalARN = "arn:aws:iam::111122223333:role/" }, "is not the ARN"},
		{func(a *AccessEntry) { a.Spec.PrincipalARN += " " }, "is not the ARN"},
		{func(a *AccessEntry) { a.Spec.KubernetesGroups = []string{"a", " "} }, "spec.kubernetesGroups[1]: is empty"},
		{policy("", "cluster"), "dev-role-ops: spec.accessPolicies[0].policyARN: is missing"},
		{policy("AmazonEKSViewPolicy", "cluster"), "policyARN: \"AmazonEKSViewPolicy\" is not the ARN"},
		{policy("arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "cluster"), "principal's partition"},
		{policy("arn:aws:eks::aws:cluster-access-policy/", "cluster"), "is not the ARN"},
		{policy(view, ""), "accessScope.type: is missing"},
		{policy(view, "Cluster"), `accessScope.type: "Cluster" is neither`},
		{policy(view, "cluster", "dev"), "accessScope.namespaces: require type namespace"},
		{policy(view, "namespace"), "accessScope.namespaces: are missing"},
		{policy(view, "namespace", "dev", ""), "accessScope.namespaces[1]: is empty"},
		{func(a *AccessEntry) { a.Spec.AccessPolicies = append(a.Spec.AccessPolicies, a.Spec.AccessPolicies[0]) }, "spec.accessPolicies[2].policyARN: AmazonEKSEditPolicy appears twice"},
	} {
		a := Of(opsEntry(), dev)
		row.change(&a)
		if _, err := a.Entry(); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%v, want %s", err, row.says)
		}
	}
}

func TestAnEntryWithoutTypeIsStandard(t *testing.T) {
	a := Of(opsEntry(), dev)
	a.Spec.Type = ""
	if e, err := a.Entry(); err != nil || e.Kind != access.Standard {
		t.Errorf("%v, %v", e, err)
	}
}
