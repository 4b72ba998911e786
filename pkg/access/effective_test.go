package access_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// world is a cluster whose RBAC knows some groups and one session.
func world(entries ...access.Entry) access.Snapshot {
	s := snapshot(append(entries, entry(alice, "admin"))...)
	s.Caller, s.RBAC = alice, &access.RBAC{Bindings: []access.Binding{
		{Name: "admins", Role: access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}, Groups: []string{"admins"}},
		{Namespace: "dev", Name: "developers", Role: access.RoleRef{Kind: "Role", Name: "developer"}, Groups: []string{"developers"}},
		{Name: "amy", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Users: []string{"ops:amy"}},
	}}
	return s
}

// mapped gives the snapshot mappings that read "role/ops username group,group".
func mapped(s access.Snapshot, lines ...string) access.Snapshot {
	m := access.ConfigMap{Data: map[string]string{"mapRoles": strings.Join(lines, "\n")}}
	for i, line := range lines {
		words := strings.Fields(line)
		l := access.Mapping{Kind: access.MappedRole, State: access.InForce, ARN: "arn:aws:iam::111122223333:" + words[0], Username: words[1], Item: i + 1}
		if words[0] == "account" {
			l.Kind, l.ARN, l.Username = access.MappedAccount, words[1], ""
		}
		if len(words) > 2 {
			l.Groups = strings.Split(words[2], ",")
		}
		m.Mappings = append(m.Mappings, l)
	}
	s.AWSAuth = &m
	return s
}

// TestAPlanTellsWhatAnybodyGainsAndLoses: by all sources together, with the risks of it.
func TestAPlanTellsWhatAnybodyGainsAndLoses(t *testing.T) {
	ops, masters := entry(ops, ""), "role/ops ops system:masters"
	put := func(s access.Snapshot, e access.Entry) access.Snapshot { return s.Put(e) }
	drop := func(s access.Snapshot, e access.Entry) access.Snapshot { return s.Drop(e.Principal) }
	with := func(words string) access.Entry { return entry(ops.Principal, words) }
	dead := mapped(world(with("view")), masters)
	dead.Dead = []access.Principal{ops.Principal}
	blind, unread := mapped(world(), "role/ops ops:{{SessionName}} developers"), world()
	blind.RBAC = &access.RBAC{Err: errors.New("forbidden")}
	unread.AWSAuth = &access.ConfigMap{Err: errors.New("forbidden")}
	me := mapped(world(), masters)
	me.Caller = ops.Principal
	last := mapped(world(with("group:admins")))
	last = last.Drop(alice)
	off := mapped(world(), masters)
	off.Cluster.Mode = access.ModeAPI
	for _, c := range []struct {
		name     string
		before   access.Snapshot
		do       func(access.Snapshot, access.Entry) access.Snapshot
		entry    access.Entry
		lost     string
		gained   string
		expected string
	}{
		{"a new entry", mapped(world()), put, with("view:dev"), "", "access to the cluster, view in namespace dev", ""},
		{"over system:masters", mapped(world(), masters), put, with("view:dev"), "cluster administrator", "", "override-mapping"},
		{"over system:masters, with cluster-admin", mapped(world(), masters), put, with("admin"), "", "", ""},
		{"over a group", mapped(world(), "role/ops ops developers"), put, with("view"), "Role developer in namespace dev (group developers)", "view on the whole cluster", "override-mapping"},
		{"over a group that it has, too", mapped(world(), "role/ops ops developers"), put, with("group:developers"), "", "", ""},
		{"over a group that nothing binds", mapped(world(), "role/ops ops nobodys"), put, with(""), "", "", ""},
		{"over the name of one session", mapped(world(), "role/ops ops:{{SessionName}}"), put, with(""), "ClusterRole view on the whole cluster (user ops:amy)", "", "override-mapping"},
		{"over a mapping of nodes", mapped(world(), "role/ops system:node:{{EC2PrivateDNSName}} system:nodes"), put, with(""), "access as a node", "access to the cluster", "remove-nodes"},
		{"over one's own mapping", me, put, with("view"), "cluster administrator", "", "lose-own-access override-mapping"},
		{"over an account", mapped(world(), "account 111122223333"), put, with(""), "", "", ""},
		{"where RBAC cannot be read", blind, put, with("group:developers"), "username ops:{{SessionName}}", "username arn:aws:sts::111122223333:assumed-role/ops/{{SessionName}}", "override-mapping"},
		{"where aws-auth cannot be read", unread, put, with("view"), "", "access to the cluster, view on the whole cluster", "unread-aws-auth"},
		{"more for an entry, where aws-auth cannot be read", put(unread, with("")), put, with("view"), "", "view on the whole cluster", ""},
		{"more for an entry over a mapping", mapped(world(with("view")), masters), put, with("view tag:a=b"), "", "", ""},
		{"in mode API", off, put, with("view"), "", "access to the cluster, view on the whole cluster", ""},
		{"an entry goes", mapped(world(with("view"))), drop, ops, "access to the cluster, view on the whole cluster", "", ""},
		{"an entry over system:masters goes", mapped(world(with("view")), masters), drop, ops, "", "cluster administrator", "restore-mapping"},
		{"an entry that gives as much goes", mapped(world(with("admin")), masters), drop, ops, "", "", ""},
		{"an entry goes that did nothing", dead, drop, ops, "", "", ""},
		{"an administrator by RBAC goes, the last one", last, drop, ops, "access to the cluster, cluster administrator (group admins)", "", "last-administrator"},
		{"an administrator by RBAC goes", mapped(world(with("group:admins"))), drop, ops, "access to the cluster, cluster administrator (group admins)", "", ""},
		{"the last administrator's entry, where a mapping gives as much", mapped(world(), "role/other o system:masters").Drop(alice).Put(with("admin")), drop, ops, "access to the cluster, cluster administrator", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := access.Diff(c.before, c.do(c.before, c.entry))
			effect := plan.Effect(ops.Principal)
			var names []string
			for _, r := range plan.Risks(c.before) {
				names = append(names, string(r.Name))
			}
			if lost, gained := joined(effect.Lost), joined(effect.Gained); lost != c.lost || gained != c.gained {
				t.Errorf("lost %q, gained %q", lost, gained)
			}
			if got := strings.Join(names, " "); got != c.expected {
				t.Errorf("risks %q", got)
			}
		})
	}
}

func joined(rights []access.Right) string {
	var all []string
	for _, r := range rights {
		all = append(all, fmt.Sprint(r))
	}
	return strings.Join(all, ", ")
}

// TestAccessByAllSources: an entry overrides mappings where the mode reads it and its role or user is still the same one.
func TestAccessByAllSources(t *testing.T) {
	const roles = "; bind=cluster-admin group:admins; bind=dev/editor group:devs; bind=view user:ops:amy user:plain"
	const nodes = "; bind=noder group:system:nodes; bind=boot group:system:bootstrappers"
	for _, c := range []struct{ name, state, want string }{
		{"nobody", "rbac", ""},
		{"an entry without rights", "ops=; rbac", "connect"},
		{"policies in namespaces", "ops=view:dev,qa edit; rbac", "connect, edit, view@dev, view@qa"},
		{"an administrator", "ops=admin view; rbac", "connect, admin, view"},
		{"cluster-admin in a namespace makes none", "ops=admin:dev; rbac", "connect, cluster-admin@dev"},
		{"a group that RBAC binds", "ops=group:devs" + roles, "connect, Role editor@dev<group:devs"},
		{"a group that makes administrators", "ops=group:admins" + roles, "connect, admin<group:admins"},
		{"a group that only a namespace makes cluster-admin", "ops=group:g; bind=dev/cluster-admin group:g", "connect, Role cluster-admin@dev<group:g"},
		{"the ClusterRole in a namespace", "ops=group:g; bind=cluster-admin in:dev group:g", "connect, ClusterRole cluster-admin@dev<group:g"},
		{"the group of everybody, and one without a name", "ops=group:system:authenticated group: group:g; rbac=unread", "connect, group:g, user:arn:aws:sts::111122223333:assumed-role/ops/{{SessionName}}"},
		{"a group that nothing binds", "ops=group:nobodys" + roles, "connect"},
		{"a username", "ops=user:plain" + roles, "connect, ClusterRole view<user:plain"},
		{"a session's username", "ops=user:ops:{{SessionName}}" + roles, "connect, ClusterRole view<user:ops:amy"},
		{"another session's username", "ops=user:dev:{{SessionName}}" + roles, "connect"},
		{"the username that EKS derives", "ops=; bind=view user:arn:aws:sts::111122223333:assumed-role/ops/amy", "connect, ClusterRole view<user:arn:aws:sts::111122223333:assumed-role/ops/amy"},
		{"RBAC that nobody asked for", "ops=group:devs user:plain", "connect, group:devs, user:plain"},
		{"RBAC that could not be read", "ops=group:devs user:plain; rbac=unread", "connect, group:devs, user:plain"},
		{"nodes", "ops=kind:EC2_LINUX" + nodes, "nodes, ClusterRole noder<group:system:nodes"},
		{"nodes on Windows", "ops=kind:EC2_WINDOWS" + nodes, "nodes, ClusterRole noder<group:system:nodes"},
		{"nodes whose groups EKS shows", "ops=kind:EC2_LINUX group:system:bootstrappers" + nodes, "nodes, ClusterRole boot<group:system:bootstrappers"},
		{"nodes whose groups are not documented", "ops=kind:FARGATE_LINUX" + nodes, "nodes"},
		{"nodes of Auto Mode have a policy", "ops=kind:EC2 auto" + nodes, "nodes, auto-node"},
		{"nodes never administer by a policy", "ops=kind:EC2 admin; rbac", "nodes, cluster-admin"},

		{"a mode that reads no entries", "mode=CONFIG_MAP; ops=admin; rbac", ""},
		{"a cluster older than entries", "mode=; ops=admin; auth=role/ops ops devs" + roles, "connect by mapRoles[0], Role editor@dev<group:devs by mapRoles[0]"},
		{"a mode that reads no aws-auth", "mode=API; auth=role/ops ops system:masters", ""},
		{"aws-auth that nobody asked for", "mode=CONFIG_MAP; rbac", ""},

		{"a mapping", "auth=role/ops plain devs" + roles, "connect by mapRoles[0], ClusterRole view<user:plain by mapRoles[0], Role editor@dev<group:devs by mapRoles[0]"},
		{"a mapping that administers", "auth=role/ops ops system:masters; rbac", "connect by mapRoles[0], admin by mapRoles[0]"},
		{"a mapping whose group administers", "auth=role/ops ops admins" + roles, "connect by mapRoles[0], admin<group:admins by mapRoles[0]"},
		{"the group of everybody gives nothing", "auth=role/ops ops system:authenticated; bind=view group:system:authenticated", "connect by mapRoles[0]"},
		{"nor does it where RBAC could not be read", "auth=role/ops - system:authenticated,g,,system:masters; rbac=unread", "connect by mapRoles[0], admin by mapRoles[0], group:g by mapRoles[0]"},
		{"a mapping with the account in its group", "auth=role/ops ops x-{{AccountID}}; bind=view group:x-111122223333", "connect by mapRoles[0], ClusterRole view<group:x-111122223333 by mapRoles[0]"},
		{"letter case and the second place", "auth=role/x x; auth=role/OPS ops devs" + roles, "connect by mapRoles[1], Role editor@dev<group:devs by mapRoles[1]"},
		{"a shadowed mapping", "auth=role/ops ops system:masters shadowed; rbac", ""},
		{"a mapping that never matches", "auth=role/ops ops system:masters neverMatches; rbac", ""},
		{"another account's role", "auth=arn:aws:iam::444455556666:role/ops ops system:masters; rbac", ""},
		{"an account", "auth=111122223333; rbac", "connect by mapAccounts[0]"},
		{"an account, and RBAC knows the ARN", "auth=111122223333; bind=view user:arn:aws:iam::111122223333:role/ops", "connect by mapAccounts[0], ClusterRole view<user:arn:aws:iam::111122223333:role/ops by mapAccounts[0]"},
		{"another account", "auth=444455556666; rbac", ""},
		{"one's own mapping before the account's", "auth=111122223333; auth=role/ops plain; rbac", "connect by mapRoles[1]"},
		{"a mapping of nodes", "auth=role/ops system:node:{{EC2PrivateDNSName}} system:bootstrappers,system:nodes" + nodes, "nodes by mapRoles[0], ClusterRole noder<group:system:nodes by mapRoles[0], ClusterRole boot<group:system:bootstrappers by mapRoles[0]"},
		{"the group of nodes without a node's name", "auth=role/ops ops system:nodes" + nodes, "connect by mapRoles[0], ClusterRole noder<group:system:nodes by mapRoles[0]"},

		{"an entry overrides a mapping", "ops=view; auth=role/ops ops system:masters; rbac", "connect, view"},
		{"a dead entry does not", "ops=admin; dead=ops; auth=role/ops ops devs" + roles, "connect by mapRoles[0], Role editor@dev<group:devs by mapRoles[0]"},
		{"another's dead entry does not count", "ops=view; dead=dev; rbac", "connect, view"},
		{"a deleted role has no access at all", "ops=admin; dead=ops; deleted=ops; auth=role/ops ops devs", ""},
		{"a role that is deleted elsewhere has", "ops=view; deleted=foreign; rbac", "connect, view"},
	} {
		got := brief(state(c.state).Access(ops))
		if !sameWords(got, c.want) {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// sameWords compares lists whose order does not count.
func sameWords(a, b string) bool {
	as, bs := strings.Split(a, ", "), strings.Split(b, ", ")
	slices.Sort(as)
	slices.Sort(bs)
	return slices.Equal(as, bs)
}

// TestUsersThatDifferInLetterCaseHaveBoth: which of them counts is left to chance (eks-access.md §6.3), and a user's path counts.
func TestUsersThatDifferInLetterCaseHaveBoth(t *testing.T) {
	for _, c := range []struct{ state, want string }{
		{"auth=user/alice a g; auth=user/Alice b h; auth=role/alice c i", "connect by mapUsers[0], group:g by mapUsers[0], user:a by mapUsers[0], connect by mapUsers[1], group:h by mapUsers[1], user:b by mapUsers[1]"},
		{"auth=user/team/alice a g", ""},
		{"auth=user/team/alice a g; auth=111122223333", "connect by mapAccounts[1], user:arn:aws:iam::111122223333:user/alice by mapAccounts[1]"},
		{"auth=user/alice a:{{SessionName}} g", "connect by mapUsers[0], group:g by mapUsers[0], user:a: by mapUsers[0]"},
	} {
		if got := brief(state(c.state).Access(alice)); got != c.want {
			t.Errorf("%s: %s", c.state, got)
		}
	}
}

// TestAnAccountStandsForWhomOnlyItsMappingLetsIn, and nobody of another account.
func TestAnAccountStandsForWhomOnlyItsMappingLetsIn(t *testing.T) {
	for _, c := range []struct{ state, want string }{
		{"auth=111122223333; rbac", "connect by mapAccounts[0]"},
		{"auth=444455556666; rbac", ""},
		{"auth=111122223333; rbac; mode=API", ""},
		{"auth=role/x x system:masters; ops=admin", ""},
	} {
		if got := brief(state(c.state).Access(ownAccount)); got != c.want {
			t.Errorf("%s: %s", c.state, got)
		}
	}
}

// TestAdministratorsByAnySource: AWS's own roles do not count, they would not let anybody else in.
func TestAdministratorsByAnySource(t *testing.T) {
	for _, c := range []struct{ name, state, want string }{
		{"nobody", "ops=view; auth; rbac", ""},
		{"an entry", "ops=admin; alice=view; rbac", "ops"},
		{"a mapping", "auth=role/x x system:masters; ops=view; rbac", "x"},
		{"a mapping that an entry overrides", "auth=role/x x system:masters; x=view; rbac", ""},
		{"a group of an entry", "dev=group:admins; bind=cluster-admin group:admins", "dev"},
		{"one session of an entry", "dev=user:d:{{SessionName}}; bind=cluster-admin user:d:amy", ""},
		{"the caller by his account", "caller=alice; auth=111122223333; bind=cluster-admin user:arn:aws:iam::111122223333:user/alice", "alice"},
		{"whom RBAC knows by the ARN", "caller=; auth=111122223333; bind=cluster-admin user:arn:aws:iam::111122223333:role/x", "x"},
		{"a user whom RBAC knows", "caller=; auth=111122223333; bind=cluster-admin user:arn:aws:iam::111122223333:user/y", "y"},
		{"whom RBAC knows and no account lets in", "caller=; auth; bind=cluster-admin user:arn:aws:iam::111122223333:role/x", ""},
		{"a service-linked role", "linked=admin group:g; bind=cluster-admin group:g", ""},
		{"all once, by entry, mapping and as the caller", "ops=admin; dev=admin; auth=role/OPS ops system:masters", "ops dev"},
	} {
		var got []string
		for _, p := range state(c.state).Administrators() {
			got = append(got, p.Name())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// TestEffectsReachWhomTheChangeConcerns: an entry's change its principal, the mode's and aws-auth's everybody.
func TestEffectsReachWhomTheChangeConcerns(t *testing.T) {
	for _, c := range []struct{ name, before, after, want string }{
		{"nothing", "ops=view; rbac", "ops=view; rbac", ""},
		{"tags give nothing", "ops=view; rbac", "ops=view tag:a=b; rbac", ""},
		{"an entry", "ops=view; dev=view; rbac", "ops=view; dev=edit; rbac", "dev -view +edit"},
		{"a scope", "ops=view:a,b; rbac", "ops=view:b,c; rbac", "ops -view@a +view@c"},
		{"a username", "ops=user:ops:a; bind=view user:ops:a", "ops=user:ops:b; bind=view user:ops:a", "ops -ClusterRole view<user:ops:a +"},
		{"from a session to everybody", "ops=user:o:{{SessionName}}; bind=view user:o:amy group:g", "ops=user:o:{{SessionName}} group:g; bind=view user:o:amy group:g", "ops - +ClusterRole view<group:g"},
		{"a mapping", "auth=role/x x g; auth=role/y y h", "auth=role/y y h", "x -connect by mapRoles[0], group:g by mapRoles[0], user:x by mapRoles[0] +"},
		{"aws-auth that says the same", "auth=role/x x g; ops=view", "auth=role/x x g; ops=view tag:a=b", ""},
		{"entries turned on", "mode=CONFIG_MAP; dev=view; auth=role/x x g; rbac", "dev=view; auth=role/x x g; rbac", "dev - +connect, view"},
		{"two accounts", "caller=; auth=111122223333; auth=444455556666; rbac", "caller=; mode=API; auth=111122223333; auth=444455556666; rbac", " -connect by mapAccounts[0] +;  -connect by mapAccounts[1] +"},
		{"aws-auth turned off", "auth=role/x x; auth=role/ops ops; ops=view; rbac", "mode=API; auth=role/x x; auth=role/ops ops; ops=view; rbac", "x -connect by mapRoles[0] +"},
	} {
		before, after := state(c.before), state(c.after)
		plan := access.Diff(before, after)
		var got []string
		for _, e := range plan.Effects {
			got = append(got, fmt.Sprintf("%s -%s +%s", e.Principal.Name(), brief(e.Lost), brief(e.Gained)))
			if one := plan.Effect(e.Principal); brief(one.Lost) != brief(e.Lost) {
				t.Errorf("%s: the effect on %s is not found", c.name, e.Principal)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if e := plan.Effect(who("nobody")); len(e.Lost)+len(e.Gained) > 0 {
			t.Errorf("%s: somebody is changed who is not there: %+v", c.name, e)
		}
	}
}
