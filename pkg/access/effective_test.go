package access_test

import (
	"errors"
	"fmt"
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
