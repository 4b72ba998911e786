package access_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestReservedBeginnings: EKS keeps five for itself in groups and usernames of STANDARD entries, and no more (eks-access.md §4.2, §4.3).
func TestReservedBeginnings(t *testing.T) {
	for _, prefix := range []string{"system:", "eks:", "aws:", "amazon:", "iam:"} {
		for _, c := range []struct {
			name    string
			refused bool
		}{
			{prefix + "x", true},
			{prefix, true},
			{prefix + prefix, true},
			{strings.TrimSuffix(prefix, ":") + "x", false},
			{strings.TrimSuffix(prefix, ":"), false},
			{"x:" + prefix + "x", false},
			{"x" + prefix, false},
			{"sts:x", false},
		} {
			for field, e := range map[string]access.Entry{"group": {Groups: []string{"ok", c.name}}, "username": {Username: c.name}} {
				e.Principal, e.Kind = dev, access.Standard
				if err := access.Check(e, demo); errors.Is(err, access.ErrRule) != c.refused {
					t.Errorf("%s %s: %v", field, c.name, err)
				}
				if e.Principal, e.Kind = node, access.EC2Linux; access.Check(e, demo) != nil {
					t.Errorf("%s %s, which EKS itself puts on nodes, is refused", field, c.name)
				}
			}
			if got := access.Reserved(c.name); (got == prefix) != c.refused || !c.refused && got != "" {
				t.Errorf("Reserved(%s) = %s", c.name, got)
			}
		}
	}
}

// TestRefusedByEKS is one row for each rule (eks-access.md §4), and below it what is just allowed.
func TestRefusedByEKS(t *testing.T) {
	const foreign access.Principal = "arn:aws:iam::444455556666:role/x"
	long := func(n int) string { return strings.Repeat("x", n) }
	tags := func(n, ofAWS int) access.Entry {
		e := access.Entry{Principal: dev, Kind: access.Standard, Tags: map[string]string{}}
		for i := range n {
			e.Tags[fmt.Sprint("k", i)] = "v"
		}
		for i := range ofAWS {
			e.Tags[fmt.Sprint("aws:", i)] = "v"
		}
		return e
	}
	tag := func(k, v string) access.Entry {
		return access.Entry{Principal: dev, Kind: access.Standard, Tags: map[string]string{k: v}}
	}
	empty := entry(dev, "")
	empty.Groups = []string{" "}
	for _, c := range []struct {
		name    string
		e       access.Entry
		refused bool
	}{
		{"a partition", entry("arn:aws-cn:iam::111122223333:role/x", "view"), true},
		{"another account", entry(foreign, "view"), false},
		{"a service-linked role", entry(linked, "view"), true},
		{"a role of its name", entry("arn:aws:iam::111122223333:role/AWSServiceRoleForBatch", "view"), false},
		{"a type in small letters", entry(node, "kind:ec2_linux"), true},
		{"no type", access.Entry{Principal: dev}, true},
		{"a node's type for a user", entry(alice, "kind:EC2"), true},
		{"a person's type for a user", entry(alice, ""), false},
		{"a node's type for another account", entry(foreign, "kind:EC2"), true},
		{"a node's type for the cluster's", entry(node, "kind:EC2"), false},
		{"a group without a name", empty, true},
		{"a username with a session", entry(dev, "user:a{{SessionName}}"), true},
		{"after a colon", entry(dev, "user:a:b{{SessionName}}"), false},
		{"a colon after it", entry(dev, "user:{{SessionName}}:a"), true},
		{"a raw session", entry(dev, "user:{{SessionNameRaw}}"), true},
		{"after a colon at the beginning", entry(dev, "user::{{SessionNameRaw}}"), false},
		{"another placeholder", entry(dev, "user:{{AccountID}}"), false},
		{"a policy on nodes of Fargate", entry(node, "kind:FARGATE_LINUX view"), true},
		{"on hybrid nodes", entry(node, "kind:HYBRID_LINUX view"), true},
		{"on Windows nodes", entry(node, "kind:EC2_WINDOWS view"), true},
		{"on nodes of Auto Mode", entry(node, "kind:EC2 auto"), false},
		{"on nodes of HyperPod", entry(node, "kind:HYPERPOD_LINUX view"), false},
		{"a namespace of 64 letters", entry(dev, "view:"+long(64)), true},
		{"of 63", entry(dev, "view:"+long(63)), false},
		{"a dash at the end", entry(dev, "view:a-"), true},
		{"within", entry(dev, "view:a-b"), false},
		{"an underscore", entry(dev, "view:a_b"), true},
		{"a dot", entry(dev, "view:a.b"), true},
		{"digits", entry(dev, "view:0a9"), false},
		{"an asterisk", entry(dev, "view:*-a-*"), false},
		{"the second of two namespaces", entry(dev, "view:a,B"), true},
		{"an empty namespace", access.Entry{Principal: dev, Kind: access.Standard, Grants: []access.Grant{{Policy: view, Scope: access.Scope{Namespaces: []string{""}}}}}, true},
		{"51 tags", tags(51, 0), true},
		{"50", tags(50, 0), false},
		{"a tag without a key", tag("", "v"), true},
		{"without a value", tag("k", ""), false},
		{"a key of 129 characters", tag(long(129), ""), true},
		{"of 128, which are longer in bytes", tag(strings.Repeat("é", 128), ""), false},
		{"a value of 257 characters", tag("k", long(257)), true},
		{"of 256", tag("k", strings.Repeat("é", 256)), false},
		{"a tag of AWS", tag("AWS:x", ""), true},
		{"one that only begins so", tag("awsx", ""), false},
	} {
		if err := access.Check(c.e, demo); errors.Is(err, access.ErrRule) != c.refused || err != nil && !c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := access.CheckSize(tags(50, 5), demo); err != nil {
		t.Errorf("AWS's own tags count: %v", err)
	}
	if err := access.CheckSize(tags(51, 0), demo); !errors.Is(err, access.ErrRule) {
		t.Errorf("51 tags on an entry that is there: %v", err)
	}
	if err := access.Check(entry(foreign, "kind:EC2"), access.Info{}); err != nil {
		t.Errorf("nobody knows the cluster's account: %v", err)
	}
}

// TestOnlyThePoliciesOfAnEntryOfAWSCanBeChanged (eks-access.md §4.1, §15a).
func TestOnlyThePoliciesOfAnEntryOfAWSCanBeChanged(t *testing.T) {
	for _, c := range []struct {
		before, after string
		refused       bool
	}{
		{"linked=view", "linked=view edit", false},
		{"linked=view edit", "linked=", false},
		{"linked=view:a", "linked=view:a,b", false},
		{"linked=view", "linked=view:B", true},
		{"linked=view", "linked=view group:g", true},
		{"linked=view", "linked=view user:u", true},
		{"linked=view", "linked=view tag:a=b", true},
		{"linked=view", "linked=edit tag:a=b", true},
		{"linked=view tag:aws:x=b", "linked=edit tag:aws:x=b", false},
		{"", "linked=view", true},
		{"linked=view", "", true},
		{"", "x=view", false},
		{"x=view", "", false},
		{"x=view", "x=view:B group:system:x", false}, // Check's
	} {
		for _, change := range access.Diff(state(c.before), state(c.after)).Changes {
			if err := change.CheckManaged(demo); errors.Is(err, access.ErrRule) != c.refused || err != nil && !c.refused {
				t.Errorf("%q to %q: %v", c.before, c.after, err)
			}
		}
	}
}

// TestTheUsernameThatEKSDerivesIsAllowed, and differs between principals (eks-access.md §4.3).
func TestTheUsernameThatEKSDerivesIsAllowed(t *testing.T) {
	for p, want := range map[access.Principal]string{
		alice:                                   "arn:aws:iam::111122223333:user/alice",
		"arn:aws:iam::111122223333:user/team/a": "arn:aws:iam::111122223333:user/team/a",
		dev:                                     "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}",
		"arn:aws-cn:iam::111122223333:role/x":   "arn:aws-cn:sts::111122223333:assumed-role/x/{{SessionName}}",
	} {
		got := access.DefaultUsername(p)
		if got != want || access.CheckUsername(got) != nil {
			t.Errorf("%s: %s, %v", p, got, access.CheckUsername(got))
		}
	}
}
