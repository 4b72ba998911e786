package access

import (
	"slices"
	"strings"
)

// OwnerKind is another tool or service that manages an entry.
type OwnerKind string

// The owners that an entry's tags, policies or principal indicate.
const (
	ByACK            OwnerKind = "ACK"
	ByEksctl         OwnerKind = "eksctl"
	ByCloudFormation OwnerKind = "CloudFormation"
	ByCrossplane     OwnerKind = "Crossplane"
	ByTerraform      OwnerKind = "Terraform"
	ByACKCapability  OwnerKind = "EKS capability ACK"
	ByArgoCD         OwnerKind = "EKS capability Argo CD"
	ByKRO            OwnerKind = "EKS capability kro"
	ByAutoMode       OwnerKind = "EKS Auto Mode"
	ByBatch          OwnerKind = "AWS Batch"
)

// Owner is what manages an entry: it may revert changes, or depend on the entry. Tags outlive their owner, so they only prove
// that it manages or managed the entry. The zero Owner is none.
type Owner struct {
	Kind    OwnerKind
	Name    string // the owner's name for it: a stack, an object; "" where unknown
	Proof   bool   // false: the tags are only a convention of some teams
	Adds    bool   // others may add to the entry
	Effect  string // what happens to a change that is made here, or breaks because of it
	Instead string // where to change it instead
}

// owners is the only table of owners, the most certain first. name is the owner's name for the entry, and whether it owns
// it. Facts: eks-access.md §15a, clients.md §4.2.
var owners = []struct {
	kind    OwnerKind
	name    func(Entry) (string, bool)
	adds    bool // it accepts additions, but not removals
	effect  string
	instead func(name string) string
}{
	{ByACK, ackObject, false, "its controller reverts the change at its next resync", editObject},
	{ByEksctl, eksctlStack, false, "the next update of the stack overwrites the change", sameText("use eksctl")},
	{
		ByCloudFormation, tagged("aws:cloudformation:stack-name"), false, "the next update of the stack overwrites the change",
		func(stack string) string { return "change the template of stack " + stack },
	},
	{
		ByCrossplane, tagged("crossplane-name"), false, "its controller reverts the change", // UNVERIFIED (clients.md §4): for entries
		func(name string) string {
			return "edit accessentries.eks.aws.upbound.io " + name + " where Crossplane runs"
		},
	},
	{ByACKCapability, holding("AmazonEKSACKPolicy"), true, degrades, sameText(inEKS)},
	{ByArgoCD, holding("AmazonEKSArgoCDClusterPolicy", "AmazonEKSArgoCDPolicy"), true, degrades, sameText(inEKS)},
	{ByKRO, holding("AmazonEKSKROPolicy"), true, degrades, sameText(inEKS)},
	{ByBatch, batchRole, true, "without its policies jobs stay RUNNABLE", sameText("set eksConfiguration.accessEntry.desiredState on the compute environments")},
	{
		ByAutoMode, holding("AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy", "AmazonEKSNetworkingPolicy"), true,
		"EKS Auto Mode needs it to run nodes, volumes and load balancers", sameText("change the cluster's Auto Mode settings"),
	},
	{ByTerraform, terraform, false, "its next apply reverts changes to groups, username and tags", sameText("change the Terraform configuration")},
}

const (
	degrades = "the capability needs it and is degraded without it"
	inEKS    = "change or delete the capability in EKS"
)

// Owner is what manages an entry.
func (e Entry) Owner() Owner {
	for _, o := range owners {
		if name, ok := o.name(e); ok {
			return Owner{o.kind, name, o.kind != ByTerraform, o.adds, o.effect, o.instead(name)}
		}
	}
	return Owner{}
}

// String reads "managed by ACK: default/joiner"; empty for the zero Owner.
//
//go:noinline
func (o Owner) String() string {
	switch {
	case o.Kind == "":
		return ""
	case !o.Proof:
		return "managed by " + string(o.Kind) + " (tag)"
	case o.Name == "":
		return "managed by " + string(o.Kind)
	}
	return "managed by " + string(o.Kind) + ": " + o.Name
}

// OwnerRemark is what will happen to the change of an entry with an owner; "" for none.
func (c Change) OwnerRemark(account string) string {
	if c.Before == nil {
		return ""
	}
	o := c.Before.Owner()
	if o.Kind == "" || o.Adds && !c.Takes() {
		return ""
	}
	is := " is or was managed by "
	switch {
	case !o.Proof:
		is = " has a tag of "
	case o.Adds:
		is = " is kept for "
	}
	who := string(o.Kind)
	if o.Name != "" && o.Proof {
		who += " (" + o.Name + ")"
	}
	return c.Principal().Short(account) + is + who + ": " + o.Effect + "; " + o.Instead
}

// capabilityPolicies are the policies of the roles of EKS capabilities (eks-access.md §15a).
var capabilityPolicies = []Policy{"AmazonEKSACKPolicy", "AmazonEKSArgoCDClusterPolicy", "AmazonEKSArgoCDPolicy", "AmazonEKSKROPolicy"}

// capability reports a capability of EKS that loses a policy. The effect of deleting its entry is UNVERIFIED (eks-access.md
// §15a), so that counts too.
func (c Change) capability(cluster Info) []Risk {
	if c.Before == nil {
		return nil
	}
	var lost []string
	for _, g := range c.Before.Grants {
		if slices.Contains(capabilityPolicies, g.Policy) && !c.keeps(g) {
			lost = append(lost, g.String())
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return []Risk{{BreakCapability, c.Principal().Short(cluster.Account()) + " is the role of an EKS capability, which does not work without " + strings.Join(lost, ", ")}}
}

func (c Change) keeps(g Grant) bool {
	if c.After == nil {
		return false
	}
	now, ok := c.After.Grant(g.Policy)
	return ok && now.Scope.covers(g.Scope)
}

func tagged(key string) func(Entry) (string, bool) {
	return func(e Entry) (string, bool) { return e.Tags[key], e.Tags[key] != "" }
}

func holding(policies ...Policy) func(Entry) (string, bool) {
	return func(e Entry) (string, bool) {
		return "", slices.ContainsFunc(e.Grants, func(g Grant) bool { return slices.Contains(policies, g.Policy) })
	}
}

// ackObject is NAMESPACE/NAME. ACK tags the namespace by default, and the name only if it is configured to.
func ackObject(e Entry) (string, bool) {
	namespace, name := e.Tags["services.k8s.aws/namespace"], e.Tags["services.k8s.aws/name"]
	if name == "" {
		name = e.Tags["k8s-name"]
	}
	if namespace != "" && name != "" {
		namespace += "/" + name
	}
	return namespace, e.Tags["services.k8s.aws/controller-version"] != ""
}

func editObject(object string) string {
	namespace, name, named := strings.Cut(object, "/")
	switch {
	case named:
		return "edit AccessEntry " + namespace + "/" + name + " where ACK runs"
	case object != "":
		return "edit its AccessEntry in namespace " + namespace + " where ACK runs"
	}
	return "edit its AccessEntry where ACK runs"
}

// eksctlStack also recognizes stacks by the names that eksctl gives them (declarative.md §7).
func eksctlStack(e Entry) (string, bool) {
	stack := e.Tags["aws:cloudformation:stack-name"]
	if stack == "" {
		stack = e.Tags["alpha.eksctl.io/cluster-name"]
	}
	return stack, e.Tags["alpha.eksctl.io/cluster-name"] != "" || strings.HasPrefix(stack, "eksctl-") && strings.Contains(stack, "-accessentry-")
}

func batchRole(e Entry) (string, bool) {
	return "", e.Principal.ServiceLinked() && e.Principal.Name() == BatchRole
}

// terraform has no tag of its own; these are a convention of many teams.
func terraform(e Entry) (string, bool) {
	for k, v := range e.Tags {
		k = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(k))
		custom := slices.Contains([]string{"managedby", "createdby", "provisioner", "iac"}, k) && strings.Contains(strings.ToLower(v), "terraform")
		if custom || k == "terraform" && !strings.EqualFold(v, "false") {
			return "", true
		}
	}
	return "", false
}

func sameText(text string) func(string) string { return func(string) string { return text } }
