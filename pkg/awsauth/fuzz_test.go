package awsauth

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func FuzzParse(f *testing.F) {
	f.Add(roles(devRole, strings.ToUpper(devRole)), users(amyUser, devRole), "- 111122223333\n- 1\n")
	f.Add("- rolearn: x\n  groups: [a, 1, ]\n  sso: {}\n- 7\n-\n", "{\"a\":1}", "- {a: b}\n- ~\n")
	f.Add("- {{a}}: b", "``", "a: &a [*a]")
	f.Add("- sso: {permissionSetName: Dev, accountID: '111122223333'}\n---\n[]", "- userarn: a\n  userARN: b\n  userarn: c\n", "[")
	f.Fuzz(func(t *testing.T, roles, users, accounts string) {
		data := map[string]string{"mapRoles": roles, "mapUsers": users, "mapAccounts": accounts}
		m := Parse(data)
		if again := Parse(data); !reflect.DeepEqual(m, again) {
			t.Fatalf("not the same twice:\n%+v\n%+v", m, again)
		}
		checkLines(t, m)
		checkDefects(t, m)
	})
}

// checkLines holds the rules of states: each line has one, only what is in force has no reason,
// and of one ARN one line wins, the last that is kept.
func checkLines(t *testing.T, m Map) {
	t.Helper()
	states := []access.MappingState{access.InForce, access.Shadowed, access.NeverMatches, access.Dropped}
	var last line
	winners := map[string]bool{}
	for _, mapping := range slices.Backward(m.Mappings) {
		l := line{Mapping: mapping}
		if !slices.Contains(states, l.State) || (l.State == access.InForce) != (l.Reason == "") {
			t.Fatalf("%+v", l)
		}
		if l.State == access.Dropped {
			continue
		}
		if winners[l.slot()] != (l.State == access.Shadowed) && l.Kind != access.MappedUser {
			t.Fatalf("%+v after %+v", l, last)
		}
		if winners[l.slot()] && l.State != access.Shadowed {
			t.Fatalf("%+v is no longer the last", l)
		}
		winners[l.slot()] = true
		last = l
	}
}

func checkDefects(t *testing.T, m Map) {
	t.Helper()
	texts := map[string]bool{}
	for _, d := range m.Defects {
		texts[d.Text] = true
		if d.Key == "" || d.Text == "" || d.Line < 0 || d.Item < 0 {
			t.Fatalf("%+v", d)
		}
	}
	for _, l := range m.Mappings {
		if l.State != access.InForce && !texts[l.Reason] {
			t.Fatalf("no defect tells of %+v", l)
		}
	}
}
