package access_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
)

// in is the snapshot in a mode, with mappings in force that read "role/ops:group", "node role/x" or "account 1".
func in(s access.Snapshot, mode access.Mode, mappings ...string) access.Snapshot {
	s.Cluster.Mode = mode
	m := access.ConfigMap{Data: map[string]string{"mapRoles": strings.Join(mappings, "\n")}, Version: "1"}
	for _, text := range mappings {
		l := access.Mapping{Kind: access.MappedRole, State: access.InForce, Username: "u"}
		if rest, node := strings.CutPrefix(text, "node "); node {
			text, l.Username = rest, "system:node:{{EC2PrivateDNSName}}"
		}
		if id, account := strings.CutPrefix(text, "account "); account {
			l.Kind, l.ARN = access.MappedAccount, id
		} else {
			who, group, _ := strings.Cut(text, ":")
			l.ARN, l.Groups = "arn:aws:iam::111122223333:"+who, []string{group}
		}
		m.Mappings = append(m.Mappings, l)
	}
	s.AWSAuth = &m
	return s
}

func TestRisksOfWhatEndsMappings(t *testing.T) {
	admin, eks := entry(alice, "admin"), access.ModeAPI
	both := func(mappings ...string) access.Snapshot { return in(snapshot(admin), access.ModeBoth, mappings...) }
	dead := func(p access.Principal, mappings ...string) access.Snapshot {
		s := in(snapshot(admin, entry(p, "view")), access.ModeBoth, mappings...)
		s.Dead = []access.Principal{p}
		return s
	}
	unread := both()
	unread.AWSAuth.Err = fmt.Errorf("access denied")
	unasked := both()
	unasked.AWSAuth = nil
	for _, c := range []struct {
		name          string
		before, after access.Snapshot
		want          string
	}{
		{"on", in(snapshot(), access.ModeConfigMap, "role/dev:g"), in(snapshot(), access.ModeBoth, "role/dev:g"), "one-way-mode"},
		{"off, nobody is mapped", both(), in(both(), eks), "one-way-mode"},
		{"off, one is left", both("role/dev:g"), in(both(), eks, "role/dev:g"), "leave-mappings one-way-mode"},
		{"off, an account is left", both("account 111122223333"), in(both(), eks), "lose-own-access leave-mappings one-way-mode"},
		{"off, another account is left", both("account 444455556666"), in(both(), eks), "leave-mappings one-way-mode"},
		{"off, an account is left and I have an entry", in(snapshot(admin, entry(ops, "view")), access.ModeBoth, "account 111122223333"), in(snapshot(admin, entry(ops, "view")), eks), "leave-mappings one-way-mode"},
		{"off, an entry is dead", dead(dev, "role/dev:g"), in(dead(dev), eks), "leave-mappings one-way-mode"},
		{"off, my entry is dead", dead(ops, "role/ops:g"), in(dead(ops), eks), "lose-own-access leave-mappings one-way-mode"},
		{"off, nodes are left", both("node role/n:g"), in(both(), eks), "remove-nodes one-way-mode"},
		{"off, I am left", both("role/OPS:g"), in(both(), eks), "lose-own-access leave-mappings one-way-mode"},
		{"off, all have entries", in(snapshot(admin, entry(dev, "view"), entry(node, "kind:EC2_LINUX")), access.ModeBoth, "role/dev:g", "node role/node:g"), in(snapshot(admin, entry(dev, "view"), entry(node, "kind:EC2_LINUX")), eks), "one-way-mode"},
		{"off, nodes with a person's entry", in(snapshot(admin, entry(node, "")), access.ModeBoth, "node role/node:g"), in(snapshot(admin, entry(node, "")), eks), "remove-nodes one-way-mode"},
		{"off, no entry administers", in(snapshot(entry(dev, "view")), access.ModeBoth), in(snapshot(entry(dev, "view")), eks), "last-administrator one-way-mode"},
		{"off, aws-auth could not be read", unread, in(both(), eks), "leave-mappings one-way-mode"},
		{"off, aws-auth was not asked for", unasked, in(both(), eks), "leave-mappings one-way-mode"},
		{"a line goes whose principal has an entry", in(snapshot(entry(dev, "view")), access.ModeBoth, "role/dev:g"), in(snapshot(entry(dev, "view")), access.ModeBoth), ""},
		{"a line goes as its entry comes", in(snapshot(), access.ModeBoth, "role/dev:g"), in(snapshot(entry(dev, "view")), access.ModeBoth), "override-mapping"},
		{"a line goes and nothing comes", both("role/dev:g"), both(), "leave-mappings"},
		{"a line goes whose entry is dead", dead(dev, "role/dev:g"), dead(dev), "leave-mappings"},
		{"a line loses its group", both("role/dev:g"), both("role/dev:h"), "leave-mappings"},
		{"a line comes", both(), both("role/dev:g"), ""},
		{"the last administrator's line goes", in(snapshot(entry(dev, "view")), access.ModeBoth, "role/ops2:system:masters"), in(snapshot(entry(dev, "view")), access.ModeBoth), "last-administrator leave-mappings"},
		{"an overridden line of an administrator goes", in(snapshot(entry(dev, "view")), access.ModeBoth, "role/dev:system:masters"), in(snapshot(entry(dev, "view")), access.ModeBoth), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range access.Diff(c.before, c.after).Risks(c.before) {
				got = append(got, string(r.Name))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestWhomALineIsFor: letter case and paths do not count (eks-access.md §6.2).
func TestWhomALineIsFor(t *testing.T) {
	for _, c := range []struct {
		kind access.MappingKind
		arn  string
		want string
	}{
		{access.MappedRole, "arn:aws:iam::111122223333:role/dev", "role/team/dev"},
		{access.MappedRole, "ARN:AWS:IAM::111122223333:ROLE/Dev", "role/team/dev"},
		{access.MappedUser, "arn:aws:iam::111122223333:USER/ALICE", "user/alice"},
		{access.MappedUser, "arn:aws:iam::111122223333:role/ops", "role/ops"},
		{access.MappedRole, "arn:aws:iam::444455556666:role/dev", ""},
		{access.MappedRole, "arn:aws-cn:iam::111122223333:role/dev", ""},
		{access.MappedAccount, "111122223333", "role/team/dev role/ops user/alice"},
		{access.MappedAccount, "444455556666", ""},
		{access.MappedAccount, "", ""},
	} {
		var got []string
		for _, p := range []access.Principal{dev, ops, alice, "arn:aws:iam::999988887777:role/dev"} {
			if (access.Mapping{Kind: c.kind, ARN: c.arn}).For(p) {
				got = append(got, p.Short("111122223333"))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s is for %v, want %s", c.arn, got, c.want)
		}
	}
}

// moved is a cluster on its way from before to after, and the steps it takes.
func moved(before, after access.Snapshot, fail string) (*accesstest.Cluster, []string) {
	c := accesstest.New()
	c.State = before
	c.Fail = func(s access.Step) error {
		if s.String() == fail {
			return access.ErrForbidden
		}
		return nil
	}
	for range road(c, after).Converge(context.Background(), access.Diff(before, after)) {
	}
	var did []string
	for _, s := range c.Steps {
		did = append(did, s.String())
	}
	return c, did
}

func TestTheModeAndTheConfigMapHaveTheirPlaceInTheOrder(t *testing.T) {
	on := [2]access.Snapshot{in(snapshot(), access.ModeConfigMap, "role/ops:g"), in(snapshot(entry(dev, "view")), access.ModeBoth)}
	off := [2]access.Snapshot{in(snapshot(entry(alice, "view")), access.ModeBoth, "role/ops:g"), in(snapshot(entry(dev, "view")), access.ModeAPI)}
	for _, c := range []struct {
		name, fail, want string
		plan             [2]access.Snapshot
	}{
		{"on", "", "set to mode API_AND_CONFIG_MAP; created; granted view on the whole cluster; removed mapRoles", on},
		{"entries could not be turned on", "set to mode API_AND_CONFIG_MAP", "", on},
		{"an entry could not be made", "created", "set to mode API_AND_CONFIG_MAP", on},
		{"off", "", "created; granted view on the whole cluster; removed mapRoles; deleted; set to mode API", off},
		{"aws-auth could not be written", "removed mapRoles", "created; granted view on the whole cluster", off},
		{"an entry could not be deleted", "deleted", "created; granted view on the whole cluster; removed mapRoles", off},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster, did := moved(c.plan[0], c.plan[1], c.fail)
			if strings.Join(did, "; ") != c.want {
				t.Errorf("got %q, want %q", did, c.want)
			}
			if c.fail == "" && !access.Diff(cluster.State, c.plan[1]).Empty() {
				t.Errorf("left: %v", access.Diff(cluster.State, c.plan[1]).Steps())
			}
		})
	}
}

func TestStepsListTheWholePlan(t *testing.T) {
	var got []string
	for _, s := range access.Diff(in(snapshot(), access.ModeConfigMap, "role/ops:g"), in(snapshot(entry(dev, "")), access.ModeBoth)).Steps() {
		got = append(got, s.String())
	}
	if want := []string{"set to mode API_AND_CONFIG_MAP", "created", "removed mapRoles"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestALostAnswerAboutTheClusterItselfIsLookedInto: done all the same or else done again, it is told of as done.
func TestALostAnswerAboutTheClusterItselfIsLookedInto(t *testing.T) {
	before, after := in(snapshot(), access.ModeConfigMap, "role/ops:g"), in(snapshot(), access.ModeBoth)
	for name, want := range map[string]string{"after": "set to mode API_AND_CONFIG_MAP; removed mapRoles", "before": "set to mode API_AND_CONFIG_MAP; removed mapRoles"} {
		c, seen := accesstest.New(), map[string]bool{}
		c.State = before
		once := func(s access.Step) error {
			if seen[s.String()] {
				return nil
			}
			seen[s.String()] = true
			return access.ErrUnknown
		}
		if c.Lose = once; name == "before" {
			c.Lose, c.Fail = nil, once
		}
		var got []string
		for r := range road(c, after).Converge(context.Background(), access.Diff(before, after)) {
			line := r.Step.String()
			if r.InPlace {
				line += " ="
			}
			if r.Err != nil {
				line += " !" + r.Err.Error()
			}
			got = append(got, line)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("lost %s: %q, want %q", name, got, want)
		}
	}
}
