package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func places(mappings []access.Mapping) string {
	var all []string
	for _, m := range mappings {
		all = append(all, m.Place())
	}
	return strings.Join(all, " ")
}

// TestStrandedMappingsHaveNoEntryThatWorks: for nodes only one for nodes counts.
func TestStrandedMappingsHaveNoEntryThatWorks(t *testing.T) {
	for _, c := range []struct{ name, state, people, nodes string }{
		{"no mappings", "auth; ops=view", "", ""},
		{"no entry", "auth=role/x x", "mapRoles[0]", ""},
		{"an entry", "auth=role/x x; x=", "", ""},
		{"an entry with a path", "auth=role/dev dev; dev=", "", ""},
		{"another one's", "auth=role/x x; y=view", "mapRoles[0]", ""},
		{"a dead entry", "auth=role/x x; x=view; dead=x", "mapRoles[0]", ""},
		{"entries are not read", "mode=CONFIG_MAP; auth=role/x x; x=view", "mapRoles[0]", ""},
		{"an entry for nodes is one for people", "auth=role/x x; x=kind:EC2", "", ""},
		{"nodes", "auth=role/n system:node:{{EC2PrivateDNSName}}", "", "mapRoles[0]"},
		{"nodes with an entry", "auth=role/n system:node:{{EC2PrivateDNSName}}; n=kind:EC2_LINUX", "", ""},
		{"nodes with an entry for people", "auth=role/n system:node:{{EC2PrivateDNSName}}; n=view", "", "mapRoles[0]"},
		{"an account", "auth=111122223333; ops=; dev=", "mapAccounts[0]", ""},
		{"one of each", "auth=role/x x; auth=role/n system:node:y; auth=role/z z; z=", "mapRoles[0]", "mapRoles[1]"},
	} {
		s := state(c.state)
		people, nodes := access.Stranded(s.AWSAuth.InForce(), s)
		if places(people) != c.people || places(nodes) != c.nodes {
			t.Errorf("%s: people %q, nodes %q", c.name, places(people), places(nodes))
		}
	}
}

// TestMappingsThatAPlanEnds are left behind unless they were asked for; of those that change only a loss counts.
func TestMappingsThatAPlanEnds(t *testing.T) {
	for _, c := range []struct {
		name, before, after, asked string
		want                       bool
	}{
		{"one goes", "auth=role/x x g", "auth", "", true},
		{"one goes that was asked for", "auth=role/x x g", "auth", "x", false},
		{"another one was", "auth=role/x x g", "auth", "y", true},
		{"of two one was", "auth=role/x x g; auth=role/y y g", "auth", "y", true},
		{"one with a path, whose role was asked for", "auth=arn:aws:iam::111122223333:role/team/dev dev g", "auth", "dev", false},
		{"one with another path", "auth=arn:aws:iam::111122223333:role/other/dev dev g", "auth", "dev", true},
		{"another username", "auth=role/x x g", "auth=role/x y g", "", true},
		{"another principal of that username", "auth=role/x u g", "auth=role/y u g", "", true},
		{"a group less", "auth=role/x x g,h", "auth=role/x x g", "", true},
		{"a group more", "auth=role/x x g", "auth=role/x x g,h", "", false},
		{"groups in another order, and twice", "auth=role/x x g,h", "auth=role/x x h,g,h", "", false},
		{"another letter case", "auth=role/x x g", "auth=role/X x g", "", false},
		{"another place", "auth=role/x x g; auth=role/y y", "auth=role/y y; auth=role/x x g", "", false},
		{"one that never worked", "auth=role/x x g neverMatches", "auth", "", false},
		{"it is shadowed now", "auth=role/x x g", "auth=role/x x g shadowed", "", true},
		{"aws-auth is not read anyway", "mode=API; auth=role/x x g", "mode=API; auth", "", false},
		{"its entry comes at once", "auth=role/x x g", "auth; x=", "", false},
		{"its entry goes at once", "auth=role/x x g; x=", "auth", "", true},
	} {
		before := state(c.before)
		plan := access.Diff(before, state(c.after))
		if c.asked != "" {
			plan.Asked = []access.Principal{who(c.asked)}
		}
		if got := strings.Contains(riskNames(plan.Risks(before)), string(access.LeaveMappings)); got != c.want {
			t.Errorf("%s: %v, among %s", c.name, got, riskNames(plan.Risks(before)))
		}
	}
}

// TestWhatCanBecomeOfMappingsIsTold: a migration makes entries, but none of an account and of AWS's own roles. Each is named once.
func TestWhatCanBecomeOfMappingsIsTold(t *testing.T) {
	for _, c := range []struct {
		state string
		named []string
		flag  bool // nothing is left but to remove them
	}{
		{"auth=role/x x", []string{"role/x"}, false},
		{"auth=role/x x; auth=role/X y shadowed; auth=role/x z", []string{"role/x"}, false},
		{"auth=111122223333", []string{"account 111122223333"}, true},
		{"auth=role/AWSServiceRoleForBatch b", []string{"role/AWSServiceRoleForBatch"}, true},
		{"auth=role/x x; auth=444455556666", []string{"role/x", "account 444455556666"}, false},
	} {
		before := state(c.state)
		why := ""
		for _, r := range access.Diff(before, state("auth")).Risks(before) {
			if r.Name == access.LeaveMappings {
				why = r.Why
			}
		}
		for _, name := range c.named {
			impossible := strings.HasPrefix(name, "account") && len(c.named) > 1 // named once more as such
			if n := strings.Count(why, name); n != 1 && !impossible || impossible && n != 2 {
				t.Errorf("%s: %s is named %d times: %s", c.state, name, n, why)
			}
		}
		if !strings.Contains(why, "the migrate command") || strings.Contains(why, "--remove-mappings") != c.flag {
			t.Errorf("%s: %s", c.state, why)
		}
	}
}

// TestWhoseAMappingIs: the authenticator compares names, people mean the very ARN (eks-access.md §6.2).
func TestWhoseAMappingIs(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:"
	for _, c := range []struct {
		text                            string
		p                               access.Principal
		forIt, belongs, masters, isNode bool
	}{
		{"role/dev d system:masters", dev, true, true, true, false},
		{"ARN:AWS:IAM::111122223333:ROLE/DEV d", dev, true, true, false, false},
		{arn + "role/team/dev d", dev, true, true, false, false},
		{arn + "role/other/dev d", dev, true, false, false, false},
		{"role/dev d g,system:masters neverMatches", dev, true, true, true, false},
		{"role/dev system:node:{{SessionName}} system:nodes", dev, true, true, false, true},
		{"role/dev x:system:node:y system:mastersX", dev, true, true, false, false},
		{"role/deva d", dev, false, false, false, false},
		{"user/dev d", dev, false, false, false, false},
		{"111122223333", dev, true, false, false, false},
		{"444455556666", dev, false, false, false, false},
		{"arn:aws:iam::444455556666:role/dev d", dev, false, false, false, false},
	} {
		m := state("auth=" + c.text).AWSAuth.Mappings[0]
		if m.For(c.p) != c.forIt || m.Belongs(c.p) != c.belongs || m.Masters() != c.masters || m.Node() != c.isNode {
			t.Errorf("%s: for %v, belongs %v, masters %v, nodes %v", c.text, m.For(c.p), m.Belongs(c.p), m.Masters(), m.Node())
		}
	}
}

// TestAnEntryOutweighsAMappingOfItsPrincipal whatever both are for, unless it is dead.
func TestAnEntryOutweighsAMappingOfItsPrincipal(t *testing.T) {
	const nodes = "auth=role/n system:node:{{SessionName}}"
	for _, c := range []struct {
		state                string
		outweighed, replaced bool
	}{
		{"auth=role/n x; n=view", true, true},
		{nodes + "; n=view", true, false},
		{nodes + "; n=kind:EC2", true, true},
		{nodes + "; n=kind:EC2; dead=n", false, false},
		{"auth=role/n x; o=view", false, false},
		{"auth=111122223333; n=view", false, false},
	} {
		s := state(c.state)
		m := s.AWSAuth.Mappings[0]
		if m.Outweighed(s) != c.outweighed || m.HasEntry(s) != c.replaced {
			t.Errorf("%s: outweighed %v, has an entry %v", c.state, m.Outweighed(s), m.HasEntry(s))
		}
	}
}

// TestUnmapsOnlyWhatTheChangeRemoves: a mapping that stays elsewhere in the list, or is another's, is not removed.
func TestUnmapsOnlyWhatTheChangeRemoves(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          bool
	}{
		{"auth=role/x x g", "auth", true},
		{"auth=role/x x g neverMatches", "auth", true},
		{"auth=role/x x g; auth=role/y y", "auth=role/x x g", false},
		{"auth=role/y y; auth=role/x x g", "auth=role/x x g", false},
		{"auth=role/x x g", "auth=role/x x h", true},
		{"auth=role/x x g", "auth=role/x y g", true},
		{"auth=role/x x g", "auth=role/x x g; dev=view", false},
		{"auth=111122223333", "auth", false},
	} {
		if got := access.Diff(state(c.before), state(c.after)).Unmaps(who("x")); got != c.want {
			t.Errorf("%s to %s: %v", c.before, c.after, got)
		}
	}
}

// TestNormalKeepsTheName: EKS compares names with letter case, aws-auth without.
func TestNormalKeepsTheName(t *testing.T) {
	for arn, want := range map[string]access.Principal{
		"ARN:AWS:IAM::111122223333:Role/Team/DEV": "arn:aws:iam::111122223333:role/Team/DEV",
		"111122223333":                         "111122223333",
		"ARN:AWS:IAM::111122223333:ROOT":       "arn:aws:iam::111122223333:root",
		"arn:aws:iam::111122223333:user/Alice": "arn:aws:iam::111122223333:user/Alice",
	} {
		if got := access.Normal(arn); got != want || access.Normal(string(got)) != got {
			t.Errorf("%s: %s", arn, got)
		}
	}
}

// TestAPlaceIsCountedFromZero as kubectl does in a path.
func TestAPlaceIsCountedFromZero(t *testing.T) {
	for i, kind := range []access.MappingKind{access.MappedRole, access.MappedUser, access.MappedAccount} {
		section := []string{"mapRoles", "mapUsers", "mapAccounts"}[i]
		for item, want := range map[int]string{0: section, 1: section + "[0]", 12: section + "[11]"} {
			if got := (access.Mapping{Kind: kind, Item: item}).Place(); got != want {
				t.Error(fmt.Sprint(kind, item, got))
			}
		}
	}
}

// TestIdentityOfAMapping is what RBAC may know, with what stays open until there is a session.
func TestIdentityOfAMapping(t *testing.T) {
	for _, c := range []struct {
		p                      access.Principal
		text, username, groups string
	}{
		{ops, "role/ops ops:{{SessionName}} g,{{AccountID}}:h", "ops:{{SessionName}}", "g 111122223333:h"},
		{ops, "role/ops - system:masters,system:authenticated,,g", "", "g"},
		{ops, "role/ops ops system:nodes", "ops", "system:nodes"},
		{ops, "role/ops system:node:{{EC2PrivateDNSName}} system:nodes,system:bootstrappers", "system:node:{{EC2PrivateDNSName}}", "system:bootstrappers"},
		{alice, "user/alice a:{{SessionName}}:{{SessionNameRaw}} {{SessionName}}g", "a::", "g"},
		{dev, "111122223333", "arn:aws:iam::111122223333:role/dev", ""},
		{alice, "111122223333", string(alice), ""},
	} {
		username, groups := state("auth=" + c.text).AWSAuth.Mappings[0].Identity(c.p)
		if username != c.username || strings.Join(groups, " ") != c.groups {
			t.Errorf("%s: username %s, groups %v", c.text, username, groups)
		}
	}
}

// TestTheMappingThatCountsIsFound: the one that gives access, none where an entry overrides it.
func TestTheMappingThatCountsIsFound(t *testing.T) {
	for _, c := range []struct {
		state string
		place string
		entry bool
	}{
		{"auth=role/ops ops", "mapRoles[0]", false},
		{"auth=role/x x; auth=111122223333", "mapAccounts[1]", false},
		{"auth=role/ops ops; ops=view", "", true},
		{"auth=role/ops ops; ops=view; dead=ops", "mapRoles[0]", false},
		{"auth=role/ops ops; ops=view; mode=CONFIG_MAP", "mapRoles[0]", false},
		{"auth=role/ops ops; mode=API", "", false},
		{"auth=role/ops ops - shadowed", "", false},
		{"dev=view", "", false},
	} {
		s := state(c.state)
		m, found := s.ActiveMapping(ops)
		if found != (c.place != "") || found && m.Place() != c.place || s.HasEntry(ops) != c.entry {
			t.Errorf("%s: %s %v, entry %v", c.state, m.Place(), found, s.HasEntry(ops))
		}
	}
}
