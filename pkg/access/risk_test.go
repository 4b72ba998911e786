package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestEachRiskHasItsNearMiss: what follows a danger differs from it in one thing, and is none.
func TestEachRiskHasItsNearMiss(t *testing.T) {
	for _, c := range []struct {
		risk                access.RiskName
		is                  bool
		name, before, after string
	}{
		{access.LoseOwnAccess, true, "the caller's policy goes", "ops=view edit", "ops=view"},
		{access.LoseOwnAccess, false, "somebody else's does", "dev=view edit", "dev=view"},
		{access.LoseOwnAccess, true, "the caller's entry goes", "ops=view", ""},
		{access.LoseOwnAccess, false, "of a namesake in another account", "foreign=view", ""},
		{access.LoseOwnAccess, true, "a namespace of the caller's", "ops=view:a,b", "ops=view:a"},
		{access.LoseOwnAccess, false, "which the rest covers", "ops=view:a,a*", "ops=view:a*"},
		{access.LoseOwnAccess, true, "the caller's group goes", "ops=group:g; rbac=unread", "ops=; rbac=unread"},
		{access.LoseOwnAccess, false, "that RBAC never bound", "ops=group:g; rbac", "ops=; rbac"},
		{access.LoseOwnAccess, true, "the caller's mapping is overridden by less", "auth=role/ops ops g; rbac=unread", "auth=role/ops ops g; ops=view; rbac=unread"},
		{access.LoseOwnAccess, false, "or by more", "auth=role/ops ops g; rbac=unread", "auth=role/ops ops g; ops=admin; rbac=unread"},
		{access.LoseOwnAccess, true, "aws-auth is turned off", "auth=role/ops ops; rbac", "mode=API; auth=role/ops ops; rbac"},
		{access.LoseOwnAccess, false, "and the caller has an entry", "auth=role/ops ops; ops=; rbac", "mode=API; auth=role/ops ops; ops=; rbac"},
		{access.LoseOwnAccess, true, "cluster-admin is narrowed", "ops=admin; alice=admin", "ops=admin:a; alice=admin"},
		{access.LoseOwnAccess, false, "and view by a cluster-admin", "ops=admin view; alice=admin", "ops=admin view:a; alice=admin"},
		{access.LoseOwnAccess, true, "an administrator's policy goes for less", "ops=admin; alice=admin", "ops=edit; alice=admin"},
		{access.LoseOwnAccess, false, "for a group that administers", "ops=admin; bind=cluster-admin group:g", "ops=group:g; bind=cluster-admin group:g"},
		{access.LoseOwnAccess, true, "the caller's nodes lose the cluster", "auth=role/ops system:node:{{SessionName}}", "auth=role/ops system:node:{{SessionName}}; ops=view"},
		{access.LoseOwnAccess, false, "and the caller administers it", "auth=role/ops system:node:{{SessionName}}", "auth=role/ops system:node:{{SessionName}}; ops=admin"},
		{access.LoseOwnAccess, true, "the caller is known", "ops=view", ""},
		{access.LoseOwnAccess, false, "nobody knows who asks", "caller=; ops=view", ""},

		{access.LastAdministrator, true, "the last one's policy goes", "dev=admin", "dev=view"},
		{access.LastAdministrator, false, "and another stays", "dev=admin; alice=admin", "dev=view; alice=admin"},
		{access.LastAdministrator, true, "one of a namespace stays", "dev=admin; alice=admin:a", "alice=admin:a"},
		{access.LastAdministrator, false, "one by a mapping stays", "dev=admin; auth=role/x x system:masters", "auth=role/x x system:masters"},
		{access.LastAdministrator, true, "the mapping that stays is shadowed", "dev=admin; auth=role/x x system:masters shadowed", "auth=role/x x system:masters shadowed"},
		{access.LastAdministrator, false, "RBAC binds who stays", "dev=admin; alice=group:g; bind=cluster-admin group:g", "alice=group:g; bind=cluster-admin group:g"},
		{access.LastAdministrator, true, "the entry that stays is dead", "dev=admin; alice=admin; dead=alice", "alice=admin; dead=alice"},
		{access.LastAdministrator, false, "another one is", "dev=admin; alice=admin; ops=admin; dead=alice", "ops=admin; alice=admin; dead=alice"},
		{access.LastAdministrator, true, "only a service-linked role stays", "dev=admin; linked=admin", "linked=admin"},
		{access.LastAdministrator, false, "it stays with somebody", "dev=admin; linked=admin; ops=admin", "linked=admin; ops=admin"},
		{access.LastAdministrator, true, "one session of a role stays", "dev=admin; x=user:o:{{SessionName}}; bind=cluster-admin user:o:amy", "x=user:o:{{SessionName}}; bind=cluster-admin user:o:amy"},
		{access.LastAdministrator, false, "all sessions of it", "dev=admin; x=user:o:amy; bind=cluster-admin user:o:amy", "x=user:o:amy; bind=cluster-admin user:o:amy"},
		{access.LastAdministrator, true, "a group that nobody could look up goes", "dev=group:g; rbac=unread", "dev=; rbac=unread"},
		{access.LastAdministrator, false, "a policy goes, and groups could not be looked up", "dev=view; rbac=unread", "dev=; rbac=unread"},
		{access.LastAdministrator, true, "a username that nobody could look up", "dev=user:d:x; rbac=unread", "dev=user:d:y; rbac=unread"},
		{access.LastAdministrator, false, "and RBAC was read", "dev=user:d:x; rbac", "dev=user:d:y; rbac"},
		{access.LastAdministrator, true, "aws-auth is turned off and only it made one", "auth=role/x x system:masters; rbac", "mode=API; auth=role/x x system:masters; rbac"},
		{access.LastAdministrator, false, "entries make one too", "auth=role/x x system:masters; dev=admin; rbac", "mode=API; auth=role/x x system:masters; dev=admin; rbac"},
		{access.LastAdministrator, true, "aws-auth is turned off and there never was one", "auth; dev=view", "mode=API; auth; dev=view"},
		{access.LastAdministrator, false, "somebody goes where there never was one", "auth; dev=view", "auth"},

		{access.RemoveNodes, true, "the entry of nodes goes", "n=kind:EC2_LINUX", ""},
		{access.RemoveNodes, false, "one for people does", "n=view", ""},
		{access.RemoveNodes, false, "one that no longer works does", "n=kind:EC2_LINUX; dead=n", "dead=n"},
		{access.RemoveNodes, true, "Auto Mode's nodes lose their policy", "n=kind:EC2 auto", "n=kind:EC2"},
		{access.RemoveNodes, false, "or get one", "n=kind:EC2", "n=kind:EC2 auto"},
		{access.RemoveNodes, true, "nodes lose a group", "n=kind:EC2_LINUX group:system:nodes", "n=kind:EC2_LINUX"},
		{access.RemoveNodes, false, "nodes get a tag", "n=kind:EC2_LINUX", "n=kind:EC2_LINUX tag:a=b"},
		{access.RemoveNodes, true, "an entry for people overrides a mapping of nodes", "auth=role/n system:node:{{EC2PrivateDNSName}} system:nodes; rbac", "auth=role/n system:node:{{EC2PrivateDNSName}} system:nodes; n=view; rbac"},
		{access.RemoveNodes, false, "one for nodes does", "auth=role/n system:node:{{EC2PrivateDNSName}} system:nodes; rbac", "auth=role/n system:node:{{EC2PrivateDNSName}} system:nodes; n=kind:EC2_LINUX; rbac"},
		{access.RemoveNodes, true, "a mapping of nodes goes", "auth=role/n system:node:{{SessionName}}", "auth"},
		{access.RemoveNodes, false, "whose entry is for nodes", "auth=role/n system:node:{{SessionName}}; n=kind:EC2_LINUX", "auth; n=kind:EC2_LINUX"},
		{access.RemoveNodes, true, "it has an entry for people only", "auth=role/n system:node:{{SessionName}}; n=view", "auth; n=view"},
		{access.RemoveNodes, false, "the mapping was for people", "auth=role/n x; n=view", "auth; n=view"},

		{access.OverrideMapping, true, "a new entry gives less", "auth=role/x x g", "auth=role/x x g; x=view"},
		{access.OverrideMapping, false, "the entry gives as much and more", "auth=role/x x g", "auth=role/x x g; x=view user:x group:g"},
		{access.OverrideMapping, true, "a new entry gives less than a mapping in force", "auth=role/x x g; rbac=unread", "auth=role/x x g; x=; rbac=unread"},
		{access.OverrideMapping, false, "than one that is shadowed", "auth=role/x x g shadowed; rbac=unread", "auth=role/x x g shadowed; x=; rbac=unread"},
		{access.OverrideMapping, false, "the mapping goes, and its dead entry gets a tag", "auth=role/x x g; x=; dead=x", "auth; x=tag:a=b; dead=x"},
		{access.OverrideMapping, true, "system:masters is overridden", "auth=role/x x system:masters", "auth=role/x x system:masters; x=edit"},
		{access.OverrideMapping, false, "by an administrator", "auth=role/x x system:masters", "auth=role/x x system:masters; x=admin"},
		{access.OverrideMapping, true, "the mode reads both", "auth=role/x x g", "auth=role/x x g; x="},
		{access.OverrideMapping, false, "entries alone", "mode=API; auth=role/x x g", "mode=API; auth=role/x x g; x="},
		{access.OverrideMapping, true, "an account's username is bound", "auth=111122223333; bind=view user:arn:aws:iam::111122223333:role/x", "auth=111122223333; x=; bind=view user:arn:aws:iam::111122223333:role/x"},
		{access.OverrideMapping, false, "of an account that gives access only", "auth=111122223333; rbac", "auth=111122223333; x=; rbac"},

		{access.RestoreMapping, true, "an entry goes that gave less", "auth=role/x x g; x=view", "auth=role/x x g"},
		{access.RestoreMapping, false, "that gave more", "auth=role/x x g; x=admin", "auth=role/x x g"},
		{access.RestoreMapping, true, "the whole entry goes", "auth=role/x x g; x=view", "auth=role/x x g"},
		{access.RestoreMapping, false, "a policy of it", "auth=role/x x g; x=view edit", "auth=role/x x g; x=view"},
		{access.RestoreMapping, true, "the entry works", "auth=role/x x g; x=view", "auth=role/x x g"},
		{access.RestoreMapping, false, "the entry is dead", "auth=role/x x g; x=view; dead=x", "auth=role/x x g; dead=x"},
		{access.RestoreMapping, false, "a mapping comes, and its dead entry gets a tag", "auth; x=; dead=x", "auth=role/x x g; x=tag:a=b; dead=x"},
		{access.RestoreMapping, true, "the mapping works", "auth=role/x x g; x=", "auth=role/x x g"},
		{access.RestoreMapping, false, "the mapping never matches", "auth=role/x x g neverMatches; x=", "auth=role/x x g neverMatches"},

		{access.UnreadAWSAuth, true, "an entry is made", "auth=unread", "auth=unread; x=view"},
		{access.UnreadAWSAuth, false, "one gets more", "auth=unread; x=view", "auth=unread; x=view edit"},
		{access.UnreadAWSAuth, true, "an entry goes", "auth=unread; x=view", "auth=unread"},
		{access.UnreadAWSAuth, false, "in a mode that reads entries alone", "mode=API; auth=unread; x=view", "mode=API; auth=unread"},
		{access.UnreadAWSAuth, true, "aws-auth could not be read", "auth=unread", "auth=unread; x="},
		{access.UnreadAWSAuth, false, "aws-auth was read", "auth", "auth; x="},
		{access.UnreadAWSAuth, true, "a role's entry is made", "auth=unread", "auth=unread; x="},
		{access.UnreadAWSAuth, false, "AWS's own", "auth=unread", "auth=unread; linked="},

		{access.BreakCapability, true, "a capability's entry goes", "x=ack", ""},
		{access.BreakCapability, false, "somebody else's", "x=view", ""},
		{access.BreakCapability, true, "its policy goes", "x=ack view", "x=view"},
		{access.BreakCapability, false, "another one", "x=ack view", "x=ack"},
		{access.BreakCapability, true, "its scope shrinks", "x=ack", "x=ack:a"},
		{access.BreakCapability, false, "its scope grows", "x=ack:a", "x=ack"},

		{access.OneWayMode, true, "the mode changes", "mode=CONFIG_MAP; auth", "auth"},
		{access.OneWayMode, false, "an entry does", "auth", "auth; x="},
		{access.LeaveMappings, true, "aws-auth is turned off", "auth=role/x x", "mode=API; auth=role/x x"},
		{access.LeaveMappings, true, "and nobody read it", "", "mode=API"},
		{access.LeaveMappings, false, "entries are turned on, and nobody read aws-auth", "mode=CONFIG_MAP", ""},
		{access.LeaveMappings, true, "aws-auth is turned off that could not be read", "auth=unread", "mode=API; auth=unread"},
		{access.LeaveMappings, false, "entries are turned on beside one that could not", "mode=CONFIG_MAP; auth=unread", "auth=unread"},
		{access.LeaveMappings, false, "entries are turned on", "mode=CONFIG_MAP; auth=role/x x", "auth=role/x x"},
	} {
		before := state(c.before)
		names := riskNames(access.Diff(before, state(c.after)).Risks(before))
		if slices.Contains(strings.Fields(names), string(c.risk)) != c.is {
			t.Errorf("%s: %s: %v, among %q", c.risk, c.name, !c.is, names)
		}
	}
}

// TestRisksComeInOneOrder: whoever reads two plans reads the same order.
func TestRisksComeInOneOrder(t *testing.T) {
	before := state("mode=API_AND_CONFIG_MAP; ops=admin; n=kind:EC2_LINUX; x=ack; y=view; auth=role/y y g; auth=role/z z g; auth=role/a a g")
	after := state("mode=API; z=view; auth=role/y y g; auth=role/z z g; auth=role/a a g")
	got := strings.Fields(riskNames(access.Diff(before, after).Risks(before)))
	want := []string{"lose-own-access", "last-administrator", "remove-nodes", "break-capability", "override-mapping", "leave-mappings", "one-way-mode"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, name := range got {
		if !slices.Contains(access.RiskNames, access.RiskName(name)) {
			t.Errorf("%s cannot be accepted", name)
		}
	}
}

// TestAPlanTellsWhenToProveAnAdministrator: before the step after which there may be none.
func TestAPlanTellsWhenToProveAnAdministrator(t *testing.T) {
	for _, c := range []struct{ name, before, after, want string }{
		{"nobody loses it", "dev=view; rbac", "dev=edit; rbac", ""},
		{"a policy", "dev=admin view; rbac", "dev=view; rbac", "revoke dev cluster-admin"},
		{"an entry", "dev=admin; rbac", "rbac", "delete dev"},
		{"a scope", "dev=admin; rbac", "dev=admin:a; rbac", "grant dev cluster-admin:a"},
		{"only what takes", "dev=admin; rbac", "dev=edit view:a; rbac", "revoke dev cluster-admin"},
		{"a group", "dev=group:g; bind=cluster-admin group:g", "dev=view; bind=cluster-admin group:g", "update dev"},
		{"another's entry is not his", "dev=admin view; ops=view edit; rbac", "dev=view; ops=view; rbac", "revoke dev cluster-admin"},
		{"aws-auth", "auth=role/x x system:masters; dev=view; rbac", "auth; dev=view tag:a=b; rbac", "aws-auth"},
		{"aws-auth without administrators", "auth=role/x x g; rbac", "auth; rbac", ""},
		{"the mode proves it by itself", "auth=role/x x system:masters; rbac", "mode=API; auth=role/x x system:masters; rbac", ""},
	} {
		plan := access.Diff(state(c.before), state(c.after))
		var got []access.Step
		for _, s := range plan.Steps() {
			if plan.MayTakeAdministrator(s) {
				got = append(got, s)
			}
		}
		if allDid(got) != c.want {
			t.Errorf("%s: %s, want %s", c.name, allDid(got), c.want)
		}
		if len(got) > 0 && !plan.TakesAdministrator(state(c.before)) {
			t.Errorf("%s: the plan does not take what a step takes", c.name)
		}
	}
}

// TestWhatRBACCouldNotTellIsSaid: only of a plan that changes a group, or the username of a mapping.
func TestWhatRBACCouldNotTellIsSaid(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		want                bool
	}{
		{"a group", "x=group:g; rbac=unread", "x=; rbac=unread", true},
		{"a new group", "x=; rbac=unread", "x=group:g; rbac=unread", true},
		{"a mapping's username", "auth=role/x x; rbac=unread", "auth=role/x x; x=; rbac=unread", true},
		{"an entry's username, which is new", "x=user:u:1; rbac=unread", "x=user:u:2; rbac=unread", false},
		{"a policy", "x=view; rbac=unread", "x=edit; rbac=unread", false},
		{"a mapping that only lets in", "auth=role/x; rbac=unread", "auth; rbac=unread", false},
		{"RBAC was read", "x=group:g; rbac", "x=; rbac", false},
		{"RBAC was not asked for", "x=group:g", "x=", false},
	} {
		before := state(c.before)
		if got := access.Diff(before, state(c.after)).NotChecked(before); (got != "") != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
