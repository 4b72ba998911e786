package access

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Policy is an EKS access policy by its AWS name, such as AmazonEKSViewPolicy.
type Policy string

// The policies with rules of their own.
const (
	ClusterAdmin Policy = "AmazonEKSClusterAdminPolicy"
	AutoNode     Policy = "AmazonEKSAutoNodePolicy"

	BatchNamespace Policy = "AWSBatchNamespacePolicy"
)

// BatchRole is the service-linked role of AWS Batch, which creates the entry itself (eks-access.md §15a).
const BatchRole = "AWSServiceRoleForBatch"

// ErrPolicy says that a text is not an access policy.
var ErrPolicy = errors.New("no such access policy")

const isIAM = "this is an IAM policy, which gives no access to Kubernetes; --policy expects an EKS access policy"

// iamPolicies are IAM policies of EKS and its nodes that are often mistaken for access policies (EKS User Guide, "AWS managed policies").
var iamPolicies = []string{
	"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy", "AmazonEKSClusterPolicy", "AmazonEKS_CNI_Policy", "AmazonEKSServicePolicy",
	"AmazonEKSVPCResourceController", "AmazonEKSFargatePodExecutionRolePolicy", "AmazonEKSLocalOutpostClusterPolicy", "AmazonEKSServiceRolePolicy",
	"AmazonEKSForFargateServiceRolePolicy", "AmazonEKSConnectorServiceRolePolicy", "AmazonEKSMCPReadOnlyAccess", "AWSServiceRoleForAmazonEKSNodegroup",
	"AmazonEBSCSIDriverPolicy", "AmazonEFSCSIDriverPolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly",
	"AmazonSSMManagedInstanceCore", "AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess",
}

// ARN is the policy's ARN in a partition (Service Authorization Reference for EKS).
func (p Policy) ARN(partition string) string {
	return "arn:" + partition + ":eks::aws:cluster-access-policy/" + string(p)
}

// PolicyOf is the policy of an ARN or a name.
//
//go:noinline
func PolicyOf(arn string) Policy {
	return Policy(arn[strings.LastIndexByte(arn, '/')+1:])
}

// Short is the AWS name without Amazon or AWS, EKS and Policy, in kebab case: cluster-admin.
func (p Policy) Short() string {
	s := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(string(p), "Amazon"), "AWS"), "EKS")
	return kebab(strings.Replace(s, "Policy", "", 1))
}

// kebab puts a dash before each word of a CamelCase name; consecutive capitals are one word.
func kebab(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		ends := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || ends) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// ParsePolicy finds a policy among the known ones by its short name, AWS name or ARN.
func ParsePolicy(text string, known []Policy) (Policy, error) {
	s := strings.TrimSpace(text)
	if strings.HasPrefix(s, "arn:") {
		if Principal(s).field(2) == "iam" && Principal(s).Kind() == "policy" {
			return "", fmt.Errorf("%w: %q: %s", ErrPolicy, s, isIAM)
		}
		if !strings.Contains(s, ":eks::aws:cluster-access-policy/") {
			return "", fmt.Errorf("%w: %q: not the ARN of an access policy, which looks like %s", ErrPolicy, s, ClusterAdmin.ARN("aws"))
		}
		s = string(PolicyOf(s))
	}
	for _, p := range known {
		if strings.EqualFold(s, string(p)) || strings.EqualFold(s, p.Short()) || strings.EqualFold(s, "aws-"+p.Short()) && strings.HasPrefix(string(p), "AWS") {
			return p, nil
		}
	}
	if slices.ContainsFunc(iamPolicies, func(name string) bool { return strings.EqualFold(s, name) }) {
		return "", fmt.Errorf("%w: %q: %s", ErrPolicy, text, isIAM)
	}
	names := make([]string, len(known))
	for i, p := range known {
		names[i] = p.Short()
	}
	return "", fmt.Errorf("%w: %q%s", ErrPolicy, text, DidYouMean(strings.ToLower(s), names))
}

// DidYouMean continues a sentence about an unknown name with the nearest known one, if any.
func DidYouMean(s string, known []string) string {
	if best := Nearest(s, known); best != "" {
		return " (did you mean " + best + "?)"
	}
	return ""
}

// Nearest is the known word that a word was probably meant to be; "" where none is close.
func Nearest(s string, known []string) string {
	best, least := "", min(3, len(s)) // in a short word every letter counts
	for _, name := range known {
		if d := distance(s, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of letters to insert, drop or replace between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Scope is where a grant applies: in the named namespaces, or with none in the whole cluster.
type Scope struct {
	Namespaces []string // sorted; a trailing * matches any rest
}

// WholeCluster reports whether the scope is the cluster and not a list of namespaces.
func (s Scope) WholeCluster() bool { return len(s.Namespaces) == 0 }

// With is the scope that covers both.
func (s Scope) With(t Scope) Scope {
	if s.WholeCluster() || t.WholeCluster() {
		return Scope{}
	}
	return Scope{Namespaces: union(s.Namespaces, t.Namespaces)}
}

// Without removes namespaces from the scope; false when nothing is left, because an empty list would mean the whole cluster.
func (s Scope) Without(namespaces []string) (Scope, bool) {
	rest := slices.DeleteFunc(slices.Clone(s.Namespaces), func(ns string) bool { return slices.Contains(namespaces, ns) })
	return Scope{Namespaces: rest}, len(rest) > 0
}

// Reaches reports whether the scope includes a namespace. The meaning of an asterisk that is not at the end is UNVERIFIED
// (eks-access.md §4.5); here it matches, so that nothing counts as revoked that is not.
//
//go:noinline
func (s Scope) Reaches(namespace string) bool {
	return s.WholeCluster() || slices.ContainsFunc(s.Namespaces, func(ns string) bool {
		ok, err := path.Match(ns, namespace)
		return ns == namespace || ok && err == nil
	})
}

func (s Scope) String() string {
	switch len(s.Namespaces) {
	case 0:
		return "the whole cluster"
	case 1:
		return "namespace " + s.Namespaces[0]
	}
	return "namespaces " + strings.Join(s.Namespaces, ", ")
}

// union is both lists, sorted and without duplicates; nil if empty.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// PartitionOf is the partition of a region, by the prefix of its name (AWS SDK partition data).
//
//go:noinline
func PartitionOf(region string) string {
	prefixes := []struct{ begins, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-isof-", "aws-iso-f"},
		{"eusc-", "aws-eusc"},
	}
	for _, p := range prefixes {
		if strings.HasPrefix(region, p.begins) {
			return p.partition
		}
	}
	return "aws"
}
