package access

import (
	"math/rand/v2"
	"testing"
)

// TestARightCoversOnlyWhatIsProven: rights of different names are never compared, and what one session has is not everybody's.
func TestARightCoversOnlyWhatIsProven(t *testing.T) {
	view := func(where string) Right { return Right{Kind: ByPolicy, Name: "view", Where: where} }
	only := func(r Right, session string) Right { r.session = session; return r }
	admin, reads := Right{Kind: Administer}, Right{Kind: ByRole, Name: "view"}
	for _, c := range []struct {
		name      string
		has, asks Right
		want      bool
	}{
		{"itself", view("dev"), view("dev"), true},
		{"another namespace", view("dev"), view("qa"), false},
		{"the cluster covers a namespace", view(""), view("dev"), true},
		{"a namespace does not cover the cluster", view("dev"), view(""), false},
		{"a pattern covers what it matches", view("dev-*"), view("dev-a"), true},
		{"a pattern does not cover what it only begins like", view("dev-*"), view("dev"), false},
		{"a pattern covers itself", view("dev-*"), view("dev-*"), true},
		{"every namespace is not the cluster", view("*"), view(""), false},
		{"a namespace does not cover a pattern", view("dev-a"), view("dev-*"), false},
		{"a wider pattern", view("*"), view("dev-*"), true},
		{"another policy", view(""), Right{Kind: ByPolicy, Name: "edit", Where: "dev"}, false},
		{"a role of the policy's name", view(""), reads, false},
		{"an administrator covers a policy", admin, view("dev"), true},
		{"an administrator covers access", admin, Right{Kind: Connect}, true},
		{"an administrator covers a group that nobody could look up", admin, Right{Kind: ByGroup, Name: "g"}, true},
		{"an administrator is no node", admin, Right{Kind: JoinNodes}, false},
		{"a policy does not cover an administrator", view(""), admin, false},
		{"the source does not count", Right{Kind: Connect, By: Source{"mapRoles[0]"}}, Right{Kind: Connect}, true},
		{"nor through which group it comes", Right{Kind: ByRole, Name: "view", Via: "group a"}, reads, true},
		{"all sessions cover one", reads, only(reads, "amy"), true},
		{"one session does not cover all", only(reads, "amy"), reads, false},
		{"one session covers itself", only(reads, "amy"), only(reads, "amy"), true},
		{"one session does not cover another", only(reads, "amy"), only(reads, "bob"), false},
		{"one session that administers covers its own only", only(admin, "amy"), view("dev"), false},
	} {
		if got := c.has.covers(c.asks); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestCoveringIsAnOrder: each right covers itself, and what a covered right covers is covered.
func TestCoveringIsAnOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	one := func(words ...string) string { return words[r.IntN(len(words))] }
	anyRight := func() Right {
		right := Right{Kind: RightKind(r.IntN(int(JoinNodes) + 1)), session: one("", "", "amy", "nodes")}
		if right.Kind == ByPolicy || right.Kind == ByRole {
			right.Name, right.Where = one("view", "edit"), one("", "dev", "dev-*", "dev-a", "*")
		}
		return right
	}
	for range 20_000 {
		a, b, c := anyRight(), anyRight(), anyRight()
		if !a.covers(a) {
			t.Fatalf("%+v does not cover itself", a)
		}
		if a.covers(b) && b.covers(c) && !a.covers(c) {
			t.Fatalf("%+v covers %+v, which covers %+v", a, b, c)
		}
		if left := beyond([]Right{a, b}, []Right{a, b}); len(left) > 0 {
			t.Fatalf("nothing is lost, but %+v", left)
		}
	}
}

// TestOneSessionIsNoAdministrator: the cluster would be without one whenever that session is not there.
func TestOneSessionIsNoAdministrator(t *testing.T) {
	for _, c := range []struct {
		name   string
		rights []Right
		want   bool
	}{
		{"nobody", nil, false},
		{"an administrator", []Right{{Kind: Connect}, {Kind: Administer}}, true},
		{"one session", []Right{{Kind: Connect}, {Kind: Administer, session: "amy"}}, false},
		{"one session and everybody", []Right{{Kind: Administer, session: "amy"}, {Kind: Administer}}, true},
		{"cluster-admin in a namespace", []Right{{Kind: ByPolicy, Name: string(ClusterAdmin), Where: "dev"}}, false},
	} {
		if Administrates(c.rights) != c.want {
			t.Errorf("%s: %v", c.name, !c.want)
		}
	}
}

// TestRightsAreNamedByWhatCounts: of an administrator nothing else, and access alone only where there is no more.
func TestRightsAreNamedByWhatCounts(t *testing.T) {
	connect, admin, view := Right{Kind: Connect}, Right{Kind: Administer}, Right{Kind: ByPolicy, Name: "AmazonEKSViewPolicy", Where: "dev"}
	for _, c := range []struct {
		name   string
		rights []Right
		want   []Right // each is named, in this order
	}{
		{"nothing", nil, nil},
		{"access alone", []Right{connect}, []Right{connect}},
		{"access and more", []Right{connect, view}, []Right{view}},
		{"an administrator", []Right{connect, view, admin}, []Right{admin}},
		{"the same twice", []Right{view, view}, []Right{view}},
		{"two", []Right{view, {Kind: ByGroup, Name: "g"}}, []Right{view, {Kind: ByGroup, Name: "g"}}},
	} {
		want := ""
		for i, r := range c.want {
			if i > 0 {
				want += ", "
			}
			want += r.String()
		}
		if got := joinRights(c.rights); got != want {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
	}
}
