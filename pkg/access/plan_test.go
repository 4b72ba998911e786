package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	dev   access.Principal = "arn:aws:iam::111122223333:role/team/dev"
	ops   access.Principal = "arn:aws:iam::111122223333:role/ops"
	node  access.Principal = "arn:aws:iam::111122223333:role/node"
	alice access.Principal = "arn:aws:iam::111122223333:user/alice"
)

const (
	view access.Policy = "AmazonEKSViewPolicy"
	edit access.Policy = "AmazonEKSEditPolicy"
)

var demo = access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth}

// entry reads "view:dev,qa admin group:g user:u tag:k=v kind:EC2_LINUX".
func entry(p access.Principal, words string) access.Entry {
	e := access.Entry{Principal: p, Kind: access.Standard}
	for _, w := range strings.Fields(words) {
		head, rest, _ := strings.Cut(w, ":")
		switch head {
		case "group":
			e.Groups = append(e.Groups, rest)
		case "user":
			e.Username = rest
		case "kind":
			e.Kind = access.Kind(rest)
		case "tag":
			k, v, _ := strings.Cut(rest, "=")
			if e.Tags == nil {
				e.Tags = map[string]string{}
			}
			e.Tags[k] = v
		default:
			e.Grants = append(e.Grants, grant(head, rest))
		}
	}
	return e.Canonical()
}

func grant(name, namespaces string) access.Grant {
	g := access.Grant{Policy: map[string]access.Policy{"view": view, "edit": edit, "admin": access.ClusterAdmin, "auto": access.AutoNode, "ack": "AmazonEKSACKPolicy"}[name]}
	if namespaces != "" {
		g.Scope.Namespaces = strings.Split(namespaces, ",")
	}
	return g
}

func snapshot(entries ...access.Entry) access.Snapshot {
	s := access.Snapshot{Cluster: demo, Caller: ops}
	for _, e := range entries {
		s = s.Put(e)
	}
	return s
}

func TestStepsAddBeforeTheyTake(t *testing.T) {
	for _, c := range []struct{ name, before, after, want string }{
		{"new", "-", "view:dev group:g", "created; granted view in namespace dev"},
		{"gone", "view", "-", "deleted"},
		{"same", "view:a,b", "view:b,a", ""},
		{"wider", "view:a", "view:a,b", "granted view in namespaces a, b"},
		{"to the cluster", "view:a", "view", "granted view on the whole cluster"},
		{"narrower", "view:a,b", "view:a", "narrowed to view in namespace a"},
		{"off the cluster", "view", "view:a", "narrowed to view in namespace a"},
		{"swap", "admin", "edit", "granted edit on the whole cluster; revoked cluster-admin on the whole cluster"},
		{"group added", "group:a", "group:a group:b", "set to groups a, b"},
		{"group off after grant", "group:a", "view", "granted view on the whole cluster; set to groups none"},
		{"username", "user:a:x", "user:a:y", "set to username a:y"},
		{"tags", "tag:a=1 tag:b=2", "tag:b=3 tag:c=4", "tagged b=3, c=4; untagged a"},
		{"narrow last", "view:a,b", "edit view:a", "granted edit on the whole cluster; narrowed to view in namespace a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after access.Snapshot
			if before = snapshot(); c.before != "-" {
				before = snapshot(entry(dev, c.before))
			}
			if after = snapshot(); c.after != "-" {
				after = snapshot(entry(dev, c.after))
			}
			var got []string
			for _, s := range access.Diff(before, after).Steps() {
				got = append(got, s.String())
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, "; "), c.want)
			}
		})
	}
}

func TestDiffIsSortedAndLeavesItsInputAlone(t *testing.T) {
	before, after := snapshot(entry(ops, "view"), entry(alice, "view")), snapshot(entry(dev, "edit"))
	was := fmt.Sprint(before, after)
	plan := access.Diff(before, after)
	var who []access.Principal
	for _, c := range plan.Changes {
		who = append(who, c.Principal())
	}
	if !slices.IsSorted(who) || len(who) != 3 {
		t.Errorf("changes of %v", who)
	}
	if got := plan.Apply(before); !access.Diff(got, after).Empty() {
		t.Errorf("the plan does not lead to what it was made for: %v", access.Diff(got, after))
	}
	if fmt.Sprint(before, after) != was {
		t.Error("the snapshots changed")
	}
}

func TestRisks(t *testing.T) {
	admin := entry(alice, "admin")
	for _, c := range []struct {
		name          string
		before, after access.Snapshot
		want          string
	}{
		{"somebody else goes", snapshot(entry(dev, "view"), admin), snapshot(admin), ""},
		{"own entry goes", snapshot(entry(ops, "view"), admin), snapshot(admin), "lose-own-access"},
		{"own entry under its path", snapshot(entry("arn:aws:iam::111122223333:role/people/OPS", "view")), snapshot(), "lose-own-access"},
		{"own namesake elsewhere", snapshot(entry("arn:aws:iam::444455556666:role/ops", "view")), snapshot(), ""},
		{"own last right", snapshot(entry(ops, "view")), snapshot(entry(ops, "")), "lose-own-access"},
		{"own administration", snapshot(entry(ops, "admin view"), admin), snapshot(entry(ops, "view"), admin), "lose-own-access"},
		{"own username", snapshot(entry(ops, "group:g user:a:x")), snapshot(entry(ops, "group:g user:a:y")), "lose-own-access"},
		{"own gain", snapshot(entry(ops, "view:a")), snapshot(entry(ops, "view:a,b group:g")), ""},
		{"one of own, still administrator", snapshot(entry(ops, "admin view")), snapshot(entry(ops, "admin")), ""},
		{"last administrator goes", snapshot(admin), snapshot(), "last-administrator"},
		{"last administrator is narrowed", snapshot(admin), snapshot(entry(alice, "admin:dev")), "last-administrator"},
		{"an administrator of a namespace is none", snapshot(admin, entry(dev, "admin:dev")), snapshot(entry(dev, "admin:dev")), "last-administrator"},
		{"administration moves", snapshot(admin), snapshot(entry(dev, "admin")), ""},
		{"there never was one", snapshot(entry(dev, "view")), snapshot(), ""},
		{"nodes go", snapshot(entry(node, "kind:EC2_LINUX")), snapshot(), "remove-nodes"},
		{"auto mode nodes lose their policy", snapshot(entry(node, "kind:EC2 auto")), snapshot(entry(node, "kind:EC2")), "remove-nodes"},
		{"nodes get a tag", snapshot(entry(node, "kind:EC2_LINUX")), snapshot(entry(node, "kind:EC2_LINUX tag:a=1")), ""},
		{"everything at once", snapshot(entry(ops, "admin"), entry(node, "kind:EC2_LINUX")), snapshot(), "lose-own-access last-administrator remove-nodes"},
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

func TestCheckNamesTheRule(t *testing.T) {
	foreign := access.Principal("arn:aws:iam::444455556666:role/x")
	many := entry(dev, "")
	many.Tags = map[string]string{}
	for i := range 51 {
		many.Tags[fmt.Sprint(i)] = ""
	}
	for _, c := range []struct {
		e    access.Entry
		want string
	}{
		{entry(dev, "view:dev-*,qa group:g user:u:{{SessionName}} tag:a=b"), ""},
		{entry(foreign, "view"), ""},
		{entry(node, "kind:EC2_LINUX group:system:nodes user:system:node:{{EC2PrivateDNSName}}"), ""},
		{entry(node, "kind:EC2 auto"), ""},
		{entry(dev, "group:system:masters"), "cluster-admin -A"},
		{entry(dev, "group:eks:x"), "eks:"},
		{entry(dev, "group:aws:x"), "aws:"},
		{entry(dev, "group:amazon:x"), "amazon:"},
		{entry(dev, "group:iam:x"), "iam:"},
		{entry(dev, "group:sts:x"), ""},
		{entry(dev, "user:system:x"), "system:"},
		{entry(dev, "user:john{{SessionName}}"), "colon"},
		{entry(dev, "user:john{{SessionNameRaw}}"), "colon"},
		{entry(dev, "user::john{{SessionName}}"), ""},
		{entry(dev, "kind:Standard"), "use one of STANDARD"},
		{entry(alice, "kind:EC2_LINUX"), "for roles"},
		{entry(foreign, "kind:EC2_LINUX"), "own account"},
		{entry(node, "kind:EC2_LINUX view"), "cannot have access policies"},
		{entry(dev, "view:Dev"), "namespace"},
		{entry(dev, "view:-dev"), "namespace"},
		{entry(dev, "view:"+strings.Repeat("x", 64)), "namespace"},
		{entry(dev, "tag:aws:x=1"), "aws:"},
		{entry(dev, "tag:"+strings.Repeat("x", 129)+"=1"), "too long"},
		{many, "50"},
		{entry("arn:aws-cn:iam::111122223333:role/x", "view"), "partition"},
		{entry("arn:aws:iam::111122223333:role/aws-service-role/a/b", "view"), "service-linked"},
	} {
		err := access.Check(c.e, demo)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.e, err, c.want)
		}
	}
}

// TestPlansAreTheSameWhereTheyTakeTheSameToTheSame end: what is deleted counts, not only that it is.
func TestPlansAreTheSameWhereTheyTakeTheSameToTheSame(t *testing.T) {
	none, has, more := snapshot(), snapshot(entry(dev, "view:dev")), snapshot(entry(dev, "view:dev group:g"))
	other := snapshot(entry(dev, "view:dev"), entry(ops, "admin"))
	inAPI := has
	inAPI.Cluster.Mode = access.ModeAPI
	auth := func(text string) access.Snapshot {
		s := has
		s.AWSAuth = &access.ConfigMap{Data: map[string]string{"mapRoles": text}}
		return s
	}
	seen := access.Diff(has, none)
	loses := func(before string) access.Plan {
		return access.Diff(state(before), state("x=; "+before[strings.Index(before, "bind"):]))
	}
	gains := func(after string) access.Plan {
		return access.Diff(state("x=; "+after[strings.Index(after, "bind"):]), state(after))
	}
	off := func(caller string) access.Plan {
		return access.Diff(state("auth=111122223333; rbac; caller="+caller), state("mode=API; auth=111122223333; rbac; caller="+caller))
	}
	for name, c := range map[string]struct {
		a, b access.Plan
		same bool
	}{
		"itself":             {seen, access.Diff(has, none), true},
		"another in between": {access.Diff(none, has), access.Diff(snapshot(entry(ops, "admin")), other), true},
		"more is deleted":    {seen, access.Diff(more, none), false},
		"more is left":       {access.Diff(none, has), access.Diff(none, more), false},
		"one is there":       {access.Diff(none, has), access.Diff(snapshot(entry(dev, "")), has), false},
		"done by another":    {seen, access.Diff(none, none), false},
		"another tag":        {access.Diff(state("dev="), state("dev=tag:a=1")), access.Diff(state("dev="), state("dev=tag:a=2")), false},
		"from another tag":   {access.Diff(state("dev=tag:a=1"), state("dev=")), access.Diff(state("dev=tag:a=2"), state("dev=")), false},
		"made, not changed":  {access.Diff(state("dead=dev"), state("dev=; dead=dev")), access.Diff(state("dev=tag:a=1; dead=dev"), state("dev=; dead=dev")), false},
		"another mode":       {access.Diff(state("mode=CONFIG_MAP; auth"), state("auth")), access.Diff(state("auth"), state("mode=API; auth")), false},
		"to other aws-auth":  {access.Diff(auth("a"), auth("b")), access.Diff(auth("a"), auth("c")), false},
		"another's access":   {off("ops"), off("dev"), false},
		"the same access":    {off("ops"), off("ops"), true},
		"loses another role": {loses("x=group:g; bind=view group:g"), loses("x=group:g; bind=edit group:g"), false},
		"loses the same":     {loses("x=group:g; bind=view group:g"), loses("x=group:g; bind=view group:g"), true},
		"gains another role": {gains("x=group:g; bind=view group:g"), gains("x=group:g; bind=edit group:g"), false},
		"also the mode":      {access.Diff(none, has), access.Diff(none, inAPI), false},
		"the same mode":      {access.Diff(none, inAPI), access.Diff(none, inAPI), true},
		"also aws-auth":      {access.Diff(has, has), access.Diff(auth("a"), auth("b")), false},
		"other aws-auth":     {access.Diff(auth("a"), auth("c")), access.Diff(auth("b"), auth("c")), false},
		"the same aws-auth":  {access.Diff(auth("a"), auth("c")), access.Diff(auth("a"), auth("c")), true},
	} {
		if c.a.Same(c.b) != c.same || c.b.Same(c.a) != c.same {
			t.Errorf("%s: the same is %v", name, c.a.Same(c.b))
		}
	}
	if !seen.DeletesEntry() || access.Diff(more, has).DeletesEntry() || access.Diff(none, has).DeletesEntry() {
		t.Error("only a delete deletes an entry")
	}
}

func TestExpiryNotes(t *testing.T) {
	const early, late = "tag:kubectl-access/expires=2026-01-01T00:00:00Z", "tag:kubectl-access/expires=2026-02-01T00:00:00Z"
	for _, c := range []struct{ before, after, want string }{
		{"view:dev " + early, "view:dev,qa " + early, "role/team/dev expires at 2026-01-01T00:00:00Z, and the new access with it"},
		{"view:dev " + early, "view:dev group:g " + early, "role/team/dev expires at 2026-01-01T00:00:00Z, and the new access with it"},
		{"view:dev " + early, "view:dev edit:qa " + late, "the expiry of role/team/dev changes from 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z"},
		{"view:dev,qa " + early, "view:dev " + early, ""},
		{"view:dev " + early, "view:dev tag:a=b " + early, ""},
		{"view:dev " + early, "edit:dev", ""},
		{"view:dev", "view:dev,qa", ""},
		{"view:dev", "view:dev,qa " + early, ""},
	} {
		notes := access.Diff(snapshot(entry(dev, c.before)), snapshot(entry(dev, c.after))).ExpiryNotes()
		if got := strings.Join(notes, "; "); got != c.want {
			t.Errorf("%q to %q: %s", c.before, c.after, got)
		}
	}
	made, gone := access.Diff(snapshot(), snapshot(entry(dev, "view "+early))), access.Diff(snapshot(entry(dev, "view "+early)), snapshot())
	if notes := append(made.ExpiryNotes(), gone.ExpiryNotes()...); len(notes) > 0 {
		t.Errorf("of what is made or deleted: %v", notes)
	}
}
