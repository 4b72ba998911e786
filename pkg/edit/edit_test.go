package edit_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

const dev access.Principal = "arn:aws:iam::111122223333:role/dev"

var policies = []access.Policy{"AmazonEKSViewPolicy", "AmazonEKSEditPolicy", access.ClusterAdmin}

func grants(text string) (all []access.Grant) {
	for _, w := range strings.Fields(text) {
		name, namespaces, _ := strings.Cut(w, ":")
		g := access.Grant{}
		for _, p := range policies {
			if p.Short() == name {
				g.Policy = p
			}
		}
		if namespaces != "" {
			g.Scope.Namespaces = strings.Split(namespaces, ",")
		}
		all = append(all, g)
	}
	return all
}

func show(e access.Entry) string {
	var parts []string
	for _, g := range e.Grants {
		part := g.Policy.Short()
		if !g.Scope.WholeCluster() {
			part += ":" + strings.Join(g.Scope.Namespaces, ",")
		}
		parts = append(parts, part)
	}
	for _, g := range e.Groups {
		parts = append(parts, "@"+g)
	}
	return strings.Join(parts, " ")
}

func TestGrantAddsAndNeverTakes(t *testing.T) {
	for _, c := range []struct{ have, add, want string }{
		{"", "view:dev", "view:dev"},
		{"view:dev", "view:qa", "view:dev,qa"},
		{"view:dev", "view:dev", "view:dev"},
		{"view", "view:dev", "view"},
		{"view:dev", "view", "view"},
		{"view:dev", "edit:qa", "edit:qa view:dev"},
		{"", "view:b,a,b", "view:a,b"},
		{"", "view:a view:b", "view:a,b"},
	} {
		s := accesstest.New(access.Entry{Principal: dev, Kind: access.Standard, Groups: []string{"g"}, Grants: grants(c.have)}).State
		after, err := edit.Grant(access.Entry{Principal: dev, Grants: grants(c.add), Groups: []string{"h"}})(s)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := after.Entry(dev)
		if got := show(e); got != c.want+" @g @h" {
			t.Errorf("%q and %q: %q, want %q", c.have, c.add, got, c.want)
		}
	}
}

// TestGrantGivesPermanentAccessNoExpiry: the tag is about the whole entry, also where it has nothing but a username.
func TestGrantGivesPermanentAccessNoExpiry(t *testing.T) {
	const early, late = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
	for _, c := range []struct {
		name, have, tag, want string // of the entry: its grants, or - for no entry
		refused               string
	}{
		{"permanent", "view:dev", "", late, "role/dev has permanent access"},
		{"permanent, the same grant", "edit:qa", "", late, "role/dev has permanent access"},
		{"nothing but the entry", "", "", late, "role/dev has permanent access"},
		{"a tag that is no time", "view:dev", "never", late, "role/dev has permanent access"},
		{"another expiry", "view:dev", early, late, ""},
		{"the same expiry", "view:dev", late, late, ""},
		{"a new entry", "-", "", late, ""},
		{"no expiry asked for", "view:dev", "", "", ""},
		{"an expiry, none asked for", "view:dev", early, "", ""},
		{"no time", "-", "", "tomorrow", "kubectl-access/expires=tomorrow is not a time"},
		{"no time, where one is", "view:dev", early, "never", "is not a time"},
	} {
		s := accesstest.New().State
		tags := func(value string) map[string]string {
			if value == "" {
				return nil
			}
			return map[string]string{access.ExpiresTag: value}
		}
		if c.have != "-" {
			s = s.Put(access.Entry{Principal: dev, Kind: access.Standard, Grants: grants(c.have), Tags: tags(c.tag)})
		}
		after, err := edit.Grant(access.Entry{Principal: dev, Grants: grants("edit:qa"), Tags: tags(c.want)})(s)
		if c.refused != "" {
			if !errors.Is(err, access.ErrRule) || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "EKS would refuse") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if e, _ := after.Entry(dev); err != nil || e.Tags[access.ExpiresTag] != cmp.Or(c.want, c.tag) {
			t.Errorf("%s: %v, %v", c.name, e, err)
		}
	}
}

func TestRevokeTakesExactlyThat(t *testing.T) {
	in := func(namespaces ...string) []access.Grant {
		return []access.Grant{{Scope: access.Scope{Namespaces: namespaces}}}
	}
	for _, c := range []struct {
		have string
		what edit.Revocation
		want string
	}{
		{"view edit:dev", edit.Revocation{Grants: grants("edit")}, "view @g"},
		{"view:dev,qa", edit.Revocation{Grants: grants("view:qa")}, "view:dev @g"},
		{"view:dev", edit.Revocation{Grants: grants("view:dev")}, "@g"},
		{"view:dev edit:dev,qa", edit.Revocation{Grants: in("dev")}, "edit:qa @g"},
		{"view:dev-*", edit.Revocation{Grants: in("dev-*")}, "@g"},
		{"view:dev", edit.Revocation{Groups: []string{"g"}}, "view:dev"},
		{"view:dev", edit.Revocation{Grants: grants("view"), Groups: []string{"g", "other"}}, ""},
		{"view:dev", edit.Revocation{Grants: grants("edit")}, "view:dev @g"},
		{"view:dev", edit.Revocation{Grants: in("other")}, "view:dev @g"},
		{"view edit:dev", edit.Revocation{Grants: grants("edit:dev")}, "view @g"},
		{"view edit:dev", edit.Revocation{Groups: []string{"g"}}, "edit:dev view"},
		{"view:dev,prod edit:dev,prod", edit.Revocation{Grants: grants("edit:dev view:prod")}, "edit:prod view:dev @g"}, // pairs
		{"view:dev,qa", edit.Revocation{Grants: grants("view:qa view")}, "@g"},
		{"view:a,b,c", edit.Revocation{Grants: grants("view:a view:c")}, "view:b @g"},
		{"view:dev-a,dev-*", edit.Revocation{Grants: grants("view:dev-a view:dev-*")}, "@g"},
	} {
		s := accesstest.New(access.Entry{Principal: dev, Kind: access.Standard, Groups: []string{"g"}, Grants: grants(c.have)}).State
		after, err := edit.Revoke(dev, c.what)(s)
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := after.Entry(dev); !ok || show(e) != c.want {
			t.Errorf("%q without %+v: %q, want %q", c.have, c.what, show(e), c.want)
		}
	}
}

func TestRevokeOfNothingNamedTakesTheEntry(t *testing.T) {
	after, err := edit.Revoke(dev, edit.Revocation{})(accesstest.New(access.Entry{Principal: dev}).State)
	if _, ok := after.Entry(dev); ok || err != nil {
		t.Errorf("still there: %v, %v", after.Entries, err)
	}
}

func TestRevokeRefusesWhatSomethingWiderGives(t *testing.T) {
	for have, ns := range map[string]string{"view": "dev", "view:dev-*": "dev-a"} {
		s := accesstest.New(access.Entry{Principal: dev, Kind: access.Standard, Grants: grants(have)}).State
		_, err := edit.Revoke(dev, edit.Revocation{Grants: []access.Grant{{Scope: access.Scope{Namespaces: []string{ns}}}}})(s)
		if !errors.Is(err, edit.ErrNarrow) || !strings.Contains(err.Error(), ns) {
			t.Errorf("%q without %s: %v", have, ns, err)
		}
	}
}

func TestEditsLeaveManagedEntriesAndTypesAlone(t *testing.T) {
	aws := access.Entry{Principal: "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/X", Kind: access.Standard}
	absent := access.Principal("arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/Y")
	s := accesstest.New(aws, access.Entry{Principal: dev, Kind: access.EC2Linux}).State
	for name, e := range map[string]access.Edit{
		"revoke AWS's":    edit.Revoke(aws.Principal, edit.Revocation{}),
		"create AWS's":    edit.Grant(access.Entry{Principal: absent, Grants: grants("view")}),
		"groups of AWS's": edit.Grant(access.Entry{Principal: aws.Principal, Groups: []string{"viewers"}}),
		"tags of AWS's":   edit.Grant(access.Entry{Principal: aws.Principal, Grants: grants("view"), Tags: map[string]string{"a": "b"}}),
		"no namespace":    edit.Grant(access.Entry{Principal: aws.Principal, Grants: grants("view:Dev")}),
		"change the type": edit.Grant(access.Entry{Principal: dev, Kind: access.Standard}),
		"grant to nodes":  edit.Grant(access.Entry{Principal: dev, Grants: grants("view")}),
	} {
		if _, err := e(s); !errors.Is(err, access.ErrRule) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The entry of AWS Batch takes a policy from its customers: whether others do, EKS decides.
func TestPoliciesOfManagedEntriesAreLeftToEKS(t *testing.T) {
	batch := access.Entry{Principal: "arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch", Kind: access.Standard, Username: "eks:managed"}
	s := accesstest.New(batch).State
	plan, after, err := access.Make(s, edit.Grant(access.Entry{Principal: batch.Principal, Grants: grants("view:jobs")}))
	if err != nil || len(plan.Steps()) != 1 {
		t.Fatalf("%v, %v", plan.Steps(), err)
	}
	undone, err := edit.TakeBack(plan.Changes[0], after)
	if err != nil || undone.After == nil || len(undone.After.Grants) != 0 {
		t.Errorf("undo: %+v, %v", undone, err)
	}
	if plan, _, err := access.Make(after, edit.Revoke(batch.Principal, edit.Revocation{Grants: []access.Grant{{Policy: "AmazonEKSViewPolicy"}}})); err != nil || len(plan.Steps()) != 1 {
		t.Errorf("revoke: %v, %v", plan.Steps(), err)
	}
}

// TestTheLaw: what an edit plans leads to what it asked for, a second time it plans nothing, and
// neither the edit nor the plan touches its input.
func TestTheLaw(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := accesstest.New(someEntries(random)...)
		before := fmt.Sprint(c.State)
		e := someEdit(random)
		plan, after, err := access.Make(c.State, e)
		if errors.Is(err, edit.ErrNarrow) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(c.State) != before {
			t.Fatalf("the edit changed its input: %s", before)
		}
		for r := range access.Apply(context.Background(), c, plan) {
			if r.Err != nil {
				t.Fatalf("%v: %v", r.Step, r.Err)
			}
		}
		if left := access.Diff(c.State, after); !left.Empty() {
			t.Fatalf("from %s\nleft: %v", before, left.Steps())
		}
		if again, _, err := access.Make(c.State, e); err != nil || !again.Empty() {
			t.Fatalf("a second run plans %v, %v", again.Steps(), err)
		}
	}
}

func somePrincipal(r *rand.Rand) access.Principal {
	return access.Principal(fmt.Sprintf("arn:aws:iam::111122223333:role/r%d", r.IntN(4)))
}

func someGrants(r *rand.Rand) (all []access.Grant) {
	for _, i := range r.Perm(len(policies))[:r.IntN(3)] {
		g := access.Grant{Policy: policies[i]}
		for n := r.IntN(3); n > 0; n-- {
			g.Scope.Namespaces = append(g.Scope.Namespaces, string(rune('a'+r.IntN(4))))
		}
		all = append(all, g)
	}
	return all
}

func someEntries(r *rand.Rand) (all []access.Entry) {
	for range r.IntN(4) {
		all = append(all, access.Entry{
			Principal: somePrincipal(r), Kind: access.Standard, Grants: someGrants(r),
			Groups: []string{fmt.Sprint("g", r.IntN(3))}, Tags: map[string]string{"t": fmt.Sprint(r.IntN(2))},
		})
	}
	return all
}

func someEdit(r *rand.Rand) access.Edit {
	if r.IntN(2) == 0 {
		what := edit.Revocation{Grants: someGrants(r)}
		if len(what.Grants) > 0 && r.IntN(3) == 0 {
			what.Grants[0].Policy = ""
		}
		return edit.Revoke(somePrincipal(r), what)
	}
	return edit.Each(
		edit.Grant(access.Entry{Principal: somePrincipal(r), Grants: someGrants(r), Tags: map[string]string{"t": "1"}}),
		edit.Grant(access.Entry{Principal: somePrincipal(r), Groups: []string{"g1"}, Username: "u:x"}),
	)
}
